"""Android's persistent data block: a partition that a reset leaves alone, in which the reset protection keeps whose the device is.

======  ====  =====================================================
offset  size  field (big-endian)
======  ====  =====================================================
0       32    SHA-256 over the rest
32      4     0x19901873
36      4     length of the data
40      ..    data of the reset protection; none, none is protected
end-1   1     1: the owner allows the boot loader to be unlocked
======  ====  =====================================================

Source: AOSP ``frameworks/base/services/core/java/com/android/server/PersistentDataBlockService.java``.
"""

from dataclasses import dataclass

_MAGIC = b"\x19\x90\x18\x73"
_START = 40


@dataclass(frozen=True, slots=True)
class PersistentData:
    """One block."""

    protected: int
    """Bytes of data by which the device is protected."""

    unlockable: bool


def read_persistent_data(content: bytes) -> PersistentData | None:
    """Return what a partition says, None where it is blank or of another layout."""
    if len(content) <= _START or content[32:36] != _MAGIC:
        return None
    size = int.from_bytes(content[36:40])
    return PersistentData(size if size <= len(content) - _START else 0, content[-1] == 1)
