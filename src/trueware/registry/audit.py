"""The audit of one stored release: everything about it that can be proved from its bytes. `fsck` of every store uses it."""

from trueware.errors import InputError
from trueware.model.part import Part
from trueware.model.release import Publisher, Release
from trueware.registry import packings as packing_lists
from trueware.registry import payload as payloads
from trueware.registry import portraits as portrait_lists
from trueware.registry.proof import prove_manifest, prove_packings, prove_portraits, prove_release


def audit_release(
    release: Release,
    payload: bytes,
    publisher: Publisher | None,
    manifest: Part | None,
    packings: bytes | None,
    portraits: bytes | None,
) -> list[str]:
    """Return what is wrong with a release.

    Args:
        release: as the store hands it out.
        payload: the bytes its id is the digest of.
        publisher: the one enrolled under its publisher's name.
        manifest: decoded, its digests computed.
        packings: its list, as stored.
        portraits: likewise.
    """
    wrong = []
    if payloads.identify(payload) != release.id:
        wrong.append(f"its id is not the digest of its payload, {payloads.identify(payload)}")
    try:
        prove_release(release, publisher, lambda: payload)
    except InputError as error:
        wrong.append(str(error))
    if manifest is None:
        if release.tree is not None:
            wrong.append("its manifest is missing")
    else:
        try:
            prove_manifest(release, manifest)
        except InputError as error:
            wrong.append(str(error))
    if packings is None:
        if release.packings is not None:
            wrong.append("its packings are missing")
    else:
        try:
            prove_packings(release, packings)
            packing_lists.decode(packings)
        except InputError as error:
            wrong.append(str(error))
    if portraits is None:
        if release.portraits is not None:
            wrong.append("its portraits are missing")
    else:
        try:
            prove_portraits(release, portraits)
            portrait_lists.decode(portraits)
        except InputError as error:
            wrong.append(str(error))
    return wrong
