"""Writes a device path of UEFI as text: where a program was loaded from.

UEFI 2.10 §10.3 (nodes) and §10.6.1.6 (text)::

    0       1     type: 1 hardware, 2 ACPI, 3 messaging, 4 media, 5 BIOS boot, 0x7F end
    1       1     subtype
    2       2     length of the node, these four bytes included
    4       …     fields

Nodes of a kind that is not listed here are written as their numbers and bytes, as the standard says. A path that is cut is written
as far as it goes, with "…" behind it.
"""

from collections.abc import Callable
from struct import error, unpack_from
from typing import Final
from uuid import UUID

from trueware.attestation.event_log.words import from_utf16, shown

_MOST_NODES: Final = 64
_END: Final = 0x7F
_PNP: Final = 0x41D0
"""EISA id of "PNP" in its low half."""


def path_text(data: bytes) -> str:
    """Return the text of a path: ``PciRoot(0x0)/Pci(0x2,0x0)/HD(1,GPT,…)``; empty for an empty one."""
    parts: list[str] = []
    at = 0
    joined = ""
    while at < len(data):
        if at + 4 > len(data) or len(parts) >= _MOST_NODES:
            parts.append("…")
            break
        kind, subtype, length = unpack_from("<BBH", data, at)
        if length < 4 or at + length > len(data):
            parts.append("…")
            break
        if kind == _END:
            if subtype == 0xFF:
                break
            joined += "/".join(parts) + ","
            parts = []
        else:
            parts.append(_node(kind, subtype, data[at + 4 : at + length]))
        at += length
    return joined + "/".join(parts)


def _node(kind: int, subtype: int, fields: bytes) -> str:
    write = _NODES.get((kind, subtype))
    if write is not None:
        try:
            return write(fields)
        except (error, ValueError):  # a node shorter than its kind
            pass
    return f"Path({kind},{subtype},{fields[:64].hex()})"


def guid(data: bytes, at: int = 0) -> str:
    """Return a GUID as text.

    Raises:
        ValueError: there are no 16 bytes.
    """
    return str(UUID(bytes_le=bytes(data[at : at + 16])))


def _eisa(number: int) -> str:
    if number & 0xFFFF == _PNP:
        return f"PNP{number >> 16:04X}"
    letters = "".join(chr(0x40 + (number >> shift & 0x1F)) for shift in (10, 5, 0))
    return f"{letters}{number >> 16:04X}"


def _pci(fields: bytes) -> str:
    function, device = unpack_from("<BB", fields)
    return f"Pci({device:#x},{function:#x})"


def _acpi(fields: bytes) -> str:
    hardware, unique = unpack_from("<II", fields)
    name = {0x0A0341D0: "PciRoot", 0x0A0841D0: "PcieRoot", 0x060441D0: "Floppy"}.get(hardware)
    return f"{name}({unique:#x})" if name else f"Acpi({_eisa(hardware)},{unique:#x})"


def _hard_drive(fields: bytes) -> str:
    number, start, size = unpack_from("<IQQ", fields)
    form, signed = unpack_from("<BB", fields, 36)
    if signed == 2:
        signature = guid(fields, 20)
    elif signed == 1:
        signature = f"{unpack_from('<I', fields, 20)[0]:#010x}"
    else:
        signature = "0"
    return f"HD({number},{ {1: 'MBR', 2: 'GPT'}.get(form, str(form)) },{signature},{start:#x},{size:#x})"


def _named(name: str) -> Callable[[bytes], str]:
    """Return what writes a node of a GUID and bytes of the vendor."""

    def write(fields: bytes) -> str:
        rest = fields[16:]
        return f"{name}({guid(fields)}{',' + rest[:64].hex() if rest else ''})"

    return write


def _numbers(name: str, layout: str) -> Callable[[bytes], str]:
    """Return what writes a node of numbers."""

    def write(fields: bytes) -> str:
        return f"{name}({','.join(f'{each:#x}' for each in unpack_from('<' + layout, fields))})"

    return write


def _mac(fields: bytes) -> str:
    kind = unpack_from("<B", fields, 32)[0]
    return f"MAC({fields[: 6 if kind in (0, 1) else 32].hex()},{kind:#x})"


def _ipv4(fields: bytes) -> str:
    local, remote = (".".join(str(each) for each in fields[at : at + 4]) for at in (0, 4))
    unpack_from("<II", fields)
    return f"IPv4({remote},{local})"


def _nvme(fields: bytes) -> str:
    space = unpack_from("<I8s", fields)
    return f"NVMe({space[0]:#x},{'-'.join(f'{each:02X}' for each in reversed(space[1]))})"


_NODES: Final[dict[tuple[int, int], Callable[[bytes], str]]] = {
    (1, 1): _pci,
    (1, 3): _numbers("MemoryMapped", "IQQ"),
    (1, 4): _named("VenHw"),
    (1, 5): _numbers("Ctrl", "I"),
    (2, 1): _acpi,
    (2, 3): _numbers("AcpiAdr", "I"),
    (3, 1): _numbers("Ata", "BBH"),
    (3, 2): _numbers("Scsi", "HH"),
    (3, 5): _numbers("USB", "BB"),
    (3, 10): _named("VenMsg"),
    (3, 11): _mac,
    (3, 12): _ipv4,
    (3, 13): lambda fields: f"IPv6({fields[16:32].hex()},{fields[:16].hex()})",
    (3, 15): _numbers("UsbClass", "HHBBB"),
    (3, 17): _numbers("Unit", "B"),
    (3, 18): _numbers("Sata", "HHH"),
    (3, 20): _numbers("Vlan", "H"),
    (3, 23): _nvme,
    (3, 24): lambda fields: f"Uri({shown(fields.decode('utf-8', 'replace'))})",
    (3, 25): _numbers("UFS", "BB"),
    (3, 26): _numbers("SD", "B"),
    (3, 29): _numbers("eMMC", "B"),
    (4, 1): _hard_drive,
    (4, 2): _numbers("CDROM", "IQQ"),
    (4, 3): _named("VenMedia"),
    (4, 4): lambda fields: shown(from_utf16(fields)),
    (4, 5): _named("Media"),
    (4, 6): _named("FvFile"),
    (4, 7): _named("Fv"),
    (4, 8): lambda fields: "Offset({:#x},{:#x})".format(*unpack_from("<QQ", fields, 4)),
    (4, 9): _numbers("RamDisk", "QQ"),
}
