"""What a TPM attests to (TPMS_ATTEST), and the clock that each attestation tells.

::

    TPMS_ATTEST        UINT32 magic (0xff 'TCG'), UINT16 type, TPM2B qualifiedSigner, TPM2B extraData,
                       UINT64 clock, UINT32 resetCount, UINT32 restartCount, BYTE safe, UINT64 firmwareVersion, attested
    attested of QUOTE  TPML_PCR_SELECTION pcrSelect, TPM2B pcrDigest

Source: TCG TPM 2.0 Library Part 2 §10.11 (TPMS_CLOCK_INFO), §10.12 (attestation structures). Only quotes are read to the end; the
other types are recognised, so that who refuses one can name it.
"""

from dataclasses import dataclass
from struct import Struct

from trueware.attestation.tpm.algorithms import SIZES, Type
from trueware.attestation.tpm.fields import Fields
from trueware.attestation.tpm.pcrs import Selection, read_selection
from trueware.errors import MalformedInput

GENERATED = 0xFF544347
"""TPM_GENERATED_VALUE: a restricted key signs nothing that begins so unless its TPM made it (Part 1 §31)."""

_FORMAT = "tpms-attest"
_HEAD = Struct(">IH")
_CLOCK = Struct(">QIIBQ")
_LONGEST_NAME = 66
_LONGEST_DATA = 66
"""Bytes of TPM2B_NAME and TPM2B_DATA: a number of an algorithm and the longest digest (§10.4.3, §10.5.3)."""


@dataclass(frozen=True, slots=True)
class Clock:
    """TPMS_CLOCK_INFO."""

    clock: int
    """Milliseconds that the TPM has had power since it was made or last cleared."""

    reset_count: int
    """How often it was reset since it was made or last cleared: boots."""

    restart_count: int
    """How often it was restarted since its last reset: wakings from sleep or hibernation."""

    safe: bool
    """False: after a loss of power the clock may stand behind what it told before."""


@dataclass(frozen=True, slots=True)
class Attest:
    """An attestation of type QUOTE."""

    qualified_signer: bytes
    extra_data: bytes
    clock: Clock
    firmware_version: int
    selection: Selection
    pcr_digest: bytes


def kind_of(data: bytes) -> tuple[int, int]:
    """Return the magic and the type with which an attestation begins.

    Raises:
        MalformedInput: it is shorter than both.
    """
    if len(data) < _HEAD.size:
        raise MalformedInput(_FORMAT, 0, f"{len(data)} bytes, magic and type have {_HEAD.size}")
    magic, kind = _HEAD.unpack_from(data)
    return magic, kind


def type_name(number: int) -> str:
    """Return the type of an attestation for people: ``TIME (0x8019)``."""
    known = next((each.name for each in Type if each == number), "unknown")
    return f"{known} ({number:#06x})"


def parse_quote(data: bytes) -> Attest:
    """Return the quote in a TPMS_ATTEST, whose magic and type `kind_of` told.

    Raises:
        MalformedInput: it is not laid out as one, or bytes stand behind it.
    """
    fields = Fields(_FORMAT, data, 6)
    signer = fields.sized(_LONGEST_NAME, "qualifiedSigner")
    extra = fields.sized(_LONGEST_DATA, "extraData")
    clock, resets, restarts, safe, firmware = fields.unpack(_CLOCK, "clockInfo and firmwareVersion")
    if safe > 1:
        fields.refuse(f"safe is {safe}, neither YES nor NO", fields.at - 9)
    selection = read_selection(fields)
    digest = fields.sized(max(SIZES.values()), "pcrDigest")
    fields.end()
    return Attest(signer, extra, Clock(clock, resets, restarts, bool(safe)), firmware, selection, digest)
