"""UEFI capsules, in which updates of firmware are handed on: a header, and an image of the flash or what a vendor puts there.

======  ====  ==========================================================
offset  size  field (little-endian)
======  ====  ==========================================================
0       16    GUID: of what kind it is
16      4     length of the header; more than 28: the vendor's fields
20      4     flags: 16 keep over a reset, 17 to the system table, 18 reset
24      4     length of the whole
28      ..    payload
======  ====  ==========================================================

Source: UEFI Specification, §8.5.3 (EFI_CAPSULE_HEADER); GUIDs of vendors: UEFITool ``common/ffs.h``. A capsule is known by its GUID
only; that of a firmware resource, which every device has its own, is not among them. No vendor's capsule was at hand.
"""

from struct import Struct
from typing import ClassVar
from uuid import UUID

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.regions import region
from trueware.model.limits import Limits

_HEADER = Struct("<16s3I")
_LONGEST = 1 << 16
"""Bytes of a header; vendors put a certificate and a table of files into it."""

_KINDS = {
    UUID(guid).bytes_le: name
    for guid, name in (
        ("3b6686bd-0d76-4030-b70e-b5519e2fc5a0", "efi"),
        ("6dcbd5ed-e82d-4c44-bda1-7194199ad92a", "firmware-management"),
        ("539182b9-abb5-4391-b69a-e3a943f72fcc", "intel"),
        ("e20bafd3-9914-4f4f-9537-3129e090eb3c", "lenovo"),
        ("25b5fe76-8243-4a5c-a9bd-7ee3246198b5", "lenovo-2"),
        ("3be07062-1d51-45d2-832b-f093257ed461", "toshiba"),
        ("4a3ca68b-7723-48fb-803d-578cc1fec44d", "aptio-signed"),
        ("14eebb90-890a-43db-aed1-5d3c4588a418", "aptio"),
    )
}


class UefiCapsule:
    """A capsule of a kind that has one GUID for all devices."""

    name: ClassVar[str] = "uefi-capsule"
    doc: ClassVar[FormatDoc] = FormatDoc(
        "UEFI capsule", "UEFI Forum", ("UEFI Specification 2.10, §8.5.3", "UEFITool common/ffs.h"),
        ("signatures are kept and not verified",),
    )  # fmt: skip
    magics: ClassVar[tuple[Magic, ...]] = tuple(Magic(0, guid) for guid in _KINDS)

    @staticmethod
    def matches(view: memoryview) -> bool:
        if len(view) < _HEADER.size or bytes(view[:16]) not in _KINDS:
            return False
        _, header, _, size = _HEADER.unpack_from(view)
        return bool(_HEADER.size <= header <= min(size, _LONGEST))

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (two regions)
        if not UefiCapsule.matches(view):
            raise MalformedInput("uefi-capsule", 0, "no header of a known kind")
        guid, header, flags, size = _HEADER.unpack_from(view)
        reading = Reading(facts={"kind": _KINDS[guid], "flags": f"{flags:#010x}"}, end=size)
        reading.cover(0, _HEADER.size)
        entries = [region("payload", view, header, size - header, reading)]
        if header > _HEADER.size:
            entries.insert(0, region("vendor-header", view, _HEADER.size, header - _HEADER.size, reading))
        reading.entries = entries
        return reading
