"""Checks of live evidence: what each of them shows, with three outcomes that are never mixed.

RFC 9334 appraises Evidence. One appraisal is many checks; each *supports* a claim about the attester, *contradicts* it, or could
*not show* it: the log was not sent, the key is not known, the policy of the device measures something else. "Not shown" is no
failure and no pass, and is told with its reason.
"""

from dataclasses import dataclass
from enum import Enum


class Outcome(Enum):
    """What came of a check. Values are on the wire and never change."""

    SUPPORTS = "supports"
    CONTRADICTS = "contradicts"
    NOT_SHOWN = "not-shown"


class Aspect(Enum):
    """What a check speaks of. Values are on the wire and never change.

    The last eight are the claims of AR4SI (draft-ietf-rats-ar4si §2.3.4), boot apart: what ran from reset to the operating system,
    which AR4SI counts among executables.
    """

    EVIDENCE = "evidence"
    """Whether the evidence is what it says: signed, fresh, whole, of the device it names. A contradiction here refuses all of it."""

    IDENTITY = "instance-identity"
    HARDWARE = "hardware"
    BOOT = "boot"
    EXECUTABLES = "executables"
    FILE_SYSTEM = "file-system"
    CONFIGURATION = "configuration"
    RUNTIME = "runtime-opaque"
    STORAGE = "storage-opaque"
    DATA = "sourced-data"


class Distrust(Enum):
    """The six tests of RFC 9683 §3.2 step 5, each of which says that a device should not be trusted."""

    SIGNATURE = "signature"
    """The quote is not signed by the key that the device was enrolled with."""
    NONCE = "nonce"
    """It does not hold the nonce that was sent."""
    PCRS = "pcrs"
    """The signed PCRs are not those that the log replays to."""
    KNOWN_GOOD = "known-good"
    """Important entries of the log do not match known-good values."""
    POLICY = "policy"
    """The log as a whole is not acceptable to the policy."""
    TIME = "time"
    """The evidence is older than the policy allows."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check that was made, or could not be made."""

    rule: str
    """Stable id of what was checked (`CheckRule.id`)."""

    aspect: Aspect
    outcome: Outcome
    detail: str
    """One sentence: what was found; for NOT_SHOWN, why, and what would show it."""

    place: str = ""
    """Where: ``PCR 4 event 12``, a path, the name of a claim. Empty: the evidence as a whole."""

    expected: str | None = None
    found: str | None = None
    source: str = ""
    """Where the expectation comes from: the title of a release, a policy, a standard's clause."""

    value: int = 0
    """The AR4SI value that it asks for (§2.3.4); 0 where it shows nothing."""

    distrust: Distrust | None = None

    expected_gap: bool = False
    """For NOT_SHOWN: whether evidence of this type cannot show it, ever, so that it is told and keeps nobody from a verdict."""


@dataclass(frozen=True, slots=True)
class CheckRule:
    """One thing that can be checked of evidence. `id` is on the wire and never changes."""

    id: str
    aspect: Aspect
    title: str
    """What is so when it supports, one sentence without a full stop."""

    contradicted: int = 96
    """The AR4SI value when it is contradicted; for `Aspect.EVIDENCE` 99, "cryptographic validation failed"."""

    supported: int = 2
    """The AR4SI value when it supports; 0 where support alone says nothing about the device."""

    help: str = ""
    """What to do or to know when it is contradicted or not shown, a sentence or two."""

    distrust: Distrust | None = None
    """The test of RFC 9683 that it is, if contradicted."""

    needed: bool = False
    """Whether nothing that this evidence says counts for the device until this supports: who signed it, that it is fresh."""

    compares: bool = False
    """Whether it compares the software with releases: where it is not shown, and could have been, nobody says GENUINE."""

    vouches: bool = False
    """Whether its support is a publisher's signature over all the software that it speaks of, in `source`'s name."""

    def supports(
        self, detail: str, place: str = "", *, expected: str | None = None, found: str | None = None, source: str = ""
    ) -> Check:
        """Return the check that holds."""
        return Check(
            self.id, self.aspect, Outcome.SUPPORTS, detail, place, expected, found, source, value=self.supported
        )

    def contradicts(
        self,
        detail: str,
        place: str = "",
        *,
        expected: str | None = None,
        found: str | None = None,
        source: str = "",
        value: int | None = None,
    ) -> Check:
        """Return the check that fails; `value` where the AR4SI value is another than the rule's."""
        asked = self.contradicted if value is None else value
        return Check(
            self.id,
            self.aspect,
            Outcome.CONTRADICTS,
            detail,
            place,
            expected,
            found,
            source,
            value=asked,
            distrust=self.distrust,
        )

    def not_shown(self, detail: str, place: str = "", *, source: str = "", expected_gap: bool = False) -> Check:
        """Return the check that could not be made; `expected_gap` where evidence of this type never shows it."""
        return Check(self.id, self.aspect, Outcome.NOT_SHOWN, detail, place, source=source, expected_gap=expected_gap)
