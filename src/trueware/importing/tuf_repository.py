"""TUF repositories: ``timestamp.json``, or the folder that it is in, followed from an enrolled root to the targets.

1. The metadata holds, from a root that is an anchor of a publisher to the targets (`trueware.signatures.tuf.repository`), at `now`;
   none of the keys that it rests on must never be trusted. A repository that follows from no root at hand states nothing.
2. It is not older than what was imported before: a lower version of root, timestamp, snapshot or of a role's targets would be a
   replay (TUF specification §5.3.5, 5.4.3, 5.5.5). To know that, the metadata are releases of their own. As §5.3.11 has it, what is
   remembered of timestamp, snapshot and targets ends with the keys that sign the first two.
3. Each target is a reference: by its SHA-256, or, where another digest alone is stated, if the file lies in the mirror and has it.
   Where metadata that might have to say something about a target first does not lie in the mirror, it is refused.
4. A target that lies in the mirror, under its name or with a digest in front of it (§5.7), is the one; then it is measured.

What version a target is of is stated by some repositories in ``custom`` (``version``, and ``hardwareIds`` as Uptane's tools write
them); else its name tells. That a role is no longer listed (§5.5.5) is not noticed.
"""

import re
from collections.abc import Iterator
from hashlib import new, sha256
from typing import Any

from trueware.errors import InputError, UntrustedStatement
from trueware.formats.moments import written
from trueware.identifying.contract import claim
from trueware.importing.at_hand import MAX_MEASURED, completed
from trueware.importing.contract import Context, Document, Importer
from trueware.importing.lists import split_name
from trueware.importing.places import Places
from trueware.importing.vouching import vouched
from trueware.model.claim import Claim
from trueware.registry.references import Reference, Refused
from trueware.signatures.contract import Keyring, Site
from trueware.signatures.refusal import Refusal
from trueware.signatures.tuf import places_of, signature_of, target_folders
from trueware.signatures.tuf.repository import Target, Verified, trusted_repository

_NAME = "tuf"
_TIMESTAMP = "timestamp.json"
_AT = (f"metadata/{_TIMESTAMP}", _TIMESTAMP)
_MAX_HARDWARE = 64
_NUMBER = re.compile(r"\d{1,19}")


def _recognises(document: Document) -> bool:
    if document.is_folder:
        return _timestamp(document) is not None
    return (
        document.path.rpartition("/")[2] == _TIMESTAMP
        and b'"timestamp"' in document.head
        and b'"signed"' in document.head
    )


def _timestamp(document: Document) -> str | None:
    """Return the path of the repository's timestamp."""
    if not document.is_folder:
        return document.path
    before = f"{document.path}/" if document.path else ""
    return next((before + each for each in _AT if document.mirror.size(before + each) is not None), None)


def _read(document: Document, context: Context) -> Iterator[Reference | Refused]:
    places = Places(document.mirror)
    path = _timestamp(document)
    timestamp = places.file(path) if path is not None else None
    if timestamp is None:
        raise UntrustedStatement(f"no {_TIMESTAMP} lies in the folder")
    roots = (context.keyring or Keyring()).of_kind("tuf-root")
    try:
        key, repository = trusted_repository(roots, timestamp, context.now, whole=False)
        verified = repository.verified()  # 1
    except Refusal as refusal:
        raise UntrustedStatement(f"the repository does not hold: {refusal.detail}") from refusal
    word = vouched([signature_of(verified, key, path or "")], (), context)
    if word.publisher is None:
        raise UntrustedStatement(f"the root of the repository does not count: {word.told}")
    publisher = word.whose(context, _NAME)
    said = f"TUF repository, timestamp {verified.timestamp.version} until {written(verified.expires)[:10]}, {word.told}"
    metadata = list(_metadata(verified, key.id, publisher, said))
    for each in metadata:  # 2
        seen = [int(one) for one in context.versions(each.publisher, each.product) if _NUMBER.fullmatch(one)]
        if max(seen, default=0) > int(each.version):
            raise UntrustedStatement(
                f"{each.product} is of version {each.version}, and {max(seen)} was imported before: a replay"
            )
    for name, why in verified.missing.items():
        yield Refused(name[:100], f"its targets cannot be told: {why}")
    folders = target_folders(timestamp)
    for target in verified.targets.values():  # 3
        if target is None:
            continue
        present = next(places_of(folders, target), None)
        stated = _reference(target, present, publisher, said)
        if isinstance(stated, Refused):
            yield stated
        else:
            at = present.path if present is not None else target.path
            yield from completed(stated, at, document.mirror, context)  # 4
    yield from (Refused(path[:100], _WITHHELD) for path, target in verified.targets.items() if target is None)
    yield from metadata  # the last: an import that was broken off is no import


_WITHHELD = "a role that does not lie in the mirror might have to say something about it first"


def _reference(target: Target, present: Site | None, publisher: str, said: str) -> Reference | Refused:
    digest = target.hashes.get("sha256")
    if digest is None or len(digest) != 32:
        digest = _digest_at_hand(target, present)
    if digest is None:
        return Refused(target.path[:100], "no SHA-256 is stated, and it does not lie in the mirror as it is stated")
    product, version, claims = _said_of(target.path, target.custom)
    return Reference(publisher, product, version, digest, target.length, claims, source=f"{said}: {target.path}")


def _digest_at_hand(target: Target, present: Site | None) -> bytes | None:
    """Return the SHA-256 of a file that is stated by other digests, if it has them."""
    if present is None or present.size != target.length or not target.hashes or present.size > MAX_MEASURED:
        return None
    made = {name: new(name) for name in target.hashes}
    digest = sha256()
    try:
        for chunk in present.chunks():
            digest.update(chunk)
            for each in made.values():
                each.update(chunk)
    except InputError:
        return None
    return digest.digest() if all(each.digest() == target.hashes[name] for name, each in made.items()) else None


def _said_of(path: str, custom: Any) -> tuple[str, str, tuple[Claim, ...]]:
    """Return product, version and claims of a target."""
    product, version = split_name(path)
    said = custom if isinstance(custom, dict) else {}
    claims: list[Claim] = []
    if isinstance(stated := said.get("version"), str | int) and (
        found := list(claim("version", str(stated), _NAME, ""))
    ):
        version = found[0].value
        claims += found
    if isinstance(name := said.get("name"), str) and (found := list(claim("product", name, _NAME, ""))):
        product = found[0].value
        claims += found
    hardware = said.get("hardwareIds")
    for each in hardware[:_MAX_HARDWARE] if isinstance(hardware, list) else ():
        if isinstance(each, str):
            claims += claim("hardware", each, _NAME, "")
    return product, version, tuple(claims)


def _metadata(verified: Verified, root: str, publisher: str, said: str) -> Iterator[Reference]:
    """Yield the metadata that was verified, as releases whose versions are remembered."""
    repository = f"TUF repository {root.rpartition(':')[2][:16]}"
    keys = f"{repository}, keys {verified.keys_of('timestamp', 'snapshot').hex()[:8]}"
    named = [("root", verified.root), ("timestamp", verified.timestamp), ("snapshot", verified.snapshot)]
    for name, metadata in (*named, *verified.roles.items()):
        product = f"{name[:200]}.json of {repository if name == 'root' else keys}"
        data = metadata.encoded
        yield Reference(publisher, product, str(metadata.version), sha256(data).digest(), len(data), source=said)


IMPORTER = Importer(
    _NAME,
    "TUF repositories: from an enrolled root to the targets, and those of them that lie in the mirror",
    _recognises,
    _read,
    ("The Update Framework Specification 1.0.33, §5", "TAP 15"),
)
