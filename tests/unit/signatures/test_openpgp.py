"""OpenPGP: what GnuPG signed with keys of several kinds, Debian's archive, and every way in which it may be something else."""

import os
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from tests.unit.signatures.labels import labels
from tests.unit.signatures.sites import signatures_in

from trueware.model.signature import Outcome, Signature
from trueware.signatures.contract import Key
from trueware.signatures.keys import read_keys
from trueware.signatures.openpgp.certificate import SigningKey, signing_keys

VECTOR = Path(__file__).resolve().parents[2] / "vectors/signatures/openpgp"
TEXT = (VECTOR / "text").read_bytes()
KEYS = {path.stem: read_keys(path.read_bytes()) for path in sorted(VECTOR.glob("*.pub"))}
EVERY = tuple(key for keys in KEYS.values() for key in keys)
GOOD = ("rsa", "ed25519", "nistp256", "short")


def detached(name: str, text: bytes = TEXT, keys: tuple[Key, ...] = EVERY, **changed: bytes) -> Signature:
    """Return the one signature of a vector, beside the text it is about."""
    stem, dot, ending = name.partition(".")
    data = changed.get("data", (VECTOR / name).read_bytes())
    (found,) = signatures_in({stem: text, f"{stem}{dot}{ending}": data}, keys)
    return found


def signed(data: bytes, keys: tuple[Key, ...] = EVERY) -> list[Outcome]:
    return [each.outcome for each in signatures_in({"InRelease": data}, keys)]


@pytest.mark.parametrize("ending", [".sig", ".asc"])
@pytest.mark.parametrize("key", GOOD)
def test_detached(key: str, ending: str) -> None:
    """Binary and as text, by each kind of key, a subkey among them; what is signed is the file beside it."""
    found = detached(f"{key}{ending}")

    assert found.outcome is Outcome.VALID, found.detail
    assert found.signer is not None
    assert KEYS[key][0].id in found.signer.ids
    assert found.coverage.paths == (key,)


@pytest.mark.parametrize("key", GOOD)
def test_signed_text(key: str) -> None:
    """A text that carries its signature, blanks and dashes in it as GnuPG treats them."""
    assert signed((VECTOR / f"{key}.signed").read_bytes()) == [Outcome.VALID]


def test_nothing_but_names_of_digests_stands_before_a_signed_text() -> None:
    """Nobody signs the header; there is no room in it for anything."""
    data = (VECTOR / "rsa.signed").read_bytes()

    assert signed(data.replace(b"\nHash: ", b"\nHash: SHA256\nHash: ", 1)) == [Outcome.VALID]
    assert signed(data.replace(b"\nHash: ", b"\nHash: $(reboot)\nHash: ", 1)) == [Outcome.UNCHECKABLE]
    assert signed(data.replace(b"\nHash: ", b"\n" + b"Hash: SHA256\n" * 100 + b"Hash: ", 1)) == [Outcome.UNCHECKABLE]


def test_two_signers_of_one_text() -> None:
    """Each is told for itself; where only one key is at hand, the other could not be checked."""
    data = (VECTOR / "two.signed").read_bytes()

    assert signed(data) == [Outcome.VALID, Outcome.VALID]
    assert sorted(each.value for each in signed(data, KEYS["rsa"])) == ["not-checkable", "valid"]


DOUBTS = {
    "revoked.sig": "taken back",
    "small.sig": "RSA of 1024 bits",
    "sha1.sig": "SHA-1",
    "early.sig": "not valid",
    "void.sig": "void",
    "demanding.sig": "critical notation",
}


@pytest.mark.parametrize("name", DOUBTS)
def test_what_does_not_count(name: str) -> None:
    """Signatures that hold and prove nothing: the reason is told, and nothing is called broken."""
    found = detached(name)

    assert found.outcome is Outcome.UNCHECKABLE
    assert DOUBTS[name] in found.detail


def test_line_ends_count_only_where_they_are_signed() -> None:
    """A signature over text holds with other line ends; one over bytes does not."""
    other = TEXT.replace(b"\n", b"\r\n")

    found = detached("rsa.asc", other)
    assert (found.outcome, found.coverage.paths) == (Outcome.VALID, ()), "a program with other bytes is another program"
    assert "line ends" in found.coverage.excludes[0]
    assert detached("rsa.sig", other).outcome is Outcome.BROKEN


def test_missing_key_and_missing_file() -> None:
    """Not checkable, with the key that is asked for."""
    found = detached("rsa.sig", keys=KEYS["nistp256"])

    assert found.outcome is Outcome.UNCHECKABLE
    assert found.signer is not None
    assert KEYS["rsa"][0].id == found.signer.ids[0]
    (alone,) = signatures_in({"rsa.sig": (VECTOR / "rsa.sig").read_bytes()}, EVERY)
    assert alone.outcome is Outcome.UNCHECKABLE


@pytest.mark.parametrize("key", ["rsa", "ed25519", "nistp256"])
def test_no_flipped_bit_stays_valid(key: str) -> None:
    """In the text, every byte; in a binary signature, every byte but those that nobody signs and that say nothing."""
    for place in range(len(TEXT)):
        changed = bytearray(TEXT)
        changed[place] ^= 1
        assert detached(f"{key}.sig", bytes(changed)).outcome is Outcome.BROKEN, place
    data = (VECTOR / f"{key}.sig").read_bytes()
    body = 3 if data[0] & 3 else 2  # an old header, with a length of one byte or two
    first = body + 6 + int.from_bytes(data[body + 4 : body + 6], "big")
    unhashed = range(first, first + 2 + int.from_bytes(data[first : first + 2], "big"))
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1
        found = signatures_in({key: TEXT, f"{key}.sig": bytes(changed)}, EVERY)
        assert place in unhashed or Outcome.VALID not in {each.outcome for each in found}, place


@pytest.mark.parametrize(
    "change",
    [
        lambda data: b"unsigned\n" + data,
        lambda data: data + b"unsigned\n",
        lambda data: data.replace(b"Hash: SHA", b"Comment: x\nHash: SHA", 1),
        lambda data: data.replace(b"\n\n", b"\nnot signed\n\n", 1),
        lambda data: data.replace(b"- - a dash", b"-\x20\x20a dash", 1),
        lambda data: data.replace(b"- - a dash", b"- a dash", 1),
        lambda data: data.replace(b"- -----BEGIN", b"-----BEGIN", 1),
        lambda data: data.replace(b"last line", b"last  line", 1),
        lambda data: data + data,
        lambda data: data.replace(b"-----BEGIN PGP SIGNATURE", b"unsigned\n-----BEGIN PGP SIGNATURE", 1),
    ],
)
def test_signed_text_with_something_around_or_in_it(change: "object") -> None:
    """Nothing that was not signed is taken for signed, wherever it is put."""
    data = (VECTOR / "rsa.signed").read_bytes()
    changed = change(data)  # type: ignore[operator]

    assert changed != data
    assert Outcome.VALID not in signed(changed)


def test_blanks_at_line_ends_are_not_signed_and_not_believed() -> None:
    """RFC 9580 §7.2 leaves them out; a list is read without them too."""
    data = (VECTOR / "rsa.signed").read_bytes()

    assert signed(data.replace(b"last line", b"last line \t", 1)) == [Outcome.VALID]


def test_hostile_signatures_raise_nothing() -> None:
    """Whatever stands in a signature file is told, as what could not be checked."""
    data = (VECTOR / "two.signed").read_bytes()
    for end in range(0, len(data), 7):
        for each in signatures_in({"InRelease": data[:end]}, EVERY):
            assert each.outcome is Outcome.UNCHECKABLE
    binary = (VECTOR / "ed25519.sig").read_bytes()
    for end in range(len(binary)):
        assert all(
            each.outcome is not Outcome.VALID for each in signatures_in({"x": TEXT, "x.sig": binary[:end]}, EVERY)
        )


def _cases() -> Iterator[tuple[Path, str]]:
    folder = Path(os.environ.get("TRUEWARE_CORPUS", "/nowhere")) / "mobile/gpg-debian/open"
    for path, label in labels(folder):
        yield path, label["expected"]


CASES = tuple(_cases())


@pytest.mark.skipif(not CASES, reason="no corpus: set TRUEWARE_CORPUS")
@pytest.mark.parametrize(("case", "expected"), CASES, ids=[case.name[-40:] for case, _ in CASES])
def test_debian(case: Path, expected: str) -> None:
    """Debian's own are accepted, all signers; with a word changed or another's signature, none is."""
    keyring = case.parents[3] / "corpus/reference/anchors/debian-archive-keyring.gpg"
    outcomes = signed(case.read_bytes(), read_keys(keyring.read_bytes()))

    assert outcomes
    assert set(outcomes) == ({Outcome.VALID} if expected == "accept" else {Outcome.BROKEN})


@pytest.mark.skipif(not CASES, reason="no corpus: set TRUEWARE_CORPUS")
def test_chain_from_the_archive_to_the_package() -> None:
    """InRelease names Packages, which names the package: it is covered, later ones that are not in the index are not."""
    folder = CASES[0][0].parents[3] / "corpus/open/debian-bookworm-updates"
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    keys = read_keys((folder.parents[1] / "reference/anchors/debian-archive-keyring.gpg").read_bytes())
    found = signatures_in(files, keys)
    covered = frozenset[bytes]().union(*(each.coverage.digests for each in found))
    packages = {name: sha256(data).digest() in covered for name, data in files.items() if name.endswith(".deb")}

    assert {each.outcome for each in found} == {Outcome.VALID}
    assert [name for name, listed in packages.items() if listed] == ["openssl_3.0.17-1~deb12u2_amd64.deb"]
    assert len(packages) == 3


def test_a_copy_of_a_certificate_that_takes_it_back_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """An older copy, without the revocation, is at hand too: in whatever order."""
    read = signing_keys
    copy = Key("openpgp", "openpgp:00", b"copy of " + KEYS["rsa"][0].data)

    def taken_back(data: bytes) -> tuple[SigningKey, ...]:
        keys = read(data.removeprefix(b"copy of "))
        return tuple(replace(key, revoked=True) for key in keys) if data == copy.data else keys

    monkeypatch.setattr("trueware.signatures.openpgp.signing_keys", taken_back)
    for keys in ((copy, *KEYS["rsa"]), (*KEYS["rsa"], copy)):
        assert "taken back" in detached("rsa.sig", keys=keys).detail


def test_certificates_at_hand_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two thousand, for two hundred signatures: it took minutes."""
    asked: list[bytes] = []

    def counted(data: bytes) -> tuple[SigningKey, ...]:
        asked.append(data)
        return signing_keys(data)

    monkeypatch.setattr("trueware.signatures.openpgp.signing_keys", counted)
    made = (VECTOR / "rsa.sig").read_bytes()
    files = {f"{number}{ending}": data for number in range(20) for ending, data in (("", TEXT), (".sig", made))}
    found = signatures_in(files, KEYS["rsa"])

    assert {each.outcome for each in found} == {Outcome.VALID}
    assert len(asked) == len(KEYS["rsa"])
