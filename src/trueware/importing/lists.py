"""The lists in which others publish digests of their software: what they say, line by line.

* ``sha256sums`` of OpenWrt and everybody else: ``<hex>  name`` or ``<hex> *name`` (coreutils, text and binary mode).
* ``Packages`` of Debian and opkg: stanzas with Package, Version, Architecture, Filename, Size and SHA256 or SHA256sum
  (Debian policy §5.1; deb822(5); opkg libopkg/pkg_parse.c).
* A Gluon autoupdater manifest: ``model version <hex> [size] file``, headers ``KEY=value`` before, ``---`` and signatures after
  (Gluon docs, features/autoupdater).

Only SHA-256 is taken. MD5 and SHA-1 can be forged, and what trueware measures is SHA-256: lines without one are refused, with
the reason. A signature over the list is not checked here: what it says has the authority of a third party at most.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from trueware.errors import MalformedInput
from trueware.importing.contract import Context, Document, Importer
from trueware.model.claim import Claim
from trueware.registry.ports import RegistryStore
from trueware.registry.references import Imported, Reference, Refused, take_references

MAX_LINE = 16 * 1024
"""Characters; the longest line of Debian's Packages (Depends of a metapackage) has some 10,000."""

_WEAK = {32: "MD5", 40: "SHA-1", 56: "SHA-224", 96: "SHA-384", 128: "SHA-512"}
_SUM = re.compile(r"([0-9A-Fa-f]{32,128})[ \t]+\*?(\S.*)")
_HEX = re.compile(r"[0-9A-Fa-f]{32,128}")
_FIELD = re.compile(r"([!-9;-~]+):[ \t]*(.*)")
_NUMBER = re.compile(r"(?:(?<=[-_])|^)[vVrR]?(\d+(?:\.\d+)+(?:[-.~+]?(?:rc|beta|alpha)\d*)?)(?=[-_.]|$)")
_ENDINGS = frozenset({
    "bin", "img", "gz", "xz", "bz2", "zst", "zip", "tar", "tgz", "ipk", "apk", "deb", "itb", "trx", "chk", "ubi", "elf",
    "iso", "vmdk", "vdi", "dmg",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Listed:
    """One artefact as a list names it."""

    sha256: bytes
    product: str
    version: str
    file: str
    size: int = 0
    claims: tuple[Claim, ...] = ()


def parse_index(text: str) -> Iterator[Listed | Refused]:
    """Yield what a list says, in its order; the kind of list is told by its lines."""
    lines = text.splitlines()
    for line in lines:
        if line.strip() and not line.startswith("#"):
            field = _FIELD.match(line)
            if field and field[1].casefold() == "package":
                return _stanzas(lines)
            break
    return _lines(lines)


def _lines(lines: list[str]) -> Iterator[Listed | Refused]:
    """Read sums and Gluon manifests; a file whose SHA-256 is there is not refused for another digest beside it."""
    weak: list[tuple[str, Refused]] = []
    taken: set[str] = set()
    for number, line in enumerate(lines, 1):
        if line.rstrip() == "---":
            break
        if not line.strip() or line.startswith("#") or re.match(r"[A-Z_]+=", line):
            continue
        found = _sum(line) if len(line) <= MAX_LINE else "a line too long"
        if isinstance(found, str):
            yield Refused(str(number), found)
        elif isinstance(found, Listed):
            taken.add(found.file)
            yield found
        else:
            file, size = found
            weak.append(
                (
                    file,
                    Refused(
                        str(number), f"{file[:100]}: {_WEAK.get(size, f'{size * 4}-bit')} digest, SHA-256 is needed"
                    ),
                )
            )
    yield from (refused for file, refused in weak if file not in taken)


def _sum(line: str) -> Listed | tuple[str, int] | str:
    """Return what the line lists, or its file and the length of a digest that is no SHA-256, or why it is no such line."""
    if match := _SUM.fullmatch(line.rstrip()):
        digest, file = match[1], match[2]
        product, version = split_name(file)
        size = 0
    else:
        words = line.split()
        if len(words) not in (4, 5) or not _HEX.fullmatch(words[2]) or (len(words) == 5 and not words[3].isdecimal()):
            return "neither a sum nor a manifest line"
        product, version, digest, file = words[0], words[1], words[2], words[-1]
        size = int(words[3][:18]) if len(words) == 5 else 0
    if len(digest) != 64:
        return file, len(digest)
    return Listed(bytes.fromhex(digest), product, version, file, size)


def _stanzas(lines: list[str]) -> Iterator[Listed | Refused]:
    fields: dict[str, str] = {}
    start = 1
    for number, line in enumerate([*lines, ""], 1):
        if not line.strip():
            if fields:
                yield _package(fields, start)
            fields, start = {}, number + 1
        elif line[0] not in " \t":  # continuation lines belong to descriptions and tags, which say nothing here
            match = _FIELD.fullmatch(line) if len(line) <= MAX_LINE else None
            if match:
                fields.setdefault(match[1].casefold(), match[2].strip())


def _package(fields: Mapping[str, str], line: int) -> Listed | Refused:
    name, version = fields.get("package", ""), fields.get("version", "")
    digest = fields.get("sha256", fields.get("sha256sum", ""))
    if not name or not version:
        return Refused(str(line), "a stanza without Package or Version")
    if len(digest) != 64 or not _HEX.fullmatch(digest):
        weak = next((f"only {key}" for key in ("sha1", "md5sum") if key in fields), "no digest")
        return Refused(str(line), f"{name} {version}: {weak}, SHA-256 is needed")
    claims = [Claim("package", name, "index", ""), Claim("version", version, "index", "")]
    if "architecture" in fields:
        claims.append(Claim("architecture", fields["architecture"], "index", ""))
    product = f"{name} ({fields['architecture']})" if "architecture" in fields else name
    size = fields.get("size", "0")
    file = fields.get("filename", "")
    return Listed(
        bytes.fromhex(digest), product, version, file, int(size[:18]) if size.isdecimal() else 0, tuple(claims)
    )


def split_name(file: str) -> tuple[str, str]:
    """Return product and version as a file name tells them.

    >>> split_name("openwrt-19.07.4-ar71xx-generic-archer-c7-v2-squashfs-sysupgrade.bin")
    ('openwrt-ar71xx-generic-archer-c7-v2-squashfs-sysupgrade', '19.07.4')
    >>> split_name("snapshots/u-boot.elf")
    ('u-boot', 'unknown')
    """
    stem = file.replace("\\", "/").rstrip("/").rpartition("/")[2]
    while (dot := stem.rfind(".")) >= 0 and stem[dot + 1 :].casefold() in _ENDINGS:
        stem = stem[:dot]
    match = _NUMBER.search(stem)
    if match is None:
        return stem or "unknown", "unknown"
    before, after = stem[: match.start()].rstrip("-_"), stem[match.end() :].lstrip("-_.")
    return "-".join(piece for piece in (before, after) if piece) or "unknown", match[1]


def import_index(store: RegistryStore, text: str, *, publisher: str, source: str, now: int) -> Imported:
    """Store the releases a list names.

    Args:
        store: where.
        text: the list.
        publisher: whose software it lists.
        source: how to call the list.
        now: seconds since 1970.
    """
    return take_references(store, _references(text, publisher, source), now)


def _references(text: str, publisher: str, source: str) -> Iterator[Reference | Refused]:
    for each in parse_index(text):
        if isinstance(each, Refused):
            yield each
        else:
            said = f"{source}: {each.file}" if each.file else source
            yield Reference(publisher, each.product, each.version, each.sha256, each.size, each.claims, source=said)


def _read(document: Document, context: Context) -> Iterator[Reference | Refused]:
    if context.publisher is None:
        raise MalformedInput("list", 0, "it does not say whose software it lists (--publisher)")
    data = document.mirror.read(document.path, MAX_LIST) or b""
    name = document.path.rpartition("/")[2]
    yield from _references(data.decode("utf-8", "surrogateescape"), context.publisher, name)


MAX_LIST = 1 << 28
"""Bytes; Debian's Packages of main has some 50 MB."""

IMPORTER = Importer(
    "list",
    "sha256sums, Gluon manifests, Packages of opkg and Debian, their signatures not verified",
    lambda document: not document.is_folder,
    _read,
    ("coreutils", "Debian policy §5.1", "Gluon docs, features/autoupdater"),
)
