"""Says how near an artefact of unknown origin is to a release, and what would settle whether it comes from it.

Somebody who alters a release may also alter the version it claims; a new release may differ from the last one as little. The
content cannot tell the two apart, so both are said: the differences, and whose word would decide.
"""

from trueware.appraisal.held import DERIVED_SILENT, Held
from trueware.appraisal.reference import identity_of
from trueware.identifying.identity import Identity


def why_not(near: Held, *, side_by_side: bool) -> str:
    """Return why an artefact is not held to be the nearest release, or one made of it."""
    name, share = near.reference.release.title, _percent(near.alignment.contained)
    if side_by_side:
        return f"holds {share} of the content of {name}: too little to say that it comes from it"
    if near.conflicts and near.alignment.contained >= DERIVED_SILENT:
        return f"claims to be another release, which is not registered; it holds {share} of {name} and differs {places(near)}"
    if near.conflicts:
        return f"not a registered release; the nearest is {name}, which it does not claim to be"
    return f"not a registered release; the nearest is {name}, of whose content it holds {share}"


def nearness(near: Held, identity: Identity) -> str:
    """Return how near a release is, what the artefact says otherwise than that, and which of its sources still say the same."""
    theirs = identity_of(near.reference.release)
    told = [f"shares {_percent(near.alignment.contained)} of the content of {near.reference.release.title}"]
    for each in identity.differences(theirs):
        ours, there = (" and ".join(map(repr, values)) for values in (each.ours, each.theirs))
        told.append(f"{each.source} says {each.name} {ours}, there {there}")
    repeated = ((identity.repeats(theirs, name), name) for name in near.conflicts)
    told += [f"the artefact's {' and '.join(same)} says {name} as there" for same, name in repeated if same]
    return "; ".join(told)


def if_no_such_release(near: Held, what: str) -> str:
    """Return whose word would settle it, where an artefact says that it is `what`, and is nearly the registered release."""
    release = near.reference.release
    claimed = f"a {what}" if what else "the release it claims to be"
    return f"the word of {release.publisher} whether there is {claimed}: if not, this is {release.title}, changed {places(near)}"


def places(each: Held) -> str:
    """Return in how many places the artefact differs where it may not."""
    return f"in {counted(len(each.immutable), 'place')}"


def _percent(share: float) -> str:
    """Return the share as whole percent, near the top in tenths, rounded down: what differs is never all of it."""
    return f"{int(share * 1000) / 10:g} %" if 0.99 <= share < 1 else f"{int(share * 100)} %"


def counted(number: int, what: str) -> str:
    """Return the number with its noun."""
    return f"{number} {what}{'' if number == 1 else 's'}"
