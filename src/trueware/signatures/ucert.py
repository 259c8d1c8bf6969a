"""ucert: certificates of usign keys, chained, and the signature over a firmware image of OpenWrt by the last of them.

A file is a row of blobs (libubox ``blob.h``): u32 of which 24 bits are the length with these four bytes and seven above them an id,
then the value, filled up to a multiple of four. Each holds blobs again: 0 a signature as usign writes it, 1 what is signed. That is
one table ``ucert`` (``blobmsg.h``: the value begins with a u16 length of the name, and the name) with ``certtype`` (1 authorisation,
2 revocation), ``validfrom``, ``expiresat`` and ``pubkey``. The last blob has a signature alone. In a firmware image it is the data of
the last trailer that fwtool appended, and signed is everything in front of that.

 1. The blobs have these values, each once, and nothing between or behind them.
 2. The first certificate is signed by a key at hand, each other one by the key of the one before; the id in a signature is the key's.
 3. It is an authorisation, and valid now: unlike X.509's, nobody else could look at it. A revocation in a chain authorises nothing.
 4. The last signature is over the image, by the key of the last certificate, or where there is none by one at hand.
 5. The signature is the last thing in the image: what is appended behind it is not signed, and sysupgrade reads it.

Which keys were revoked is not in an image; it is the registry's to say. Sources: OpenWrt ucert ``ucert.c``, ``usign-exec.c``;
base-files ``fwtool.sh``; ``include/image-commands.mk``. No signed image of OpenWrt was at hand: the vectors' signatures are by
OpenBSD's signify, the blobs around them by a builder of our own.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from struct import unpack_from
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.model.signature import Coverage, Outcome, Signature, Signer
from trueware.signatures.contract import Context, Key, Scheme, SchemeDoc, Site
from trueware.signatures.keys import read_keys
from trueware.signatures.usign import is_signed, read_signature, spki_id_of

_NAME = "ucert"
_LARGEST = 1 << 16
_MOST = 16
"""Certificates of a chain."""

_SIGNATURE, _PAYLOAD = 0, 1
_AUTHORISES = 1
_TABLE, _STRING, _INT64, _INT32 = 2, 3, 4, 5
_EXTENDED = 0x80
_TRAILER = 16


@dataclass(frozen=True, slots=True)
class _Certificate:
    signature: bytes
    """As usign writes it."""

    payload: bytes | None
    """What is signed; None of the signature over the image."""


@dataclass(frozen=True, slots=True)
class _Stated:
    """What a certificate says."""

    kind: int
    since: int
    until: int
    id: str
    key: bytes


_Answer = Callable[[Outcome, str, Signer | None], Signature]


class Ucert:
    """Signed firmware images of OpenWrt."""

    name: ClassVar[str] = _NAME
    doc: ClassVar[SchemeDoc] = SchemeDoc(
        "OpenWrt ucert: signed firmware images, with a chain of certificates",
        ("https://git.openwrt.org/project/ucert.git ucert.c", "OpenWrt package/base-files fwtool.sh"),
        (
            "A certificate that is not valid now makes it not checkable.",
            "No signed image was at hand; signify made the vectors' signatures.",
        ),
    )

    @staticmethod
    def verify(site: Site, context: Context) -> Iterator[Signature]:
        """See `Scheme`."""
        if site.format != "sysupgrade":
            yield from _detached(site, context)
            return
        view = site.view()
        signatures = [each for each in site.children() if each.name.partition("-")[0] == "signature"]
        for chunk in signatures:
            chain = bytes(chunk.view())
            end = len(view) - _TRAILER - len(chain)
            if len(signatures) > 1 or end < 0 or view[end : end + len(chain)] != chain:  # 5
                detail = "something is appended behind the signature, which sysupgrade reads and nobody signed"
                yield Signature(_NAME, site.path, Outcome.UNCHECKABLE, detail)
                continue
            yield _checked(site.path, chain, bytes(view[:end]), context, Coverage(whole=True), end)


def _detached(site: Site, context: Context) -> Iterator[Signature]:
    """Yield the signature of an image that lies beside its chain."""
    subject = site.beside(site.name.removesuffix(".ucert"))
    if not 0 < site.size <= _LARGEST or subject is None or subject.is_folder:
        return  # certificates alone say nothing about software
    coverage = Coverage(paths=(subject.path,))
    yield _checked(site.path, bytes(site.view()), bytes(subject.view()), context, coverage, None)


def _checked(
    path: str, chain: bytes, message: bytes, context: Context, coverage: Coverage, at: int | None
) -> Signature:
    def answer(outcome: Outcome, detail: str, signer: Signer | None = None) -> Signature:
        good = outcome is Outcome.VALID
        return Signature(_NAME, path, outcome, detail, signer, coverage if good else Coverage(), at)

    if len(chain) > _LARGEST:
        raise MalformedInput(_NAME, at or 0, f"a chain of {len(chain)} bytes")
    *certificates, last = _chain(chain)
    if last.payload is not None:
        return answer(Outcome.UNCHECKABLE, "there are certificates, and no signature over the image")
    above: list[str] = []
    key: bytes | None = None
    key_id, missing = "", ""
    for certificate in certificates:
        issuer = _signer_of(certificate)
        if key is None:
            at_hand = _at_hand(context, issuer, certificate.payload or b"")
            key, key_id = (None, issuer[0]) if at_hand is None else (at_hand.data, at_hand.id)
        stated = _stated(certificate.payload or b"")
        if key is None:
            missing = missing or issuer[0]
        elif issuer[0] != key_id or not is_signed(key, issuer[1], certificate.payload or b""):  # 2
            return answer(Outcome.BROKEN, f"the certificate of {stated.id} is not what {key_id} signed")
        else:
            above += [spki_id_of(key), key_id]
        if stated.kind != _AUTHORISES:  # 3
            return answer(Outcome.UNCHECKABLE, f"what is said of {stated.id} authorises nothing (type {stated.kind})")
        if not stated.since <= context.now < stated.until:
            span = f"from {stated.since} to {stated.until} seconds since 1970"
            return answer(Outcome.UNCHECKABLE, f"the certificate of {stated.id} is not valid now, but {span}")
        key, key_id = stated.key, stated.id
    return _message(last, message, (key, key_id), missing, tuple(above), context, answer)


def _message(
    last: _Certificate, message: bytes, certified: tuple[bytes | None, str], missing: str, above: tuple[str, ...],
    context: Context, answer: _Answer,
) -> Signature:  # fmt: skip
    """Check the signature over the image."""
    named, made = _signer_of(last)
    key, key_id = certified
    at_hand = _at_hand(context, (named, made), message)
    if key is None and at_hand is not None:
        key, key_id = at_hand.data, at_hand.id
    if key is None or (missing and (at_hand is None or at_hand.data != key)):
        return answer(Outcome.UNCHECKABLE, f"the key {missing or named} is not at hand", Signer((missing or named,)))
    if named != key_id or not is_signed(key, made, message):  # 4
        return answer(Outcome.BROKEN, f"the image is not what {key_id} signed", None)
    name = at_hand.name if at_hand is not None and at_hand.data == key else ""
    ids = (spki_id_of(key), key_id, *above)
    return answer(Outcome.VALID, f"the image is what {key_id} signed", Signer(tuple(dict.fromkeys(ids)), name))


def _at_hand(context: Context, signer: tuple[str, bytes], message: bytes) -> Key | None:
    """Return the key at hand that a signature names: of several with that id the one that made it, or else any."""
    keys = context.keyring.named(signer[0])
    made = (key for key in keys if len(keys) == 1 or is_signed(key.data, signer[1], message))
    return next(made, next(iter(keys), None))


def _signer_of(certificate: _Certificate) -> tuple[str, bytes]:
    """Return the id of the key and the bytes of a signature."""
    read = read_signature(certificate.signature)
    if read is None:
        raise MalformedInput(_NAME, 0, "a signature that is none of usign's")
    return read


def _chain(data: bytes) -> list[_Certificate]:  # 1
    found: list[_Certificate] = []
    for id_, value in _blobs(data):
        parts = list(_blobs(value))
        ids = [each for each, _ in parts]
        if id_ != 0 or ids not in ([_SIGNATURE], [_SIGNATURE, _PAYLOAD]) or len(found) >= _MOST:
            raise MalformedInput(_NAME, 0, f"a blob {id_} with {ids} where a certificate is expected")
        if found and found[-1].payload is None:
            raise MalformedInput(_NAME, 0, "something behind the signature of the image")
        found.append(_Certificate(parts[0][1], parts[1][1] if len(parts) > 1 else None))
    if not found:
        raise MalformedInput(_NAME, 0, "no certificate")
    return found


def _blobs(data: bytes, *, extended: bool = False) -> Iterator[tuple[int, bytes]]:
    """Yield id (with named ones: kind) and value of each blob."""
    at = 0
    while at < len(data):
        if at + 4 > len(data):
            raise MalformedInput(_NAME, at, "a blob that is cut")
        first, length = data[at], int.from_bytes(data[at + 1 : at + 4])
        if length < 4 or at + length > len(data) or bool(first & _EXTENDED) != extended:
            raise MalformedInput(_NAME, at, f"a blob of {length} bytes, {len(data) - at} are left")
        yield first & ~_EXTENDED, data[at + 4 : at + length]
        at += length + 3 & ~3
    if at - len(data) > 3:
        raise MalformedInput(_NAME, at, "a blob that is cut")


def _named(data: bytes) -> Iterator[tuple[str, int, bytes]]:
    """Yield name, kind and value of each blob that has a name."""
    for kind, value in _blobs(data, extended=True):
        if len(value) < 2:
            raise MalformedInput(_NAME, 0, "a value without a name")
        (length,) = unpack_from(">H", value)
        start = length + 2 + 1 + 3 & ~3
        if start > len(value) or value[length + 2]:
            raise MalformedInput(_NAME, 0, f"a name of {length} bytes in {len(value)}")
        yield value[2 : 2 + length].decode("utf-8", "replace"), kind, value[start:]


def _stated(payload: bytes) -> _Stated:
    tables = list(_named(payload))
    if [(name, kind) for name, kind, _ in tables] != [("ucert", _TABLE)]:
        raise MalformedInput(_NAME, 0, "no table ucert is signed")
    values = list(_named(tables[0][2]))
    found = {(name, kind): value for name, kind, value in values}
    if len({name for name, _, _ in values}) < len(values):
        raise MalformedInput(_NAME, 0, "a value stands twice in a certificate")
    kind, since, until = (
        _number(found.get(each), size)
        for each, size in ((("certtype", _INT32), 4), (("validfrom", _INT64), 8), (("expiresat", _INT64), 8))
    )
    text = found.get(("pubkey", _STRING), b"").rstrip(b"\0")
    keys = [key for key in read_keys(text) if key.kind == "usign"]
    if len(keys) != 1:
        raise MalformedInput(_NAME, 0, f"a certificate of {len(keys)} keys")
    return _Stated(kind, since, until, keys[0].id, keys[0].data)


def _number(value: bytes | None, size: int) -> int:
    if value is None or len(value) != size:
        raise MalformedInput(_NAME, 0, "a number of a certificate is missing, or has another length")
    return int.from_bytes(value)


_: type[Scheme] = Ucert
