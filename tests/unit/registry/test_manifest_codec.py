"""Manifests as bytes: nothing is lost, nothing altered gets through, and hostile bytes are refused at bounded cost."""

from dataclasses import replace

import pytest
import zstandard
from tests.unit.registry.trees import file, firmware, folder, image

from trueware.errors import LimitExceeded, MalformedInput
from trueware.model.merkle import folder_digest, leaf_digest
from trueware.model.part import Kind, Part
from trueware.registry import cbor, manifest_codec


def _pack(value: object) -> bytes:
    return zstandard.ZstdCompressor().compress(cbor.encode(value))


def _unpack(data: bytes) -> list[object]:
    return cbor.decode(zstandard.ZstdDecompressor().decompress(data), "test")  # type: ignore[return-value]


def _everything() -> Part:
    xattrs = (("security.capability", b"\x01\0\0\2"), ("user.\udcff", b""))
    facts = (("load", "0x80000000"), ("name", "k\udce9rnel"))
    null = leaf_digest(Kind.CHARACTER, None, 0o666, 0, 0, None, (1, 3))
    device = Part("null", Kind.CHARACTER, null, mode=0o666, uid=0, gid=0, rdev=(1, 3))
    target = "/bin/\udcfebusybox"
    shell = leaf_digest(Kind.SYMLINK, None, 0o777, 0, 0, target)
    link = Part("sh\udcff", Kind.SYMLINK, shell, mode=0o777, uid=0, gid=0, link=target)
    capable = file("ping", b"ping", 0o4755)
    capable = replace(capable, xattrs=xattrs, tree=leaf_digest(Kind.FILE, capable.sha256, 0o4755, 0, 0, None, None, xattrs))
    header = leaf_digest(Kind.REGION, capable.sha256, None, None, None, facts=facts)
    region = Part("header", Kind.REGION, header, 64, capable.sha256, facts=facts, notes=(("codec", "xz"),), offset=0)
    doubtful = file("broken.gz", b"broken", format="gzip", certain=False, children=(file("data", b"?"),))
    padding = Part("padding-0", Kind.PADDING, leaf_digest(Kind.PADDING, None, None, None, None), 512, None, offset=1 << 40)
    old = file("old", b"old", mtime=-5)
    empty = Part("", Kind.DIRECTORY, folder_digest((), None, None, None))
    return image("all.bin", b"all", [device, link, capable, region, doubtful, padding, old, empty, folder("f", [file("x", b"x")])])


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
        root = folder("f", [root, replace(root, name="g")])

    with pytest.raises(LimitExceeded):
        manifest_codec.encode(root)


@pytest.mark.parametrize(
    ("key", "value"),
    [(0, "other"), (1, "fifo"), (3, 7), (4, bytes(32)), (5, 0o4755), (6, 1), (7, 1), (9, "x"), (10, [1, 3]), (11, [["u", b""]]),
     (13, [["a", "b"]]), (12, "zip")],
)  # fmt: skip
def test_altered_leaf_is_noticed(key: int, value: object) -> None:
    """Whatever is altered about a leaf, the root's digest tells; its size is told by its content."""
    version, tree, parts = _unpack(manifest_codec.encode(folder("f", [file("a", b"data")])))
    assert isinstance(parts, list)
    parts[1][key] = value
    altered = _pack([version, tree, parts])
    if key == 3:
        assert manifest_codec.decode(altered).children[0].size == 7
        return

    with pytest.raises(MalformedInput, match="Merkle digest"):
        manifest_codec.decode(altered)


ROOT = {0: "r", 1: "directory", 5: 0o755, 6: 0, 7: 0}
LEAF = {0: "l", 1: "file", 4: bytes(32)}


@pytest.mark.parametrize(
    "parts",
    [
        [],
        {},
        [ROOT, LEAF],
        [{**ROOT, 2: 2}, LEAF],
        [{**ROOT, 2: 0}],
        [{**ROOT, 2: -1}, LEAF],
        [{**ROOT, 2: True}, LEAF],
        [{**ROOT, 2: 1 << 63}, LEAF],
        [{**ROOT, 17: 1}],
        [{**ROOT, "x": 1}],
        [{0: "r"}],
        [{1: "directory"}],
        [{**ROOT, 1: "house"}],
        [{**ROOT, 1: 1}],
        [{**ROOT, 0: 1}],
        [{**ROOT, 0: b"unicode"}],
        [{**ROOT, 3: 0}],
        [{**ROOT, 3: -1}],
        [{**ROOT, 3: 1 << 64}],
        [{**ROOT, 5: 1 << 16}],
        [{**ROOT, 5: None}],
        [{**ROOT, 6: "0"}],
        [{**ROOT, 8: True}],
        [{**ROOT, 4: b"short"}],
        [{**ROOT, 9: 1}],
        [{**ROOT, 10: [1]}],
        [{**ROOT, 10: [1, -1]}],
        [{**ROOT, 11: []}],
        [{**ROOT, 11: [["a", "text"]]}],
        [{**ROOT, 11: [["a"]]}],
        [{**ROOT, 12: 1}],
        [{**ROOT, 13: [["a", 1]]}],
        [{**ROOT, 14: "ab"}],
        [{**ROOT, 16: True}],
        [{**ROOT, 16: None}],
        ["ab"],
    ],
)
def test_structure_that_is_none_is_refused(parts: object) -> None:
    """Counts that do not add up, unknown fields, wrong types and second spellings are refused before any digest is compared."""
    with pytest.raises(MalformedInput) as refusal:
        manifest_codec.decode(_pack([1, bytes(32), parts]))

    assert "Merkle" not in str(refusal.value)


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
        _pack([1, bytes(32)]),
        _pack([1, "x" * 32, [ROOT]]),
        _pack({}),
        bytes.fromhex("28b52ffd" "e0" "0000000000000010" "010000"),  # one zstd frame that states 2^60 bytes
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
