"""TUF repositories in a folder: from a root that is trusted to the files that are targets.

Source: The Update Framework Specification 1.0.33, §5 "Detailed client workflow"; the numbers are its. 5.3 to 5.6, from the root to
what is stated of targets, are in `trueware.signatures.tuf.repository`.

 5.7  Files are at their paths below ``targets`` beside the metadata (or below the metadata), with their SHA-256 or SHA-512 in front
      of their name in consistent snapshots. One that is there has the length and the digests that its target states.

Nothing is known of what was seen before: whether metadata was rolled back to an older state that has not expired cannot be told
(5.4.3, 5.5.5). Metadata that has expired proves nothing about now, and is not checkable.
"""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import new
from typing import ClassVar

from trueware.model.signature import Coverage, Outcome, Signature, Signer
from trueware.signatures.contract import Context, Key, Scheme, SchemeDoc, Site
from trueware.signatures.refusal import Refusal, broken, uncheckable
from trueware.signatures.tuf.repository import LARGEST, Target, Verified, trusted_repository
from trueware.signatures.x509 import spki_id

_NAME = "tuf"


class Tuf:
    """Repositories."""

    name: ClassVar[str] = _NAME
    doc: ClassVar[SchemeDoc] = SchemeDoc(
        "TUF repository",
        ("https://theupdateframework.github.io/specification/v1.0.33/",),
        (
            "Rollback to older metadata that has not expired cannot be told from one folder; importing remembers.",
            "Delegations by prefixes of hashes of paths and to bins agree with python-tuf; no real repository had them.",
        ),
    )

    @staticmethod
    def verify(site: Site, context: Context) -> Iterator[Signature]:
        """See `Scheme`. `site` is ``timestamp.json``."""
        if site.is_folder or not 0 < site.size <= LARGEST:
            return
        data = bytes(site.view())
        if b'"signed"' not in data or b'"timestamp"' not in data:
            return  # another program's file
        try:
            key, repository = trusted_repository(context.keyring.of_kind("tuf-root"), site, context.now)
            verified = repository.verified()
            present, digests = _files(site, verified)  # 5.7
        except Refusal as refusal:
            yield Signature(_NAME, _about(site), refusal.outcome, refusal.detail)
        else:
            yield signature_of(verified, key, _about(site), present, digests)


def signature_of(
    verified: Verified, key: Key, about: str, present: Iterable[str] = (), digests: frozenset[bytes] = frozenset()
) -> Signature:
    """Return what a repository that holds is as a signature: by its root, over its metadata and the targets that are there."""
    there = tuple(present)
    # keys of roles are no names of the signer, or whoever else is known by one would answer for all: they can only bar it
    rests_on = dict.fromkeys(spki_id(each.spki) for each in verified.signers)
    return Signature(
        _NAME,
        about,
        Outcome.VALID,
        f"{len(there)} of {len(verified.targets)} targets are there",
        Signer((key.id,), key.name),
        Coverage(paths=(*verified.files, *there), digests=digests),
        subjects=tuple(rests_on),
        statements=(("version", str(verified.timestamp.version)), ("expires", str(verified.expires))),
    )


def _about(timestamp: Site) -> str:
    """Return the path of the repository: the folder of metadata and targets, or that of the metadata."""
    folder = timestamp.above()
    above = folder.above() if folder is not None else None
    repository = above if above is not None and above.child("targets") is not None else folder
    return repository.path if repository is not None else timestamp.path


def _files(timestamp: Site, verified: Verified) -> tuple[list[str], frozenset[bytes]]:
    """Compare the files that are there; return their paths, and the SHA-256 of all targets."""
    folders = target_folders(timestamp)
    present: list[str] = []
    digests: set[bytes] = set()
    for target in verified.targets.values():
        if target is not None:
            if not target.hashes:
                uncheckable(f"a target {target.path!r} without a digest that is known")
            if (digest := target.hashes.get("sha256")) is not None:
                digests.add(digest)
            for each in places_of(folders, target):
                _require_same(each, target.length, target.hashes, target.path)
                present.append(each.path)
    return present, frozenset(digests)


def target_folders(timestamp: Site) -> tuple[Site, ...]:
    """Return the folders in which targets may lie, of those that are there."""
    folder = timestamp.above()
    above = folder.above() if folder is not None else None
    found = (each.child("targets") for each in (above, folder) if each is not None)
    return tuple(each for each in found if each is not None)


def places_of(folders: Iterable[Site], target: Target) -> Iterator[Site]:
    """Yield the files that a target may be, of those that are there."""
    front, slash, name = target.path.rpartition("/")
    names = [target.path, *(f"{front}{slash}{each.hex()}.{name}" for each in target.hashes.values())]
    for place in folders:
        for found in (place.child(one) for one in names):
            if found is not None and not found.is_folder:
                yield found


def _require_same(site: Site, length: int, hashes: Mapping[str, bytes], path: str) -> None:
    if site.size != length:
        broken(f"{path!r} has {site.size} bytes, not {length}")
    made = {name: new(name) for name in hashes}
    for chunk in site.chunks():
        for each in made.values():
            each.update(chunk)
    if any(each.digest() != hashes[name] for name, each in made.items()):
        broken(f"{path!r} is not the file that is signed")


_: type[Scheme] = Tuf
