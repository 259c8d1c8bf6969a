"""APK Signature Scheme v4: a file beside the package, ``X.apk.idsig``, with a signed hash tree over all of it.

Android 11 and later can run a package with it while it is still being installed.

============  ==========================================================================================================
field         little-endian; those marked * with a length of four bytes before them
============  ==========================================================================================================
version       2
hashing*      algorithm (1 SHA-256), block size as a power of two (one byte, 12), salt*, root*
signing*      digest of the package* (from v2 or v3), certificate*, other data*, public key*, algorithm, signature*; then, for each
              further block: its id (that of v3.1) and, with a length, the same six fields again
tree*         the hash tree, top level first; may be left out
============  ==========================================================================================================

Checks (source.android.com, "APK Signature Scheme v4"):

1. The signature verifies over the size of what is signed, the size of the package, hashing, and the first three fields of signing;
   the public key is that of the certificate.
2. The root is that of the package, every byte of it, and so is the tree.
3. Package, digest and certificate go together: the package has a signature of scheme v3 or v2 that holds (v3.1 for the further
   block), by that certificate, over that digest.
"""

from collections.abc import Iterator
from struct import pack
from typing import ClassVar

from trueware.model.signature import Coverage, Outcome, Signature
from trueware.signatures.apk.algorithms import ALGORITHMS
from trueware.signatures.apk.archive import Package
from trueware.signatures.apk.digests import hash_tree
from trueware.signatures.apk.keys import same_key
from trueware.signatures.apk.prefixed import Prefixed
from trueware.signatures.apk.sdk import MadeFor
from trueware.signatures.apk.signers import FOR_PREVIEW, V2, V3, V31, SchemeSigner
from trueware.signatures.apk.verdicts import Verdicts
from trueware.signatures.certificate import Certificate, signer
from trueware.signatures.contract import Context, SchemeDoc, Site
from trueware.signatures.refusal import Refusal, broken, uncheckable

_ENDING = ".idsig"
_WHAT = "the file of scheme v4"
_VERSION, _SHA256, _LOG_BLOCK = 2, 1, 12
_SINCE = 30
_FREE, _PER_BYTE = 1 << 20, 64
"""Bytes that such a file may have, and bytes of the package that allow one more; a hash tree has one for 127."""


class IdSig:
    """A signature of scheme v4."""

    name: ClassVar[str] = "apk-v4"
    doc: ClassVar[SchemeDoc] = SchemeDoc(
        "Android package: APK Signature Scheme v4 (.idsig beside the package)",
        ("source.android.com: APK Signature Scheme v4", "kernel.org: fs-verity"),
        ("hash trees with a salt: no tool makes them",),
    )

    @staticmethod
    def verify(site: Site, context: Context) -> Iterator[Signature]:  # noqa: ARG004 (the scheme's form)
        """See `Scheme`."""
        package = site.beside(site.name.removesuffix(_ENDING))
        try:
            if package is None:
                uncheckable("the package that it is about is not beside it")
            if site.size > _FREE + package.size // _PER_BYTE:
                uncheckable(f"{site.size} bytes are no file of scheme v4 for a package of {package.size}")
            held = tuple(_verified(bytes(site.view()), package))
        except Refusal as refusal:
            yield Signature("apk-v4", site.path, refusal.outcome, refusal.detail, platforms=(_SINCE, None), dated=False)
            return
        for first, last, certificate in held:
            yield Signature(
                "apk-v4",
                site.path,
                Outcome.VALID,
                "every byte of the package beside it is that over which the hash tree was signed",
                signer((certificate,)),
                Coverage(whole=True, paths=(package.path,)),
                0,
                (first, last),
                dated=False,
            )


def _verified(data: bytes, package: Site) -> Iterator[tuple[int, int | None, Certificate]]:
    """Yield first and last API level and certificate of each signer."""
    taken = Prefixed(data, _WHAT)
    if (version := taken.u32()) != _VERSION:
        uncheckable(f"version {version} of scheme v4")
    hashing, signing = taken.within(), taken.within()
    tree = taken.value() if len(taken) else b""
    taken.end()
    algorithm, log_block = hashing.u32(), hashing.take(1)[0]
    salt, root = hashing.value(), hashing.value()
    hashing.end()
    if (algorithm, log_block, salt) != (_SHA256, _LOG_BLOCK, b""):
        uncheckable(
            f"hashes of algorithm {algorithm} over blocks of 2^{log_block} bytes with {len(salt)} bytes of salt"
        )
    view = package.view()
    hashed = pack("<QIBII", len(view), algorithm, log_block, 0, len(root)) + root
    infos = [(0, *_signed(signing, hashed))]
    while len(signing):
        id_, further = signing.u32(), signing.within()
        infos.append((id_, *_signed(further, hashed)))
        further.end()
    actual, actual_tree = hash_tree((view,), b"")  # 2
    if actual != root:
        broken("the package is not that which was signed: the root of its hash tree differs")
    if tree and tree != actual_tree:
        broken("the hash tree is not that of the package")
    yield from _bound(Verdicts(Package(view), MadeFor(), lambda: None), infos)


def _signed(info: Prefixed, hashed: bytes) -> tuple[bytes, Certificate]:
    """Return digest of the package and certificate of one signer, whose signature verifies (1)."""
    digest, encoded, other, spki, number, signature = (
        info.value(),
        info.value(),
        info.value(),
        info.value(),
        info.u32(),
        info.value(),
    )
    algorithm = ALGORITHMS.get(number)
    if algorithm is None:
        uncheckable(f"{_WHAT} has algorithm {number:#06x}, which is not known")
    signed = hashed + b"".join(len(each).to_bytes(4, "little") + each for each in (digest, encoded, other))
    signed = (len(signed) + 4).to_bytes(4, "little") + signed
    certificate = Certificate.parse(encoded)
    if not same_key(spki, certificate.spki):
        broken(f"{_WHAT}: its public key is not that of its certificate")
    if not algorithm.verifies(spki, signature, signed):
        broken(f"{_WHAT}: its signature is not over the hash tree of a package of this size")
    return digest, certificate


def _bound(
    package: Verdicts, infos: list[tuple[int, bytes, Certificate]]
) -> Iterator[tuple[int, int | None, Certificate]]:
    """Hold the signers against those of the package (3)."""
    rotated = package.signers(V31)
    since = min((each.since + each.has(FOR_PREVIEW) for each in rotated or ()), default=None)
    for id_, digest, certificate in infos:
        if id_ not in (0, V31):
            uncheckable(f"{_WHAT} has a block {id_:#010x}, which is not known")
        signers = rotated if id_ == V31 else package.signers(V3) or package.signers(V2)
        if not any(_is_of(each, digest, certificate) for each in signers or ()):
            broken(f"{_WHAT} is by another signer, or for other content, than the signature in the package")
        if id_ == V31:
            yield max(_SINCE, since or 0), None, certificate
        else:
            yield _SINCE, None if since is None or len(infos) == 1 else since - 1, certificate


def _is_of(each: SchemeSigner, digest: bytes, certificate: Certificate) -> bool:
    return each.certificates[0].encoded == certificate.encoded and any(digest == other for _, other in each.digests)
