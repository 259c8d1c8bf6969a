"""Artefacts of the corpus, each measured once, to be learnt into many registries and verified against them."""

from dataclasses import dataclass, field
from pathlib import Path

from trueware.appraisal.appraise import appraise_exact
from trueware.artefact import Measured, artefact_name, digest_file, measure_artefact
from trueware.knowledge import policy_for
from trueware.model.anchor import Distrusted
from trueware.model.result import Result
from trueware.registry.distrust_lists import read_distrusted
from trueware.registry.learn import learn
from trueware.registry.lookup import Registry
from trueware.signatures import Signatures
from trueware.signatures.contract import Context
from trueware.storage.memory import MemoryStore
from trueware.verify import appraise_measured

NOW = 1_700_000_000


@dataclass(slots=True)
class Shelf:
    """Measured artefacts, by their path within the corpus."""

    corpus: Path
    _measured: dict[str, Measured] = field(default_factory=dict)
    _distrusted: list[Distrusted] = field(default_factory=list)

    def measured(self, path: str) -> Measured:
        """Return what measuring the file gave."""
        if path not in self._measured:
            self._measured[path] = measure_artefact(self.corpus / path, verify=Signatures(Context(now=NOW)))
        return self._measured[path]

    def store(self) -> MemoryStore:
        """Return a registry that knows nothing but what must never be trusted."""
        if not self._distrusted:
            for path in sorted((self.corpus / "reference/never-trust").rglob("*")):
                if path.is_file() and path.suffix != ".md":
                    self._distrusted += read_distrusted(path.read_bytes(), path.name)
        store = MemoryStore()
        store.add_distrusted(self._distrusted, NOW)
        return store

    def learn(self, store: MemoryStore, path: str, publisher: str, product: str, version: str) -> None:
        """Let a registry learn the file as a golden sample."""
        measured = self.measured(path)
        root = measured.measurement.root
        learn(
            store,
            root,
            measured.measurement.kept,
            measured.claims,
            publisher=publisher,
            product=product,
            version=version,
            now=NOW,
            policy=policy_for(root),
            source=path,
        )

    def verify(self, path: str, registry: Registry) -> Result:
        """Return the result for the file, as `trueware.verify.verify` gives it, measured once for all registries."""
        file = self.corpus / path
        digest, size = digest_file(file)
        exact = registry.find_exact(digest)
        if exact.releases and not any(map(registry.barred, exact.releases)):
            return appraise_exact(artefact_name(file), size, digest, exact.releases, exact.findings)
        return appraise_measured(artefact_name(file), self.measured(path), registry, now=NOW)
