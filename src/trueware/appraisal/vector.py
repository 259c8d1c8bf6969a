"""The AR4SI trustworthiness vector of a result (draft-ietf-rats-ar4si §2.3.4 and §3.4), worst value first (§2.3.3).

Our reading for software at rest, which no vector confirms: `file-system` and `executables` are 2 where everything equals an
approved release; 96 where a file, or a program, differs from the release it comes from; `executables` 32 where the release is
genuine and withdrawn; `configuration` 32 where settings that a device may change do what they should not; `file-system` 32
where files lie beside it that no release accounts for, a copy lost what would show, or it equals what a fleet agrees on, which
nobody approved (then `executables` is not claimed). What an image cannot show (hardware,
runtime, storage, identity of an instance) is not claimed.
"""

from collections.abc import Iterable
from dataclasses import replace

from trueware.model.change import Change
from trueware.model.part import Kind, Part
from trueware.model.verdict import TrustVector, Verdict

_APPROVED, _KNOWN_FAULT, _UNRECOGNISED, _UNSAFE, _CONTRAINDICATED = 2, 32, 32, 32, 96


def vector_for(
    verdict: Verdict,
    changes: Iterable[Change],
    *,
    at_fault: bool = False,
    complete: bool = True,
    vouched: bool = True,
) -> TrustVector:
    """Return the vector for a verdict and the changes it rests on.

    Args:
        verdict: the verdict.
        changes: what differs.
        at_fault: whether the release it equals was withdrawn, or should be in the log and is not.
        complete: whether all of the release could be compared, and nothing lies beside it.
        vouched: whether anybody says that the release is genuine; a fleet only agrees.
    """
    match verdict:
        case Verdict.GENUINE:
            return TrustVector(
                executables=_KNOWN_FAULT if at_fault else _APPROVED if vouched else 0,
                file_system=_APPROVED if complete and vouched else _UNRECOGNISED,
            )
        case Verdict.TAMPERED:
            immutable = [change for change in changes if not change.mutable]
            programs = any(_is_program(change.found or change.expected) for change in immutable)
            settings = any(_is_setting(change.path) for change in immutable)
            return TrustVector(
                executables=_CONTRAINDICATED if programs else 0,
                file_system=_CONTRAINDICATED,
                configuration=_CONTRAINDICATED if settings else 0,
            )
        case Verdict.COUNTERFEIT:
            return TrustVector(executables=_CONTRAINDICATED, file_system=_CONTRAINDICATED)
        case Verdict.UNKNOWN:
            return TrustVector()


def with_unsafe_configuration(vector: TrustVector) -> TrustVector:
    """Return the vector of software whose settings, which nobody vouches for, do what they should not (32, unsafe-config)."""
    return replace(vector, configuration=max(vector.configuration, _UNSAFE))


def _is_program(part: Part | None) -> bool:
    if part is None:
        return False
    return part.kind in (Kind.REGION, Kind.GAP) or (part.kind is Kind.FILE and bool((part.mode or 0) & 0o111))


def _is_setting(path: str) -> bool:
    return "/etc/" in f"/{path.rpartition('!/')[2]}"
