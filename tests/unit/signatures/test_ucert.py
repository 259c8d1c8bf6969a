"""ucert: images signed through a chain of keys, and the ways in which chain, time and image may not fit."""

from pathlib import Path

import pytest
from tests.unit.signatures.sites import NOW, signatures_in

from trueware.model.signature import Outcome, Signature
from trueware.signatures.contract import Key
from trueware.signatures.keys import read_keys

VECTORS = Path(__file__).resolve().parents[2] / "vectors/signatures/ucert"
KEYS = {name: read_keys((VECTORS / f"{name}.pub").read_bytes())[0] for name in ("root", "builder", "device")}
ROOT = (KEYS["root"],)


def found(data: bytes, keys: tuple[Key, ...] = ROOT, now: int = NOW) -> list[Signature]:
    return [each for each in signatures_in({"a.bin": data}, keys, now) if each.scheme == "ucert"]


def outcomes(data: bytes, keys: tuple[Key, ...] = ROOT, now: int = NOW) -> list[Outcome]:
    return [each.outcome for each in found(data, keys, now)]


def case(name: str) -> bytes:
    return (VECTORS / f"{name}.bin").read_bytes()


@pytest.mark.parametrize(("name", "signers"), [("direct", ["root"]), ("one", ["builder", "root"]), ("two", None)])
def test_signed_images(name: str, signers: list[str] | None) -> None:
    """The signer goes by its own key first, then by those that authorised it."""
    (signature,) = found(case(name))

    assert signature.outcome is Outcome.VALID, signature.detail
    assert signature.coverage.whole
    assert signature.signer is not None
    ids = [each for each in signature.signer.ids if each.startswith("usign:")]
    assert set(ids) == {KEYS[each].id for each in signers or KEYS}
    assert signature.signer.ids[1] == KEYS[signers[0] if signers else "device"].id


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("expired", Outcome.UNCHECKABLE),
        ("revoked", Outcome.UNCHECKABLE),
        ("self-issued", Outcome.UNCHECKABLE),
        ("unsigned", Outcome.UNCHECKABLE),
        ("appended", Outcome.UNCHECKABLE),
    ],
)
def test_what_authorises_nothing(name: str, expected: Outcome) -> None:
    """Old or revoking certificates, strangers, no signature, and metadata appended behind it."""
    assert outcomes(case(name)) == [expected]


def test_keys_and_times() -> None:
    """The root may be missing where the signer itself is at hand; another key of the same id does not help."""
    assert outcomes(case("one"), ()) == [Outcome.UNCHECKABLE]
    assert outcomes(case("one"), (KEYS["device"],)) == [Outcome.UNCHECKABLE]
    (signature,) = found(case("one"), (KEYS["builder"],))
    assert signature.outcome is Outcome.VALID
    assert signature.signer is not None
    assert KEYS["root"].id not in signature.signer.ids
    other = Key("usign", KEYS["root"].id, KEYS["builder"].data)
    assert outcomes(case("one"), (other,)) == [Outcome.BROKEN]
    assert outcomes(case("one"), now=1) == [Outcome.UNCHECKABLE]
    assert outcomes(case("one"), now=2_000_000_000) == [Outcome.UNCHECKABLE]


def test_an_image_beside_its_chain() -> None:
    """As the build leaves them."""
    files = {name: (VECTORS / name).read_bytes() for name in ("beside.img", "beside.img.ucert")}
    (signature,) = signatures_in(files, ROOT)

    assert signature.outcome is Outcome.VALID
    assert signature.coverage.paths == ("beside.img",)
    changed = {**files, "beside.img": b"changed"}
    assert [each.outcome for each in signatures_in(changed, ROOT)] == [Outcome.BROKEN]


@pytest.mark.parametrize("name", ["direct", "one", "two"])
def test_no_flipped_byte_stays_valid(name: str) -> None:
    """Of image and metadata none; of the chain none but comments, which nobody signed."""
    data = case(name)
    comments = {
        at
        for start in range(len(data))
        if data.startswith(b"untrusted comment:", start)
        for at in range(start - 1, data.index(b"\n", start) + 1)  # and a length: the last line's end may be left out
    }
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1
        valid = Outcome.VALID in outcomes(bytes(changed))
        trailing = data[place] in b"\0\n" or place >= len(data) - 16
        assert not valid or place in comments or (place > 110 and trailing), place
    for end in range(1, len(data)):
        assert Outcome.VALID not in outcomes(data[:end]), end
