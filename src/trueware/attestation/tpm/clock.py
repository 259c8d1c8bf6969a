"""What two quotes of one key tell of the time between them: boots, wakings from sleep, or an older quote shown as a newer one.

A TPM counts its resets and restarts, and the milliseconds that it has had power (TCG TPM 2.0 Library Part 1 §36). Clearing its owner
sets clock and resetCount to 0 (TPM2_Clear, Part 3 §24.6). The clock may be set forward by the owner, and never back;
after a loss of power without an orderly shutdown it may stand up to the interval of its saves behind (`Clock.safe` is then False).
For keys outside the endorsement and platform hierarchies the counters are told with a number added that is the same for all quotes of
one key, modulo 2^32: so only quotes of one key are compared, and by their distance.
"""

from enum import Enum

from trueware.attestation.tpm.attest import Clock
from trueware.attestation.tpm.checks import CLOCK_CONTINUITY
from trueware.model.check import Check

_HALF = 1 << 31


class Course(Enum):
    """What happened between two quotes. Values are on the wire and never change."""

    SAME_BOOT = "same-boot"
    RESUMED = "resumed"
    """It slept or hibernated, and went on."""

    REBOOTED = "rebooted"
    WENT_BACKWARDS = "went-backwards"
    """The second quote is the older one, or of another TPM."""

    CLEARED = "cleared-or-another"
    """The counter of resets is lower than before: the TPM was cleared, or it is another one."""


def compare(before: Clock, after: Clock) -> Course:
    """Return what lies between two quotes, the second of which was asked for later."""
    boots = _distance(before.reset_count, after.reset_count)
    wakings = _distance(before.restart_count, after.restart_count)
    if boots < 0:
        return Course.CLEARED
    if boots:
        return Course.WENT_BACKWARDS if after.clock < before.clock and after.safe else Course.REBOOTED
    if wakings < 0 or after.clock < before.clock:
        return Course.WENT_BACKWARDS
    return Course.RESUMED if wakings else Course.SAME_BOOT


def check_clock(before: Clock | None, after: Clock) -> Check:
    """Return whether the clock of a device went on from where it stood at the quote before; None: none is known."""
    if before is None:
        return CLOCK_CONTINUITY.not_shown(
            "no earlier quote of this key is known; the next one can be compared with this"
        )
    course = compare(before, after)
    found = _words(after)
    if course is Course.CLEARED:
        detail = "the counter of resets is lower than before: an older quote, or the TPM was cleared or is another one"
        return CLOCK_CONTINUITY.contradicts(detail, expected=f"from {_words(before)} on", found=found)
    if course is Course.WENT_BACKWARDS:
        detail = "the clock went backwards: an older quote is shown as a newer one, or it is another TPM"
        return CLOCK_CONTINUITY.contradicts(detail, expected=f"from {_words(before)} on", found=found)
    boots = _distance(before.reset_count, after.reset_count)
    detail = {
        Course.SAME_BOOT: "the same boot as before",
        Course.RESUMED: "the same boot as before; it slept in between",
        Course.REBOOTED: f"booted {boots} time{'s' * (boots != 1)} since, so logs begin anew",
    }[course]
    return CLOCK_CONTINUITY.supports(detail, found=found)


def _distance(before: int, after: int) -> int:
    """Return how far a counter of 32 bits went, below 0 where it went back."""
    return (after - before + _HALF) % (2 * _HALF) - _HALF


def _words(clock: Clock) -> str:
    return f"clock {clock.clock} ms, reset {clock.reset_count}, restart {clock.restart_count}"
