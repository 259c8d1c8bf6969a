"""Publishing a release: a measured artefact enters the registry under its publisher's signature."""

from collections.abc import Iterable, Mapping
from hashlib import sha256

from trueware.appraisal.entitlement import entitled_publishers, is_entitled
from trueware.cose.sign1 import PrivateKey
from trueware.errors import UntrustedStatement
from trueware.measuring import Listed
from trueware.model.claim import OWNED, Claim
from trueware.model.part import Kind, Part
from trueware.model.release import Publisher, Release
from trueware.model.verdict import Authority
from trueware.registry import payload as payloads
from trueware.registry import portraits as portrait_lists
from trueware.registry.packings import encode
from trueware.registry.payload import Payload
from trueware.registry.ports import RegistryStore, Submission
from trueware.registry.statement import public_key, sign, verify


def publish(
    store: RegistryStore,
    root: Part,
    kept: Mapping[bytes, bytes],
    claims: Iterable[Claim],
    *,
    publisher: str,
    product: str,
    version: str,
    private_key: PrivateKey,
    now: int,
    policy: str = "generic",
    source: str = "",
    packings: Listed | None = None,
    portraits: Mapping[bytes, bytes] | None = None,
) -> Release:
    """Sign a release and store it; returns it as stored, which is the earlier one where it was published before.

    Args:
        store: where.
        root: the artefact, measured.
        kept: content of its small security-relevant files, by SHA-256.
        claims: what the artefact says of itself.
        publisher: an enrolled publisher, of whose keys `private_key` is one.
        product: its name for the product.
        version: its name for the version.
        private_key: Ed25519, P-256 or P-384.
        now: seconds since 1970; enters the statement, not the id.
        policy: which paths a device may change.
        source: where the artefact came from.
        packings: what its packed contents are.
        portraits: what is kept of its programs, by SHA-256 of each.

    Raises:
        UntrustedStatement: the publisher or key is not enrolled, or the artefact makes claims only others may make.
        ValueError: a name that cannot stand on one line, or an artefact without a digest.
    """
    claims = tuple(claims)
    signer = store.get_publisher(publisher)
    if signer is None:
        raise UntrustedStatement(f"publisher {publisher!r} is not enrolled")
    if public_key(private_key) not in signer.keys:
        raise UntrustedStatement(f"the key is not one of {publisher!r}")
    check_entitled(signer, store.publishers(), (*claims, Claim("product", product, "statement", "")))
    said = describe(root, claims, publisher, product, version, Authority.PUBLISHER, policy, packings, portraits)
    statement = sign(said, private_key, now)
    verify(statement, signer.keys, payload=payloads.encode(said))  # what cannot be verified must not be stored
    return submit(store, said, root, kept, now, source, statement, packings, portraits)


def check_entitled(publisher: Publisher, everybody: Iterable[Publisher], claims: Iterable[Claim]) -> None:
    """Return if no claim belongs to another publisher alone.

    A claim that nobody is entitled to may be made by all; one that several are, by each of them.

    Raises:
        UntrustedStatement: one does.
    """
    owned = [claim for claim in claims if claim.name in OWNED and not is_entitled(publisher, claim)]
    others = [each for each in everybody if each.name != publisher.name]
    for name, covered in sorted(entitled_publishers(others, owned).items()):
        claim = covered[0]
        where = f" (in {claim.part})" if claim.part else ""
        raise UntrustedStatement(
            f"{publisher.name!r} is not entitled to the claim {claim.name} {claim.value!r}{where}: it belongs to {name!r}"
        )


def describe(
    root: Part,
    claims: tuple[Claim, ...],
    publisher: str,
    product: str,
    version: str,
    authority: Authority,
    policy: str,
    packings: Listed | None = None,
    portraits: Mapping[bytes, bytes] | None = None,
) -> Payload:
    """Return what is said of a measured artefact; of a folder, the digest is its tree's.

    Raises:
        ValueError: as `Payload`, or the artefact has no digest.
    """
    digest = root.tree if root.kind is Kind.DIRECTORY else root.sha256
    if digest is None:
        raise ValueError("an artefact whose bytes could not all be read has no digest and cannot be a reference")
    listed = sha256(encode(packings)).digest() if packings else None
    portrayed = sha256(portrait_lists.encode(portraits)).digest() if portraits else None
    return Payload(
        publisher, product, version, authority, digest, root.tree, root.size, policy, claims, listed, portrayed
    )


def submit(
    store: RegistryStore,
    said: Payload,
    root: Part,
    kept: Mapping[bytes, bytes],
    now: int,
    source: str,
    statement: bytes | None = None,
    packings: Listed | None = None,
    portraits: Mapping[bytes, bytes] | None = None,
) -> Release:
    """Store a release; returns it as stored."""
    data = payloads.encode(said)
    lists = encode(packings) if packings else None, portrait_lists.encode(portraits) if portraits else None
    store.add_releases([Submission(data, now, source, statement, root, kept, *lists)])
    stored = store.get_release(payloads.identify(data))
    assert stored is not None  # noqa: S101 (just added; nothing is ever deleted)
    return stored
