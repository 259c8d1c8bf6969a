"""Names tagged events (EV_EVENT_TAG): of Linux, systemd and Windows.

TCG PC Client Platform Firmware Profile 1.06 §10.4.2.1: a tag (4), the length of the data (4), data. Tags of Linux are in
drivers/firmware/efi/libstub/efistub.h, those of systemd in src/fundamental/tpm2-pcr.h. Windows (wbcl.h of its SDK) puts tags
within tags where bits 30 and 16 are set. What a Windows event holds is told for the switches that weaken it, the rest by name.
"""

from collections.abc import Iterator
from struct import unpack_from
from typing import Final, NamedTuple

_LINUX: Final = {
    0x8F3B22EC: "initrd of Linux",
    0x8F3B22ED: "load options of Linux",
    0xF5BC582A: "loader.conf of systemd-boot",
    0x6C46F751: "device tree of systemd-stub",
    0x49DFFE0F: "initrd addon of systemd-stub",
    0xDAC08E1A: "microcode addon of systemd-stub",
    0x13AED6DB: "profile of the unified kernel image",
    0xD5CB7CBC: "SMBIOS type 1, of the system",
    0xE0D47BC8: "SMBIOS type 2, of the board",
    0xC0B3BD23: "SMBIOS type 11, vendor strings",
    0x4141454C: "event of an application (AAEL)",
}
_WINDOWS: Final = {
    0x00020001: "information",
    0x00020002: "boot counter",
    0x00020003: "transfer of control",
    0x00020004: "return of an application",
    0x00020005: "BitLocker unlock",
    0x00020006: "event counter",
    0x00020007: "counter id",
    0x00020008: "memory overwrite request cannot be cancelled",
    0x00020009: "security version of an application",
    0x0002000A: "security version chain status",
    0x0002000B: "memory overwrite request status",
    0x0002000C: "identity key generation status",
    0x00030001: "failure of the firmware",
    0x00030003: "internal failure",
    0x00030005: "failure of the hypervisor",
    0x00040001: "boot debugging",
    0x00040002: "boot revocation list",
    0x00050001: "kernel debugging",
    0x00050002: "code integrity",
    0x00050003: "test signing",
    0x00050004: "data execution prevention",
    0x00050005: "safe mode",
    0x00050006: "Windows PE",
    0x00050007: "physical address extension",
    0x00050008: "OS device",
    0x00050009: "system root",
    0x0005000A: "hypervisor launch type",
    0x0005000B: "hypervisor path",
    0x0005000C: "hypervisor IOMMU policy",
    0x0005000D: "hypervisor debugging",
    0x0005000E: "driver load policy",
    0x0005000F: "system integrity policy",
    0x00050010: "hypervisor MMIO NX policy",
    0x00050011: "hypervisor MSR filter policy",
    0x00050012: "virtual secure mode launch type",
    0x00050013: "OS revocation list",
    0x00050014: "SMT status",
    0x00050020: "virtual secure mode identity key",
    0x00050021: "flight signing",
    0x00060001: "authority key name",
    0x00060002: "authority public key",
    0x00070001: "path of a module",
    0x00070002: "size of an image",
    0x00070003: "hash algorithm",
    0x00070004: "Authenticode hash",
    0x00070005: "issuer",
    0x00070006: "serial number",
    0x00070007: "base of an image",
    0x00070008: "publisher",
    0x00070009: "SHA-1 of the issuer",
    0x0007000A: "image validated",
    0x40010001: "trust boundary",
    0x40010002: "early-launch anti-malware",
    0x40010003: "loaded module",
    0xC0010004: "trust point",
}
_CONTAINER: Final = 0x40010000
_MOST: Final = 4096
_DEEPEST: Final = 4

WEAKENING: Final = {
    0x00040001: (1, "a debugger may be attached while Windows boots"),
    0x00050001: (1, "a debugger may be attached to the kernel"),
    0x0005000D: (1, "a debugger may be attached to the hypervisor"),
    0x00050002: (0, "code integrity is off: drivers need no signature"),
    0x00050003: (1, "test signing: drivers may be signed by anybody"),
    0x00050005: (1, "safe mode: protection software does not start"),
    0x00050006: (1, "a preinstallation environment was booted, not the installed system"),
    0x00050021: (1, "flight signing: software of insiders is trusted"),
}
"""Switches of Windows of one byte: the value that weakens it, and why."""


class Tagged(NamedTuple):
    """One event within a tagged event."""

    tag: int
    data: bytes


def tag_name(tag: int) -> str:
    """Return the name of a tag, ``tag 0x…`` where it has none."""
    return _LINUX.get(tag) or _WINDOWS.get(tag) or f"tag {tag:#010x}"


def tagged(data: bytes, depth: int = 0) -> Iterator[Tagged]:
    """Yield the events within an event's data, those of containers instead of the container; ends where lengths contradict it."""
    at = count = 0
    while at + 8 <= len(data) and count < _MOST:
        tag, size = unpack_from("<II", data, at)
        if at + 8 + size > len(data):
            return
        inner = data[at + 8 : at + 8 + size]
        if tag & _CONTAINER == _CONTAINER and depth < _DEEPEST:
            yield from tagged(inner, depth + 1)
        else:
            yield Tagged(tag, inner)
        at += 8 + size
        count += 1
