"""Signed lists: what a list of checksums that somebody signed vouches for, list by list.

=================  ===================================================================================================
``Packages``       opkg's and Debian's index: stanzas with ``SHA256sum:`` or ``SHA256:``
``Release``        Debian's: the lines below ``SHA256:`` are digest, size and path of indexes
``*sums``          ``sha256sum``'s and ``sha512sum``'s: digest, two blanks (or blank and asterisk), name
``*.manifest``     Gluon's: model, version, SHA-256 (or SHA-512), name
=================  ===================================================================================================

Only SHA-256 counts: contents are known by it when an artefact was measured, and what a list knows by another digest alone is
left uncovered. A list that a signed list names is followed, as apt follows InRelease to Packages.
"""

import re
from collections.abc import Iterable, Iterator

from trueware.model.signature import Coverage
from trueware.signatures.contract import Site

_LARGEST = 1 << 28
"""Bytes of a list; Debian's largest index is a quarter of it."""

_MOST = 64
"""Lists followed from one signature."""

_STANZA = re.compile(rb"^SHA256(?:sum)?:[ \t]*([0-9a-fA-F]{64})[ \t]*$", re.MULTILINE)
_ENTRY = re.compile(rb"([0-9a-fA-F]{64})[ \t]+\d+[ \t]+(\S+)")
_RELEASE = re.compile(rb"^SHA256:[ \t]*\n((?:[ \t]+[0-9a-fA-F]{64}[ \t]+\d+[ \t]+\S+[ \t]*\n?)+)", re.MULTILINE)
_SUM = re.compile(rb"^\\?([0-9a-fA-F]{64}) [ *]\S", re.MULTILINE)
_GLUON = re.compile(rb"^\S+ \S+ ([0-9a-f]{64})(?: \d+)? \S+$", re.MULTILINE)

_UNPACKED = "data"
"""Name of the one part of a compressed stream."""


def coverage_of(site: Site) -> Coverage:
    """Return what a signature over all of `site` vouches for: its bytes, and the contents that it lists.

    Raises:
        InputError: its bytes cannot be had.
    """
    text = site.view() if site.size <= _LARGEST and _is_list(site.name) else b""
    return Coverage(paths=(site.path,), digests=covered_by(site, text))


def covered_by(site: Site, text: bytes | memoryview) -> frozenset[bytes]:
    """Return the SHA-256 digests that `text`, what is signed of the list at `site`, vouches for, lists that it names included."""
    found: set[bytes] = set()
    lists: list[tuple[str, Site, bytes | memoryview]] = [(site.name, site, text)]
    seen = {site.path}
    for name, each, data in lists:
        digests = listed(name, data)
        found |= digests
        for other in _others(each, data) if digests else ():
            if other.path in seen or other.sha256 not in digests or len(lists) >= _MOST:
                continue
            seen.add(other.path)
            plain = other.child(_UNPACKED) or other
            if plain.size <= _LARGEST:
                lists.append(("Packages", other, plain.view()))
    return frozenset(found)


def listed(name: str, data: bytes | memoryview) -> frozenset[bytes]:
    """Return the SHA-256 digests that a list of that name holds; none where it is no list."""
    match name:
        case "Packages":
            return _digests(found[1] for found in _STANZA.finditer(data))
        case "Release" | "InRelease":
            return _digests(digest for digest, _ in _entries(data))
        case _ if _is_sums(name):
            return _digests(found[1] for found in _SUM.finditer(data))
        case _ if name.endswith(".manifest"):
            return _digests(found[1] for found in _GLUON.finditer(data))
        case _:
            return frozenset()


def _is_list(name: str) -> bool:
    return name in ("Packages", "Release", "InRelease") or name.endswith(".manifest") or _is_sums(name)


def _is_sums(name: str) -> bool:
    return name.lower().removesuffix(".txt").endswith("sums")


def _entries(release: bytes | memoryview) -> list[tuple[bytes, bytes]]:
    """Return digest and path of what Debian's Release lists below ``SHA256:``."""
    return [line for section in _RELEASE.findall(release) for line in _ENTRY.findall(section)]


def _digests(found: Iterable[bytes]) -> frozenset[bytes]:
    return frozenset(bytes.fromhex(digest.decode()) for digest in found)


def _others(site: Site, data: bytes | memoryview) -> Iterator[Site]:
    """Yield the indexes that a list may name: those beside it, and where Debian's Release says that they are."""
    names = ["Packages"]
    if site.name in ("Release", "InRelease"):
        paths = (path.decode("utf-8", "surrogateescape") for _, path in _entries(data))
        names += [path for path in paths if path.rpartition("/")[2].partition(".")[0] == "Packages"]
    for name in dict.fromkeys(names):
        index = site.beside(name)
        if index is not None and not index.is_folder:
            yield index
