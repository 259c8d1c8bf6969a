"""What an artefact wraps: the one thing in it that may be software, and what people put beside it when they hand it on.

A folder, an archive or a compressed stream around an image says nothing of its own: the image is what is verified. That holds as
long as nothing else lies there. What is only for people (`COMPANIONS`) is told by its path and vouched for by nobody; anything
else beside the image, and a wrapping that itself says something to a device, means that the image is not all there is.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from trueware.model.part import Kind, Part, join

_DOCUMENT = r"(?:\.(?:txt|md|rst|html?|pdf|rtf|docx?|odt))?"

COMPANIONS: tuple[tuple[str, str], ...] = (
    (
        rf"(?:[\w -]+[ _-])?(?:read[ _-]?me|licen[cs]es?|copying|copyright)(?:[ _-][\w -]*)?{_DOCUMENT}",
        "terms, explanations",
    ),
    (rf"(?:change(?:s|[ _-]?log)|news|release[ _-]?notes?)(?:[ _-][\w -]*)?{_DOCUMENT}", "what is new"),
    (r"[\w .()+~-]+\.(?:pdf|md|rst)", "documents"),
    (r"(?:md5|sha(?:1|224|256|384|512)?)sums?(?:\.(?:txt|asc|sig|gpg))?", "lists of checksums"),
    (r"[\w .()+~-]+\.(?:md5|sha1|sha256|sha512)(?:sums?)?", "a checksum"),
    (r"[\w .()+~-]+\.(?:asc|gpg|sig|minisig)", "a signature of its own"),
    (r"\.DS_Store|Thumbs\.db|desktop\.ini", "left by file managers"),
)
"""Names, with the reason, of files that people read and no device looks for; matched whole and without regard to case."""

_COMPANION = re.compile("|".join(f"(?:{pattern})" for pattern, _ in COMPANIONS), re.IGNORECASE | re.ASCII)

_ARCHIVES = frozenset({"tar", "zip"})
"""Formats in which people hand files on."""

_PLACING = frozenset({"tar"})
"""Those that are also unpacked onto a device, where the path of a plain file says what it becomes."""

_MEANINGLESS = frozenset({("skipped", "nothing")})
"""Facts of a wrapping that a device does not act upon: a sparse image that leaves nothing of the flash as it was."""

_UNPACKED = "data"
"""Name of the one part of a compressed stream."""

_ROOT = "root"
"""The fact that tells the attributes of the folder an archive is unpacked into."""

_MAX_STEPS = 24
"""Wrappings that are taken off; nobody packs what he hands on deeper than a few."""


MAX_BESIDE = 64
"""Files for people on one level; with more of them, it is not the software that is handed on."""

_LONGEST = 128
"""Characters of the name of such a file."""


@dataclass(frozen=True, slots=True)
class Wrapped:
    """What is left of an artefact when some of its wrappings are taken off."""

    path: str
    part: Part
    beside: tuple[str, ...] = ()
    """Paths of the files for people that lie beside it."""


def unwrap(root: Part) -> tuple[Wrapped, ...]:
    """Return the artefact and what it wraps, outermost first; the last one wraps nothing."""
    chain = [Wrapped("", root)]
    placed = False
    while len(chain) <= _MAX_STEPS and (inner := _step(chain[-1])) is not None:
        placed = placed or chain[-1].part.format in _PLACING
        if placed and inner.part.kind is Kind.FILE and not inner.part.is_container:
            break
        chain.append(inner)
    return tuple(chain)


def _step(outer: Wrapped) -> Wrapped | None:
    """Return the only thing in a wrapping that is not for people, None where it is no wrapping."""
    part = outer.part
    handed = hands_on(part)
    if not part.certain or not (handed or part.is_container) or not says_nothing(part):
        return None
    inner: list[Part] = []
    around: list[Part] = []
    for child in part.children:
        if child.kind is Kind.PADDING:
            continue
        (around if handed and is_companion(child) else inner).append(child)
        if len(inner) > 1 or len(around) > MAX_BESIDE:
            return None
    if not inner or not is_plain(inner[0]):
        return None
    within = inner[0]
    if within.kind is not Kind.REGION:
        opens = handed and within.kind in (Kind.DIRECTORY, Kind.FILE)
    else:
        opens = within.is_container or within.name == _UNPACKED
    if not opens:
        return None
    beside = tuple(join(outer.path, part, child.name) for child in around)
    return Wrapped(join(outer.path, part, within.name), within, outer.beside + beside)


def is_companion(part: Part) -> bool:
    """Tell whether this is a file for people that lies beside software: known by its name, and nothing any reader knows."""
    return (
        part.kind is Kind.FILE
        and part.certain
        and part.format is None
        and is_plain(part)
        and len(part.name) <= _LONGEST
        and _COMPANION.fullmatch(part.name) is not None
    )


def hands_on(part: Part) -> bool:
    """Tell whether people put files together in it: a folder, or one of their archives."""
    return part.kind is Kind.DIRECTORY or part.format in _ARCHIVES


def is_plain(part: Part) -> bool:
    """Tell whether nothing about the entry gives it power: neither set-uid bits nor attributes."""
    return not (part.mode or 0) & 0o6000 and not part.xattrs


def says_nothing(wrapping: Part) -> bool:
    """Tell whether the format of a wrapping states nothing that a device acts upon."""
    return all(name == _ROOT or (name, value) in _MEANINGLESS for name, value in wrapping.facts)


def way(root: Part, path: str) -> tuple[tuple[str, Part], ...]:
    """Return path and part of all from `root` down to what is at `path`, both included; nothing where there is none.

    A name may stand twice: the first way that leads there is returned.
    """
    stack: list[tuple[tuple[str, Part], ...]] = [(("", root),)]
    while stack:
        steps = stack.pop()
        at, part = steps[-1]
        if at == path:
            return steps
        start = len(join(at, part, "")) - len("%")
        for child in reversed(part.children):
            name = child.name
            if name and name[-1] != "!" and "/" not in name and not path.startswith(name, start):
                continue  # at once, as for most in a large folder; the other names a path may write otherwise
            place = join(at, part, name)
            if path == place or path.startswith((place + "/", place + "!/")):
                stack.append((*steps, (place, child)))
    return ()


def surroundings(root: Part, path: str) -> Iterator[tuple[str, Part]]:
    """Yield path and part of what lies in the containers and folders around `path`, outermost first; padding is nothing."""
    for (at, part), (inner, _) in pairwise(way(root, path)):
        for child in part.children:
            if (place := join(at, part, child.name)) != inner and child.kind is not Kind.PADDING:
                yield place, child
