"""Quotes as known agents send them: public ones of the corpus, and built ones where there are none."""

import json
from base64 import b64encode, urlsafe_b64decode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.attestation.tpm.simulator import NONCE, SELECTION, Key, attest, pcr_file, values_of

from trueware.attestation.tpm.algorithms import NUMBERS
from trueware.attestation.tpm.pcrs import PcrValues, parse_joined, parse_pcr_file, parse_selection
from trueware.attestation.tpm.public import parse_public
from trueware.attestation.tpm.quote import verify_quote
from trueware.attestation.tpm.quote_key import QuoteKey, load_quote_key
from trueware.attestation.tpm.senders import (
    parse_go_attestation,
    parse_go_tpm_tools,
    parse_keylime,
    parse_trustee,
    parse_trustee_binary,
)
from trueware.errors import InputError, MalformedInput
from trueware.model.check import Outcome

KEY = Key()
VALUES = values_of(SELECTION)


@pytest.fixture(scope="module")
def public(attest: Path) -> Path:
    return attest / "public"


def test_keylime_files(public: Path) -> None:
    folder = public / "keylime__keylime" / "open" / "test-data" / "files"
    area = (public / "keylime__keylime" / "both" / "test-data" / "files" / "ak.pub").read_bytes()
    assert parse_public(area).name == (folder / "ak.name").read_bytes()
    message, signature = (folder / "quote.out").read_bytes(), (folder / "quotesig.out").read_bytes()
    values = parse_pcr_file((folder / "quotepcr.out").read_bytes())
    nonce = (folder / "rand.out").read_bytes()
    quoted = verify_quote(message, signature, load_quote_key(area), nonce, values)
    assert quoted.selection == (("sha256", (15, 16, 22)),)
    pem = load_pem_public_key((folder / "akpub.pem").read_bytes())
    alone = QuoteKey.of_spki(pem.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    assert verify_quote(message, signature, alone, nonce, values).values == quoted.values


def test_go_attestation(public: Path) -> None:
    path = public / "google__go-attestation/open/attest/testdata/windows_gcp_shielded_vm.json"
    sent = parse_go_attestation(path.read_bytes())
    quoted = verify_quote(sent.attest, sent.signature, load_quote_key(sent.public), b"", sent.pcrs)
    assert quoted.selection == (("sha1", tuple(range(24))),)
    contradicted = {check.rule for check in quoted.checks if check.outcome is Outcome.CONTRADICTS}
    assert contradicted == {"quote-bank-weak", "quote-hash-weak"}  # bank and signature are of SHA-1
    assert sent.event_log.startswith(bytes(4) + b"\x08\0\0\0")


@pytest.mark.parametrize("name", ["evidence-v0.json", "evidence-v1.json", "tpm-quote-v1.json", "quote.bin"])
def test_trustee(public: Path, name: str) -> None:
    folder = public / "confidential-containers__trustee/open/deps/verifier/test_data/az-tdx-vtpm"
    report = (folder / "hcl-report.bin").read_bytes()
    jwk = json.loads(report[report.index(b'{"keys"') : report.rindex(b"}") + 1])["keys"][0]
    e, n = (int.from_bytes(urlsafe_b64decode(jwk[each] + "==")) for each in "en")
    spki = RSAPublicNumbers(e, n).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    sent = (parse_trustee_binary if name.endswith("bin") else parse_trustee)((folder / name).read_bytes())
    quoted = verify_quote(sent.attest, sent.signature, QuoteKey.of_spki(spki), b"challenge", sent.pcrs)
    assert quoted.selection == (("sha256", tuple(range(24))),)
    not_shown = {check.rule for check in quoted.checks if check.outcome is not Outcome.SUPPORTS}
    assert not_shown == {"attestation-key-attributes"}  # the report has the key alone


def test_keylime_text() -> None:
    message = attest(VALUES)
    text = b"r" + b":".join(b64encode(each) for each in (message, KEY.sign(message), pcr_file(SELECTION, VALUES)))
    sent = parse_keylime(text)
    assert verify_quote(sent.attest, sent.signature, KEY.quote_key, NONCE, sent.pcrs).values == VALUES.banks
    for bad in (text[1:], text + b":", b"r::", b"r!:!:!"):
        with pytest.raises(MalformedInput):
            parse_keylime(bad)


def field(number: int, value: bytes | int) -> bytes:
    def varint(n: int) -> bytes:
        out = b""
        while n >= 0x80:
            out, n = out + bytes([n & 0x7F | 0x80]), n >> 7
        return out + bytes([n])

    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def go_quote(message: bytes, bank: str, values: PcrValues) -> bytes:
    entries = b"".join(field(2, field(1, index) + field(2, value)) for index, value in values.banks[bank].items())
    return field(1, message) + field(2, KEY.sign(message)) + field(3, field(1, NUMBERS[bank]) + entries)


def test_go_tpm_tools() -> None:
    data = field(1, KEY.public()) + field(3, b"log") + field(6, b"certificate") + field(7, b"above")
    for bank, indices in SELECTION:
        data += field(2, go_quote(attest(VALUES, ((bank, indices),)), bank, VALUES))
    sent = parse_go_tpm_tools(data)
    assert len(sent) == 2
    for each in sent:
        quoted = verify_quote(each.attest, each.signature, load_quote_key(each.public), NONCE, each.pcrs)
        assert quoted.values == each.pcrs.banks
        assert (each.event_log, each.certificates) == (b"log", (b"certificate", b"above"))
    for bad in (b"", data + b"\x0a", field(2, field(1, b"x")), data + field(1, b"another key")):
        with pytest.raises(MalformedInput):
            parse_go_tpm_tools(bad)


def test_values_one_behind_the_other() -> None:
    joined = b"".join(VALUES.banks[bank][index] for bank, indices in SELECTION for index in indices)
    assert parse_joined(SELECTION, joined) == VALUES
    for bad in (joined[:-1], joined + b"\0", b""):
        with pytest.raises(MalformedInput):
            parse_joined(SELECTION, bad)


def test_a_bare_selection() -> None:
    assert parse_selection(bytes.fromhex("00000001000b03000402")) == (("sha256", (10, 17)),)
    for bad in ("00000001000b03000402ff", "00000001000b0500040200ff", "000000010010030004ff", "00000011"):
        with pytest.raises(MalformedInput):
            parse_selection(bytes.fromhex(bad))


@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for parse in (parse_keylime, parse_go_attestation, parse_go_tpm_tools, parse_trustee, parse_trustee_binary):
        try:
            parse(data)
        except InputError:
            continue
