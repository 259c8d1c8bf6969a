"""The Merkle digest, against its definition spelt out byte by byte."""

from hashlib import sha256

from trueware.model.merkle import part_digest
from trueware.model.part import Kind, Part

CONTENT = sha256(b"content").digest()
LEAF = sha256(b"leaf\0file\x00420\x000\x00-\0-" + CONTENT).digest()


def test_leaf() -> None:
    """Kind, mode in decimal, owner, no further attributes, content."""
    tree = part_digest(Kind.FILE, (), CONTENT, 0o644, 0, None, None, None, (), None, (), certain=True)

    assert tree == LEAF


def test_leaf_with_everything() -> None:
    """Link, device and attributes are told apart from none of them, and facts come last."""
    tree = part_digest(
        Kind.CHARACTER, (), None, 0, 1, 2, "to", (5, 1), (("b", b"2"), ("a", b"1")), None, (("k", "v"),), certain=True
    )

    attributes = b"1:a1:1" + b"1:b1:2"
    said = b"character-device\x000\x001\x002\0+" + b"2:to" + b"6:(5, 1)" + b"%d:" % len(attributes) + attributes
    assert tree == sha256(b"leaf\0" + said + b"-" + b"6:1:k1:v").digest()


def test_folder() -> None:
    """Children enter sorted by name and digest, without padding."""
    children = (
        Part("b", Kind.FILE, LEAF),
        Part("padding-0", Kind.PADDING, LEAF),
        Part("\udcff", Kind.FILE, LEAF),
    )

    tree = part_digest(Kind.DIRECTORY, children, None, 0o755, 0, 0, None, None, (), None, (), certain=True)

    records = b"1:\xff" + LEAF, b"1:b" + LEAF
    assert tree == sha256(b"folder\0directory\x00493\x000\x000\0-" + b"".join(sorted(records))).digest()


def test_container() -> None:
    """Format and facts count where the reading is certain; otherwise the bytes alone."""
    children = (Part("b", Kind.FILE, LEAF),)

    certain = part_digest(Kind.FILE, children, CONTENT, None, None, None, None, None, (), "tar", (), certain=True)
    doubtful = part_digest(Kind.FILE, children, CONTENT, None, None, None, None, None, (), "tar", (), certain=False)

    assert certain == sha256(b"container\0file\0-\0-\0-\0-" + b"3:tar" + b"0:" + b"1:b" + LEAF).digest()
    assert doubtful == sha256(b"leaf\0file\0-\0-\0-\0-" + CONTENT).digest()
