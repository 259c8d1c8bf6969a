"""A tree of more than a thousand entries for the tools that make file systems: deep and large folders, long names, every size."""

from hashlib import sha256
from pathlib import Path

LETTERS = ("straße", "Ελλάδα", "Привет мир", "日本語のファイル", "ümlaut.öäü.txt")
BEYOND = "emoji 😀 name"
"""Needs two units of UTF-16, which not every tool can write."""


def content(name: str, size: int) -> bytes:
    """Return bytes of their own for each name."""
    block = sha256(name.encode()).digest()
    return (block * (size // 32 + 1))[:size]


def make_tree(
    root: Path, *, many: int = 940, name_bytes: int = 255, depth: int = 24, letters: tuple[str, ...] = LETTERS
) -> dict[str, Path]:
    """Make the tree and return its files and folders by their path in it; two thirds of the `many` share a folder."""
    root.mkdir()
    deep = root
    for level in range(depth):
        deep = deep / f"level {level}"
        deep.mkdir()
        (deep / "here.bin").write_bytes(content(str(level), 100 + level))
    for number in range(many):
        folder = root / "many" if number % 3 else root / f"some {number % 11}"
        folder.mkdir(exist_ok=True)
        (folder / f"a file name of some length {number:04}.dat").write_bytes(content(f"m{number}", number % 7 * 300))
    sizes = root / "sizes"
    sizes.mkdir()
    for size in (0, 1, 511, 512, 513, 2047, 2048, 2049, 4095, 4096, 4097, 32768, 100_001, 1 << 20):
        (sizes / f"size-{size}").write_bytes(content(f"s{size}", size))
    names = root / "Names"
    names.mkdir()
    for name in letters:
        (names / name).write_bytes(name.encode())
        (names / f"folder {name}").mkdir()
    for name in (
        "UPPER.TXT",
        "lower.txt",
        "Mixed.Txt",
        "noext",
        "two.dots.here",
        ".dotted",
        "with space.x",
        "a+b,c;d=e[f].g",
    ):
        (names / name).write_bytes(name.encode())
    (names / ("l" * (name_bytes - 4) + ".txt")).write_bytes(b"long")
    (root / "empty folder").mkdir()
    return {path.relative_to(root).as_posix(): path for path in sorted(root.rglob("*"))}
