"""SUIT reports (draft-ietf-suit-report): what became of an update's manifest on the device, and what the device then has.

::

    { 99 reference: [? uri, digest], ? 2 nonce: bytes, 3 records: [* record / system properties],
      4 result: true / { 5 code, 6 record, 7 reason }, ? 8 capabilities: {…} }

A record is an array ``[manifest id, section, offset, component index, properties]``, system properties a map with the component's id
under 0 and parameters of the manifest (3 image digest, 14 image size). Digests are ``[algorithm, bytes]``, as they are or within a
byte string. Source: the draft's CDDL. No public vector confirms it, and the draft may change; reports within COSE are not opened.
"""

from dataclasses import dataclass

from trueware.attestation.eat.claims_set import NAME
from trueware.cose.foreign_cbor import Value, decode
from trueware.errors import MalformedInput
from trueware.model.measured import MeasuredValue

_DIGESTS = {-16: ("sha256", 32), -43: ("sha384", 48), -44: ("sha512", 64)}
_REFERENCE, _NONCE, _RECORDS, _RESULT = 99, 2, 3, 4
_CODE, _REASON = 5, 7
_COMPONENT, _IMAGE_DIGEST = 0, 3
_MOST = 4096
REASONS = (
    *("none", "the manifest is no CBOR", "the kind of signature is not supported", "an algorithm is not supported"),
    *("not authorised", "a command is not supported", "a component is not supported", "a component is not authorised"),
    *("a parameter is not supported", "severing is not supported", "a condition failed", "an operation failed"),
    "what was installed is yet to be started",
)
"""Words for reasons, by number."""


@dataclass(frozen=True, slots=True)
class SuitReport:
    """What a report says."""

    uri: str
    manifest: tuple[str, bytes]
    """Digest of the manifest that was processed."""

    nonce: bytes | None
    failure: str
    """Why the processing ended; empty: it went to its end."""

    measured: tuple[MeasuredValue, ...]
    """Images that the device says it has."""

    records: int


def is_report(value: Value) -> bool:
    """Tell whether a value in CBOR is a report, by the members that it must have."""
    return isinstance(value, dict) and {_REFERENCE, _RECORDS, _RESULT} <= value.keys()


def read_report(data: bytes, place: str = "") -> SuitReport:
    """Return what a report says.

    Raises:
        MalformedInput: it is none.
        LimitExceeded: too deep, or too many values.
    """
    value = decode(data, NAME, max_depth=16)
    if not isinstance(value, dict) or not is_report(value):
        raise MalformedInput(NAME, 0, "no report: reference, records or result are missing")
    reference, nonce, records = value[_REFERENCE], value.get(_NONCE), value[_RECORDS]
    if not isinstance(reference, tuple) or not 1 <= len(reference) <= 2:
        raise MalformedInput(NAME, 0, "the reference of a report is an array of one or two")
    uri = reference[0] if len(reference) == 2 else ""
    if not isinstance(uri, str) or (nonce is not None and not isinstance(nonce, bytes)):
        raise MalformedInput(NAME, 0, "a report's address is a text, its nonce bytes")
    if not isinstance(records, tuple) or len(records) > _MOST:
        raise MalformedInput(NAME, 0, "the records of a report are an array, not too long")
    measured = [_measured(each, f"{place}/records[{number}]") for number, each in enumerate(records)]
    return SuitReport(
        uri,
        _digest(reference[-1]),
        nonce,
        _failure(value[_RESULT]),
        tuple(each for each in measured if each is not None),
        len(records),
    )


def _failure(result: Value) -> str:
    if result is True:
        return ""
    code = result.get(_CODE) if isinstance(result, dict) else None
    reason = result.get(_REASON) if isinstance(result, dict) else None
    if not isinstance(code, int) or isinstance(code, bool):
        raise MalformedInput(NAME, 0, "the result of a report is true, or a map with a code")
    known = isinstance(reason, int) and not isinstance(reason, bool) and 0 <= reason < len(REASONS)
    return f"code {code}: {REASONS[reason] if known and isinstance(reason, int) else 'a reason that is not known'}"


def _measured(record: Value, place: str) -> MeasuredValue | None:
    """Return the image of system properties; None: it is a record of a step, or has no digest."""
    if isinstance(record, tuple) and len(record) >= 5:
        return None
    component = record.get(_COMPONENT) if isinstance(record, dict) else None
    if not isinstance(record, dict) or not isinstance(component, tuple) or len(component) > 64:
        raise MalformedInput(NAME, 0, "a record of a report is neither a step nor properties of a component")
    parts = [each for each in component if isinstance(each, bytes)]
    if len(parts) != len(component):
        raise MalformedInput(NAME, 0, "the id of a component is made of byte strings")
    if _IMAGE_DIGEST not in record:
        return None
    name = "/".join(each.decode() if each.isascii() and each.isalnum() else each.hex() for each in parts)
    return MeasuredValue(name, (_digest(record[_IMAGE_DIGEST]),), place=place)


def _digest(value: Value) -> tuple[str, bytes]:
    found = decode(value, NAME, max_depth=2) if isinstance(value, bytes) else value
    if isinstance(found, tuple) and len(found) == 2:
        algorithm, digest = found
        known = _DIGESTS.get(algorithm) if isinstance(algorithm, int) else None
        if known is not None and isinstance(digest, bytes) and len(digest) == known[1]:
            return known[0], digest
    raise MalformedInput(NAME, 0, "a digest of an algorithm that is not known, or not of its length")
