"""What of an artefact is vouched for by signatures, and what is not.

A part is vouched for with all below it. Around what is vouched for may lie, as around a registered release (`wrapping`), what says
nothing to a device: the signatures themselves, files for people, the folders and archives in which it is handed on.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from trueware.appraisal.wrapping import is_companion, says_nothing, unwrap
from trueware.model.part import Kind, Part, join
from trueware.model.signature import Judged, Signature

_TOLD = 20
"""Paths that are named."""


@dataclass(frozen=True, slots=True)
class Vouched:
    """How far signatures reach."""

    complete: bool
    """Whether everything in the artefact that may be software is vouched for."""

    missing: tuple[str, ...] = ()
    """Paths of what is not, the first ones."""


def vouched(root: Part, signatures: Iterable[Signature]) -> Vouched:
    """Return how much of the artefact `signatures`, all of them good, vouch for."""
    signatures = tuple(signatures)
    covered = {each.part for each in signatures if each.coverage.whole}
    covered.update(path for each in signatures for path in each.coverage.paths)
    digests = frozenset[bytes]().union(*(each.coverage.digests for each in signatures))
    carriers = {each.part for each in signatures} - covered
    missing: list[str] = []
    found: list[str] = []
    stack: list[tuple[str, Part, bool]] = [("", root, False)]
    while stack and len(missing) < _TOLD:
        path, part, beside = stack.pop()
        if path in covered or (part.sha256 is not None and part.size and part.sha256 in digests):
            found.append(path)
        elif part.kind is Kind.PADDING or (path in carriers and not part.children) or (beside and is_companion(part)):
            pass
        elif part.children and part.certain and says_nothing(part) and _are_apart(part.children):
            hands_on = part.kind is Kind.DIRECTORY or part.format is not None
            stack += [(join(path, part, child.name), child, hands_on) for child in reversed(part.children)]
        elif part.kind is not Kind.DIRECTORY or part.children or not part.certain:
            missing.append(path)
    return Vouched(bool(found) and not missing, tuple(dict.fromkeys(_outermost(path, found) for path in missing)))


def _outermost(path: str, found: list[str]) -> str:
    """Return the outermost container of what is at `path` in which nothing is vouched for, or the path itself."""
    at = path.find("!/")
    while at >= 0:
        if not any(each.startswith(path[: at + 2]) for each in found):
            return path[:at]
        at = path.find("!/", at + 2)
    return path


def _are_apart(parts: tuple[Part, ...]) -> bool:
    """Whether no two have one name: a signature over the one would seem to vouch for the other."""
    return len({part.name for part in parts}) == len(parts)


def main_paths(root: Part) -> frozenset[str]:
    """Return the paths that stand for the artefact itself: its wrappings, and what lies in the innermost folder or archive."""
    return frozenset(_main_paths(root))


def _main_paths(root: Part) -> Iterator[str]:
    for each in unwrap(root):
        yield each.path
    inner = unwrap(root)[-1]
    for child in inner.part.children:
        yield join(inner.path, inner.part, child.name)


def speaks_for(judged: Judged, main: frozenset[str]) -> bool:
    """Tell whether a signature is about the artefact itself, and not about a small part of it."""
    signature = judged.signature
    return signature.part in main or any(path in main for path in signature.coverage.paths)
