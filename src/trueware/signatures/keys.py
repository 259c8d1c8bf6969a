"""Reads the files in which publishers hand out their keys.

===================  ====================================================================================================
X.509 certificates   PEM (any number), DER
public keys          PEM, DER (SubjectPublicKeyInfo, RFC 5280 §4.1.2.7)
usign, signify       two lines: ``untrusted comment: …``, base64 of ``Ed``, 8 bytes of key id, 32 bytes of Ed25519 (usign `main.c`)
ecdsautils           lines of 64 hexadecimal digits, each a packed point of libuecc's curve; also as Gluon's ``site.conf`` lists
                     them: quoted, with a comma, with a name behind, below ``good_signatures = 2`` or ``pubkeys = {``
AVB                  AvbRSAPublicKeyHeader, modulus, r² (external/avb ``avb_crypto.h``), as ``avbtool extract_public_key`` writes
Sigstore             trusted roots (JSON of TrustedRoot); who signs, by whose word: the lines ``issuer: …``, ``identity: …``, and
                     before them ``authority: …``, the SHA-256 of the root certificate, where it is not the public Sigstore's
TUF                  ``root.json`` of a repository (TUF specification §4.3)
OpenPGP              certificates of version 4, binary or armoured (RFC 9580 §4.2, §5.5.4.2, §6.2)
===================  ====================================================================================================
"""

import re
from base64 import b64decode
from collections.abc import Iterator
from hashlib import sha1, sha256
from struct import unpack_from

from trueware.errors import MalformedInput
from trueware.signatures.contract import Key
from trueware.signatures.x509 import certificate_id, load, name_of, spki_id

_NAME = "key"
_LARGEST = 1 << 24
_PEM = re.compile(rb"-----BEGIN (CERTIFICATE|PUBLIC KEY)-----([A-Za-z0-9+/=\s]*)-----END \1-----")
_ARMOUR = re.compile(
    rb"-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n(?:[^\r\n]+\r?\n)*\r?\n([A-Za-z0-9+/=\s]*?)\r?\n(?:=\S{4}\r?\n)?-----END"
)
_USIGN = re.compile(rb"untrusted comment: ?([^\r\n]*)\r?\n([A-Za-z0-9+/]{56})\s*")
_ECDSAUTILS = re.compile(
    rb"""[ \t]*(?:
        (?P<quote>['"]?)(?P<key>[0-9a-f]{64})(?P=quote)[ \t]*,?(?:[ \t]+(?:--|\#)?[ \t]*(?P<name>[^\r\n]*))?
        |(?:--|\#)[^\r\n]*|[a-z_]+[ \t]*=[ \t]*[\w{'"]+,?|\}?,?)\r?""",
    re.VERBOSE,
)
_DOCUMENTS = {
    "sigstore-root": re.compile(rb'"mediaType":\s*"application/vnd\.dev\.sigstore\.trustedroot'),
    "tuf-root": re.compile(rb'"_type":\s*"root"'),
}
_IDENTITY = re.compile(rb"(?:authority: ?([0-9a-f]{64})\r?\n)?issuer: ?(\S+)\r?\nidentity: ?([^\r\n]+?)\s*")
_PUBLIC_SIGSTORE = "3ba7b6cc4e95469d4d334b49cb257ad8537076fa84b0ca87ff4ecfe6a54680c1"
"""SHA-256 of the root certificate under which the public Sigstore issues since April 2022 (``trusted_root.json``)."""

_MOST_LINES = 1024
"""Of a file of ecdsautils' keys."""


def read_keys(data: bytes, name: str = "") -> tuple[Key, ...]:
    """Return the keys in a file; `name` is what they are called where they have no name of their own.

    Raises:
        MalformedInput: there is none, or one is malformed.
    """
    if len(data) > _LARGEST:
        raise MalformedInput(_NAME, 0, f"{len(data)} bytes are no file of keys")
    keys = tuple(_keys(data, name))
    if not keys:
        raise MalformedInput(_NAME, 0, "no certificate or public key of a kind that is known")
    return keys


def _keys(data: bytes, name: str) -> Iterator[Key]:
    blocks = list(_PEM.finditer(data))
    if blocks:
        for block in blocks:
            decoded = _base64(block.group(2), block.start())
            yield _certificate(decoded) if block.group(1) == b"CERTIFICATE" else _public_key(decoded, name)
    elif usign := _USIGN.fullmatch(data):
        yield _usign(_base64(usign.group(2), usign.start(2)), usign.group(1).decode("utf-8", "replace") or name)
    elif points := _ecdsautils(data, name):
        yield from points
    elif armoured := _ARMOUR.search(data):
        yield from _openpgp(_base64(armoured.group(1), armoured.start()))
    elif _is_avb(data):
        yield Key("avb", f"avb-sha1:{sha1(data).hexdigest()}", data, name)  # noqa: S324 (the name AVB gives its keys)
    elif data[:1] == b"\x30":
        yield _certificate(data) if load(data) is not None else _public_key(data, name)
    elif data[:1] == b"{":
        yield _document(data, name)
    elif identity := _IDENTITY.fullmatch(data):
        authority, issuer, who = (part.decode("utf-8", "replace") for part in identity.groups(b""))
        yield Key("oidc", identity_id(authority or _PUBLIC_SIGSTORE, issuer, who), data, who)
    elif data[:1] and data[0] & 0x80:
        yield from _openpgp(data)


def _document(data: bytes, name: str) -> Key:
    """Return what says in JSON whose word counts: a trusted root of a Sigstore, or the root of a TUF repository."""
    for kind, mark in _DOCUMENTS.items():
        if mark.search(data):
            return Key(kind, f"{kind}:{sha256(data).hexdigest()}", data, name)
    raise MalformedInput(_NAME, 0, "JSON that is no root of Sigstore or TUF")


def identity_id(authority: str, issuer: str, identity: str) -> str:
    """Return the name of somebody that an identity provider vouches for, and who issues certificates on its word.

    The authority (SHA-256 of its root certificate, in hexadecimal) belongs to it: another one's word, whose root somebody else
    handed in, is not the same.
    """
    parts = (sha256(each.encode("utf-8", "surrogatepass")).digest() for each in (authority, issuer, identity))
    return f"oidc:{sha256(b''.join(parts)).hexdigest()}"


def _base64(text: bytes, offset: int) -> bytes:
    try:
        return b64decode(b"".join(text.split()), validate=True)
    except ValueError as error:
        raise MalformedInput(_NAME, offset, f"no base64 ({error})") from error


def _certificate(data: bytes) -> Key:
    if load(data) is None:
        raise MalformedInput(_NAME, 0, "not an X.509 certificate")
    return Key("x509", certificate_id(data), data, name_of(data))


def _public_key(data: bytes, name: str) -> Key:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 (start-up time)
    from cryptography.hazmat.primitives.serialization import load_der_public_key  # noqa: PLC0415

    try:
        load_der_public_key(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise MalformedInput(_NAME, 0, f"not a public key ({error})") from error
    return Key("spki", spki_id(data), data, name)


def _usign(data: bytes, name: str) -> Key:
    if len(data) != 42 or data[:2] != b"Ed":
        raise MalformedInput(_NAME, 0, "not a key of usign: Ed, 8 bytes of id and 32 of key expected")
    return Key("usign", f"usign:{data[2:10].hex()}", data[10:], name)


def _ecdsautils(data: bytes, name: str) -> tuple[Key, ...]:
    """Return the keys that a list has, none where a line of it is something else or not all are keys (a list of checksums)."""
    lines = data.split(b"\n", _MOST_LINES)
    matches = [_ECDSAUTILS.fullmatch(line) for line in lines]
    if len(lines) > _MOST_LINES or None in matches:
        return ()
    from trueware.signatures.ec25519 import is_key  # noqa: PLC0415 (beside its use)

    found = []
    for match in matches:
        if match is not None and match["key"] is not None:
            text, said = match["key"].decode(), (match["name"] or b"").decode("utf-8", "replace").strip()
            found.append(Key("ecdsautils", f"ecdsautils:{text}", bytes.fromhex(text), said or name))
    return tuple(found) if all(is_key(key.data) for key in found) else ()


def _is_avb(data: bytes) -> bool:
    if len(data) < 8:
        return False
    (bits,) = unpack_from(">I", data)
    return bits in (1024, 2048, 4096, 8192) and len(data) == 8 + 2 * bits // 8


def _openpgp(data: bytes) -> Iterator[Key]:
    """Yield each certificate: a public-key packet (tag 6) and what follows up to the next."""
    from trueware.signatures.openpgp.arithmetic import fingerprint_of  # noqa: PLC0415 (beside its use)
    from trueware.signatures.openpgp.packets import PUBLIC_KEY, USER_ID, packets  # noqa: PLC0415

    found = list(packets(data))
    starts = [number for number, packet in enumerate(found) if packet.tag == PUBLIC_KEY]
    for first, last in zip(starts, [*starts[1:], len(found)], strict=True):
        primary, *rest = found[first:last]
        if primary.body[:1] != b"\x04":
            raise MalformedInput(_NAME, primary.offset, "an OpenPGP key of another version than 4")
        end = found[last].offset if last < len(found) else len(data)
        name = next((packet.body.decode("utf-8", "replace") for packet in rest if packet.tag == USER_ID), "")
        fingerprint = fingerprint_of(primary.body).hex()
        yield Key("openpgp", f"openpgp:{fingerprint}", data[primary.offset : end], name)


def names_of(key: Key) -> tuple[str, ...]:
    """Return every name of a key: of a certificate and of an Ed25519 key of usign also its key's, of an AVB key also its SHA-256."""
    match key.kind:
        case "usign":
            return (*strong_names_of(key), key.id)
        case "avb":
            return key.id, *strong_names_of(key)
        case _:
            return strong_names_of(key)


def strong_names_of(key: Key) -> tuple[str, ...]:
    """Return the names that tell a key from all others: an id of usign is whatever its owner chose."""
    from trueware.signatures.usign import spki_id_of  # noqa: PLC0415 (beside its use)
    from trueware.signatures.x509 import certificate_ids  # noqa: PLC0415

    match key.kind:
        case "x509":
            return certificate_ids(key.data)
        case "usign":
            return (spki_id_of(key.data),)
        case "avb":
            return (f"avb-sha256:{sha256(key.data).hexdigest()}",)
        case _:
            return (key.id,)
