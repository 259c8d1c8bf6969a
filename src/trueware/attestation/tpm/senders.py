"""Quotes in the forms in which known agents send them.

=============  =====================================================================================================================
tpm2-tools     three files: TPMS_ATTEST, TPMT_SIGNATURE, and the file of PCRs (`pcrs.parse_pcr_file`)
Keylime        text ``r`` and the same three in base64 with colons between (keylime ``tpm/tpm_main.py``, rust-keylime ``tpm.rs``); the
               older form, each compressed by zlib, is not read
go-attestation JSON of the key's parameters, a quote and the log's PCRs (go-attestation ``attest/attest.go``), whose hashes are Go's
               ``crypto.Hash``: 3 SHA-1, 5 SHA-256, 6 SHA-384, 7 SHA-512
go-tpm-tools   protobuf ``attest.Attestation``: 1 ak_pub (TPMT_PUBLIC), 2 quotes (1 quote, 2 raw_sig, 3 pcrs (1 hash, 2 map of index
               and digest)), 3 event_log, 6 ak_cert, 7 intermediate_certs (go-tpm-tools ``proto/attest.proto``, ``proto/tpm.proto``)
Trustee        evidence of Azure's virtual TPM, JSON or bincode: a bare signature by RSASSA with SHA-256, TPMS_ATTEST, and the values
               of all PCRs of the SHA-256 bank (confidential-containers/trustee ``deps/verifier/test_data/az-tdx-vtpm``)
=============  =====================================================================================================================

Nothing is verified here, and none of it is believed before `quote.verify_quote`. No vector of Keylime's text and of go-tpm-tools'
protobuf is at hand; both are tested with messages that the tests build from the sources named.
"""

from binascii import Error as BadBase64
from binascii import a2b_base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trueware.attestation.tpm.algorithms import HASHES, SIZES
from trueware.attestation.tpm.pcrs import PcrValues, parse_pcr_file
from trueware.attestation.tpm.signature import RsaSignature
from trueware.errors import MalformedInput
from trueware.formats.contract import Reading
from trueware.formats.protobuf import Message, Source
from trueware.signatures import json_text
from trueware.signatures.refusal import Refusal

_GO_HASHES = {3: "sha1", 5: "sha256", 6: "sha384", 7: "sha512"}
_MOST_PCRS = 32
_MOST_QUOTES = 16
_MOST_FIELDS = 4096
_LONGEST_PART = 4096
"""Bytes of a quote or a signature; the longest have a few hundred."""


@dataclass(frozen=True, slots=True)
class SentQuote:
    """One quote and what came with it, as somebody says."""

    attest: bytes
    """TPMS_ATTEST."""

    signature: bytes | RsaSignature
    """TPMT_SIGNATURE, or a bare one of RSA."""

    pcrs: PcrValues
    public: bytes = b""
    """TPM2B_PUBLIC or TPMT_PUBLIC of the attestation key; empty: it did not come along."""

    event_log: bytes = b""
    certificates: tuple[bytes, ...] = ()
    """DER: of the attestation key, and of authorities above it."""


def parse_keylime(text: bytes) -> SentQuote:
    """Return the quote in the text of a Keylime agent.

    Raises:
        MalformedInput: it is none.
    """
    name = "keylime-quote"
    if not text.startswith(b"r"):
        raise MalformedInput(name, 0, "it does not begin with r")
    parts = text[1:].strip().split(b":")
    if len(parts) != 3:
        raise MalformedInput(name, 1, f"{len(parts)} parts, three are expected")
    attest, signature, pcrs = (_base64(name, part) for part in parts)
    return SentQuote(attest, signature, parse_pcr_file(pcrs))


def parse_go_attestation(data: bytes) -> SentQuote:
    """Return the quote in go-attestation's JSON.

    Raises:
        MalformedInput: it is none.
    """
    name = "go-attestation"
    value = json_text.read(data, name)
    banks: dict[str, dict[int, bytes]] = {}
    try:
        attest, signature = json_text.octets(value, "Quote", "Quote"), json_text.octets(value, "Quote", "Signature")
        public = json_text.octets(value, "AK", "Public")
        log = json_text.octets(value, "Log", "Raw") if json_text.at(value, "Log", "Raw") is not None else b""
        for each in json_text.items(value, "Log", "PCRs", most=_MOST_PCRS * len(_GO_HASHES)):
            bank = _GO_HASHES.get(json_text.number(each, "DigestAlg"), "")
            _put(name, banks, bank, json_text.number(each, "Index"), json_text.octets(each, "Digest"))
    except Refusal as refusal:
        raise MalformedInput(name, 0, refusal.detail) from None
    return SentQuote(attest, signature, PcrValues(banks), public, log)


def parse_go_tpm_tools(data: bytes) -> tuple[SentQuote, ...]:
    """Return the quotes in an ``attest.Attestation`` of go-tpm-tools, one for each bank.

    Raises:
        MalformedInput: it is none.
        LimitExceeded: it has more fields than any.
    """
    name = "go-tpm-tools"
    reading = Reading()
    message = Message.of(data, Source(name, 0, reading, _MOST_FIELDS))
    public, log = message.data(1) or b"", message.data(3) or b""
    certificate = message.data(6)
    certificates = (*((certificate,) if certificate else ()), *message.all(7))
    found = []
    for each in message.messages(2):
        attest, signature, sent = each.data(1), each.data(2), each.message(3)
        if attest is None or signature is None or sent is None:
            raise MalformedInput(name, 0, "a quote without its signature or its values")
        bank = HASHES.get(sent.number(1), "")
        banks: dict[str, dict[int, bytes]] = {}
        for entry in sent.messages(2):
            _put(name, banks, bank, entry.number(1), entry.data(2) or b"")
        found.append(SentQuote(attest, signature, PcrValues(banks), public, log, certificates))
    if reading.anomalies or not 1 <= len(found) <= _MOST_QUOTES:
        reason = reading.anomalies[0].detail if reading.anomalies else f"{len(found)} quotes"
        raise MalformedInput(name, 0, reason)
    return tuple(found)


def parse_trustee(data: bytes) -> SentQuote:
    """Return the quote of a virtual TPM of Azure in Trustee's JSON: the whole evidence, version 0 or 1, or its ``tpm_quote`` alone.

    Raises:
        MalformedInput: it is none.
    """
    name = "trustee-tpm-quote"
    value = json_text.read(data, name)
    quote = json_text.at(value, "tpm_quote") or value
    try:
        listed = json_text.items(quote, "pcrs", most=_MOST_PCRS)
    except Refusal as refusal:
        raise MalformedInput(name, 0, refusal.detail) from None
    signature = _octets(name, json_text.at(quote, "signature"))
    attest = _octets(name, json_text.at(quote, "message"))
    return _of_trustee(name, signature, attest, [_octets(name, each) for each in listed])


def parse_trustee_binary(data: bytes) -> SentQuote:
    """Return the quote of a virtual TPM of Azure in Trustee's bincode: lengths are UINT64, little-endian; digests have none.

    Raises:
        MalformedInput: it is none, or bytes stand behind it.
    """
    name, at, parts = "trustee-tpm-quote", 0, []
    for width in (1, 1, SIZES["sha256"]):
        count = int.from_bytes(data[at : at + 8], "little")
        if at + 8 > len(data) or count > _LONGEST_PART or count * width > len(data) - at - 8:
            raise MalformedInput(name, at, f"a part of {count} items in {len(data) - at} bytes")
        parts.append(data[at + 8 : at + 8 + count * width])
        at += 8 + count * width
    if at != len(data):
        raise MalformedInput(name, at, f"{len(data) - at} bytes stand behind the end")
    signature, attest, values = parts
    width = SIZES["sha256"]
    return _of_trustee(name, signature, attest, [values[at : at + width] for at in range(0, len(values), width)])


def _of_trustee(name: str, signature: bytes, attest: bytes, values: Sequence[bytes]) -> SentQuote:
    banks: dict[str, dict[int, bytes]] = {}
    for index, value in enumerate(values):
        _put(name, banks, "sha256", index, value)
    return SentQuote(attest, RsaSignature("rsassa", "sha256", signature), PcrValues(banks))


def _put(name: str, banks: dict[str, dict[int, bytes]], bank: str, index: int, value: bytes) -> None:
    if len(value) != SIZES.get(bank) or index >= _MOST_PCRS:
        raise MalformedInput(name, 0, f"PCR {index} of the bank {bank or 'of no known hash'} has {len(value)} bytes")
    if banks.setdefault(bank, {}).setdefault(index, value) != value:
        raise MalformedInput(name, 0, f"PCR {index} of {bank} has two values")


def _octets(name: str, value: Any) -> bytes:
    """Return bytes that are written in hexadecimal, or as a list of numbers."""
    try:
        if isinstance(value, str):
            return bytes.fromhex(value)
        if isinstance(value, list) and len(value) <= _LONGEST_PART:
            return bytes(value)
    except (ValueError, TypeError):
        pass
    raise MalformedInput(name, 0, f"a {type(value).__name__} that is neither hexadecimal nor a list of bytes")


def _base64(name: str, text: bytes) -> bytes:
    try:
        return a2b_base64(text, strict_mode=True)
    except (BadBase64, ValueError):
        raise MalformedInput(name, 0, "a part is no base64") from None
