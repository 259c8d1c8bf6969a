"""Learning a release from a golden sample: somebody vouches for an artefact without being its publisher. Nothing is signed."""

from collections.abc import Iterable, Mapping

from trueware.measuring import Listed
from trueware.model.claim import Claim
from trueware.model.part import Part
from trueware.model.release import Release
from trueware.model.verdict import Authority
from trueware.registry.ports import RegistryStore
from trueware.registry.publish import describe, submit


def learn(
    store: RegistryStore,
    root: Part,
    kept: Mapping[bytes, bytes],
    claims: Iterable[Claim],
    *,
    publisher: str,
    product: str,
    version: str,
    now: int,
    policy: str = "generic",
    source: str = "",
    packings: Listed | None = None,
    portraits: Mapping[bytes, bytes] | None = None,
) -> Release:
    """Store a release on the word of whoever runs this; returns it as stored, which is the earlier one where it was known.

    `publisher` is who is believed to have made it and need not be enrolled; the other arguments are those of
    `trueware.registry.publish.publish`.

    Raises:
        ValueError: a name that cannot stand on one line, or an artefact without a digest.
    """
    said = describe(
        root, tuple(claims), publisher, product, version, Authority.GOLDEN_SAMPLE, policy, packings, portraits
    )
    return submit(store, said, root, kept, now, source, packings=packings, portraits=portraits)
