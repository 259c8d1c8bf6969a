"""Qualcomm's signed boot images: a signature over the table of the segments' hashes, by the first of a chain of certificates.

 1. The certificates follow each other in the image, the signer's first, then filler (FF or 00). Its subject says for what it may
    sign: units ``01 … SW_ID``, ``02 … HW_ID``, 16 hexadecimal digits each.
 2. What is signed is header and hashes of the hash segment, hashed three times with the same digest H, both ids as 8 bytes,
    big-endian: H((HW_ID ^ 5C…5C) ‖ H((SW_ID ^ 36…36) ‖ H(header ‖ hashes))).
 3. The signature is RSA with the padding of PKCS#1 1.5 around the digest alone, without its name.
 4. Each segment has the hash in the table. One without a hash, or hashed page by page, is not covered.

Who the root is, the fuses of the chip say; here it is the registry's to say. Many images are signed under a public test root.

There is no public description. 2 and 3 were found by trying and hold for all six signed images of a modem's firmware (header of
version 3, SHA-256); later versions are not verified. Sources: coreboot ``util/qualcomm/mbn_tools.py``; qtestsign.
"""

import re
from collections.abc import Iterator
from hashlib import new
from typing import ClassVar

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509 import Certificate as Parsed
from cryptography.x509.oid import NameOID

from trueware.formats.contract import Reading
from trueware.formats.embedded.qcom_elf import ALGORITHMS, Segment, find_hash_segment, read_parts, read_segments
from trueware.formats.filler import is_filler
from trueware.model.signature import Coverage, Outcome, Signature, Signer
from trueware.signatures.contract import Context, Scheme, SchemeDoc, Site
from trueware.signatures.refusal import Refusal, broken, uncheckable
from trueware.signatures.x509 import certificate_ids, load, name_of

_NAME = "qualcomm"
_IDS = {"SW_ID": 0x3636363636363636, "HW_ID": 0x5C5C5C5C5C5C5C5C}
_ID = re.compile(r"0[12] ([0-9A-F]{16}) (SW_ID|HW_ID)")
_UNIT = re.compile(r"\d\d ([0-9A-F]{4,16}) ([A-Z_]+)")
_MOST_CERTIFICATES = 8
_PAGED = 0x00100000
"""Flag of a segment that is hashed page by page."""


class Qualcomm:
    """Signed boot images."""

    name: ClassVar[str] = _NAME
    doc: ClassVar[SchemeDoc] = SchemeDoc(
        "Qualcomm signed boot image (hash segment with X.509 chain)",
        ("coreboot util/qualcomm/mbn_tools.py",),
        (
            "Hash segments of version 5 and later, and images without ELF header, are reported as not checkable.",
            "Confirmed by one modem's firmware; openssl signed the vectors.",
        ),
    )

    @staticmethod
    def verify(site: Site, context: Context) -> Iterator[Signature]:  # noqa: ARG004 (the key comes with the signature)
        """See `Scheme`."""
        found = site.child("signature")
        if found is None or not found.size:
            return
        try:
            yield _verify(site)
        except Refusal as refusal:
            yield Signature(_NAME, site.path, refusal.outcome, refusal.detail, dated=False)


def _verify(site: Site) -> Signature:
    view = site.view()
    number = find_hash_segment(view)
    if number is None:
        uncheckable("an image without ELF header, whose signature nothing confirms")
    segments = list(read_segments(view))
    head, table = segments[0], segments[number]
    split = len(view) == head.size + table.size
    start = head.size if split else table.start
    reading = Reading()
    parts = read_parts(view, start, table, reading)
    if reading.facts["hash-segment"] not in ("0", "3"):
        uncheckable(f"a hash segment of version {reading.facts['hash-segment']}")
    at, size = parts["hashes"]
    signed, hashes = bytes(view[start : at + size]), bytes(view[at : at + size])
    value = bytes(_region(view, parts["signature"]))
    certificates = _certificates(bytes(_region(view, parts["certificates"])))  # 1
    own = load(certificates[0])
    if own is None:
        uncheckable("the signer's certificate cannot be parsed")
    stated = _recovered(own, value)
    name = ALGORITHMS.get(len(stated), "")
    if not name:
        uncheckable(f"a signature over a digest of {len(stated)} bytes")
    ids = _ids(own)
    inner = new(name, signed, usedforsecurity=False).digest()  # 2
    for key, mask in _IDS.items():
        inner = new(name, (ids[key] ^ mask).to_bytes(8, "big") + inner, usedforsecurity=False).digest()
    if inner != stated:
        broken("header or hashes of the segments are not those that were signed")
    end = max(first + size for first, size in parts.values())
    coverage = _covered(site, view, segments, number, hashes, (start, end), split=split)  # 4
    signer = Signer(certificate_ids(certificates[0]), name_of(certificates[0]), certificates)
    root = name_of(certificates[-1])
    detail = f"{name} over the hashes of {len(segments)} segments; the last certificate is that of {root}"
    return Signature(
        _NAME, site.path, Outcome.VALID, detail, signer, coverage, parts["signature"][0],
        dated=False, statements=tuple(_statements(own)),
    )  # fmt: skip


def _region(view: memoryview, place: tuple[int, int]) -> memoryview:
    return view[place[0] : place[0] + place[1]]


def _certificates(data: bytes) -> tuple[bytes, ...]:
    found: list[bytes] = []
    at = 0
    while data[at : at + 2] == b"\x30\x82" and at + 4 <= len(data) and len(found) < _MOST_CERTIFICATES:
        end = at + 4 + int.from_bytes(data[at + 2 : at + 4])
        if end > len(data):
            break
        found.append(data[at:end])
        at = end
    if not found or not is_filler(memoryview(data), at, len(data)):
        uncheckable(f"{len(found)} certificates, and {len(data) - at} bytes that are none")
    return tuple(found)


def _recovered(certificate: Parsed, value: bytes) -> bytes:  # 3
    """Return the digest that was signed."""
    try:
        key = certificate.public_key()
        if not isinstance(key, rsa.RSAPublicKey):
            uncheckable("the signer's key is not one of RSA")
        return key.recover_data_from_signature(value, padding.PKCS1v15(), None)
    except InvalidSignature:
        broken("the signature is not by the key of the certificate that came with it")
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        uncheckable(f"the signer's key cannot be used ({error})")


def _units(certificate: Parsed) -> list[str]:
    try:
        names = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    except (ValueError, TypeError) as error:
        uncheckable(f"the name of the signer cannot be parsed ({error})")
    return [each.value for each in names if isinstance(each.value, str)]


def _ids(certificate: Parsed) -> dict[str, int]:
    matches = [match for unit in _units(certificate) if (match := _ID.fullmatch(unit))]
    found = {match[2]: int(match[1], 16) for match in matches}
    if found.keys() != _IDS.keys() or len(matches) != len(found):
        uncheckable("the signer's certificate does not say for which software and chip it is, once each")
    return found


def _statements(certificate: Parsed) -> Iterator[tuple[str, str]]:
    """Yield what the certificate binds the image to."""
    for unit in _units(certificate):
        match = _UNIT.fullmatch(unit)
        if match is not None and match[2] in ("SW_ID", "HW_ID", "OEM_ID", "MODEL_ID", "DEBUG"):
            yield match[2].lower().replace("_", "-"), match[1].lower()


def _covered(
    site: Site, view: memoryview, segments: list[Segment], number: int, hashes: bytes, table: tuple[int, int], *, split: bool
) -> Coverage:  # fmt: skip
    """Compare the segments with their hashes."""
    size = len(hashes) // len(segments)
    name = ALGORITHMS.get(size, "")
    if not name or len(hashes) % size:
        uncheckable(f"{len(hashes)} bytes of hashes for {len(segments)} segments")
    paths: list[str] = []
    excludes: list[str] = []
    digests: set[bytes] = set()
    places = [table]
    budget = 4 * len(view)
    for index, segment in enumerate(segments):
        stated = hashes[index * size : (index + 1) * size]
        if index == number or not segment.size:
            continue
        if not any(stated) or (segment.flags & _PAGED and index):
            excludes.append(f"segment {index}, which has no hash of its own")
            continue
        if split and index:
            if size == 32:
                digests.add(stated)
            continue
        data = view[segment.start : segment.start + segment.size]
        budget -= len(data)
        if budget < 0 or len(data) < segment.size:
            uncheckable(f"segment {index} is not all there, or lies over others")
        if new(name, data, usedforsecurity=False).digest() != stated:
            broken(f"segment {index} has not the {name} that was signed")
        part = site.child("elf-header" if not index else f"segment-{index}")
        if part is not None:
            paths.append(part.path)
        places.append((segment.start, segment.start + segment.size))
    at = 0
    whole = not excludes
    for first, last in sorted(places):
        whole = whole and is_filler(view, at, first)
        at = max(at, last)
    whole = whole and is_filler(view, at, len(view))
    return Coverage(whole, tuple(paths), frozenset(digests), tuple(excludes))


_: type[Scheme] = Qualcomm
