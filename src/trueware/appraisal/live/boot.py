"""Matches what was measured while booting with releases: one, several that each account for a part, or none.

A publisher states what its own software leaves in the PCRs: the maker of the board states PCR 0, that of the system PCR 4, 9 and 12.
So releases of different products together account for one boot. The checklist:

1. A PCR that holds what belongs to each device (`BootPolicy.per_device`) is not compared; it is told that it was not.
2. A PCR that was never extended and that nobody states is empty, and in order. One that was not quoted is not shown, if a release
   states it, or if every boot extends it (`BootPolicy.required`): who chooses what is quoted would choose what is compared. One of
   these that is empty though no release leaves it so shows nothing: nothing measured the boot, and all else was put there later.
3. The release is chosen that accounts for most of the PCRs; then, for what it does not state, others, of other products first.
4. A PCR that no chosen release accounts for is looked for in all: "that is release 4.1, withdrawn in March" is an answer.
5. What nobody has is a difference from the nearest release, or, where nobody states that PCR at all, not shown.
6. Each bank that was quoted and that releases speak of is compared, and one that differs decides: whoever owns a device can put what
   he likes into a bank that its firmware leaves alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import new

from trueware.appraisal.live.checks import BOOT_MIXED, BOOT_RELEASE, BOOT_WITHDRAWN
from trueware.model.attested import Matched
from trueware.model.check import Aspect, Check
from trueware.model.measured_boot import is_empty, stated_value
from trueware.model.part import Part
from trueware.model.release import Release
from trueware.model.verdict import Authority

BANKS = ("sha512", "sha384", "sha256")
"""Banks that prove something, the strongest first; SHA-1 can be forged and decides nothing."""

_RANK = {authority: number for number, authority in enumerate(Authority)}


@dataclass(frozen=True, slots=True)
class BootPolicy:
    """Which PCRs say what booted (RFC 9683 §2.1.1, TCG PC Client Platform Firmware Profile §3.3.4; Linux and systemd above 7)."""

    compared: frozenset[int] = frozenset({0, 2, 4, 7, 8, 9, 11, 12, 13, 14})
    per_device: frozenset[int] = frozenset({1, 3, 5, 6})
    """Settings, boot order, partition tables, option ROM settings, wake events: of each device."""

    required: frozenset[int] = frozenset({0, 2, 4, 7})
    """The platform's firmware, drivers, what it starts, and whose signatures it asks for: without them nothing shows what booted,
    whatever is known of later files."""


@dataclass(frozen=True, slots=True)
class BootReference:
    """What one release states of its boot."""

    release: Release
    values: Mapping[tuple[str, int], frozenset[bytes]]
    """Digests by bank and PCR; several where several are genuine."""

    manifest: Part | None = field(default=None, repr=False)
    """Its events, where it was published with its log."""

    def states(self, bank: str, pcr: int) -> frozenset[bytes]:
        """Return what it says of one PCR; empty: nothing."""
        return self.values.get((bank, pcr), frozenset())


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of matching."""

    checks: tuple[Check, ...]
    matches: tuple[Matched, ...]
    nearest: BootReference | None = None
    """Where something differs: the release that accounts for most of the rest."""

    differing: Mapping[int, tuple[str, bytes]] = field(default_factory=dict)
    """PCRs that no release accounts for, though one states them: bank and value found."""

    is_derived: bool = False
    """Whether one release accounts for at least half of the registers that say something, so that what differs is a change to it."""


def boot_reference(release: Release, manifest: Part | None = None) -> BootReference:
    """Return what a release states of its boot in its claims; what is no PCR value is left out."""
    values: dict[tuple[str, int], set[bytes]] = {}
    for claim in release.claims:
        if (stated := stated_value(claim)) is not None:
            bank, pcr, digest = stated
            values.setdefault((bank, pcr), set()).add(digest)
    return BootReference(release, {place: frozenset(each) for place, each in values.items()}, manifest)


def match_boot(
    banks: Mapping[str, Mapping[int, bytes]],
    references: Iterable[BootReference],
    policy: BootPolicy = BootPolicy(),
) -> Judged:
    """Return which releases account for the PCRs.

    Args:
        banks: digests by PCR by bank, as a quote proved them.
        references: releases that state any of them.
        policy: which PCRs are compared.
    """
    known = tuple(references)
    judged = [_match(bank, banks[bank], known, policy) for bank in _compared(banks, known)]
    if not judged:
        held = ", ".join(sorted(banks)) or "none"
        return Judged(
            (BOOT_RELEASE.not_shown(f"no bank with a hash that cannot be forged was quoted (quoted: {held})"),), ()
        )
    return next((each for each in judged if each.differing), judged[0])  # 6


def _match(bank: str, values: Mapping[int, bytes], known: Sequence[BootReference], policy: BootPolicy) -> Judged:
    """Return which releases account for the PCRs of one bank."""
    wanted = {pcr for pcr in values if pcr in policy.compared}
    stated = {pcr for each in known for of, pcr in each.values if of == bank and pcr in policy.compared}
    checks = [
        BOOT_RELEASE.not_shown("it was not quoted: ask for it", f"PCR {pcr}") for pcr in sorted(stated - values.keys())
    ]
    checks += [
        BOOT_RELEASE.not_shown("it was not quoted, and every boot is measured into it", f"PCR {pcr}")
        for pcr in sorted(policy.required - stated - values.keys())
    ]
    empty = {pcr for pcr in wanted - stated if is_empty(values[pcr])}
    unstated = wanted - stated - empty
    checks += [
        BOOT_RELEASE.not_shown("no release in the registry says what it should be", f"PCR {pcr}")
        for pcr in sorted(unstated)
    ]
    chosen, accounted = _choose(bank, values, wanted & stated, known)
    differing = {
        pcr: (bank, values[pcr])
        for pcr in wanted & stated
        if pcr not in accounted and not (is_empty(values[pcr]) and not any(each.states(bank, pcr) for each in chosen))
    }
    checks += [
        BOOT_RELEASE.not_shown("nothing was measured into it, so that nothing shows what booted", f"PCR {pcr}")
        for pcr in sorted(policy.required & wanted)
        if is_empty(values[pcr]) and pcr not in accounted and pcr not in differing
    ]
    checks += _of_versions(chosen)
    matches = []
    for each in chosen:
        own = sorted(pcr for pcr, by in accounted.items() if by is each)
        others = [pcr for of, pcr in each.values if of == bank and pcr in differing]
        where = f"PCR {', '.join(map(str, own))} ({bank})"
        matches.append(Matched(Aspect.BOOT, each.release, where, complete=not others))
        checks.append(
            BOOT_RELEASE.supports(f"{each.release.title} ({bank})", where.partition(" (")[0], source=each.release.title)
        )
        if each.release.at_fault:
            reason = each.release.withdrawn or "it should be in the registry's log and is not"
            checks.append(BOOT_WITHDRAWN.contradicts(f"{each.release.title}: {reason}", source=each.release.title))
    derived = _is_derived(bank, values, wanted & stated, chosen[:1])
    if differing and not derived:
        matches.clear()
    skipped = sorted(pcr for pcr in values if pcr in policy.per_device and not is_empty(values[pcr]))
    if skipped:
        named = ", ".join(map(str, skipped))
        checks.append(
            BOOT_RELEASE.not_shown("settings of each device, which are not compared", f"PCR {named}", expected_gap=True)
        )
    return Judged(tuple(checks), tuple(matches), _nearest(chosen, differing, known, bank), differing, derived)


def _compared(banks: Mapping[str, Mapping[int, bytes]], known: Sequence[BootReference]) -> list[str]:
    """Return the banks to compare: those that releases speak of, the strongest first; else the strongest."""
    quoted = [bank for bank in BANKS if banks.get(bank)]
    spoken = {bank for each in known for bank, _ in each.values}
    return [each for each in quoted if each in spoken] or quoted[:1]


def _choose(
    bank: str, values: Mapping[int, bytes], wanted: set[int], known: Sequence[BootReference]
) -> tuple[list[BootReference], dict[int, BootReference]]:
    """Return the releases that account for most, and which accounts for which PCR."""
    chosen: list[BootReference] = []
    accounted: dict[int, BootReference] = {}
    fits = {id(each): {pcr for pcr in wanted if values[pcr] in each.states(bank, pcr)} for each in known}
    while True:
        left = wanted - accounted.keys()
        products = {(each.release.publisher, each.release.product) for each in chosen}

        def worth(
            each: BootReference, left: set[int] = left, products: set[tuple[str, str]] = products
        ) -> tuple[int, ...]:
            own = fits[id(each)] & left
            another = (each.release.publisher, each.release.product) not in products
            wrong = sum(1 for pcr in wanted if each.states(bank, pcr)) - len(fits[id(each)])
            return (
                bool(own) and another,
                len(own),
                -wrong,
                not each.release.at_fault,
                -_RANK[each.release.authority],
                each.release.published,
            )

        best = max(known, key=worth, default=None)
        own = fits[id(best)] & left if best is not None else set()
        if best is None or not own:
            return chosen, accounted
        chosen.append(best)
        accounted.update(dict.fromkeys(own, best))


def _is_derived(bank: str, values: Mapping[int, bytes], wanted: set[int], first: Sequence[BootReference]) -> bool:
    """Tell whether a release accounts for half of the registers that are not empty, and not as every boot leaves them."""
    telling = [pcr for pcr in wanted if not is_empty(values[pcr]) and values[pcr] != _PLAIN.get(bank)]
    shared = sum(1 for pcr in telling for each in first if values[pcr] in each.states(bank, pcr))
    return 2 * shared >= len(telling) > 0


def _plain(bank: str) -> bytes:
    size = new(bank).digest_size
    return new(bank, bytes(size) + new(bank, bytes(4)).digest()).digest()


_PLAIN = {bank: _plain(bank) for bank in BANKS}
"""What a register holds into which nothing but the separator was measured: PCR 2, 3 and 6 of most devices."""


def _of_versions(chosen: Iterable[BootReference]) -> list[Check]:
    """Return where versions differ; what others state is often one release for each register, all of one version."""
    versions: dict[tuple[str, str], dict[str, str]] = {}
    for each in chosen:
        release = each.release
        versions.setdefault((release.publisher, release.product), {}).setdefault(release.version, release.title)
    return [
        BOOT_MIXED.contradicts(f"parts of {' and of '.join(titles.values())} booted together")
        for titles in versions.values()
        if len(titles) > 1
    ]


def _nearest(
    chosen: Sequence[BootReference], differing: Mapping[int, object], known: Sequence[BootReference], bank: str
) -> BootReference | None:
    """Return the chosen release, else any, that states most of what differs."""
    if not differing:
        return None

    def states(each: BootReference) -> tuple[int, int]:
        return sum(1 for pcr in differing if each.states(bank, pcr)), each.release.published

    among = [each for each in chosen if states(each)[0]] or list(known)
    return max(among, key=states, default=None)
