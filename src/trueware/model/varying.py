"""What differs from device to device, written on the parts of a consensus manifest so that it is part of their digests.

A release of which only a fleet knows (`Authority.CONSENSUS`) has no file for a serial number, but a place for one: a part that has
everything the devices agree on and a fact that names the rest. Only comparison under that authority heeds the fact; anywhere else
it is a fact like any other, which no artefact has.
"""

from trueware.model.part import Part

VARIES = "trueware:varies-by-device"
"""Name of the fact; no reader makes facts with a colon of its own prefix."""

CONTENT = "content"
"""Each device has bytes of its own."""

LINK = "link"
FACTS = "facts"
"""What a container's header says: the identity of a file system, a time stamp."""

PRESENCE = "presence"
"""Some devices have it and some do not."""

MEMBERS = "members"
"""A folder in which each device has names of its own."""

ASPECTS = frozenset({CONTENT, LINK, FACTS, PRESENCE, MEMBERS})


def varying(part: Part) -> frozenset[str]:
    """Return which of `ASPECTS` differ from device to device by what the part says; of an artefact's part, nothing."""
    for name, value in part.facts:
        if name == VARIES:
            return ASPECTS & frozenset(value.split(" "))
    return frozenset()


def without_mark(facts: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Return the facts but for the one that says what varies."""
    return tuple(pair for pair in facts if pair[0] != VARIES)


def with_mark(facts: tuple[tuple[str, str], ...], aspects: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """Return the facts together with one that says what varies, where anything does.

    Raises:
        ValueError: an aspect that may not vary: a type, a mode, an owner.
    """
    if not aspects:
        return facts
    if not aspects <= ASPECTS:
        raise ValueError(f"{', '.join(sorted(aspects - ASPECTS))} cannot vary by device")
    return tuple(sorted((*facts, (VARIES, " ".join(sorted(aspects))))))
