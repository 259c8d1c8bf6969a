"""What a device answered: quotes (tpm20-challenge-response-attestation) and logs (log-retrieval), RFC 9684 §2.1.1.3 and §2.1.1.4.

::

    output / tpm20-attestation-response*        output / system-event-logs / node-data*
      certificate-name                            name, up-time
      quote-data        TPMS_ATTEST               log-result
      quote-signature   TPMT_SIGNATURE              bios-event-logs / bios-event-entry*
      up-time                                       ima-event-logs  / ima-event-entry*
      unsigned-pcr-values*                          boot-event-logs / boot-event-entry*
        tpm20-hash-algo, pcr-values* / pcr-index, pcr-value

The description of ``quote-data`` points to TPMS_QUOTE_INFO, that of the list around it says TPMS_ATTEST with a length. What a TPM
signs is TPMS_ATTEST: it is read with its length or bare, and a TPMS_QUOTE_INFO alone is refused, since nobody can verify it.
``unsigned-pcr-values`` may be left out: whoever appraises has them from the logs then.

Answers of TPM 1.2 are recognised and refused: what they sign is SHA-1, and nothing here verifies it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from trueware.attestation.tpm.algorithms import SIZES
from trueware.attestation.tpm.pcrs import PcrValues, parse_selection
from trueware.errors import MalformedInput, UnsupportedInput
from trueware.exchange.charra.documents import (
    FORMAT,
    Node,
    binary,
    children,
    number,
    read_document,
    refuse,
    text,
)
from trueware.exchange.charra.hashes import hash_name
from trueware.exchange.charra.logs import LogKind, boot_log, file_list

MAX_QUOTES = 16
LAST_PCR = 31
MAGIC = b"\xffTCG"


@dataclass(frozen=True, slots=True)
class QuoteAnswer:
    """What one attestation key answered. Nothing of it is verified."""

    certificate: str
    """Name of the key's certificate in the device's keystore; text of a stranger."""

    attest: bytes = field(repr=False)
    """TPMS_ATTEST, bare or as TPM2B."""

    signature: bytes = field(repr=False)
    """TPMT_SIGNATURE; empty where none was sent."""

    values: PcrValues
    """PCRs as the device says they are."""

    up_time: int | None


@dataclass(frozen=True, slots=True)
class LogAnswer:
    """A log of one TPM, in the binary form that firmware and kernel have it in."""

    node: str
    """Name of the TPM; text of a stranger."""

    kind: LogKind
    data: bytes = field(repr=False)
    up_time: int | None


@dataclass(frozen=True, slots=True)
class Answer:
    """One document."""

    quotes: tuple[QuoteAnswer, ...] = ()
    logs: tuple[LogAnswer, ...] = ()
    gaps: tuple[tuple[LogKind, str], ...] = ()
    """Logs that were sent and cannot be had from what was sent, with the reason."""


def read_answer(data: bytes) -> Answer:
    """Return what a document says: what an RPC answered, alone or with what RESTCONF and NETCONF put around it.

    Raises:
        MalformedInput: it is no such answer, or an answer that an error occurred; UnsupportedInput: it is of a TPM 1.2.
        LimitExceeded: it is too long, or has too much in it.
    """
    body = _body(read_document(data))
    if "tpm12-attestation-response" in body:
        raise UnsupportedInput(
            FORMAT, 0, "an answer of a TPM 1.2, which signs SHA-1 alone: its quotes are not verified"
        )
    quotes = children(body, "tpm20-attestation-response")
    if len(quotes) > MAX_QUOTES:
        refuse(f"{len(quotes)} quotes, {MAX_QUOTES} is the most")
    logs = [log for each in children(body, "system-event-logs") for log in _logs(each)]
    if not quotes and not logs:
        refuse("neither quotes nor logs")
    return Answer(
        tuple(map(_quote, quotes)),
        tuple(each for each in logs if isinstance(each, LogAnswer)),
        tuple(each for each in logs if not isinstance(each, LogAnswer)),
    )


def _body(document: Node) -> Node:
    """Return what is within the document's wrapping."""
    for name in ("errors", "rpc-error"):
        if name in document:
            refuse(f"the device answered with an error: {_error(document, name)}")
    for name in ("rpc-reply", "output"):
        if name in document:
            inner = children(document, name)
            if len(inner) != 1:
                refuse(f"{name} stands {len(inner)} times")
            return _body(inner[0])
    if {"rpc", "input", "tpm20-attestation-challenge"} & set(document):
        refuse("what a device is asked, and no answer")
    return document


def _error(document: Node, name: str) -> str:
    """Return what the device says was wrong (RFC 8040 §7.1, RFC 6241 §4.3)."""
    inner = children(document, name)
    errors = [error for each in inner for error in children(each, "error")] or inner
    told = [text(errors[0], each) for each in ("error-tag", "error-message")] if errors else []
    return ": ".join(each.strip()[:200] for each in told if each) or "without a reason"


def _quote(node: Node) -> QuoteAnswer:
    attest = binary(node, "quote-data")
    if not attest:
        refuse("an answer without quote-data")
    if not attest.startswith(MAGIC) and _is_quote_info(attest):
        refuse("quote-data is a TPMS_QUOTE_INFO, and what a TPM signs is the TPMS_ATTEST around it")
    values = _values(children(node, "unsigned-pcr-values"))
    signature = binary(node, "quote-signature") or b""
    return QuoteAnswer(
        text(node, "certificate-name") or "",
        attest,
        signature,
        PcrValues(values),
        number(node, "up-time", 0xFFFFFFFF),
    )


def _is_quote_info(data: bytes) -> bool:
    """Tell whether it is a selection of PCRs and a digest (TPM 2.0 Library Part 2 §10.12.1)."""
    for size in SIZES.values():
        cut = len(data) - size
        if cut >= 6 and int.from_bytes(data[cut - 2 : cut]) == size:
            try:
                parse_selection(data[: cut - 2])
            except MalformedInput:
                continue
            return True
    return False


def _values(banks: list[Node]) -> Mapping[str, Mapping[int, bytes]]:
    found: dict[str, dict[int, bytes]] = {}
    for each in banks:
        bank = hash_name(each, "tpm20-hash-algo") or "sha256"
        values = found.setdefault(bank, {})
        for entry in children(each, "pcr-values"):
            index, value = number(entry, "pcr-index", LAST_PCR), binary(entry, "pcr-value")
            if index is None:
                refuse("a PCR value without its pcr-index")
            if value is None:
                continue
            if len(value) != SIZES[bank]:
                refuse(f"PCR {index} of {bank} has {len(value)} bytes, {SIZES[bank]} are expected")
            if values.setdefault(index, value) != value:
                refuse(f"PCR {index} of {bank} has two values")
    return {bank: values for bank, values in found.items() if values}


def _logs(node: Node) -> Iterator[LogAnswer | tuple[LogKind, str]]:
    for each in children(node, "node-data"):
        name, up_time = text(each, "name") or "", number(each, "up-time", 0xFFFFFFFF)
        for result in children(each, "log-result"):
            for inner in children(result, "bios-event-logs"):
                yield LogAnswer(name, LogKind.BIOS, boot_log(children(inner, "bios-event-entry")), up_time)
            for kind, outer, entry in _LISTS:
                for inner in children(result, outer):
                    try:
                        yield LogAnswer(name, kind, file_list(children(inner, entry)), up_time)
                    except UnsupportedInput as error:
                        yield kind, error.reason


_LISTS = (
    (LogKind.IMA, "ima-event-logs", "ima-event-entry"),
    (LogKind.NETEQUIP_BOOT, "boot-event-logs", "boot-event-entry"),
)
