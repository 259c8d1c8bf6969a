"""Which of several candidates an artefact is judged by, where some were measured and others are lists of files.

A list states less than a measured release, so it differs less from anything. It must not take back what a measured release shows:
whoever adds a file, or the set-user-ID bit, would go free as soon as somebody imports a list that does not have it. So a candidate
that states more comes first. It gives way to one that states less only where the artefact has more in common with that one, and
the other states each of the contents by which it differs from the first: then the artefact is that other release. A file that is
gone counts for the other where its list is complete, or has every file of the artefact and no more.
"""

from collections.abc import Iterable, Sequence

from trueware.appraisal.held import Held
from trueware.model.change import Change
from trueware.model.listing import Extent

_RANKS = {None: 0, Extent.COMPLETE: 1, Extent.OPEN: 2, Extent.LOOSE: 3}
_CONTENT = frozenset({"content", "type", "link", "device"})


def rank(each: Held) -> int:
    """Return how much a candidate leaves unstated: 0 for one that was measured."""
    return _RANKS[each.comparison.unstated.extent]


def best_of(derived: Iterable[Held]) -> Held:
    """Return the candidate, of at least one, that the artefact comes from."""
    ordered = sorted(
        derived, key=lambda each: (rank(each), not each.agrees, len(each.immutable), -each.alignment.shared)
    )
    best = ordered[0]
    for each in ordered[1:]:
        if rank(each) == rank(best):
            continue  # the first of its rank is the best of it
        if _gives_way(best, each):
            best = each
    return best


def standing(equal: Sequence[Held], derived: Iterable[Held]) -> list[Held]:
    """Return those of the candidates that the artefact equals which no other one contradicts that states more."""
    against = [each for each in derived if each.immutable]
    return [
        each for each in equal if not any(rank(other) < rank(each) and not _gives_way(other, each) for other in against)
    ]


def _gives_way(strict: Held, lenient: Held) -> bool:
    """Tell whether the artefact is rather the release that states less."""
    if lenient.alignment.shared <= strict.alignment.shared:
        return False
    stated = {part.sha256 for _, part in lenient.reference.manifest.walk()}
    may_lack = lenient.is_equal or lenient.comparison.unstated.extent is Extent.COMPLETE
    return all(_is_stated(change, stated, may_lack) for change in strict.immutable)


def _is_stated(change: Change, stated: set[bytes | None], may_lack: bool) -> bool:  # noqa: FBT001
    """Tell whether a list has the content that a change brought, or could have lacked what went; permissions no list has."""
    if change.found is None:
        return may_lack
    if change.expected is not None and _CONTENT.isdisjoint(change.aspects):
        return True
    return change.found.sha256 is not None and change.found.sha256 in stated
