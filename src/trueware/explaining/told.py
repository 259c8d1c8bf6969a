"""Collects what detectors tell: each finding once, and of one rule and severity only so many, so that no input makes a flood.

A flood of findings of little severity never takes the place of a grave one, and that something was left out is itself told.
"""

from collections.abc import Collection, Iterable, Iterator

from trueware.model.finding import Finding, Severity


class Told:
    """Findings about one artefact, by rank, then in the order in which they were told."""

    def __init__(self, most: int, settings: Collection[str]) -> None:
        self._most, self._settings = most, settings
        self._findings: dict[Finding, int] = {}
        self._counts: dict[tuple[str, Severity], int] = {}
        self._left_out: dict[tuple[str, Severity], Finding] = {}
        self.parts: set[str] = set()
        """Paths of all parts that something was told about, or would have been."""

    def add(self, findings: Iterable[Finding], rank: int) -> None:
        """Take findings of one rank; what comes after the ceiling is counted.

        Raises:
            Exception: what the iterator of `findings` raises; what came before is kept.
        """
        for finding in findings:
            if finding in self._findings:
                continue
            key = finding.rule, finding.severity
            count = self._counts[key] = self._counts.get(key, 0) + 1
            self.parts.add(finding.part)
            if count <= self._most:
                self._findings[finding] = rank
            elif key not in self._left_out or self._left_out[key].part in self._settings:
                self._left_out[key] = finding

    def findings(self) -> tuple[Finding, ...]:
        """Return what was told so far."""
        return tuple(sorted(self._findings, key=lambda finding: self._findings[finding]))

    def left_out(self) -> Iterator[Finding]:
        """Yield one finding for each rule and severity that was cut: how many there are, at one part that was left out.

        That part is no setting that a device may change, if any such part was left out.
        """
        for key, finding in self._left_out.items():
            yield Finding(
                finding.rule,
                finding.part,
                f"{self._counts[key]} in all, {self._most} shown: this is one of the others",
                finding.severity,
                finding.confidence,
                effect=finding.effect,
            )
