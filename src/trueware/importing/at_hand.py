"""Artefacts that a document speaks of and that lie in the mirror: held to the digest that it states, then measured."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256

from trueware.errors import InputError
from trueware.importing.contract import Context, Measured, Mirror
from trueware.registry.references import Reference, Refused

MAX_MEASURED = 1 << 30
"""Bytes of an artefact that is measured, in memory; a larger one is known by its digest alone."""

_DEFAULT = Reference("-", "-", "-", b"").policy


def completed(
    stated: Reference,
    path: str,
    mirror: Mirror,
    context: Context,
    contradiction: Callable[[Measured], str | None] = lambda _: None,
) -> Iterator[Reference | Refused]:
    """Yield a reference: with its manifest where the artefact lies in the mirror, is the one, and was not measured before.

    Args:
        stated: what the document says; `size` 0 where it does not say it.
        path: where the artefact would lie.
        mirror: the mirror.
        context: how to measure, and what is known.
        contradiction: tells how the artefact contradicts what the document says of it, which refuses it.
    """
    if context.known(stated.sha256):
        if stated.version not in context.versions(stated.publisher, stated.product):
            yield stated  # another's word for the same bytes
        return
    size = mirror.size(path) if context.measure is not None else None
    if context.measure is None or size is None or size > MAX_MEASURED:
        yield stated
        return
    if stated.size and size != stated.size:
        yield Refused(path, f"{size} bytes lie there, {stated.size} are stated")
        yield stated
        return
    data = mirror.read(path, size) or b""
    if (digest := sha256(data).digest()) != stated.sha256:
        yield Refused(path, f"SHA-256 {digest.hex()} lies there, {stated.sha256.hex()} is stated")
        yield stated
        return
    try:
        measured = context.measure(path.rpartition("/")[2], data)
    except InputError as error:
        yield Refused(path, str(error))
        return
    if (detail := contradiction(measured)) is not None:
        yield Refused(path, detail)
        return
    yield with_manifest(stated, measured, len(data))


def with_manifest(stated: Reference, measured: Measured, size: int) -> Reference:
    """Return a reference with what measuring the artefact gave; a policy that was stated stays."""
    own = {(each.name, each.value) for each in stated.claims}
    claims = (*stated.claims, *(each for each in measured.claims if (each.name, each.value) not in own))
    return replace(
        stated,
        size=size,
        claims=claims,
        manifest=measured.root,
        kept=measured.kept,
        portraits=measured.portraits,
        policy=measured.policy if stated.policy == _DEFAULT else stated.policy,
    )
