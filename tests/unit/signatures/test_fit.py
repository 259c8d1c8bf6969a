"""U-Boot's FIT: what mkimage signed, and the ways in which a tree may show a loader something else than what was signed."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from struct import pack, unpack_from

import pytest
from tests.unit.signatures.labels import labels
from tests.unit.signatures.sites import signatures_in

from trueware.model.signature import Outcome, Signature
from trueware.signatures.contract import Key
from trueware.signatures.keys import read_keys

VECTORS = Path(__file__).resolve().parents[2] / "vectors/signatures/fit"
CASES = {path.stem: path.read_bytes() for path in sorted(VECTORS.glob("*.itb"))}
CERTIFICATES = {path.stem: read_keys(path.read_bytes()) for path in VECTORS.glob("*.crt")}
KEYS = tuple(key for keys in CERTIFICATES.values() for key in keys)
Edit = Callable[[bytes, bytes], tuple[bytes, bytes]]
WHOLE = sorted(CASES.keys() - {"image", "two"})


def found(data: bytes, keys: tuple[Key, ...] = KEYS) -> tuple[Signature, ...]:
    return tuple(each for each in signatures_in({"a.itb": data}, keys) if each.scheme.startswith("fit"))


def valid(data: bytes) -> list[Signature]:
    return [each for each in found(data) if each.outcome is Outcome.VALID]


def paths(data: bytes) -> set[str]:
    """Return what is covered."""
    return {path.removeprefix("a.itb!/") for each in valid(data) for path in each.coverage.paths}


@pytest.mark.parametrize("case", WHOLE)
def test_configurations(case: str) -> None:
    """Signed by the right key, with both images, and with all there is in the file; by no other key."""
    (signature,) = found(CASES[case])

    assert signature.outcome is Outcome.VALID
    assert signature.coverage.whole
    assert paths(CASES[case]) == {"kernel-1", "fdt-1"}
    assert signature.signer is not None
    kind = "rsa2048" if case.startswith("external") else case.split("-")[1]
    assert signature.signer.ids[1] == CERTIFICATES[kind][0].id
    others = tuple(key for name, keys in CERTIFICATES.items() if name != kind for key in keys)
    assert [each.outcome for each in found(CASES[case], others)] == [Outcome.UNCHECKABLE]


def test_an_image_alone_may_be_put_together_with_others() -> None:
    """Its data is covered, and it is said what is not."""
    (signature,) = found(CASES["image"])

    assert signature.outcome is Outcome.VALID
    assert paths(CASES["image"]) == {"kernel-1"}
    assert not signature.coverage.whole
    assert "with which other images" in signature.coverage.excludes[0]
    moved = CASES["image"].replace(pack(">I", 0x8000), pack(">I", 0x9000), 1)
    assert paths(moved) == {"kernel-1"}


def test_two_configurations() -> None:
    """Each covers its own images; which of them is booted is nobody's word."""
    assert paths(CASES["two"]) == {"kernel-1", "fdt-1", "kernel-2"}
    assert all("which configuration is booted" in each.coverage.excludes for each in valid(CASES["two"]))


def _value(data: bytes) -> tuple[int, int]:
    """Return where the value of the signature stands."""
    (signature,) = found(data)
    assert signature.offset is not None
    return signature.offset, signature.offset + int(unpack_from(">I", data, signature.offset - 8)[0])


@pytest.mark.parametrize("case", ["sha256-rsa2048", "sha256-ecdsa256", "sha256-rsa2048-pss", "external", "image"])
def test_no_flipped_byte_stays_covered(case: str) -> None:
    """Whatever is covered as a whole is the same; of what is covered in parts the data are the same."""
    data = CASES[case]
    start, end = _value(data)
    kernel, fdt = (data.index(text) for text in (b"not a kernel", b"no tree"))
    images = {*range(kernel, kernel + 102)} | ({*range(fdt, fdt + 8)} if case != "image" else set())
    unsigned = data.index(b"description\0") if case != "external" else 0
    for place in range(len(data)):
        if place % 3 and place not in images and not start <= place < end:
            continue
        changed = bytearray(data)
        changed[place] ^= 1
        good = valid(bytes(changed))
        if place in images or start <= place < end:
            assert not good, place
        aligning = kernel + 102 <= place < kernel + 104
        for each in good:
            if each.coverage.whole and not aligning:  # only the signature's own properties and the header may differ
                assert place < 56 or start - 300 < place < end + 200 or place >= unsigned, place


def _rebuilt(data: bytes, edit: Edit) -> bytes:
    """Return the tree with its structure block edited, all else as it is."""
    header = list(unpack_from(">10I", data))
    structure = data[header[2] : header[2] + header[9]]
    strings = data[header[3] : header[3] + header[8]]
    structure, strings = edit(structure, strings)
    header[1] = 56 + len(structure) + len(strings)
    header[2], header[3], header[4] = 56, 56 + len(structure), 40
    header[8], header[9] = len(strings), len(structure)
    return pack(">10I", *header) + bytes(16) + structure + strings


def _node(structure: bytes, name: bytes) -> bytes:
    """Return a node with all in it, from its first token to its last."""
    begin = pack(">I", 1) + name + b"\0" * (4 - len(name) % 4)
    start = at = structure.index(begin)
    depth = 0
    while True:
        (token,) = unpack_from(">I", structure, at)
        at += 4
        if token == 1:
            depth += 1
            at += (structure.index(b"\0", at) - at + 4) & ~3
        elif token == 2:
            depth -= 1
        elif token == 3:
            at += 8 + (unpack_from(">I", structure, at)[0] + 3 & ~3)
        if not depth:
            return structure[start:at]


def test_rebuilding_changes_nothing() -> None:
    """The tools of the tests do what they should."""
    assert paths(_rebuilt(CASES["sha256-rsa2048"], lambda structure, strings: (structure, strings))) == {
        "kernel-1",
        "fdt-1",
    }


def test_a_configuration_does_not_bear_the_signature_of_another() -> None:
    """A second one of the same signature, whose list names the first, boots anything; it is refused, and the first is as it was."""

    def edit(structure: bytes, strings: bytes) -> tuple[bytes, bytes]:
        signed, kernel = _node(structure, b"conf-1"), _node(structure, b"kernel-1")
        evil = signed.replace(b"conf-1\0\0", b"conf-2\0\0", 1).replace(b"kernel-1\0\0\0\0", b"kernel-2\0\0\0\0", 1)
        other = kernel.replace(b"kernel-1", b"kernel-2", 1).replace(b"not a kernel", b"an evil kern")
        assert evil != signed
        return structure.replace(signed, signed + evil).replace(kernel, kernel + other), strings

    attacked = _rebuilt(CASES["sha256-rsa2048"], edit)
    assert b"conf-2" in attacked
    assert b"an evil kern" in attacked
    assert paths(attacked) == {"kernel-1", "fdt-1"}
    assert [each.outcome for each in found(attacked)].count(Outcome.VALID) == 1
    assert not any(each.coverage.whole for each in valid(attacked))


@pytest.mark.parametrize("name", [b"kernel-1@1\0\0", b"kernel-1\0\0\0\0"])
def test_nodes_that_are_found_by_another_name(name: bytes) -> None:
    """CVE-2021-27138: a unit address; and the same name twice."""

    def edit(structure: bytes, strings: bytes) -> tuple[bytes, bytes]:
        kernel = _node(structure, b"kernel-1")
        other = kernel.replace(b"kernel-1\0\0\0\0", name, 1).replace(b"not a kernel", b"an evil kern")
        return structure.replace(kernel, other + kernel), strings

    attacked = _rebuilt(CASES["sha256-rsa2048"], edit)
    assert [each.outcome for each in found(attacked)] in ([], [Outcome.UNCHECKABLE])


def test_two_roots_and_what_is_behind_the_end() -> None:
    """CVE-2021-27097: a second root after the first."""

    def edit(structure: bytes, strings: bytes) -> tuple[bytes, bytes]:
        return structure[:-4] + structure, strings

    def longer(structure: bytes, strings: bytes) -> tuple[bytes, bytes]:
        return structure + structure, strings

    for each in (edit, longer):
        assert not valid(_rebuilt(CASES["sha256-rsa2048"], each))


def test_another_name_for_a_signed_property() -> None:
    """Names are among the strings; those of signed properties have to be signed, and are."""

    def edit(structure: bytes, strings: bytes) -> tuple[bytes, bytes]:
        return structure, strings.replace(b"entry\0", b"other\0")

    def shorter(structure: bytes, strings: bytes) -> tuple[bytes, bytes]:
        size = strings.index(b"value\0")
        return structure.replace(pack(">3I", 3, 8, strings.index(b"hashed-strings\0")), b"\0" * 12), strings[:size]

    assert not valid(_rebuilt(CASES["sha256-rsa2048"], edit))
    assert not valid(_rebuilt(CASES["sha256-rsa2048"], shorter))


def test_what_is_said_at_length_beside_the_data_is_not_covered() -> None:
    """A long property of an image is a part below it."""

    def edit(structure: bytes, strings: bytes) -> tuple[bytes, bytes]:
        at = structure.index(pack(">I", 3), structure.index(b"kernel-1"))
        script = pack(">3I", 3, 1100, len(strings)) + b"evil" * 275
        return structure[:at] + script + structure[at:], strings + b"script\0"

    for case in ("image", "sha256-rsa2048"):
        assert paths(_rebuilt(CASES[case], edit)) == set()


def test_an_image_that_the_list_does_not_name_is_not_covered() -> None:
    """A list is not signed: without an image the regions are others."""
    for text in (b"/images/fdt-1\0", b"/images/fdt-1/hash-1\0"):
        data = CASES["sha256-rsa2048"]
        other = text[:-2] + b"9\0"
        assert data.count(text) == 1
        assert not valid(data.replace(text, other))


@pytest.mark.parametrize("case", ["sha256-rsa2048", "external"])
def test_cut(case: str) -> None:
    """Nothing that is cut is signed as a whole."""
    for end in range(0, len(CASES[case]) - 1, 5):
        assert not any(each.coverage.whole for each in valid(CASES[case][:end])), end


def _corpus() -> Iterator[tuple[Path, str]]:
    folder = Path(os.environ.get("TRUEWARE_CORPUS", "/nowhere")) / "mobile/uboot-fit/open"
    for path, label in labels(folder):
        yield path, label["expected"]


@pytest.mark.parametrize(("path", "expected"), tuple(_corpus()), ids=lambda each: getattr(each, "name", each))
def test_corpus(path: Path, expected: str) -> None:
    """What is altered is never valid, what is unsigned has no signature; the keys are not among the open files."""
    outcomes = [each.outcome for each in found(path.read_bytes())]

    assert Outcome.VALID not in outcomes
    assert expected != "unsigned" or not outcomes
