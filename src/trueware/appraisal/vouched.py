"""What of an artefact is vouched for by signatures, and what is not.

A part is vouched for with all below it. Around what is vouched for may lie, as around a registered release (`wrapping`), what says
nothing to a device: the signatures themselves, files for people, the folders and archives in which it is handed on.

Whoever signs a file, or lists its digest, says nothing of where it goes and with what rights:

* What an entry's attributes give power (set-uid, extended attributes) is not vouched for by a signature over its bytes.
* Where names place files onto a device (a tar, a file system) a plain file is not either, unless it is the signed list itself: what
  may be run, or is read as a configuration, is told by its path.
* Files for people are those beside something that is vouched for and is more than that, in what people hand files on in. They
  are told.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from trueware.appraisal.wrapping import MAX_BESIDE, hands_on, is_companion, is_plain, says_nothing, unwrap
from trueware.model.part import Kind, Part, join
from trueware.model.signature import Judged, Signature

_TOLD = 20
"""Paths that are named."""

_NAMES_ONLY = frozenset({"zip"})
"""Formats whose files have names that no device acts upon by itself: they are unpacked where somebody chooses."""


@dataclass(frozen=True, slots=True)
class Vouched:
    """How far signatures reach."""

    complete: bool
    """Whether everything in the artefact that may be software is vouched for."""

    missing: tuple[str, ...] = ()
    """Paths of what is not, the first ones."""

    beside: tuple[str, ...] = ()
    """Paths of the files for people, which nobody vouches for."""


def vouched(root: Part, signatures: Iterable[Signature]) -> Vouched:
    """Return how much of the artefact `signatures`, all of them good, vouch for."""
    signatures = tuple(signatures)
    covered = {each.part for each in signatures if each.coverage.whole}
    covered.update(path for each in signatures for path in each.coverage.paths)
    digests = frozenset[bytes]().union(*(each.coverage.digests for each in signatures))
    lists = {path for each in signatures if each.coverage.digests for path in each.coverage.paths}
    carriers = {each.part for each in signatures if _is_beside(each)}
    missing: list[str] = []
    found: list[str] = []
    companions: list[tuple[str, str]] = []
    payload = False
    stack: list[tuple[str, Part, str | None, bool]] = [("", root, None, False)]
    while stack and len(missing) < _TOLD and len(companions) <= MAX_BESIDE:
        path, part, above, placed = stack.pop()
        signed = path in covered or (part.sha256 is not None and part.size > 0 and part.sha256 in digests)
        if signed and is_plain(part) and not (placed and _is_told_by_path(part) and path not in lists):
            found.append(path)
            payload = payload or not is_companion(part)
        elif part.kind is Kind.PADDING or (path in carriers and not part.children and is_plain(part)):
            pass
        elif above is not None and is_companion(part):
            companions.append((path, above))
        elif part.children and part.certain and is_plain(part) and says_nothing(part) and _are_apart(part):
            outer = path if hands_on(part) and (above is not None or path == "" or part.format is not None) else None
            inner = placed or _places(part)
            stack += [(join(path, part, child.name), child, outer, inner) for child in reversed(part.children)]
        elif part.kind is not Kind.DIRECTORY or part.children or not part.certain or not is_plain(part):
            missing.append(path)
    around = {path for each in found for path in _above(each)} if companions else frozenset[str]()
    missing += [path for path, above in companions if above not in around or not payload]
    missing += [path for path, _ in companions[MAX_BESIDE:]]
    beside = tuple(path for path, _ in companions)
    return Vouched(
        bool(found) and not missing, tuple(dict.fromkeys(_outermost(path, found) for path in missing)), beside
    )


def _is_beside(signature: Signature) -> bool:
    """Whether what it stands in is a signature and nothing else."""
    coverage = signature.coverage
    elsewhere = bool(coverage.digests) or any(path != signature.part for path in coverage.paths)
    return elsewhere and signature.part not in coverage.paths and not coverage.excludes


def _is_told_by_path(part: Part) -> bool:
    return part.kind is Kind.FILE and not part.is_container


def _places(part: Part) -> bool:
    """Whether what a container holds are entries that have their place on a device by their path."""
    entries = (child.kind not in (Kind.REGION, Kind.PADDING, Kind.GAP) for child in part.children)
    return part.format is not None and part.format not in _NAMES_ONLY and any(entries)


def _above(path: str) -> Iterator[str]:
    """Yield the paths of all that something at `path` lies in, the artefact's included."""
    end = path.rfind("/")
    while end >= 0:
        yield path[:end].removesuffix("!")
        end = path.rfind("/", 0, end)
    yield ""


def _outermost(path: str, found: list[str]) -> str:
    """Return the outermost container of what is at `path` in which nothing is vouched for, or the path itself."""
    at = path.find("!/")
    while at >= 0:
        if not any(each.startswith(path[: at + 2]) for each in found):
            return path[:at]
        at = path.find("!/", at + 2)
    return path


def _are_apart(part: Part) -> bool:
    """Whether no two of its parts have one path (``a!`` and ``a%21``): a signature over one would seem to vouch for the other."""
    return len({join("", part, child.name) for child in part.children}) == len(part.children)


def main_paths(root: Part) -> frozenset[str]:
    """Return the paths that stand for the artefact itself: its wrappings, and what lies in the innermost folder or archive."""
    return frozenset(path for path, _ in _main_parts(root))


def main_names(root: Part) -> tuple[str, ...]:
    """Return the names by which a list may know the artefact itself: ``sha256:`` of what stands for it."""
    digests = (part.sha256 for _, part in _main_parts(root))
    return tuple(dict.fromkeys(f"sha256:{digest.hex()}" for digest in digests if digest is not None))


def _main_parts(root: Part) -> Iterator[tuple[str, Part]]:
    wrapped = unwrap(root)
    yield from ((each.path, each.part) for each in wrapped)
    inner = wrapped[-1]
    for child in inner.part.children:
        yield join(inner.path, inner.part, child.name), child


def speaks_for(judged: Judged, main: frozenset[str]) -> bool:
    """Tell whether a signature is about the artefact itself, and not about a small part of it."""
    signature = judged.signature
    return signature.part in main or any(path in main for path in signature.coverage.paths)
