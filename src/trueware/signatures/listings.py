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
from collections.abc import Iterator

from trueware.model.signature import Coverage
from trueware.signatures.contract import Site

_LARGEST = 1 << 28
"""Bytes of a list; Debian's largest index is a quarter of it."""

_MOST = 64
"""Lists followed from one signature."""

_STANZA = re.compile(rb"^SHA256(?:sum)?:[ \t]*([0-9a-fA-F]{64})[ \t]*$", re.MULTILINE)
_RELEASE = re.compile(rb"^SHA256:[ \t]*\n((?:[ \t]+[0-9a-fA-F]{64}[ \t]+\d+[ \t]+\S+[ \t]*\n?)+)", re.MULTILINE)
_SUM = re.compile(rb"^\\?([0-9a-fA-F]{64}) [ *]\S", re.MULTILINE)
_GLUON = re.compile(rb"^\S+ \S+ ([0-9a-f]{64})(?: \d+)? \S+$", re.MULTILINE)
_DIGEST = re.compile(rb"[0-9a-fA-F]{64}")


def coverage_of(site: Site) -> Coverage:
    """Return what a signature over all of `site` vouches for: its bytes, and the contents that it lists.

    Raises:
        InputError: its bytes cannot be had.
    """
    return Coverage(paths=(site.path,), digests=frozenset(_followed(site)))


def listed(name: str, data: bytes | memoryview) -> frozenset[bytes]:
    """Return the SHA-256 digests that a list of that name holds; none where it is no list."""
    match name:
        case "Packages":
            return _digests(_STANZA.findall(data))
        case "Release" | "InRelease":
            sections = _RELEASE.findall(data)
            return _digests(digest for section in sections for digest in _DIGEST.findall(section))
        case _ if name.lower().removesuffix(".txt").endswith("sums"):
            return _digests(_SUM.findall(data))
        case _ if name.endswith(".manifest"):
            return _digests(_GLUON.findall(data))
        case _:
            return frozenset()


def _digests(found: "list[bytes] | Iterator[bytes]") -> frozenset[bytes]:
    return frozenset(bytes.fromhex(digest.decode()) for digest in found)


def _followed(site: Site) -> Iterator[bytes]:
    """Yield what a list and the lists named by it hold."""
    lists = [site]
    seen = {site.path}
    for each in lists:
        if each.size > _LARGEST:
            continue
        digests = listed(each.name, each.view())
        yield from digests
        if not digests or len(lists) >= _MOST:
            continue
        for other in _others(each):
            if other.path not in seen and other.sha256 in digests:
                seen.add(other.path)
                lists.append(other)


def _others(site: Site) -> Iterator[Site]:
    """Yield the lists that may lie beside one, under the only name that is followed."""
    index = site.beside("Packages")
    if index is not None:
        yield index
