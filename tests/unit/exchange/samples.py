"""Manifests, keys and releases of our own, for tests."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import BasicConstraints, Certificate, CertificateBuilder, KeyUsage, Name, NameAttribute
from cryptography.x509.oid import NameOID
from tests.unit.registry.trees import file, firmware, folder, image

from trueware.cose.foreign_cbor import Tagged, Value
from trueware.exchange.corim.comid import (
    ClassMap,
    ConciseMidTag,
    CoswidTriple,
    Environment,
    Measurement,
    MeasurementValues,
    ReferenceTriple,
    Triples,
)
from trueware.exchange.corim.common import Digest, TagIdentity, Version
from trueware.exchange.corim.coswid import ConciseSwidTag, DirectoryEntry, FileEntry, PathElements, Payload, SwEntity
from trueware.exchange.corim.manifest import COMID, COSWID, Corim, Tag
from trueware.model.claim import Claim
from trueware.model.part import Kind, Part

__all__ = ["file", "firmware", "folder", "image"]

NOW = 1_790_000_000
CLAIMS = (Claim("vendor", "Acme", "os-release", "etc/os-release"), Claim("svn", "7", "header", ""))
ODD = "caf\udce9"
"""A name that is not Unicode."""


def key(seed: int = 1) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)


def spki(private: Ed25519PrivateKey | EllipticCurvePrivateKey) -> bytes:
    return private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@dataclass(frozen=True, slots=True)
class Chain:
    """A key with its certificate, and the authority that issued it."""

    private_key: EllipticCurvePrivateKey
    certificate: bytes
    anchor: bytes


def chain(now: int = NOW, *, days: int = 30) -> Chain:
    root, leaf = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
    anchor = _issue("Root", root, "Root", root, now, days, ca=True)
    issued = _issue("Acme signer", leaf, "Root", root, now, days, ca=False)
    return Chain(leaf, issued.public_bytes(Encoding.DER), anchor.public_bytes(Encoding.DER))


def _usage(*, ca: bool) -> KeyUsage:
    return KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def _issue(
    subject: str,
    own: EllipticCurvePrivateKey,
    issuer: str,
    by: EllipticCurvePrivateKey,
    now: int,
    days: int,
    *,
    ca: bool,
) -> Certificate:
    at = datetime.fromtimestamp(now, UTC)
    builder = (
        CertificateBuilder()
        .subject_name(Name([NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(Name([NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(own.public_key())
        .serial_number(int.from_bytes(sha256(subject.encode()).digest()[:8]))
        .not_valid_before(at - timedelta(days=days))
        .not_valid_after(at + timedelta(days=days))
        .add_extension(BasicConstraints(ca, None), critical=True)
        .add_extension(_usage(ca=ca), critical=True)
    )
    return builder.sign(by, hashes.SHA256())


def environment(model: str = "Router", vendor: str | None = "Acme") -> Environment:
    return Environment(ClassMap(vendor=vendor, model=model))


def measured(*digests: tuple[int | str, bytes], mkey: Value = None, version: str | None = "1.0") -> Measurement:
    values = MeasurementValues(
        Version(version) if version is not None else None, Tagged(552, 3), tuple(Digest(*each) for each in digests)
    )
    return Measurement(values, mkey)


def module(*triples: ReferenceTriple, links: Sequence[CoswidTriple] = (), name: str = "module") -> ConciseMidTag:
    return ConciseMidTag(TagIdentity(name), Triples(triples or None, coswid_triples=tuple(links) or None))


def software(files: dict[str, bytes | None], name: str = "software") -> ConciseSwidTag:
    """Return a tag of files in the folder ``usr``, some of them without a digest."""
    entries = tuple(
        FileEntry(each, len(data or b""), hash=Digest(1, sha256(data).digest()) if data is not None else None)
        for each, data in files.items()
    )
    elements = PathElements(file=entries if len(entries) > 1 else entries[0])
    return ConciseSwidTag(
        name,
        0,
        "Router",
        SwEntity("Acme", (1, 2)),
        software_version="1.0",
        payload=Payload(DirectoryEntry("usr", elements)),
    )


def corim(*contents: ConciseMidTag | ConciseSwidTag) -> Corim:
    numbers = {ConciseMidTag: COMID, ConciseSwidTag: COSWID}
    return Corim("corim", tuple(Tag(numbers[type(each)], each) for each in contents))


def odd_tree() -> Part:
    """Return a tree with what a list of files does not know: links, devices, attributes, odd names, a container in a container."""
    from trueware.model.merkle import leaf_digest

    link = Part(
        "link", Kind.SYMLINK, leaf_digest(Kind.SYMLINK, None, 0o777, 0, 0, ODD), mode=0o777, uid=0, gid=0, link=ODD
    )
    node = Part(
        "null",
        Kind.CHARACTER,
        leaf_digest(Kind.CHARACTER, None, 0o666, 0, 0, None, (1, 3)),
        mode=0o666,
        uid=0,
        gid=0,
        rdev=(1, 3),
    )
    xattrs = (("security.capability", b"\x01\x00"), ("user.x", b""))
    digest = sha256(b"capable").digest()
    capable = Part(
        "capable",
        Kind.FILE,
        leaf_digest(Kind.FILE, digest, 0o755, 0, 0, None, None, xattrs),
        7,
        digest,
        0o755,
        0,
        0,
        xattrs=xattrs,
    )
    gap = Part("gap-1", Kind.GAP, leaf_digest(Kind.GAP, digest, None, None, None), 7, digest)
    padding = Part("padding-1", Kind.PADDING, leaf_digest(Kind.PADDING, None, None, None, None), 512)
    inner = image("inner.bin", b"inner", [folder("dev", [node, link]), capable])
    doubtful = image("doubtful.bin", b"doubtful", [file("part", b"part")])._replace(certain=False)
    doubtful = doubtful._replace(tree=leaf_digest(Kind.FILE, doubtful.sha256, None, None, None, facts=doubtful.facts))
    return image("outer.bin", b"outer", [inner, file(ODD, b"odd"), folder("empty", []), doubtful, gap, padding])
