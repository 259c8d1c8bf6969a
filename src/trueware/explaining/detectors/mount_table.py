"""File systems as the device mounts them (``fstab``): checks, encryption and restrictions that were lost.

Android's has five columns, the last of which are options of its file system manager; others have the options in the fourth.
Source: fstab(5), mount(8); AOSP ``system/core/fs_mgr/fs_mgr_fstab.cpp``.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.explaining.contract import Altered, Case
from trueware.explaining.patterns import regex
from trueware.explaining.reading.lines import excerpt, meaningful_lines
from trueware.explaining.reading.sides import both_sides
from trueware.model.finding import Evidence, Finding, Rule, Severity

UNCHECKED = Rule(
    "file-system-unchecked",
    "A file system is mounted without the check of its content that the genuine software makes",
    Severity.HIGH,
    help="What is in it may be changed, and the device runs it all the same.",
    effect="verification-disabled",
)
UNENCRYPTED = Rule(
    "file-system-unencrypted",
    "A file system is mounted without the encryption that the genuine software uses",
    Severity.HIGH,
    help="Whoever has the device can read what is in it.",
    effect="hardening-lost",
)
LOOSENED = Rule(
    "file-system-loosened",
    "A file system is mounted with fewer restrictions than in the genuine software",
    Severity.MEDIUM,
    help="Programs can be put where none may run, or what must stay as it is can be written.",
    effect="hardening-lost",
)
CHANGED = Rule(
    "file-system-mounted-otherwise",
    "Another file system is mounted, or in another way",
    Severity.LOW,
    help="Nothing in it is known to make the device less safe.",
    effect="configuration-altered",
)

_CHECK = regex(r"(?:verify(?:atboot)?|avb|avb_keys|avb_hashtree_digest|fsverity|x-systemd\.verity\w*|roothash)(?:=.*)?")
_ENCRYPTION = regex(
    r"(?:force(?:fdeorfbe|encrypt)|encryptable|fileencryption|metadata_encryption|keydirectory|inlinecrypt)(?:=.*)?"
)
_RESTRICTIONS = frozenset({"ro", "nosuid", "nodev", "noexec"})


class MountTable:
    """Tables of file systems."""

    subject: ClassVar[str] = "how file systems are mounted"
    rules: ClassVar[tuple[Rule, ...]] = (UNCHECKED, UNENCRYPTED, LOOSENED, CHANGED)
    wants: ClassVar[re.Pattern[str]] = re.compile(r"(?:.*/)?(?:fstab(?:\.[^/]+)?|[^/]+\.fstab)")

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (a change shows it)
        sides = both_sides(altered)
        if sides is None:
            return
        old, new = (_mounts(side) for side in sides)
        for place in dict.fromkeys((*old, *new)):
            before, after = old.get(place), new.get(place)
            if before == after:
                continue
            lost = (before or frozenset()) - (after or frozenset()) if after is not None else frozenset()
            for rule, options in (
                (UNCHECKED, _lost(lost, after, _CHECK)),
                (UNENCRYPTED, _lost(lost, after, _ENCRYPTION)),
                (LOOSENED, sorted(lost & _RESTRICTIONS)),
            ):
                if options:
                    evidence = Evidence(place, " ".join(options), excerpt(",".join(sorted(after or ()))))
                    yield altered.finding(rule, f"{place} lost {' '.join(options)}", evidence)
                    break
            else:
                evidence = Evidence(place, _shown(before), _shown(after))
                yield altered.finding(CHANGED, f"{place} {_words(before, after)}", evidence)


def _mounts(data: bytes) -> dict[str, frozenset[str]]:
    """Return device, type and options by the place in which something is mounted; swap areas by their device."""
    found = {}
    for line in meaningful_lines(data):
        columns = line.text.split()
        if len(columns) < 3:
            continue
        options = [option for column in columns[3:5] for option in column.split(",") if not option.isdigit()]
        place = excerpt(columns[0] if columns[1] == "none" else columns[1], 80)
        place = f"{place} ({columns[2]})" if place in found else place
        found[place] = frozenset({f"from {columns[0]}", f"type {columns[2]}", *filter(None, options)} - {"defaults"})
    return found


def _lost(lost: frozenset[str], after: frozenset[str] | None, pattern: re.Pattern[str]) -> list[str]:
    """Return the options of a kind that are gone, unless another of that kind is there."""
    if any(map(pattern.fullmatch, after or ())):
        return []
    return sorted(option for option in lost if pattern.fullmatch(option))


def _words(before: frozenset[str] | None, after: frozenset[str] | None) -> str:
    if before is None:
        return "is mounted too"
    return "is not mounted any more" if after is None else "is mounted otherwise"


def _shown(options: frozenset[str] | None) -> str | None:
    return None if options is None else excerpt(", ".join(sorted(options)))
