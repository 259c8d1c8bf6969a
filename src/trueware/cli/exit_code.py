"""Exit codes, a contract with scripts (design §7); the worst of several artefacts is the one returned."""

from enum import IntEnum
from typing import assert_never

from trueware.model.result import Result
from trueware.model.verdict import Tier, Verdict


class ExitCode(IntEnum):
    """What a run of trueware returns to the shell."""

    GENUINE = 0
    """All artefacts are genuine; or the command, if it gives no verdict, did its work."""

    INTERNAL = 1
    """Something failed that is not the artefact's fault."""

    USAGE = 2
    """The command was not understood."""

    WARNINGS = 9
    """Genuine, with a warning: the release was withdrawn or is known to be at fault."""

    UNKNOWN = 10
    TAMPERED = 11
    COUNTERFEIT = 12


def exit_code(result: Result) -> ExitCode:
    """Return the exit code for one result; a larger code is a worse outcome."""
    return code_of(result.verdict, result.tier)


def code_of(verdict: Verdict, tier: Tier) -> ExitCode:
    """Return the exit code for a verdict and its tier."""
    match verdict:
        case Verdict.GENUINE:
            return ExitCode.GENUINE if tier is Tier.AFFIRMING else ExitCode.WARNINGS
        case Verdict.UNKNOWN:
            return ExitCode.UNKNOWN
        case Verdict.TAMPERED:
            return ExitCode.TAMPERED
        case Verdict.COUNTERFEIT:
            return ExitCode.COUNTERFEIT
        case _:
            assert_never(verdict)
