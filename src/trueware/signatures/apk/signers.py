"""Signers of APK Signature Scheme v2, v3 and v3.1: who signed which digests, and since and until which Android.

A block is, with a length, a list of signers; each of them, with a length:

=======================  ==================================================================================================
field (each with length)  content
=======================  ==================================================================================================
signed data               digests (algorithm, digest); certificates; v3: first and last Android API level; attributes (id, value)
v3: two numbers           first and last Android API level again
signatures                algorithm, signature over the signed data
public key                SubjectPublicKeyInfo
=======================  ==================================================================================================

Checks, in the order of the standard ("APK Signature Scheme v2", steps 2 and 3 of verification; "v3", step 3):

1. 1 to 10 signers, in v2 none twice; each has signatures, and at least one of an algorithm that is known.
2. Every signature of a known algorithm verifies over the signed data with the public key. Android checks the strongest; a
   package in which another one is wrong was changed all the same.
3. v3: both pairs of API levels are the same.
4. The lists of algorithms of digests and signatures are the same, in their order.
5. The public key is that of the first certificate.
6. v3: the proof of rotation verifies (`lineage`), and ends with the first certificate.
7. A digest of the content is that of the package, in all signers; where one over a hash tree is listed, the signing block
   is aligned to its blocks. (Of several digests the first that is not over a tree is computed: all are signed.)
8. v3: API levels of signers do not overlap.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from trueware.signatures.apk.algorithms import ALGORITHMS, CHUNKS_SHA256, CHUNKS_SHA512, TREE
from trueware.signatures.apk.archive import Package, Pair
from trueware.signatures.apk.digests import Digests
from trueware.signatures.apk.keys import same_key
from trueware.signatures.apk.lineage import read_lineage
from trueware.signatures.apk.prefixed import Prefixed
from trueware.signatures.certificate import Certificate
from trueware.signatures.refusal import broken, uncheckable

V2, V3, V31 = 0x7109871A, 0xF05368C0, 0x1B93AD61
"""Ids of the blocks."""

NAMES = {V2: "v2", V3: "v3", V31: "v3.1"}

PROOF_OF_ROTATION, ROTATION_SINCE, FOR_PREVIEW = 0x3BA06F8C, 0x559F8B02, 0xC2A6B3BA
STRIPPING_PROTECTION = 0xBEEFF00D
"""Ids of attributes: the lineage; in v3, since when v3.1 counts; in v3.1, for previews of its Android; in v2, which newer scheme
there is."""

MOST_SIGNERS = 10
_MOST_SIGNATURES = 8
"""Of one signer, each by another algorithm; real ones have three at most."""

_ORDER = (CHUNKS_SHA256, CHUNKS_SHA512, TREE)
"""Which digest is computed where several are signed: the cheapest first."""


@dataclass(frozen=True, slots=True)
class SchemeSigner:
    """One signer whose signature over the signed data was verified."""

    certificates: tuple[Certificate, ...]
    digests: tuple[tuple[int, bytes], ...]
    """Number of an algorithm, and the digest of the content that goes with it."""

    attributes: tuple[tuple[int, bytes], ...]
    since: int
    until: int | None
    lineage: tuple[Certificate, ...] = ()

    def attribute(self, id: int) -> int | None:  # noqa: A002 (the standard's noun)
        """Return the number in an attribute, None without it."""
        value = next((value for key, value in self.attributes if key == id), None)
        return None if value is None else Prefixed(value, f"attribute {id:#010x}").u32()

    def has(self, id: int) -> bool:  # noqa: A002
        """Tell whether there is such an attribute."""
        return any(key == id for key, _ in self.attributes)


def read_signers(package: Package, pair: Pair) -> tuple[SchemeSigner, ...]:
    """Return the signers of a block, checked as far as that can be without the content (1 to 6, and 8).

    Raises:
        Refusal: not all of them can be.
    """
    name = f"the block of scheme {NAMES[pair.id]}"
    outer = Prefixed(package.value(pair), name)
    signers = outer.within()
    outer.end()
    found: list[SchemeSigner] = []
    for signer in signers.each():
        if len(found) == MOST_SIGNERS:
            uncheckable(f"{name} has more than {MOST_SIGNERS} signers, which Android refuses")
        found.append(_read_signer(signer, pair.id, f"signer {len(found) + 1} of {name}"))
    if not found:
        uncheckable(f"{name} has no signer")
    if len({each.certificates[0].encoded for each in found}) < len(found) and pair.id == V2:
        uncheckable(f"{name} has a signer twice")
    if pair.id != V2:
        _require_order(found, name)
    return tuple(found)


def require_content(signers: tuple[SchemeSigner, ...], digests: Callable[[], Digests], name: str) -> None:
    """Check the content against the digests of all signers (7).

    Raises:
        Refusal: it is not what they signed.
    """
    for number, signer in enumerate(signers, 1):
        listed = [(ALGORITHMS[key].content, digest) for key, digest in signer.digests if key in ALGORITHMS]
        kinds = {kind for kind, _ in listed}
        if TREE in kinds and not digests().tiled:
            broken(f"{name}: the signing block is not aligned to 4 KiB, as it was when a hash tree was signed")
        kind = next(kind for kind in _ORDER if kind in kinds)
        if {digest for key, digest in listed if key == kind} != {digests().get(kind)}:
            broken(f"{name}: the content is not that which signer {number} signed: its digest ({kind}) differs")


def _read_signer(signer: Prefixed, block: int, name: str) -> SchemeSigner:
    signed = signer.value()
    levels = (signer.u32(), signer.u32()) if block != V2 else None
    signatures = list(_pairs(signer.within()))
    spki = signer.value()
    signer.end()
    if not 1 <= len(signatures) <= _MOST_SIGNATURES:
        uncheckable(f"{name} has {len(signatures)} signatures")  # 1
    known = [(key, value) for key, value in signatures if key in ALGORITHMS]
    if not known:
        uncheckable(
            f"{name} has only algorithms that are not known: " + ", ".join(f"{key:#06x}" for key, _ in signatures)
        )
    for key, value in known:  # 2
        if not ALGORITHMS[key].verifies(spki, value, signed):
            broken(f"{name}: its signature ({key:#06x}) is not over its signed data")
    inner = Prefixed(signed, name)
    digests = tuple(_pairs(inner.within()))
    encoded = [certificate.rest() for certificate in inner.within().each()]
    signed_levels = (inner.u32(), inner.u32()) if block != V2 else None
    attributes = tuple((each.u32(), each.rest()) for each in inner.within().each())
    if levels != signed_levels:  # 3
        broken(f"{name} is for Android API {levels}, and signed for {signed_levels}")
    if [key for key, _ in digests] != [key for key, _ in signatures]:  # 4
        broken(f"{name}: the algorithms of its signatures are not those of its signed digests")
    if not encoded:
        uncheckable(f"{name} has no certificate")
    certificates = tuple(map(Certificate.parse, encoded))
    if not same_key(spki, certificates[0].spki):  # 5
        broken(f"{name}: its public key is not that of its certificate")
    lineage: tuple[Certificate, ...] = ()
    if block != V2:
        lineage = next((read_lineage(value) for key, value in attributes if key == PROOF_OF_ROTATION), ())
        if lineage and lineage[-1].encoded != certificates[0].encoded:  # 6
            broken(f"{name}: the proof of rotation does not end with its certificate")
    first, last = levels or (min(ALGORITHMS[key].since for key, _ in known), None)
    if last is not None and not first <= last < 1 << 31:
        uncheckable(f"{name} is for Android API {first} to {last}")
    return SchemeSigner(certificates, digests, attributes, first, None if last == (1 << 31) - 1 else last, lineage)


def _pairs(values: Prefixed) -> Iterator[tuple[int, bytes]]:
    for each in values.each():
        yield each.u32(), each.value()
        each.end()


def _require_order(signers: list[SchemeSigner], name: str) -> None:
    """Check that no two signers are for the same Android (8)."""
    last: int | None = -1
    for signer in sorted(signers, key=lambda each: each.since):
        if last is None or signer.since <= last:
            uncheckable(f"{name} has two signers for Android API {signer.since}")
        last = signer.until
