"""Code files of cable modems, as openssl signs them."""

from pathlib import Path

from tests.unit.signatures.sites import signatures_in

from trueware.model.signature import Outcome, Signature
from trueware.signatures.keys import read_keys
from trueware.signatures.x509 import find_path

VECTORS = Path(__file__).resolve().parents[2] / "vectors/signatures/docsis_cvc"
TWO = (VECTORS / "two.cdf").read_bytes()
CERTIFICATES = {path.stem: read_keys(path.read_bytes())[0] for path in VECTORS.glob("*.crt")}


def found(data: bytes) -> list[Signature]:
    return [each for each in signatures_in({"a.cdf": data}) if each.scheme == "docsis-code"]


def test_manufacturer_and_co_signer() -> None:
    """Each signs all of the code, and leads to the root; organisation and times are told."""
    signatures = found(TWO)

    assert [each.outcome for each in signatures] == [Outcome.VALID] * 2
    assert {dict(each.statements)["organisation"] for each in signatures} == {"Maker of Modems", "Operator"}
    for each in signatures:
        assert each.signer is not None
        assert each.coverage.whole
        assert each.signed_at is not None
        assert dict(each.statements)["code-access-start"] == str(each.signed_at)
        path = find_path(each.signer.certificates, (CERTIFICATES["root"].data,))
        assert path is not None
        assert path.since <= each.signed_at <= path.until
    ids = {each.signer.ids[1] for each in signatures if each.signer}
    assert ids == {CERTIFICATES[name].id for name in ("manufacturer", "operator")}
    assert [each.outcome for each in found((VECTORS / "one.cdf").read_bytes())] == [Outcome.VALID]


def test_a_certificate_that_is_not_for_code() -> None:
    """One of a server of the same organisation."""
    assert [each.outcome for each in found((VECTORS / "server.cdf").read_bytes())] == [Outcome.UNCHECKABLE]


def test_no_flipped_byte_of_the_code_stays_valid() -> None:
    """Changed, cut or longer code is broken for both."""
    end = 4 + int.from_bytes(TWO[2:4], "big")
    for place in range(end, len(TWO)):
        changed = bytearray(TWO)
        changed[place] ^= 1
        assert [each.outcome for each in found(bytes(changed))] == [Outcome.BROKEN] * 2, place
    assert [each.outcome for each in found(TWO[:-1])] == [Outcome.BROKEN] * 2
    assert [each.outcome for each in found(TWO + b"\0")] == [Outcome.BROKEN] * 2


def test_flips_of_the_signed_data() -> None:
    """Nothing escapes; what is signed and still valid is as it was, and its key one of the two."""
    end = 4 + int.from_bytes(TWO[2:4], "big")
    keys = {each.signer.ids[0] for each in found(TWO) if each.signer}
    for place in range(0, end, 3):
        changed = bytearray(TWO)
        changed[place] ^= 1
        for each in found(bytes(changed)):
            assert each.outcome is not Outcome.VALID or (each.signer and each.signer.ids[0] in keys), place
