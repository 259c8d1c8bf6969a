"""Answers, while one artefact is measured, what its packed contents are, from what releases say of theirs.

One release is asked for each container, the one that shares most; its word is remembered, so that whoever appraises can tell
whether it may support the result (`packings.may_support`).
"""

from collections.abc import Mapping, Sequence

from trueware.errors import InputError
from trueware.measuring import Answer, KnownList
from trueware.model.finding import Finding
from trueware.model.part import Part
from trueware.model.release import Release
from trueware.registry.lookup import Registry, untrusted
from trueware.registry.packings import may_support

_LEAST = 4
"""Contents of one container below which a search costs more than unpacking them."""


class KnownPackings:
    """What a registry knows of the packed contents of one artefact. Bound to one thread, as the registry is."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._lists: dict[str, KnownList] = {}
        self.used: dict[str, Release] = {}
        """By id, the releases whose word was taken."""

        self.findings: list[Finding] = []
        """Releases whose word was worth nothing."""

    def __call__(self, packings: Sequence[bytes]) -> Mapping[bytes, Answer]:
        """Return what is known of contents by these packings."""
        if len(packings) < _LEAST:
            return {}
        best: Mapping[bytes, Answer] = {}
        chosen = None
        for release in self._registry.find_packings(packings, self.findings):
            found = self._list(release)(packings)
            if len(found) > len(best) or (len(found) == len(best) and found and release.id in self.used):
                best, chosen = found, release
        if chosen is not None:
            self.used[chosen.id] = chosen
        return best

    def all_support(self, match: Release | None) -> bool:
        """Tell whether a result that rests on `match` may rest on all that was answered."""
        return all(match is not None and may_support(source, match) for source in self.used.values())

    def _list(self, release: Release) -> KnownList:
        if release.id not in self._lists:
            try:
                listed = self._registry.packings(release)
            except InputError as error:
                self.findings.append(untrusted(release, error))
                listed = {}
            self._lists[release.id] = KnownList(listed, lambda: self._manifest(release))
        return self._lists[release.id]

    def _manifest(self, release: Release) -> Part | None:
        try:
            return self._registry.manifest(release)
        except InputError as error:
            self.findings.append(untrusted(release, error))
            return None
