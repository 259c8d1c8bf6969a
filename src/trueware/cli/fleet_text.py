"""What a fleet agrees on, as text for people: the groups with how much their word is worth, then every device that stands out."""

from collections.abc import Iterator

from trueware.agreeing import Fleet
from trueware.appraisal.nearness import counted
from trueware.cli.printable import printable
from trueware.consensus.rule import WHOLE, Rule
from trueware.consensus.told import Agreement, Consensus, Group, Standing, Told, Varying
from trueware.model.change import Change

_SHOWN = 8
"""Paths shown of one thing, unless everything is asked for."""

_DEVICES = 40

WORDS = {
    Standing.AGREES: "agrees",
    Standing.OTHER_VERSION: "another version",
    Standing.OUTLIER: "outlier",
    Standing.NO_MAJORITY: "no majority",
    Standing.NOT_READ: "not read",
}

_UNREMARKABLE = (Standing.AGREES, Standing.OTHER_VERSION)

_COUNTED = {
    Standing.AGREES: ("agrees", "agree"),
    Standing.OTHER_VERSION: ("on another version", "on other versions"),
    Standing.OUTLIER: ("outlier", "outliers"),
    Standing.NO_MAJORITY: ("without a majority", "without a majority"),
    Standing.NOT_READ: ("not read", "not read"),
}


def counts(consensus: Consensus) -> str:
    """Return how many devices there are of each standing."""
    told = ((standing, len(consensus.of(standing))) for standing in Standing)
    return ", ".join(count_of(standing, count) for standing, count in told if count)


def count_of(standing: Standing, count: int) -> str:
    """Return the words for so many devices of one standing."""
    return f"{count} {_COUNTED[standing][count != 1]}"


def fleet_lines(fleet: Fleet, *, everything: bool = False) -> Iterator[str]:
    """Yield the lines."""
    consensus = fleet.consensus
    yield from _head(fleet)
    for number, group in enumerate(consensus.groups):
        if number < _SHOWN or everything:
            yield ""
            yield from _group(consensus, number, group, everything=everything)
    if (more := len(consensus.groups) - _SHOWN) > 0 and not everything:
        yield f"and {more} more groups"
    apart = [told for told in consensus.devices if told.standing not in _UNREMARKABLE]
    if apart:
        yield ""
        yield "devices that do not agree:"
        shown = apart if everything else apart[:_DEVICES]
        for told in shown:
            yield from _device(told, everything=everything)
        if len(apart) > len(shown):
            yield f"  and {len(apart) - len(shown)} more (--all)"
    hidden = [told for told in consensus.devices if told.standing in _UNREMARKABLE and told.allowed]
    if hidden and everything:
        yield ""
        yield "where devices that agree differ, as they may (nobody judged what is there):"
        for told in hidden:
            yield from _device(told, everything=True)


def _head(fleet: Fleet) -> Iterator[str]:
    consensus = fleet.consensus
    yield f"{counted(len(consensus.devices), 'device')}: {counts(consensus)}"
    rule = consensus.rule
    yield f"rule: more than {rule.quorum} of the votes, at least {rule.min_devices} devices, policy {fleet.policy}"
    if consensus.copies:
        copies = sum(len(each.others) for each in consensus.copies)
        yield f"note: {copies} brought the same as another and did not count (--distinct, if each was read out of a device)"
    stated = sum(group.stated for group in consensus.groups)
    if stated:
        yield f"note: {stated} are what somebody states of a device, not measured here"
    sources = {told.source for told in consensus.devices}
    if len(sources) == 1:
        yield "note: all came from one source, for all that is known: whoever had it in hand could have altered all of them"
    for path, reason in fleet.failed:
        yield f"note: not read: {printable(path)}: {printable(reason)}"


def _group(consensus: Consensus, number: int, group: Group, *, everything: bool) -> Iterator[str]:
    name = _claimed(group)
    yield f"group {number + 1} ({group.relation.value}): {counted(len(group.devices), 'device')}{name}"
    yield f"  {printable(group.evidence)}"
    if not group.decided:
        yield f"  no majority: {printable(group.reason)}"
        return
    yield (
        f"  agreed: {group.unanimous:,} parts alike on all, {counted(len(group.agreements), 'path')} by a majority; "
        f"{len(group.varying)} differ by device, {len(group.contested)} have no majority"
    )
    yield f"  {guarantee(consensus.rule, group)}"
    yield from _listed("by a majority", [_agreement(each) for each in group.agreements], everything)
    yield from _listed("differ by device", [_varying(each) for each in group.varying], everything)
    yield from _listed(
        "no majority",
        [
            f"{printable(each.path) or '(itself)'} ({each.aspect}): {' against '.join(str(len(camp)) for camp in each.camps)}"
            for each in group.contested
        ],
        everything,
    )


def guarantee(rule: Rule, group: Group) -> str:
    """Return in a sentence what the agreement of a group is worth."""
    count = len(group.devices)
    weighed = "" if group.votes == count * WHOLE else f" (counted as {group.votes / WHOLE:.4g} votes)"
    few = (
        f"with at most {group.tolerated} of {count} tampered{weighed}, each is found wherever untampered ones agree"
        if group.tolerated
        else f"with {count} devices and a quorum of {rule.quorum}, already one tampered may leave no majority"
    )
    return f"{few}; {group.unseen} or more tampered alike would be what is agreed on, which nothing here can tell"


def _claimed(group: Group) -> str:
    said: dict[str, str] = {}
    for claim in group.claims:
        said.setdefault(claim.name, claim.value)
    what = "product" if "product" in said else "os"
    words = dict.fromkeys(said[name] for name in ("vendor", what, "version", "build") if name in said)
    return f", {printable(' '.join(words))}" if words else ""


def _agreement(each: Agreement) -> str:
    said = f"{each.votes / WHOLE:.4g} of {each.of / WHOLE:.4g}"
    return f"{printable(each.path)}: {said}" + (" that nothing is there" if each.removed else "")


def _varying(each: Varying) -> str:
    why = "the policy says so" if each.why.value == "policy" else f"{each.choices} different ones"
    size = f", up to {each.size:,} bytes" if each.size else ""
    alike = f"; the same on {', '.join(printable(name) for name in each.alike[0][:4])}" if each.alike else ""
    odd = f"; of another length on {', '.join(printable(name) for name in each.odd[:4])}" if each.odd else ""
    return f"{printable(each.path) or '(itself)'} ({', '.join(each.aspects)}): {why}{size}{alike}{odd}"


def _device(told: Told, *, everything: bool) -> Iterator[str]:
    yield f"  {printable(told.device)}  {WORDS[told.standing]}: {printable(told.reason)}"
    if told.share is not None:
        yield f"      has {told.share:.0%} of what the leading group agrees on"
    yield from _listed("", [_change(each) for each in told.changes], everything, margin="      ", more=told.more)
    if told.allowed and (told.changes or everything):
        yield from _listed(
            "where devices may differ", [_change(each) for each in told.allowed], everything, margin="      "
        )


def _change(change: Change) -> str:
    aspects = f" ({', '.join(change.aspects)})" if change.aspects else ""
    return f"{change.kind.value}{aspects} {printable(change.path) or '(itself)'}"


def _listed(title: str, lines: list[str], everything: bool, *, margin: str = "  ", more: int = 0) -> Iterator[str]:  # noqa: FBT001
    if not lines:
        return
    if title:
        yield f"{margin}{title}:"
        margin += "  "
    shown = lines if everything else lines[:_SHOWN]
    yield from (f"{margin}{line}" for line in shown)
    if (left := len(lines) - len(shown) + more) > 0:
        yield f"{margin}and {left} more"
