"""Puts explanations into a result: the bytes of both sides as far as they are at hand, the detectors, and what is known of impact."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial

from trueware.appraisal.vector import with_unsafe_configuration
from trueware.appraisal.wrapping import way
from trueware.errors import InputError
from trueware.explaining.assemble import assemble
from trueware.explaining.contract import Altered, Case, Sibling, Source
from trueware.explaining.explain import explain
from trueware.explaining.impact import assess
from trueware.explaining.places import Files, Places
from trueware.explaining.relocated import together
from trueware.explaining.scenario import scenario_of
from trueware.knowledge.effects import load_effect
from trueware.knowledge.impact import load_impact
from trueware.measuring import Measurement
from trueware.model.change import Change, ChangeKind
from trueware.model.explanation import Scenario
from trueware.model.finding import Finding, Severity
from trueware.model.limits import Limits
from trueware.model.part import Part
from trueware.model.result import Result
from trueware.model.rules import RULES
from trueware.model.signature import Judged, Outcome
from trueware.model.verdict import Verdict
from trueware.model.watchlists import Watchlists


def case_of(
    result: Result,
    changes: Iterable[Change],
    suspect: Part,
    genuine: Part,
    sources: tuple[Source, Source],
    watchlists: Watchlists = Watchlists(),  # noqa: B008 (frozen)
    siblings: tuple[Sibling, ...] = (),
) -> Case:
    """Return what detectors are asked about.

    Args:
        result: the result so far.
        changes: those of its changes that are to be explained.
        suspect: the artefact, measured.
        genuine: the release.
        sources: the bytes of the release, and those of the artefact.
        watchlists: what to look for.
        siblings: other releases of the same product that hold changed contents.
    """
    there, here = sources
    places, files = Places(suspect), Files(suspect)
    altered = tuple(Altered(change, places.inner(change.path), there, here) for change in together(changes, places))
    match = result.match
    return Case(
        altered,
        scenario_of(match.release.policy if match is not None else "", genuine, files),
        genuine,
        suspect,
        here,
        result.claims,
        match.release.claims if match is not None else (),
        result.signatures,
        files,
        watchlists,
        siblings,
        match.release if match is not None else None,
    )


def signed_changes(signatures: Iterable[Judged], root: Part) -> tuple[Change, ...]:
    """Return as changes what broken signatures tell of: parts that are not as they were signed, or that nobody signed.

    What stood there is not known, but for what the signature proves. Where a signature is over all bytes at once, the whole part
    that it stands in is one change.
    """
    changes: dict[str, Change] = {}
    for judged in signatures:
        signature = judged.signature
        if signature.outcome is not Outcome.BROKEN or not signature.enforced:
            continue
        for path in signature.added:
            if steps := way(root, path):
                changes.setdefault(path, Change(ChangeKind.ADDED, path, (), None, steps[-1][1]))
        for path in signature.altered or (() if signature.added else (signature.part,)):
            if steps := way(root, path):
                found = steps[-1][1]
                known = dict(signature.as_signed) if path == signature.part else {}
                facts = tuple((name, known.get(name, value)) for name, value in found.facts)
                expected = found._replace(sha256=None, tree=b"", children=(), facts=facts)
                changes.setdefault(path, Change(ChangeKind.CHANGED, path, ("content",), expected, found))
    return tuple(changes[path] for path in sorted(changes))


def held(case: Case) -> tuple[str, ...] | None:
    """Return the permissions that an app asks for, None where it is no Android app, or its manifest cannot be read."""
    if case.scenario is not Scenario.APP:
        return None
    manifest = next((part for part in case.suspect.children if part.name == "AndroidManifest.xml"), None)
    if manifest is None:
        return None
    from trueware.explaining.reading.android_manifest import read_manifest  # noqa: PLC0415 (start-up time: apps alone)

    try:
        content = case.source.read(manifest)
        return None if content is None else tuple(sorted(read_manifest(content).permissions))
    except InputError:
        return None


class MeasuredSource:
    """The bytes of a measured artefact: those that will be asked for are announced, so that a stream passes once for all."""

    def __init__(self, measurement: Measurement, wanted: Iterable[bytes], limits: Limits) -> None:
        self._measurement, self._limits = measurement, limits
        self._wanted = tuple(dict.fromkeys(wanted))
        self._fetched: dict[bytes, bytes | InputError] | None = None
        self._size = 0

    def read(self, part: Part) -> bytes | None:
        """See `Source`."""
        digest = part.sha256
        if digest is None:
            return None
        if (kept := self._measurement.kept.get(digest)) is not None:
            return kept
        if self._fetched is None:
            self._fetched = dict(self._fetch(self._wanted))
        if digest not in self._fetched:
            self._fetched.update(self._fetch((digest,)))
        content = self._fetched.get(digest)
        if isinstance(content, InputError):
            raise content
        return content

    def portrait(self, part: Part) -> bytes | None:  # noqa: ARG002 (the bytes themselves are at hand)
        """See `Source`."""
        return None

    def _fetch(self, digests: Iterable[bytes]) -> Mapping[bytes, bytes | InputError]:
        contents = self._measurement.contents
        if contents is None:
            return {}
        fetched = dict(
            contents.fetch(digests, self._limits.max_explained_file, self._limits.max_explained - self._size)
        )
        self._size += sum(len(content) for content in fetched.values() if isinstance(content, bytes))
        return fetched


class KeptSource:
    """The bytes of a release, as far as the registry keeps them, and the portraits of its programs."""

    def __init__(
        self, content: Callable[[bytes], bytes | None], portraits: Callable[[], Mapping[bytes, bytes]]
    ) -> None:
        self._content, self._ask = content, portraits
        self._portraits: Mapping[bytes, bytes] | None = None
        self._had: dict[bytes, bytes | None] = {}
        """What was asked for: many detectors ask for the same, and a registry keeps small files alone."""

    def read(self, part: Part) -> bytes | None:
        """See `Source`."""
        digest = part.sha256
        if digest is None:
            return None
        if digest not in self._had:
            self._had[digest] = self._content(digest)
        return self._had[digest]

    def portrait(self, part: Part) -> bytes | None:
        """See `Source`."""
        if self._portraits is None:
            self._portraits = self._ask()
        return None if part.sha256 is None else self._portraits.get(part.sha256)


_: tuple[type[Source], ...] = (MeasuredSource, KeptSource)


def with_explanations(result: Result, case: Case, limits: Limits) -> Result:
    """Return the result with what its changes do; settings that do what they should not make a genuine one a warning."""
    rules = load_impact()
    findings = explain(case, limits.max_findings)
    told = assemble(findings, case, load_effect, partial(assess, rules=rules, permissions=held(case)))
    result = replace(result, explanations=told)
    unsafe = [each for each in told if each.configured and each.severity is Severity.HIGH]
    if result.verdict is not Verdict.GENUINE or not unsafe:
        return result
    vector = with_unsafe_configuration(result.vector)
    rule = RULES["unsafe-configuration"]
    notes = (
        Finding(rule.id, each.findings[0].part, each.effect.title, rule.severity, each.findings[0].confidence)
        for each in unsafe
    )
    return replace(result, vector=vector, tier=vector.tier, findings=(*result.findings, *notes))
