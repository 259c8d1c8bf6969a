"""What the appraiser wants to know, and whom and what it goes by."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from trueware.appraisal.live.boot import BootPolicy
from trueware.attestation.contract import Endorsements, Question
from trueware.attesters.ports import Seen
from trueware.model.release import Release


@dataclass(frozen=True, slots=True)
class Wish:
    """One request to appraise."""

    question: Question
    endorsements: Endorsements = Endorsements()  # noqa: RUF009 (frozen)
    device: str = ""
    """Its name, where it is known; then the keys that it was enrolled with must be the ones that sign."""

    boot_policy: BootPolicy = BootPolicy()  # noqa: RUF009 (frozen)
    excluded: tuple[str, ...] = ()
    """Shell-style patterns of paths whose files need be of no release, beside what the release's policy lets change."""

    overlap: bool = False
    """Whether files of several versions of one product are in order: while an update is rolled out."""

    revocation: bytes | None = field(default=None, repr=False)
    """List of revoked attestation certificates, as Google publishes it."""

    reported: Mapping[str, str] = field(default_factory=dict)
    """What was said of the device: `imei`, `serial`, `brand`, `model`, …"""

    epoch: bool = False
    """Whether the evidence is to hold the handle of the present epoch, instead of a challenge of its own."""

    before: Release | None = None
    """What it ran when it was appraised last."""

    seen: Seen | None = None
    """How it was when it was appraised last."""
