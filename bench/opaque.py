"""What stays opaque in the open corpus: every part of 4 KiB or more that no format takes apart, and why.

``python bench/opaque.py`` prints the table; with ``--write-docs`` it also writes docs/opaque.md. The reasons are reviewed by hand and
stand below; a part without one is printed as unexplained, and the exit code is 1. Files of a file system or an archive are not
listed, packed or not: they are what was looked for. What is inside an image among them is.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from corpus import find_corpus
from trueware.artefact import measure_artefact
from trueware.formats import FORMATS
from trueware.measuring.opaque import looks_like
from trueware.model.part import Kind, Part, join

LEAST = 1 << 12
DOCS = Path(__file__).resolve().parents[1] / "docs/opaque.md"

REASONS = (
    (r".*\.(?:xml|json|html|css|txt|prop|manifest)", r"", "text"),
    (r".*/(?:Packages|InRelease)", r"", "text: an index of packages, imported as one"),
    (r".*\.png", r"", "a picture"),
    (r".*/blank-vbmeta\.img", r"", "nothing but zeros, where a vbmeta was expected"),
    (r".*truncated-cd\.apk", r"", "an archive that was cut on purpose; nothing reads it"),
    (r"apk.*\.apk", r"apk-signing-block", "certificates and signatures, for whoever verifies them"),
    (r"cisco-phone-79x0.*", r"(?:payload)?", "a program of the phone, packed in a way nobody described"),
    (r"tp-link.*", r"bootloader.*", "a boot loader as it runs: code"),
    (r"(?:gpon|tp-link|tl-wr|ffnord).*", r".*(?:kernel|payload)!/data.*", "a kernel as it runs: code, with what it holds carved out"),
    (r"iptv-stb.*", r"bytes-.*", "a boot loader as it runs: code, with what it holds carved out"),
    (r"motorola.*/(?:gz)\.img", r".*", "a hypervisor of MediaTek, packed or encrypted in a way nobody described"),
    (r"motorola.*/sspm\.img", r".*", "a program for a power controller, mostly packed or encrypted in a way nobody described"),
    (r"motorola.*\.img", r".*", "code as it runs on one of the chip's processors"),
    (r"quectel.*", r".*certificates", "a chain of X.509 certificates, for whoever verifies the signature"),
    (r"quectel.*", r".*segment-.*", "a segment of a program, code or data as it is loaded"),
    (r"uefi.*", r"certificate-.*", "a PKCS 7 signature, for whoever verifies it"),
    (r"uefi.*", r".*", "a section of a program, code or data as it is loaded"),
    (r"linux-module.*", r"module", "a program (ELF): code and data"),
)  # fmt: skip
"""Item, part and why it stays as it is: expressions over whole paths."""

UNREAD = (
    ("HiSilicon fastboot.bin of receivers", "no magic, and a layout that differs from chip to chip"),
    ("MStar upgrade files of televisions", "begin with a script of commands; nothing marks them"),
    ("MediaTek PKG of televisions", "the header is encrypted with a key of the maker"),
    ("Samsung's firmware of televisions before 2013", "files encrypted one by one, with nothing that marks them"),
    ("EPK 2 and 3 with an encrypted header", "nothing in the open marks them"),
    ("Amlogic's boot images of later chips with secure boot", "the header is encrypted"),
    ("Programs of Linux (ELF), and those of ART (OAT) in them", "to recognise them takes a third more time and twice the memory"),
    ("Dreambox NFI beyond its header", "the tool that unpacks it is not published"),
)  # fmt: skip
"""Formats of phones and receivers that are known to exist and are not recognised, or not taken apart."""

_PACKED = frozenset(
    format_.name for format_ in FORMATS if format_.__module__.startswith("trueware.formats.compression.")
)
"""A file of a file system or archive that is only packed is that file."""

_COMPILED = tuple((re.compile(item), re.compile(part), reason) for item, part, reason in REASONS)


@dataclass(frozen=True, slots=True)
class Opaque:
    """One part that stays as it is."""

    item: str
    path: str
    size: int
    looks: str

    @property
    def reason(self) -> str | None:
        """Return why, None where nobody has said."""
        for item, part, reason in _COMPILED:
            if item.fullmatch(self.item) and part.fullmatch(self.path):
                return reason
        return None


def opaque_parts(root: Part) -> Iterator[tuple[str, Part]]:
    """Yield the regions and gaps below `root`, and itself, that hold bytes and nothing that was found in them."""
    stack = [("", root, False)]
    while stack:
        path, part, within = stack.pop()
        if part.kind in (Kind.REGION, Kind.GAP) or not path:
            bare = part.format is None and not part.children
            if bare and part.size >= LEAST and not within:
                yield path, part
        for child in part.children:
            held = within or (bool(path) and part.kind is Kind.FILE and part.format in _PACKED)
            stack.append((join(path, part, child.name), child, held))


def found(corpus: Path) -> list[Opaque]:
    """Return what stays opaque, by item and path; the list of the corpus itself is no item."""
    items = corpus / "open"
    parts = []
    for file in sorted(each for each in items.rglob("*") if each.is_file() and each.parent != items):
        name = file.relative_to(items).as_posix()
        for path, part in opaque_parts(measure_artefact(file).measurement.root):
            looks = dict(part.notes).get("looks-like") or (
                looks_like(memoryview(file.read_bytes())) if not path else ""
            )
            parts.append(Opaque(name, path, part.size, looks))
    return sorted(parts, key=lambda each: (each.item, each.path))


def table(parts: list[Opaque]) -> Iterator[str]:
    """Yield the page."""
    yield "<!-- Generated by bench/opaque.py --write-docs; do not edit. -->\n\n# What stays opaque\n"
    yield "\nEvery part of 4 KiB or more of the open corpus that no format takes apart, and why. Files within a file system or an"
    yield "\narchive are not listed, regions of images among them are.\n"
    yield "\n| item | part | bytes | looks like | why |\n|---|---|---:|---|---|\n"
    for each in parts:
        cells = (f"`{each.item}`", f"`{each.path}`" if each.path else "all of it", f"{each.size:,}", each.looks)
        yield f"| {' | '.join(cells)} | {each.reason or 'unexplained'} |\n"
    yield "\n## Formats of phones and receivers that are not read\n\n| format | why |\n|---|---|\n"
    yield from (f"| {name} | {why} |\n" for name, why in UNREAD)


def main() -> int:
    """Print the table; the exit code is 1 where a part has no reason."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write-docs", action="store_true", help="write docs/opaque.md")
    write = parser.parse_args().write_docs
    parts = found(find_corpus())
    page = "".join(table(parts))
    sys.stdout.write(page)
    if write:
        DOCS.write_text(page, "utf-8")
    return int(any(each.reason is None for each in parts))


if __name__ == "__main__":
    sys.exit(main())
