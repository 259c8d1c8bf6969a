"""Collects what is noticed while measuring, at most so many of one rule."""

from trueware.measuring.node import Node
from trueware.model.finding import Finding, Rule
from trueware.model.limits import Limits
from trueware.model.rules import RULES


class Ledger:
    """Findings of one measurement, in the order they were made."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._noted: list[tuple[Node, Rule, str, int | None]] = []
        self._counts: dict[str, int] = {}
        self.count = 0
        """How often `note` was called."""

    def note(self, node: Node, rule_id: str, detail: str, offset: int | None) -> Rule:
        """Record a finding about `node` and return its rule; of the ones beyond the ceiling only the number is kept."""
        rule = RULES[rule_id]
        self.count += 1
        count = self._counts[rule_id] = self._counts.get(rule_id, 0) + 1
        if count <= self._limits.max_findings:
            self._noted.append((node, rule, detail, offset))
        return rule

    def mark(self) -> int:
        """Return a place to come back to with `forget`."""
        return len(self._noted)

    def forget(self, mark: int) -> None:
        """Drop what was noted since `mark`: it was about something that turned out not to be there."""
        for _, rule, _, _ in self._noted[mark:]:
            self._counts[rule.id] -= 1
        del self._noted[mark:]

    def findings(self) -> tuple[Finding, ...]:
        """Return all findings by path, then rule; a rule that was cut ends with a finding that says how many there were."""
        findings = [
            Finding(rule.id, node.path(), detail, rule.severity, rule.confidence, offset)
            for node, rule, detail, offset in self._noted
        ]
        findings.sort(key=lambda finding: (finding.part, finding.rule, finding.offset or 0, finding.detail))
        for rule_id, count in sorted(self._counts.items()):
            if count > self._limits.max_findings:
                rule = RULES[rule_id]
                detail = f"{count} in all, {self._limits.max_findings} shown"
                findings.append(Finding(rule.id, "", detail, rule.severity, rule.confidence))
        return tuple(findings)
