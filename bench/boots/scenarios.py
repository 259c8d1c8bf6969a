"""What is booted, in this order, and what is done to it."""

from dataclasses import dataclass

SNAPSHOTS = ("0_boot", "1_service", "2_after")
REFERENCE = "reference"
"""The boot that reference values are learnt from; nothing is asked of it."""
OLDER_REFERENCE = "older-reference"
"""The same of the older kernel."""

CMDLINE = "console=ttyS0 loglevel=4 ima_policy=tcb ima_template=ima-sig ima_hash=sha256 random.trust_cpu=on"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One boot."""

    name: str
    about: str
    tpm: str = "one"
    cmdline: str = CMDLINE
    kernel: str = "newest"
    root: str = "genuine"
    snapshots: int = 2


SCENARIOS = (
    Scenario(REFERENCE, "the boot that the reference values are learnt from"),
    Scenario(OLDER_REFERENCE, "the same with an older kernel of Debian", kernel="older"),
    Scenario("genuine", "the same release, booted again"),
    Scenario("other-tpm", "the same release on another machine's TPM", tpm="two"),
    Scenario("command-line", "an option added to the kernel's command line", cmdline=CMDLINE + " init=/bin/sh"),
    Scenario("other-kernel", "the same root under an older kernel of Debian", kernel="older"),
    Scenario("changed-program", "a program changed on the root, its old signature kept", root="changed"),
    Scenario("added-on-disk", "a program written to the disk at run time, and started", snapshots=3),
    Scenario("added-in-memory", "a program started from a tmpfs, where the policy measures nothing", snapshots=3),
)
