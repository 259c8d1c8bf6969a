"""Tells what a piece of evidence is: from its bytes, and where they do not tell, from its name.

Evidence comes in pieces, each tool with names of its own. Being taken for something proves nothing: whatever a piece is taken for is
read strictly afterwards, and a forged piece that is no longer well formed must still be taken for what it pretends to be, so that
the answer is what is wrong with it.
"""

import re
from dataclasses import dataclass, field
from enum import Enum
from struct import unpack_from

from trueware.attestation.certificate_files import encodings, x5c_in


class Kind(Enum):
    """What a piece of evidence is taken for."""

    TPM_ATTEST = "tpm-attest"
    """TPMS_ATTEST, bare or as TPM2B."""
    TPM_SIGNATURE = "tpm-signature"
    TPM_PUBLIC = "tpm-public"
    PCR_VALUES = "pcr-values"
    EVENT_LOG = "event-log"
    IMA_BINARY = "ima-log"
    IMA_ASCII = "ima-ascii-log"
    CERTIFICATE = "certificate"
    ATTRIBUTE_CERTIFICATE = "attribute-certificate"
    ANDROID_CHAIN = "android-key-attestation"
    TOKEN = "token"  # noqa: S105 (no secret)
    """A CWT, JWT or bundle of them."""
    WRAPPED = "cmw"
    CHARRA = "charra"
    """Output of the RPCs of RFC 9684, JSON or XML."""
    NONCE = "nonce"
    IMA_POLICY = "ima-policy"
    COMMAND_LINE = "command-line"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Piece:
    """One file of evidence."""

    name: str
    """Path as it was given, ``/`` between."""

    data: bytes = field(repr=False)

    @property
    def stem(self) -> str:
        """Folder and name without its ending: pieces of one quote share it."""
        return re.sub(r"\.[^./]*$", "", self.name)


MAX_PIECE = 64 << 20
"""Bytes of one piece: IMA lists of servers that run for months reach 20 MB."""

_TPM_TYPES = frozenset(range(0x8014, 0x8020))
_SIGNATURES = frozenset({0x0014, 0x0016, 0x0018})
_HASHES = frozenset({0x0004, 0x000B, 0x000C, 0x000D, 0x0012, 0x0027, 0x0028, 0x0029})
_PUBLIC = frozenset({0x0001, 0x0023, 0x0008, 0x0025})
_ANDROID = bytes.fromhex("060a2b06010401d679020111")
"""OID 1.3.6.1.4.1.11129.2.1.17 in DER."""

_HOLDER = re.compile(rb"\x30[\x81-\x83].{1,3}?\x30[\x81-\x83].{1,3}?\x02\x01\x01\x30", re.DOTALL)
_WRAPPED = re.compile(rb'\[\s*"[\w.+-]+/')
_CLAIMS = (b'"eat_', b'"ueid', b'"submods"', b'"psa-', b'"cca-', b'"measurements"')
"""Names that claims sets in JSON have, of RFC 9711 and the profiles of Arm."""
_ASCII_IMA = re.compile(rb"\s{0,2}\d{1,2} [0-9a-f]{40,128} [!-~]{1,255} ")
_JWT = re.compile(rb"\s*[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\s*")
_HEX = re.compile(rb"\s*(?:0x)?([0-9A-Fa-f]{16,128})\s*")
_SIZE_OF_PCRS = 132

_NAMES: tuple[tuple[re.Pattern[str], Kind], ...] = (
    (re.compile(r"(?:.*[._-])?(?:attest|msg|quoted)(?:\.bin)?"), Kind.TPM_ATTEST),
    (re.compile(r".*\.(?:sig|signature)"), Kind.TPM_SIGNATURE),
    (re.compile(r".*\.pcrs?"), Kind.PCR_VALUES),
    (re.compile(r"binary_bios_measurements.*|.*eventlog.*\.bin|.*event[_-]log.*"), Kind.EVENT_LOG),
    (re.compile(r"binary_runtime_measurements.*"), Kind.IMA_BINARY),
    (re.compile(r"ascii_runtime_measurements.*"), Kind.IMA_ASCII),
    (re.compile(r"ima[_-]?policy.*"), Kind.IMA_POLICY),
    (re.compile(r"(?:proc[_-])?cmdline.*"), Kind.COMMAND_LINE),
    (re.compile(r"nonce.*"), Kind.NONCE),
    (re.compile(r"(?:.*[._-])?(?:ak|ek|aik)\w*\.pub"), Kind.TPM_PUBLIC),
)


def recognise(piece: Piece) -> Kind:
    """Return what a piece is taken for."""
    told = _by_bytes(piece.data)
    if told is not None:
        return told
    name = piece.name.rpartition("/")[2].lower()
    return next((kind for pattern, kind in _NAMES if pattern.fullmatch(name)), Kind.OTHER)


def nonce_in(data: bytes) -> bytes | None:
    """Return the challenge that a file holds, as hexadecimal digits or as it is; None: neither."""
    found = _HEX.fullmatch(data)
    if found is not None and not len(found[1]) % 2:
        return bytes.fromhex(found[1].decode())
    return data if 8 <= len(data) <= 64 else None


def _by_bytes(data: bytes) -> Kind | None:
    head = data[:4096]
    return _tpm(data) or _logs(data, head) or _certificates(data, head) or _documents(data, head)


def _tpm(data: bytes) -> Kind | None:
    if len(data) < 10:
        return None
    inner = data[2:] if int.from_bytes(data[:2], "big") == len(data) - 2 else data
    if inner[:3] == b"\xffTC" or (
        len(inner) > 6 and int.from_bytes(inner[4:6], "big") in _TPM_TYPES and len(data) < 2048
    ):
        return Kind.TPM_ATTEST
    first, second = unpack_from(">HH", inner)
    if first in _SIGNATURES and second in _HASHES and len(inner) < 2048:
        return Kind.TPM_SIGNATURE
    if first in _PUBLIC and second in _HASHES and len(inner) < 2048:
        return Kind.TPM_PUBLIC
    if len(data) > _SIZE_OF_PCRS + 4 and _is_pcr_file(data):
        return Kind.PCR_VALUES
    return None


def _is_pcr_file(data: bytes) -> bool:
    """Tell whether it is as tpm2-tools writes it: sixteen selections of eight bytes, then lists of eight digests."""
    count: int = unpack_from("<I", data)[0]
    lists: int = unpack_from("<I", data, _SIZE_OF_PCRS)[0]
    return 1 <= count <= 16 and 1 <= lists <= 64 and len(data) == _SIZE_OF_PCRS + 4 + lists * 532


def _logs(data: bytes, head: bytes) -> Kind | None:
    if head[32:47] == b"Spec ID Event03" or head[32:47] == b"Spec ID Event02" or head[32:47] == b"Spec ID Event00":
        return Kind.EVENT_LOG
    if len(data) >= 32:
        for order in ("<", ">"):
            register, size = unpack_from(f"{order}I", data)[0], unpack_from(f"{order}I", data, 24)[0]
            name = data[28 : 28 + size]
            if register < 24 and 3 <= size <= 64 and re.fullmatch(rb"[a-z][!-~]+", name):
                return Kind.IMA_BINARY
        register, kind, size = *unpack_from("<II", data), unpack_from("<I", data, 28)[0]
        if register < 24 and (0 < kind < 0x20 or 0x80000000 <= kind < 0x80000100) and size <= len(data):
            return Kind.EVENT_LOG
    return Kind.IMA_ASCII if _ASCII_IMA.match(head) else None


def _certificates(data: bytes, head: bytes) -> Kind | None:
    if b"-----BEGIN CERTIFICATE-----" in head:
        return Kind.ANDROID_CHAIN if any(_ANDROID in each for each in encodings(data)) else Kind.CERTIFICATE
    if b"-----BEGIN ATTRIBUTE CERTIFICATE-----" in head:
        return Kind.ATTRIBUTE_CERTIFICATE
    if head[:2] in (b"\x30\x81", b"\x30\x82"):
        if _ANDROID in data:
            return Kind.ANDROID_CHAIN
        return Kind.ATTRIBUTE_CERTIFICATE if _HOLDER.match(head) else Kind.CERTIFICATE
    return None


def _documents(data: bytes, head: bytes) -> Kind | None:
    if _JWT.fullmatch(data):
        return Kind.TOKEN
    text = head.lstrip()
    if text[:1] in b"{[<" and text[:1]:
        if any(name in head for name in _ANSWERS):
            return Kind.CHARRA
        if _WRAPPED.match(text) or b"__cmwc_t" in data:
            return Kind.WRAPPED
        if any(_ANDROID in each for each in x5c_in(data)):
            return Kind.ANDROID_CHAIN
        return Kind.TOKEN if text[:1] == b"{" and any(name in data for name in _CLAIMS) else None
    if data[:1] in (b"\xd2", b"\xd1") or data[:2] == b"\xd8\x3d" or data[:3] in _TAGS:
        return Kind.TOKEN
    if data[:1] in (b"\x82", b"\x83", b"\x9f") or data[:3] == b"\xda\x63\x74" or b"__cmwc_t" in head:
        return Kind.WRAPPED
    return Kind.TOKEN if data[:1] and (0xA1 <= data[0] <= 0xB8 or data[0] == 0xBF) else None


_ANSWERS = (
    b"tpm-remote-attestation",
    b"tpm20-challenge-response-attestation",
    b"tpm20-attestation-response",
    b"tpm12-attestation-response",
    b"system-event-logs",
)
"""Names near the beginning of documents of RFC 9684."""

_TAGS = (b"\xd9\x01\x8f", b"\xd9\x03\x8b", b"\xd9\x02\x59", b"\xd9\x02\x5a")
"""CBOR tags 399 and 907 (CCA), 601 (unsigned claims), 602 (detached bundle)."""
