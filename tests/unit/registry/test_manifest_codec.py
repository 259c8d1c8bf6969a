"""Manifests as bytes: nothing is lost, nothing altered gets through, and hostile bytes are refused at bounded cost."""

from typing import Any

import pytest
import zstandard
from tests.unit.registry.trees import file, firmware, folder, image

from trueware.cose import cbor
from trueware.errors import LimitExceeded, MalformedInput
from trueware.model.merkle import folder_digest, leaf_digest
from trueware.model.part import Kind, Part
from trueware.registry import manifest_codec


def _pack(value: object) -> bytes:
    return zstandard.ZstdCompressor().compress(cbor.encode(value))


def _unpack(data: bytes) -> Any:
    return cbor.decode(zstandard.ZstdDecompressor().decompress(data), "test")


def _everything() -> Part:
    xattrs = (("security.capability", b"\x01\0\0\2"), ("user.\udcff", b""))
    facts = (("load", "0x80000000"), ("name", "k\udce9rnel"))
    null = leaf_digest(Kind.CHARACTER, None, 0o666, 0, 0, None, (1, 3))
    device = Part("null", Kind.CHARACTER, null, mode=0o666, uid=0, gid=0, rdev=(1, 3))
    target = "/bin/\udcfebusybox"
    shell = leaf_digest(Kind.SYMLINK, None, 0o777, 0, 0, target)
    link = Part("sh\udcff", Kind.SYMLINK, shell, mode=0o777, uid=0, gid=0, link=target)
    capable = file("ping", b"ping", 0o4755)
    capable = capable._replace(
        xattrs=xattrs, tree=leaf_digest(Kind.FILE, capable.sha256, 0o4755, 0, 0, None, None, xattrs)
    )
    header = leaf_digest(Kind.REGION, capable.sha256, None, None, None, facts=facts)
    region = Part("header", Kind.REGION, header, 64, capable.sha256, facts=facts, notes=(("codec", "xz"),), offset=0)
    doubtful = file("broken.gz", b"broken", format="gzip", certain=False, children=(file("data", b"?"),))
    padding = Part(
        "padding-0", Kind.PADDING, leaf_digest(Kind.PADDING, None, None, None, None), 512, None, offset=1 << 40
    )
    old = file("old", b"old", mtime=-5)
    empty = Part("", Kind.DIRECTORY, folder_digest((), None, None, None))
    return image(
        "all.bin",
        b"all",
        [device, link, capable, region, doubtful, padding, old, empty, folder("f", [file("x", b"x")])],
    )


def test_every_field_survives() -> None:
    """A tree that uses every field, names that are not Unicode included, comes back equal."""
    root = _everything()

    assert manifest_codec.decode(manifest_codec.encode(root)) == root


def test_deep_tree_survives() -> None:
    """Ten thousand folders within each other are written and read without recursion."""
    root = file("leaf", b"leaf")
    for _ in range(10_000):
        root = folder("f", [root])
    data = manifest_codec.encode(root)
    decoded = manifest_codec.decode(data)

    assert decoded.tree == root.tree
    assert manifest_codec.encode(decoded) == data


def test_multiplied_tree_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders that share their children (hard links) multiply to more than a manifest holds: refused, without walking them all."""
    monkeypatch.setattr(manifest_codec, "MAX_PARTS", 1000)
    root = file("leaf", b"leaf")
    for _ in range(30):
        root = folder("f", [root, root._replace(name="g")])

    with pytest.raises(LimitExceeded):
        manifest_codec.encode(root)


NAME, KIND, CHILDREN, SIZE, SHA256, MODE, UID, GID, MTIME, LINK, RDEV, XATTRS, FORMAT, FACTS, NOTES, OFFSET, CERTAIN = (
    range(17)
)
ROOT = ["r", "directory", 0, 0, None, 0o755, 0, 0]
LEAF = ["l", "file", 0, 0, bytes(32)]


def put(fields: list[Any], at: int, value: object) -> list[Any]:
    """Return a part with one field replaced, padded with what stands for nothing where it was shorter."""
    defaults: list[Any] = [None, None, 0, 0, *([None] * 12), True]
    longer = [*fields, *defaults[len(fields) : at + 1]]
    return [*longer[:at], value, *longer[at + 1 :]]


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (NAME, "other"), (KIND, "fifo"), (SHA256, bytes(32)), (MODE, 0o4755), (UID, 1), (GID, 1), (LINK, "x"), (RDEV, [1, 3]),
        (XATTRS, [["u", b""]]), (FACTS, [["a", "b"]]),
    ],
)  # fmt: skip
def test_altered_leaf_is_noticed(at: int, value: object) -> None:
    """Whatever a device could see of a leaf is covered by the root's digest; of what format its bytes are follows from them."""
    version, tree, parts = _unpack(manifest_codec.encode(folder("f", [file("a", b"data")])))
    altered = _pack([version, tree, [parts[0], put(parts[1], at, value)]])

    with pytest.raises(MalformedInput, match="Merkle digest"):
        manifest_codec.decode(altered)


@pytest.mark.parametrize(
    "parts",
    [
        [],
        {},
        ["ab"],
        [{0: "r", 1: "directory"}],
        [["r"]],
        [[*put(ROOT, CERTAIN, False), 1]],
        [ROOT, LEAF],
        [put(ROOT, CHILDREN, 2), LEAF],
        [put(ROOT, CHILDREN, -1), LEAF],
        [put(ROOT, CHILDREN, True), LEAF],
        [put(ROOT, CHILDREN, 1.0), LEAF],
        [put(ROOT, CHILDREN, 1 << 63), LEAF],
        [["r", "directory", 0]],
        [[*ROOT, None]],
        [put(ROOT, KIND, "house")],
        [put(ROOT, KIND, 1)],
        [put(ROOT, KIND, None)],
        [put(ROOT, NAME, 1)],
        [put(ROOT, NAME, None)],
        [put(ROOT, NAME, b"unicode")],
        [put(ROOT, SIZE, -1)],
        [put(ROOT, SIZE, None)],
        [put(ROOT, SIZE, 0.0)],
        [put(ROOT, SIZE, 1 << 64)],
        [put(ROOT, MODE, 1 << 16)],
        [put(ROOT, UID, "0")],
        [put(ROOT, GID, -1)],
        [put(ROOT, MTIME, True)],
        [put(ROOT, MTIME, 1.5)],
        [put(ROOT, OFFSET, -1)],
        [put(ROOT, SHA256, b"short")],
        [put(ROOT, SHA256, "x" * 32)],
        [put(ROOT, LINK, 1)],
        [put(ROOT, RDEV, [1])],
        [put(ROOT, RDEV, [1, -1])],
        [put(ROOT, RDEV, "ab")],
        [put(ROOT, XATTRS, [])],
        [put(ROOT, XATTRS, [["a", "text"]])],
        [put(ROOT, XATTRS, [["a"]])],
        [put(ROOT, FORMAT, 1)],
        [put(ROOT, FACTS, [["a", 1]])],
        [put(ROOT, NOTES, "ab")],
        [put(ROOT, CERTAIN, 0)],
        [put(ROOT, CERTAIN, None)],
        [put(ROOT, CERTAIN, True)],
    ],
)
def test_structure_that_is_none_is_refused(parts: object) -> None:
    """Counts that do not add up, unknown fields, wrong types and second spellings are refused before any digest is compared."""
    with pytest.raises(MalformedInput) as refusal:
        manifest_codec.decode(_pack([1, bytes(32), parts]))

    assert "Merkle" not in str(refusal.value)


def test_what_no_digest_covers_is_only_reported() -> None:
    """Sizes, time stamps, offsets and notes are outside the Merkle digest, as the model has it: altering them is not noticed."""
    version, tree, parts = _unpack(manifest_codec.encode(folder("f", [file("a", b"data", mtime=1)])))
    for at, value in ((SIZE, 7), (MTIME, 2), (OFFSET, 3), (NOTES, [["a", "b"]])):
        altered = manifest_codec.decode(_pack([version, tree, [parts[0], put(parts[1], at, value)]]))

        assert altered.tree == tree


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not zstd",
        manifest_codec.encode(firmware())[:-1],
        manifest_codec.encode(firmware()) + b"x",
        manifest_codec.encode(firmware()) * 2,
        _pack([2, bytes(32), [ROOT]]),
        _pack([True, bytes(32), [ROOT]]),
        _pack([1.0, bytes(32), [ROOT]]),
        _pack([1, bytes(32)]),
        _pack([1, "x" * 32, [ROOT]]),
        _pack({}),
        bytes.fromhex("28b52ffde00000000000000010010000"),  # one zstd frame that states 2^60 bytes
        zstandard.ZstdCompressor().compress(bytes(64 << 20)),
        zstandard.ZstdCompressor(write_content_size=False).compress(cbor.encode([1, bytes(32), [ROOT]])),
        zstandard.ZstdCompressor().compress(b"\x81" * 500_000),
        zstandard.ZstdCompressor().compress(b"\x9f"),
    ],
)
def test_bytes_that_are_none_are_refused(data: bytes) -> None:
    """Other bytes, other versions, trailing bytes, bombs and unbounded depth are refused."""
    with pytest.raises(MalformedInput):
        manifest_codec.decode(data)


def test_flipped_bytes_never_pass() -> None:
    """No single altered byte of a stored manifest gives another tree."""
    root = firmware()
    data = manifest_codec.encode(root)
    survivors = []
    for at in range(len(data)):
        altered = bytearray(data)
        altered[at] ^= 0x10
        try:
            decoded = manifest_codec.decode(bytes(altered))
        except MalformedInput:
            continue
        survivors.append((at, decoded.tree == root.tree))

    assert all(equal for _, equal in survivors)
