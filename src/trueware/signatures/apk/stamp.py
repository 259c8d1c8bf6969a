"""Source stamp: a store's signature over the digests that the signatures of a package are over, which says where it came from.

The signing block has, with id ``6dff800d`` and all with lengths: the stamp's certificate; for each scheme its number (1 JAR, 2, 3)
and signatures over its digests; attributes (id, value), and signatures over them. The digests are a list of algorithm (1 SHA-256 in
chunks, 2 SHA-512 in chunks, 3 hash tree, 4 SHA-256 of ``MANIFEST.MF``) and digest, ordered.

Checks, as AOSP ``apksig`` ``V2SourceStampVerifier``:

1. The member ``stamp-cert-sha256`` is the SHA-256 of the certificate.
2. Every scheme of v2 and v3 that signs the package has a signature of the stamp over its digests; and JAR signatures, if the
   stamp names them.
3. Signatures over the attributes verify; the time is one; the lineage verifies and ends with the certificate.

Android asks for none of this to install a package, and anybody can take a stamp away, for no signature is over its block: one that
is missing is told, and is no sign of tampering. The first version of stamps (``2b09189e``) is not read.
"""

from collections.abc import Iterator, Mapping
from struct import pack

from trueware.model.signature import Coverage, Outcome, Signature
from trueware.signatures.apk.algorithms import ALGORITHMS, CHUNKS_SHA256, CHUNKS_SHA512, TREE
from trueware.signatures.apk.archive import Package, Pair
from trueware.signatures.apk.lineage import read_lineage
from trueware.signatures.apk.prefixed import Prefixed
from trueware.signatures.apk.signers import V2, V3
from trueware.signatures.apk.verdicts import Verdicts
from trueware.signatures.certificate import Certificate, signer
from trueware.signatures.contract import Site
from trueware.signatures.refusal import Refusal, broken, uncheckable

NAME = "apk-source-stamp"
STAMP, _FIRST_STAMP = 0x6DFF800D, 0x2B09189E
MANIFEST = "META-INF/MANIFEST.MF"
_MEMBER = "stamp-cert-sha256"
_LINEAGE, _TIME = 0x9D6303F7, 0xE43C5946
_WHAT = "the source stamp"
_CONTENTS = {CHUNKS_SHA256: 1, CHUNKS_SHA512: 2, TREE: 3}
_MANIFEST_DIGEST = 4
_JAR, _SCHEMES = 1, {2: V2, 3: V3}


def stamps(site: Site, package: Package, verdicts: Verdicts, manifest: bytes | None) -> Iterator[Signature]:
    """Yield what is to be said of the stamp of a package; `manifest`: the SHA-256 of its JAR manifest."""
    block = None if isinstance(verdicts.block, Refusal) else verdicts.block
    pair = block.first(STAMP) if block is not None else None
    named = site.child(_MEMBER)
    if pair is None and named is None:
        return
    try:
        if pair is None and block is not None and block.first(_FIRST_STAMP) is not None:
            uncheckable("the source stamp is of the first version, which is not read")
        if pair is None:
            uncheckable("the package names the certificate of a source stamp, and has no stamp")
        if named is None or named.size != 32:
            uncheckable("the package has a source stamp, and does not name its certificate")
        certificate, when, whole = _verified(package, pair, bytes(named.view()), verdicts, manifest)
    except Refusal as refusal:
        yield Signature(NAME, site.path, refusal.outcome, refusal.detail, dated=False, enforced=False)
        return
    listed = site.child(MANIFEST)
    paths = (listed.path,) if listed is not None and not whole else ()
    yield Signature(
        NAME,
        site.path,
        Outcome.VALID,
        "the digests that the package's own signatures are over are those that were stamped",
        signer((certificate,)),
        Coverage(whole, paths, excludes=() if whole else ("the members that the JAR manifest lists",)),
        pair.start,
        signed_at=when,
        dated=False,
    )


def _verified(
    package: Package, pair: Pair, named: bytes, verdicts: Verdicts, manifest: bytes | None
) -> tuple[Certificate, int | None, bool]:
    """Return who stamped, when, and whether a scheme over all bytes was stamped."""
    outer = Prefixed(package.value(pair), _WHAT)
    taken = outer.within()
    outer.end()
    certificate = Certificate.parse(taken.value())
    if bytes.fromhex(certificate.id.partition(":")[2]) != named:  # 1
        broken("the source stamp is by another certificate than the package names")
    stamped = {each.u32(): each.rest() for each in taken.within().each()}
    found = _digests(verdicts, manifest if _JAR in stamped else None)
    if not found:
        uncheckable("the package has a source stamp, and no signature that it could be over")
    for number, digests in found.items():  # 2
        if number not in stamped:
            uncheckable(f"{_WHAT} has no signature over the digests of scheme v{number}")
        _require(certificate, Prefixed(stamped[number], _WHAT).within(), digests, f"the digests of scheme v{number}")
    if not len(taken):
        return certificate, None, any(number in found for number in _SCHEMES)
    attributes = taken.value()
    _require(certificate, taken.within(), attributes, "its attributes")  # 3
    taken.end()
    return certificate, _attributes(attributes, certificate), any(number in found for number in _SCHEMES)


def _digests(verdicts: Verdicts, manifest: bytes | None) -> Mapping[int, bytes]:
    """Return what a stamp is over, by number of the scheme."""
    found = {_JAR: {_MANIFEST_DIGEST: manifest}} if manifest is not None else {}
    for number, id_ in _SCHEMES.items():
        try:
            signers = verdicts.signers(id_) or ()
        except Refusal as refusal:
            uncheckable(f"the signature that was stamped does not hold: {refusal}")
        for each in signers:
            known = ((ALGORITHMS[key].content, digest) for key, digest in each.digests if key in ALGORITHMS)
            found.setdefault(number, {}).update({_CONTENTS[content]: digest for content, digest in known})
    return {
        number: b"".join(
            pack("<III", len(digest) + 8, key, len(digest)) + digest for key, digest in sorted(each.items())
        )
        for number, each in found.items()
    }


def _require(certificate: Certificate, signatures: Prefixed, signed: bytes, what: str) -> None:
    """Check that a signature of a known algorithm is there, and that all such verify."""
    known = 0
    for each in signatures.each():
        number, signature = each.u32(), each.value()
        algorithm = ALGORITHMS.get(number)
        if algorithm is None:
            continue
        known += 1
        if not algorithm.verifies(certificate.spki, signature, signed):
            broken(f"{_WHAT} is not over {what}")
    if not known:
        uncheckable(f"{_WHAT} has no signature over {what} of an algorithm that is known")


def _attributes(attributes: bytes, certificate: Certificate) -> int | None:
    """Return when the stamp was made, as it says."""
    when: int | None = None
    for each in Prefixed(attributes, _WHAT).within().each():
        id_, value = each.u32(), each.rest()
        if id_ == _TIME:
            when = Prefixed(value, _WHAT).u64()
            if not 0 < when < 1 << 63:
                uncheckable(f"{_WHAT} was made at no time that is one")
        elif id_ == _LINEAGE and read_lineage(value)[-1].encoded != certificate.encoded:
            broken(f"{_WHAT}: its proof of rotation does not end with its certificate")
    return when
