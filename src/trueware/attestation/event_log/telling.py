"""Says in words what an event says, and how far it is proved.

Words are for people and for the names of events in manifests; nothing is decided by them. What was not measured is labelled: a
sentence without a label may be relied on as far as the log itself was replayed to signed registers.
"""

from itertools import islice
from struct import error, unpack_from
from typing import Final

from trueware.attestation.event_log import event_types as types
from trueware.attestation.event_log.device_path import guid, path_text
from trueware.attestation.event_log.log import Event, EventLog
from trueware.attestation.event_log.proving import Proof, tag_of
from trueware.attestation.event_log.tagged import tag_name, tagged
from trueware.attestation.event_log.variables import tell_variable, variable_of
from trueware.attestation.event_log.words import from_bytes, shown
from trueware.errors import MalformedInput

UNPROVED: Final = " (as the log says; this text was not measured)"
CONTRADICTED: Final = " (not so: something else was measured)"
_NAMELESS: Final = " (its name was not measured)"

_TABLES: Final = {
    "eb9d2d31-2d88-11d3-9a16-0090273fc14d": "SMBIOS",
    "f2fd1544-9794-4a2c-992e-e5bbcf20e394": "SMBIOS 3",
    "8868e871-e4f1-11d3-bc22-0080c73c8881": "ACPI 2",
    "eb9d2d30-2d88-11d3-9a16-0090273fc14d": "ACPI 1",
}
_MOST_PARTITIONS: Final = 128
_MOST_TAGS: Final = 256


def tell(event: Event, proof: Proof) -> str:
    """Return in words what an event says, one line; empty where it says nothing.

    Args:
        event: of a log.
        proof: what is known of its data (`trueware.attestation.event_log.proving.prove`).
    """
    try:
        words = _words(event, proof)
    except (MalformedInput, ValueError, error):  # lengths in the data that contradict it
        words = f"{len(event.data)} bytes, which are not what this type of event has"
    if not words or event.kind == types.NO_ACTION or proof.is_error:
        return words
    if proof.holds is None and proof.shown_by is None:
        return words + UNPROVED
    if proof.holds is False:
        return words + CONTRADICTED
    if event.kind in types.VARIABLES and proof.start:
        return words + _NAMELESS
    return words


def tell_in(log: EventLog, event: Event, proof: Proof) -> str:
    """Return in words what an event of a log says, with what another event shows of it."""
    words = tell(event, proof)
    if proof.shown_by is None or proof.shown_by >= len(log.events):
        return words
    other = log.events[proof.shown_by]
    return f"{words}: {_text(other.data)}"


def _words(event: Event, proof: Proof) -> str:
    kind, data = event.kind, event.data
    if proof.is_error:
        return f"failure to measure: {shown(from_bytes(data), 200)!r} (the reason was not measured)"
    if kind == types.SEPARATOR:
        return _separator(data)
    if kind in types.VARIABLES:
        return tell_variable(variable_of(event), authority=kind == types.EFI_VARIABLE_AUTHORITY)
    if kind in types.IMAGES:
        return _image(data)
    if kind in (types.EFI_GPT_EVENT, types.EFI_GPT_EVENT2):
        return _partitions(data)
    if kind in (types.EFI_PLATFORM_FIRMWARE_BLOB, types.EFI_PLATFORM_FIRMWARE_BLOB2, types.POST_CODE, types.POST_CODE2):
        return _blob(data)
    if kind in (types.EFI_HANDOFF_TABLES, types.EFI_HANDOFF_TABLES2):
        return _tables(data, described=kind == types.EFI_HANDOFF_TABLES2)
    if kind == types.EVENT_TAG:
        return _tagged(event, proof)
    if kind == types.S_CRTM_VERSION:
        return _version(data)
    if kind == types.NO_ACTION:
        return _no_action(data)
    return _text(data)


def _text(data: bytes) -> str:
    """Return text where the data is some, else its beginning in hexadecimal."""
    text = from_bytes(data)
    legible = sum(each.isprintable() or each in "\n\t" for each in text[:256])
    if text and legible == len(text[:256]) and "�" not in text[:256]:
        return shown(text)
    return data[:32].hex() + ("…" if len(data) > 32 else "")


def _separator(data: bytes) -> str:
    if data in (bytes(4), b"\xff" * 4):
        return "separator: firmware is done with this register"
    return f"separator: {_text(data)}"


def _image(data: bytes) -> str:
    base, size, _, length = unpack_from("<QQQQ", data)
    where = path_text(data[32 : 32 + length]) if 32 + length <= len(data) else "a path that is cut"
    return (
        f"program of {size} bytes from {where}"
        if where
        else f"program of {size} bytes at {base:#x}, from nowhere that is named"
    )


def _partitions(data: bytes) -> str:
    (count,) = unpack_from("<Q", data, 92)
    size = unpack_from("<I", data, 84)[0] or 128
    told: list[str] = []
    for at in range(100, len(data) - 127, max(size, 128)):
        if len(told) >= min(count, _MOST_PARTITIONS):
            break
        name = shown(data[at + 56 : at + 128].decode("utf-16-le", "replace").partition("\0")[0], 36)
        told.append(f"{name or 'unnamed'} {guid(data, at + 16)}")
    return f"disk {guid(data, 56)} with {count} partitions: {', '.join(told)}"


def _blob(data: bytes) -> str:
    if len(data) == 16:
        base, size = unpack_from("<QQ", data)
        return f"firmware of {size} bytes at {base:#x}"
    if data and len(data) == 17 + data[0]:
        base, size = unpack_from("<QQ", data, 1 + data[0])
        return f"firmware {_text(data[1 : 1 + data[0]])} of {size} bytes at {base:#x}"
    return _text(data)


def _tables(data: bytes, *, described: bool) -> str:
    at = 1 + data[0] if described and data else 0
    (count,) = unpack_from("<Q", data, at)
    names = [guid(data, each) for each in range(at + 8, len(data) - 15, 24)][: min(count, 64)]
    named = ", ".join(_TABLES.get(name, name) for name in names)
    return f"{_text(data[1:at])}: {named}" if described else named


def _tagged(event: Event, proof: Proof) -> str:
    tag = tag_of(event)
    if tag is None:
        return _text(event.data)
    if proof.shown_by is not None:
        return f"{tag_name(tag)}: as event {proof.shown_by} shows them"
    names = list(dict.fromkeys(tag_name(each.tag) for each in islice(tagged(event.data), _MOST_TAGS)))
    inner = _text(event.data[8:]) if len(names) == 1 else ""
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return f"{', '.join(names[:12]) or tag_name(tag)}{more}{': ' + inner if inner else ''}"


def _version(data: bytes) -> str:
    if len(data) == 16 and not data.decode("utf-16-le", "replace").rstrip("\0").isprintable():
        return f"version of the root of trust: {guid(data)}"
    return f"version of the root of trust: {_text(data) if any(data) else 'none'}"


def _no_action(data: bytes) -> str:
    name = data[:16].partition(b"\0")[0]
    return f"{_text(name)}, {len(data)} bytes" if name.isascii() and name else f"{len(data)} bytes"
