"""CMS as JAR signatures have it: detached signed data over a file, RFC 5652 §5, as Android verifies it.

1. The signer's certificate is the one with the issuer and serial number that the signer names.
2. The certificate may sign (keyUsage, critical extensions).
3. With signed attributes: content type and message digest are there, once each, with one value each; the type is that of the
   content, the digest that of the file; the signature is over the attributes with the tag of a SET, as they stand.
4. Without: it is over the file.

Of several signers, Android before 7.0 takes the first one; later ones the first that verifies. A signer with attributes that are
malformed ends it for all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import new

from trueware.signatures import der
from trueware.signatures.apk.keys import DSA, EC, RSA, verifies
from trueware.signatures.certificate import Certificate
from trueware.signatures.refusal import uncheckable

_SIGNED_DATA = "1.2.840.113549.1.7.2"
_CONTENT_TYPE, _MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
_CERTIFICATES, _ATTRIBUTES = 0xA0, 0xA0
_MOST_CERTIFICATES, _MOST_SIGNERS = 32, 8
"""Of one JAR signature; real ones have a few, and one."""

_DIGESTS = {
    "1.2.840.113549.2.5": "md5",
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
Levels = tuple[tuple[int, int | None], ...]
_ALWAYS: Levels = ((0, None),)
_SINCE_18: Levels = ((18, None),)
_SINCE_21: Levels = ((21, None),)
_SINCE_22: Levels = ((22, None),)
_LEFT_OUT_9_17: Levels = ((0, 8), (18, None))
_LEFT_OUT_9_20: Levels = ((0, 8), (21, None))

_KEY_ONLY = {"1.2.840.113549.1.1.1": RSA, "1.2.840.10040.4.1": DSA, "1.2.840.10045.2.1": EC}
_WITH_DIGEST = {
    "1.2.840.113549.1.1.4": (RSA, "md5"),
    "1.2.840.113549.1.1.5": (RSA, "sha1"),
    "1.2.840.113549.1.1.14": (RSA, "sha224"),
    "1.2.840.113549.1.1.11": (RSA, "sha256"),
    "1.2.840.113549.1.1.12": (RSA, "sha384"),
    "1.2.840.113549.1.1.13": (RSA, "sha512"),
    "1.2.840.10040.4.3": (DSA, "sha1"),
    "2.16.840.1.101.3.4.3.1": (DSA, "sha224"),
    "2.16.840.1.101.3.4.3.2": (DSA, "sha256"),
    "1.2.840.10045.4.1": (EC, "sha1"),
    "1.2.840.10045.4.3.1": (EC, "sha224"),
    "1.2.840.10045.4.3.2": (EC, "sha256"),
    "1.2.840.10045.4.3.3": (EC, "sha384"),
    "1.2.840.10045.4.3.4": (EC, "sha512"),
}
_KEY_ONLY_LEVELS: dict[tuple[str, str], Levels] = {
    (RSA, "md5"): _ALWAYS,
    (RSA, "sha1"): _ALWAYS,
    (RSA, "sha224"): _LEFT_OUT_9_20,
    (RSA, "sha256"): _LEFT_OUT_9_17,
    (RSA, "sha384"): _SINCE_18,
    (RSA, "sha512"): _SINCE_18,
    (DSA, "sha1"): _ALWAYS,
    (DSA, "sha224"): _SINCE_22,
    (DSA, "sha256"): _SINCE_22,
    (EC, "sha1"): _SINCE_18,
    (EC, "sha224"): _SINCE_21,
    (EC, "sha256"): _SINCE_18,
    (EC, "sha384"): _SINCE_18,
    (EC, "sha512"): _SINCE_18,
}
_WITH_DIGEST_LEVELS: dict[tuple[str, str], Levels] = {
    (RSA, "md5"): _LEFT_OUT_9_20,
    (RSA, "sha1"): _ALWAYS,
    (RSA, "sha224"): _LEFT_OUT_9_20,
    (RSA, "sha256"): _LEFT_OUT_9_17,
    (RSA, "sha384"): _SINCE_21,
    (RSA, "sha512"): _SINCE_21,
    (DSA, "sha1"): ((9, None),),
    (DSA, "sha224"): _SINCE_21,
    (DSA, "sha256"): _SINCE_21,
    (EC, "sha1"): _SINCE_18,
    (EC, "sha224"): _SINCE_21,
    (EC, "sha256"): _SINCE_21,
    (EC, "sha384"): _SINCE_21,
    (EC, "sha512"): _SINCE_21,
}
"""On which API levels Android verifies them, by how the signature names its algorithm. Source: AOSP ``apksig`` ``OidConstants``."""

_ATTRIBUTES_SINCE, _ANY_SIGNER_SINCE = 19, 24
"""Before Android 4.4 the digest in signed attributes is not looked at, so that such a signature protects nothing."""


@dataclass(frozen=True, slots=True)
class SignerInfo:
    """One signer of the signed data, verified or not."""

    verified: bool
    certificates: tuple[Certificate, ...]
    """Its own first, then the others as they came."""

    levels: Levels
    attributed: bool


@dataclass(frozen=True, slots=True)
class Signed:
    """What the signers of one signed data say of one file."""

    signers: tuple[SignerInfo, ...]

    def at(self, level: int) -> tuple[Certificate, ...] | None:
        """Return the certificates of the signer that the Android of that level takes, None where the signature is broken there.

        Raises:
            Refusal: that Android does not know how to verify it.
        """
        tried = self.signers if level >= _ANY_SIGNER_SINCE else self.signers[:1]
        for info in tried:
            if not any(first <= level and (last is None or level <= last) for first, last in info.levels):
                uncheckable(f"Android of API level {level} does not know the algorithm of the JAR signature")
            if info.attributed and level < _ATTRIBUTES_SINCE:
                uncheckable("before Android 4.4 a JAR signature with signed attributes protects nothing")
        return next((info.certificates for info in tried if info.verified), None)


def read_signed(encoded: bytes, content: bytes) -> Signed:
    """Verify CMS signed data over `content`.

    Raises:
        Refusal: it is malformed, or of a kind that Android refuses.
    """
    kind, inner = der.parts(der.read(encoded).sequence(), 2, "a JAR signature")[:2]
    if kind.oid() != _SIGNED_DATA:
        uncheckable("a JAR signature is no signed data")
    fields = der.parts(der.read(inner.content).sequence(), 4, "signed data")
    content_type = der.parts(fields[2].sequence(), 1, "signed data")[0].oid()
    bag = next((each for each in fields[3:] if each.tag == _CERTIFICATES), None)
    encoded_certificates = list(bag.parts()) if bag is not None else []
    infos = list(fields[-1].parts()) if fields[-1].tag == der.SET else []
    if len(encoded_certificates) > _MOST_CERTIFICATES or not 1 <= len(infos) <= _MOST_SIGNERS:
        uncheckable(f"a JAR signature has {len(infos)} signers and {len(encoded_certificates)} certificates")
    certificates = tuple(Certificate.parse(each.whole) for each in encoded_certificates)
    return Signed(tuple(_read_signer(each, certificates, content_type, content) for each in infos))


def _read_signer(info: der.Value, bag: Sequence[Certificate], content_type: str, content: bytes) -> SignerInfo:
    _, named, digest, *rest = der.parts(info.sequence(), 5, "a signer")
    attributes = rest.pop(0) if rest[0].tag == _ATTRIBUTES else None
    algorithm, signature = der.parts(rest, 2, "a signer")[:2]
    issuer, serial = der.parts(named.sequence(), 2, "the name of a signer")[:2]
    own = next((each for each in bag if each.is_named(issuer.whole, serial.number())), None)
    if own is None or signature.tag != der.OCTETS:
        uncheckable("the certificate that a JAR signature names is not there")  # 1
    own.require_signing()  # 2
    scheme, name, levels = _algorithm(digest, algorithm)
    signed = content
    verified = True
    if attributes is not None:  # 3
        stated_type, stated_digest = _attributes(attributes)
        verified = stated_type.oid() == content_type and stated_digest.content == new(name, content).digest()
        signed = bytes([der.SET]) + attributes.whole[1:]
    verified = verified and verifies(own.spki, scheme, name, signature.content, signed)  # 3, 4
    others = tuple(each for each in bag if each is not own)
    return SignerInfo(verified, (own, *others), levels, attributes is not None)


def _algorithm(digest: der.Value, algorithm: der.Value) -> tuple[str, str, Levels]:
    """Return kind of key, digest, and the levels of Android that know both."""
    digest_oid = der.parts(digest.sequence(), 1, "an algorithm")[0].oid()
    oid = der.parts(algorithm.sequence(), 1, "an algorithm")[0].oid()
    name = _DIGESTS.get(digest_oid)
    found: Levels | None = None
    if name is not None and oid in _KEY_ONLY:
        scheme = _KEY_ONLY[oid]
        found = _KEY_ONLY_LEVELS.get((scheme, name))
    elif name is not None and _WITH_DIGEST.get(oid, ("", ""))[1] == name:
        scheme = _WITH_DIGEST[oid][0]
        found = _WITH_DIGEST_LEVELS.get((scheme, name))
    if name is None or found is None:
        uncheckable(f"no Android verifies a JAR signature of algorithm {oid} with digest {digest_oid}")
    return scheme, name, found


def _attributes(attributes: der.Value) -> tuple[der.Value, der.Value]:
    """Return content type and message digest of signed attributes."""
    found: dict[str, list[der.Value]] = {}
    for attribute in attributes.parts():
        kind, values = der.parts(attribute.sequence(), 2, "a signed attribute")[:2]
        if kind.oid() in found:
            uncheckable("a signed attribute of a JAR signature stands twice")
        found[kind.oid()] = list(values.parts())
    stated = [found.get(kind, []) for kind in (_CONTENT_TYPE, _MESSAGE_DIGEST)]
    if any(len(values) != 1 for values in stated):
        uncheckable("a JAR signature does not have content type and digest, once each, in its signed attributes")
    return stated[0][0], stated[1][0]
