"""Puts findings together by what they do: one explanation for each effect, the gravest first."""

from collections.abc import Callable, Iterable
from typing import Protocol

from trueware.explaining.contract import Case
from trueware.model.explanation import Assessment, Effect, Explanation, Scenario
from trueware.model.finding import Finding, Severity

_SEVERITIES = tuple(Severity)
_FRAME = "rebuilt-by-another"


class Assess(Protocol):
    """How an effect is assessed: `trueware.explaining.impact.assess`, given the rules."""

    def __call__(
        self, effect: str, findings: tuple[Finding, ...], scenario: Scenario, *, configured: bool
    ) -> Assessment:
        """Return what follows from an effect."""
        ...


def assemble(
    findings: Iterable[Finding], case: Case, effect_of: Callable[[str], Effect], assess: Assess
) -> tuple[Explanation, ...]:
    """Return the explanations of all findings.

    Args:
        findings: what detectors found.
        case: the artefact.
        effect_of: the vocabulary.
        assess: what is known of impact.
    """
    grouped: dict[str, list[Finding]] = {}
    for finding in findings:
        grouped.setdefault(finding.effect, []).append(finding)
    settings = {altered.path for altered in case.altered if altered.is_configuration}
    explanations = []
    for id_, group in grouped.items():
        shown = tuple(sorted(group, key=lambda each: -_SEVERITIES.index(each.severity)))
        configured = all(finding.part in settings for finding in shown)
        told = assess(id_, shown, case.scenario, configured=configured)
        explanations.append(
            Explanation(
                effect_of(id_),
                shown[0].severity,
                shown,
                configured,
                told,
            )
        )
    return tuple(sorted(explanations, key=_gravity))


def _gravity(explanation: Explanation) -> tuple[bool, bool, int, int]:
    """The order in which effects are told: those a device may not have by itself, by severity, then by the worst harm.

    That all of it was built by somebody else stands before them: it says how to read the others.
    """
    frame = explanation.effect.id == _FRAME and _SEVERITIES.index(explanation.severity) >= _SEVERITIES.index(
        Severity.MEDIUM
    )
    worst = max((harm.level for harm in explanation.assessment.harms), default=0)
    return not frame, explanation.configured, -_SEVERITIES.index(explanation.severity), -worst
