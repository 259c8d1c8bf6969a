"""Android Verified Boot: what a changed vbmeta structure no longer checks, by whose key, and which older software it lets start.

Everything shows in what the readers tell of the structure (`trueware.formats.android.vbmeta`), and before Android 8 of the signed
table behind a file system (`trueware.formats.android.verity_metadata`). Source: AOSP ``external/avb/README.md`` (flags, rollback
protection, chained partitions) and ``libavb/avb_vbmeta_image.h``.
"""

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

from trueware.explaining.contract import Altered, Case
from trueware.explaining.reading.lines import excerpt
from trueware.model.finding import Evidence, Finding, Rule, Severity
from trueware.model.part import Part

OFF = Rule(
    "verified-boot-off",
    "Verified Boot is told to check nothing",
    Severity.HIGH,
    help="Any partition may be changed and the device starts it all the same. It is what people flash before they root a phone.",
    effect="verification-disabled",
)
HASHTREE_OFF = Rule(
    "verified-boot-hashtree-off",
    "Verified Boot is told not to check the file systems",
    Severity.HIGH,
    help="What is on system, vendor and product may be changed and the device starts it all the same.",
    effect="verification-disabled",
)
BLANK = Rule(
    "verified-boot-blank",
    "Where the genuine software has its Verified Boot structure, there is none",
    Severity.HIGH,
    help="An unlocked device starts without one and checks nothing; a locked one should refuse to start.",
    effect="verification-disabled",
)
UNSIGNED = Rule(
    "verified-boot-unsigned",
    "The Verified Boot structure is not signed any more",
    Severity.HIGH,
    help="An unlocked device takes it all the same, and then anybody could have written it.",
    effect="verification-disabled",
)
DROPPED = Rule(
    "verified-boot-partition-dropped",
    "Verified Boot no longer checks a partition that the genuine software checks",
    Severity.HIGH,
    help="That partition may be changed and the device starts it all the same.",
    effect="verification-disabled",
)
KEY = Rule(
    "verified-boot-key-replaced",
    "The Verified Boot structure is signed by another key",
    Severity.HIGH,
    help="Only an unlocked device, or one in which another key was enrolled, takes it. Nothing below it is the maker's word.",
    effect="signer-replaced",
)
CHAIN = Rule(
    "verified-boot-chain-key-replaced",
    "Verified Boot accepts a partition signed by another key",
    Severity.HIGH,
    help="Whoever holds that key decides what is in the partition.",
    effect="trust-anchor-added",
)
ROLLBACK = Rule(
    "verified-boot-rollback",
    "The Verified Boot structure has a lower rollback index than the genuine one",
    Severity.MEDIUM,
    help="It belongs to older software, whose known weaknesses are open again.",
    effect="downgraded",
)
VOUCHES = Rule(
    "verified-boot-other-content",
    "The Verified Boot structure vouches for other content of a partition",
    Severity.MEDIUM,
    help="The partition was changed, and the structure was made to fit it.",
    effect="boot-altered",
)

_CHECKS = ("hash/", "hashtree/", "chain/")
_TABLE = "verity-metadata"


class VerifiedBoot:
    """Structures of Android Verified Boot."""

    subject: ClassVar[str] = "Android Verified Boot"
    rules: ClassVar[tuple[Rule, ...]] = (OFF, HASHTREE_OFF, BLANK, UNSIGNED, DROPPED, KEY, CHAIN, ROLLBACK, VOUCHES)
    wants: ClassVar[re.Pattern[str]] = re.compile(r"[\s\S]*")  # told by its format, wherever it lies

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (a change shows it)
        expected, found = altered.change.expected, altered.change.found
        if expected is None or expected.format not in {"vbmeta", "avb-footer", _TABLE}:
            return
        if found is None or found.format != expected.format:
            yield altered.finding(BLANK, f"{_kind(expected)} is gone", Evidence("", _kind(expected), _instead(found)))
        elif expected.format == "vbmeta":
            yield from _structure(altered, dict(expected.facts), dict(found.facts))
        elif expected.format == _TABLE:
            yield from _table(altered, dict(expected.facts), dict(found.facts))


def _kind(part: Part) -> str:
    return {"vbmeta": "a vbmeta structure", "avb-footer": "a footer with a vbmeta structure"}.get(
        part.format or "", "a signed dm-verity table"
    )


def _instead(found: Part | None) -> str | None:
    if found is None:
        return None
    return f"{found.size} bytes" + (f" read as {found.format}" if found.format else " without one")


def _structure(altered: Altered, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Finding]:
    def found(rule: Rule, fact: str, detail: str) -> Finding:
        evidence = Evidence(fact, _shown(old.get(fact)), _shown(new.get(fact)))
        return altered.finding(rule, detail, evidence)

    was, now = set(old.get("flags", "").split()), set(new.get("flags", "").split())
    if "verification-disabled" in now - was:
        yield found(OFF, "flags", "the flag that switches all checks off was set")
    if "hashtree-disabled" in now - was:
        yield found(HASHTREE_OFF, "flags", "the flag that switches the checks of file systems off was set")
    if new.get("algorithm") == "none" != old.get("algorithm"):
        yield found(UNSIGNED, "algorithm", f"it was signed with {old.get('algorithm')}")
    elif old.get("public-key") != new.get("public-key"):
        yield found(KEY, "public-key", "the public key in it is another one")
    if _number(new, "rollback-index") < _number(old, "rollback-index"):
        yield found(ROLLBACK, "rollback-index", "the rollback index is lower")
    for fact in (name for name in old if name.startswith(_CHECKS)):
        kind, _, partition = fact.partition("/")
        now_checked = any(f"{prefix}{partition}" in new for prefix in _CHECKS)
        if not now_checked:
            yield found(DROPPED, fact, f"{partition} is not checked any more")
        elif fact in new and kind == "chain" and _key(old[fact]) != _key(new[fact]):
            yield found(CHAIN, fact, f"{partition} may be signed by another key")
        elif fact in new and kind != "chain" and _digest(old[fact]) != _digest(new[fact]):
            yield found(VOUCHES, fact, f"{partition} has other content")


def _table(altered: Altered, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Finding]:
    if (old.get("state"), new.get("state")) == ("on", "off"):
        yield altered.finding(HASHTREE_OFF, "dm-verity was switched off", Evidence("state", "on", "off"))
    if old.get("table") != new.get("table"):
        evidence = Evidence("table", _shown(old.get("table")), _shown(new.get("table")))
        yield altered.finding(VOUCHES, "the table is of other content", evidence)


def _number(facts: Mapping[str, str], name: str) -> int:
    value = facts.get(name, "0")
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 20 else 0


def _key(chain: str) -> str:
    """Return the key of a chain descriptor as told: ``key <digest>, rollback index location …``."""
    return chain.partition(",")[0]


def _digest(descriptor: str) -> str:
    """Return algorithm and digest of a hash or hash tree as told, without salt, place and flags."""
    return descriptor.partition(", salt")[0]


def _shown(value: str | None) -> str | None:
    return excerpt(value) if value is not None else None
