"""Answers, while one artefact is measured, what its packed contents are, from what releases say of theirs.

One release is asked for each container, the one that shares most; its word is remembered, so that whoever appraises can tell
whether it may support the result (`packings.may_support`).
"""

from collections.abc import Mapping, Sequence

from trueware.errors import InputError
from trueware.model.finding import Finding
from trueware.model.release import Release
from trueware.registry.lookup import Registry, untrusted
from trueware.registry.packings import Known, may_support

_LEAST = 4
"""Contents of one container below which a search costs more than unpacking them."""


class KnownPackings:
    """What a registry knows of the packed contents of one artefact. Bound to one thread, as the registry is."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._lists: dict[str, Known] = {}
        self.used: dict[str, Release] = {}
        """By id, the releases whose word was taken."""

        self.findings: list[Finding] = []
        """Releases whose word was worth nothing."""

    def __call__(self, packings: Sequence[bytes]) -> Mapping[bytes, tuple[bytes, int]]:
        """Return SHA-256 and length of the contents that are known by these packings."""
        if len(packings) < _LEAST:
            return {}
        best: Mapping[bytes, tuple[bytes, int]] = {}
        chosen = None
        for release in self._registry.find_packings(packings, self.findings):
            listed = self._list(release)
            found = {packing: listed[packing] for packing in packings if packing in listed}
            if len(found) > len(best) or (len(found) == len(best) and found and release.id in self.used):
                best, chosen = found, release
        if chosen is not None:
            self.used[chosen.id] = chosen
        return best

    def all_support(self, match: Release | None) -> bool:
        """Tell whether a result that rests on `match` may rest on all that was answered."""
        return all(match is not None and may_support(source, match) for source in self.used.values())

    def _list(self, release: Release) -> Known:
        if release.id not in self._lists:
            try:
                self._lists[release.id] = self._registry.packings(release)
            except InputError as error:
                self.findings.append(untrusted(release, error))
                self._lists[release.id] = {}
        return self._lists[release.id]
