"""Logs of RFC 9684 §2.1.1.4 written as firmware and kernel have them, so that one reader reads both.

::

    bios-event-entry*   event-number, event-type, pcr-index, event-size, event-data*
                        digest-list* / hash-algo, digest*
    ima-event-entry*    event-number, ima-template, filename-hint, filedata-hash, filedata-hash-algorithm,
    boot-event-entry*   template-hash-algorithm, template-hash, pcr-index, signature

Entries are taken by their event-number, which grows; where they stand in a list says nothing (RFC 7950 §7.7.7). Each digest-list has
one digest, as an event has one for each bank.

A crypto-agile boot log begins with an event that says which banks it has. Whoever reports events one by one may have left it
out: it is then written anew. It extends nothing, so that nothing is proved by it.

Entries of a list of files have names for the fields of templates ``ima``, ``ima-ng`` and ``ima-sig``. Of others (buffers, modules
with their signatures, fs-verity) they lack part of what was hashed; such a list is refused, and must be fetched as the kernel has it.
"""

from collections.abc import Iterable, Iterator
from enum import Enum
from hashlib import sha1
from struct import pack
from typing import NamedTuple

from trueware.attestation.event_log.event_types import NO_ACTION
from trueware.attestation.event_log.header import HEAD
from trueware.attestation.ima.entries import MAX_NAME
from trueware.attestation.tpm.algorithms import NUMBERS, SIZES, digest
from trueware.errors import LimitExceeded, UnsupportedInput
from trueware.exchange.charra.documents import FORMAT, Node, binary, children, decoded, number, refuse, text
from trueware.exchange.charra.hashes import hash_name

MAX_ENTRIES = 1_000_000
_LAST_PCR = 31
_U32, _U64 = 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF
_SPEC_ID = b"Spec ID Event"
_AGILE = b"Spec ID Event03\0"
_SHA1 = 20
_LEGACY_NAME = 256


class LogKind(Enum):
    """Which log it is: the identities of the module."""

    BIOS = "bios"
    IMA = "ima"
    NETEQUIP_BOOT = "netequip_boot"


def boot_log(entries: Iterable[Node]) -> bytes:
    """Return a boot log in the binary form of TCG PC Client Platform Firmware Profile 1.06 §10.

    Raises:
        MalformedInput: an entry lacks what an event has, or contradicts itself.
        LimitExceeded: too many entries.
    """
    events = [_event(each) for each in _in_order(list(entries), _U32)]
    if not events:
        return b""
    first, rest = events[0], events[1:]
    if first.kind == NO_ACTION and first.data.startswith(_SPEC_ID):
        head = [_sha1_event(first)]
    else:
        head, rest = [], events
    banks = list(dict.fromkeys(name for each in rest for name, _ in each.digests))
    is_agile = first.data.startswith(_AGILE) if head else banks != ["sha1"]
    if not is_agile:
        return b"".join(head + [_sha1_event(each) for each in rest])
    if not head:
        head = [_header(banks)]
    return b"".join(head + [_agile_event(each) for each in rest])


def file_list(entries: Iterable[Node]) -> bytes:
    """Return a list of files in the binary form of Linux (`trueware.attestation.ima.entries`).

    Raises:
        MalformedInput: an entry lacks what it must have, or contradicts itself.
        UnsupportedInput: its template has fields for which the module has no names.
        LimitExceeded: too many entries.
    """
    return b"".join(map(_file, _in_order(list(entries), _U64)))


def _in_order(entries: list[Node], most: int) -> Iterator[Node]:
    """Yield entries by their numbers."""
    if len(entries) > MAX_ENTRIES:
        raise LimitExceeded("entries of a list", MAX_ENTRIES)
    numbered: dict[int, Node] = {}
    for each in entries:
        at = number(each, "event-number", most)
        if at is None:
            refuse("an event without its event-number")
        if at in numbered:
            refuse(f"event {at} stands twice")
        numbered[at] = each
    return (numbered[at] for at in sorted(numbered))


class _Event(NamedTuple):
    pcr: int
    kind: int
    digests: tuple[tuple[str, bytes], ...]
    data: bytes


def _event(node: Node) -> _Event:
    at = number(node, "event-number", _U32)
    pcr, kind = number(node, "pcr-index", _LAST_PCR), number(node, "event-type", _U32)
    if pcr is None or kind is None:
        refuse(f"event {at} lacks its pcr-index or event-type")
    digests: dict[str, bytes] = {}
    for each in children(node, "digest-list"):
        name, values = hash_name(each, "hash-algo"), [decoded("digest", value) for value in each.get("digest", ())]
        if name is None or name in digests or len(values) != 1 or len(values[0]) != SIZES[name]:
            refuse(f"event {at}: a digest-list must have one digest, of its hash-algo's size, each hash-algo once")
        digests[name] = values[0]
    data = b"".join(decoded("event-data", each) for each in node.get("event-data", ()))
    if number(node, "event-size", _U32) not in (None, len(data)):
        refuse(f"event {at}: its event-data has {len(data)} bytes, which is not its event-size")
    return _Event(pcr, kind, tuple(digests.items()), data)


def _sha1_event(event: _Event) -> bytes:
    if any(name != "sha1" for name, _ in event.digests):
        refuse("an event of a SHA-1 log with a digest of another hash")
    digest = dict(event.digests).get("sha1", bytes(_SHA1))
    return HEAD.pack(event.pcr, event.kind, digest, len(event.data)) + event.data


def _agile_event(event: _Event) -> bytes:
    digests = b"".join(pack("<H", NUMBERS[name]) + value for name, value in event.digests)
    head = pack("<III", event.pcr, event.kind, len(event.digests))
    return head + digests + pack("<I", len(event.data)) + event.data


def _header(banks: list[str]) -> bytes:
    """Return the event that says which banks a log has: specification 2.00, of a client, with nothing by the vendor."""
    listed = b"".join(pack("<HH", NUMBERS[name], SIZES[name]) for name in banks)
    data = _AGILE + pack("<IBBBBI", 0, 0, 2, 0, 2, len(banks)) + listed + b"\0"
    return HEAD.pack(0, NO_ACTION, bytes(_SHA1), len(data)) + data


def _file(node: Node) -> bytes:
    at, pcr = number(node, "event-number", _U64), number(node, "pcr-index", _LAST_PCR)
    template, path = text(node, "ima-template"), text(node, "filename-hint")
    file_hash, signature = binary(node, "filedata-hash"), binary(node, "signature")
    if pcr is None or template is None or path is None or file_hash is None:
        refuse(f"event {at} lacks its pcr-index, ima-template, filename-hint or filedata-hash")
    name = path.encode("utf-8", "surrogatepass")
    if template == "ima":
        if len(file_hash) != _SHA1 or len(name) > MAX_NAME:
            refuse(f"event {at}: template ima has a SHA-1 digest and a name of up to {MAX_NAME} bytes")
        hashed, data = file_hash + name.ljust(_LEGACY_NAME, b"\0"), file_hash + pack("<I", len(name)) + name
    elif template in ("ima-ng", "ima-sig"):
        algorithm = (text(node, "filedata-hash-algorithm") or "").strip().encode("utf-8", "surrogatepass")
        fields = [algorithm + b":\0" + file_hash, name + b"\0"]
        if template == "ima-sig":
            fields.append(signature or b"")
        hashed = b"".join(pack("<I", len(each)) + each for each in fields)
        data = pack("<I", len(hashed)) + hashed
    else:
        reason = (
            f"template {template[:40]!r} has fields that RFC 9684 has no names for: fetch the list as the kernel has it"
        )
        raise UnsupportedInput(FORMAT, 0, f"event {at}: {reason}")
    stored = _stored(node, hashed, f"event {at}")
    return pack("<I", pcr) + stored + pack("<I", len(template)) + template.encode() + data


def _stored(node: Node, hashed: bytes, place: str) -> bytes:
    """Return the SHA-1 that the kernel's list has: as it was sent, or where another hash was sent, of what that one is of."""
    sent = binary(node, "template-hash")
    if sent is None:
        return sha1(hashed).digest()  # noqa: S324 (what the kernel writes)
    if len(sent) == _SHA1:
        return sent
    if not any(sent):  # a violation
        return bytes(_SHA1)
    algorithm = (text(node, "template-hash-algorithm") or "").strip().replace("-", "")
    if algorithm not in SIZES:
        raise UnsupportedInput(FORMAT, 0, f"{place}: no template hash {algorithm[:40]!r} is known")
    if digest(algorithm, hashed) != sent:
        refuse(f"{place}: its template-hash is not of what it says")
    return sha1(hashed).digest()  # noqa: S324 (what the kernel writes)
