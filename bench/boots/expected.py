"""What an appraiser must answer to each snapshot: verdict, and the check that says so.

None of it is read off an answer. What a register or a list cannot show is expected to be said, as a check that is not shown:
a program that was started from a tmpfs leaves genuine evidence, and an appraiser that called it tampered would have guessed.
"""

from dataclasses import dataclass

GENUINE, TAMPERED, UNKNOWN = "GENUINE", "TAMPERED", "UNKNOWN"
CONTRADICTS, NOT_SHOWN = "contradicts", "not-shown"


@dataclass(frozen=True, slots=True)
class Expected:
    """One question, and the answer that is right."""

    name: str
    boot: str
    """The scenario whose evidence is shown."""

    snapshot: str
    verdicts: tuple[str, ...]
    rule: str = ""
    """The check that must say so; empty: none may contradict."""

    place: str = ""
    """What the place, or the detail, of that check has in it."""

    outcome: str = CONTRADICTS
    nonce_of: str = ""
    """Another boot whose challenge is asked for; empty: its own."""

    enrolled: str = ""
    """Another boot whose key is enrolled; empty: its own."""

    before: str = ""
    """A boot in service that was appraised before, with a memory of the device; empty: nothing is remembered."""

    older_known: bool = False
    """Whether the registry knows the boot with the older kernel too."""


NOT_GENUINE = (TAMPERED, UNKNOWN)
EXPECTED = (
    Expected("genuine, just booted", "genuine", "0_boot", (GENUINE,)),
    Expected("genuine, in service", "genuine", "1_service", (GENUINE,)),
    Expected("genuine, another TPM, just booted", "other-tpm", "0_boot", (GENUINE,)),
    Expected("genuine, another TPM, in service", "other-tpm", "1_service", (GENUINE,)),
    Expected("command line, just booted", "command-line", "0_boot", (TAMPERED,), "event-known-good", "PCR 12"),
    Expected("command line, in service", "command-line", "1_service", (TAMPERED,), "event-known-good", "PCR 12"),
    Expected("older kernel, release not known", "other-kernel", "1_service", NOT_GENUINE, "event-known-good", "PCR 4"),
    Expected("older kernel, release known", "other-kernel", "1_service", (GENUINE,), older_known=True),
    Expected("changed program, not started yet", "changed-program", "0_boot", (GENUINE,)),
    Expected(
        "changed program, old signature",
        "changed-program",
        "1_service",
        (TAMPERED,),
        "ima-file-signature",
        "usr/bin/id",
    ),
    Expected("program added, before", "added-on-disk", "1_service", (GENUINE,)),
    Expected("program added on disk", "added-on-disk", "2_after", NOT_GENUINE, "ima-file-known", "usr/bin/implant"),
    Expected(
        "program added where data lies", "added-on-disk", "2_after", NOT_GENUINE, "ima-data-known", "opt/implant/id"
    ),
    Expected(
        "program in tmpfs: cannot be seen", "added-in-memory", "2_after", (GENUINE,), "ima-coverage", "tmpfs", NOT_SHOWN
    ),
    Expected("replay: another challenge", "genuine", "1_service", (UNKNOWN,), "quote-nonce", nonce_of="other-tpm"),
    Expected(
        "a key that was not enrolled", "genuine", "1_service", (UNKNOWN,), "attestation-key-bound", enrolled="other-tpm"
    ),
    Expected(
        "update: older kernel, then newest",
        "added-on-disk",
        "1_service",
        (GENUINE,),
        before="other-kernel",
        older_known=True,
    ),
    Expected(
        "rollback: newest kernel, then older",
        "other-kernel",
        "1_service",
        (GENUINE,),
        "boot-rollback",
        before="genuine",
        older_known=True,
    ),
    Expected("one challenge answered twice", "genuine", "1_service", (UNKNOWN,), "challenge-once", before="genuine"),
)
