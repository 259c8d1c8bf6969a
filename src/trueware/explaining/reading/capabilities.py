"""File capabilities: what the extended attribute ``security.capability`` lets a program do (little-endian).

======  ====  =========================================================================
offset  size  field
======  ====  =========================================================================
0       4     revision in the highest byte (1, 2, 3), bit 0: all permitted ones are in effect at once
4       4     permitted, bits 0 to 31
8       4     inheritable, bits 0 to 31
12      8     revisions 2 and 3: the same for bits 32 to 63
20      4     revision 3: user number of root in the namespace where it holds
======  ====  =========================================================================

Source: linux ``include/uapi/linux/capability.h`` (``vfs_cap_data``, numbers of capabilities), capabilities(7).
"""

from struct import Struct

from trueware.errors import MalformedInput

NAMES = (
    *("chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap"),
    *("linux_immutable", "net_bind_service", "net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner"),
    *("sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct", "sys_admin", "sys_boot", "sys_nice"),
    *("sys_resource", "sys_time", "sys_tty_config", "mknod", "lease", "audit_write", "audit_control", "setfcap"),
    *("mac_override", "mac_admin", "syslog", "wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf"),
    "checkpoint_restore",
)
"""By number, without ``cap_``."""

AS_ROOT = frozenset(
    {"chown", "dac_override", "dac_read_search", "fowner", "setgid", "setuid", "sys_module", "sys_rawio", "sys_ptrace"}
    | {"sys_admin", "mknod", "setfcap", "mac_override", "mac_admin", "bpf", "setpcap", "linux_immutable"}
)
"""Those by which a program becomes root, or does what root does."""

_ONE, _TWO = Struct("<III"), Struct("<IIIII")
_SIZES = {1: 12, 2: 20, 3: 24}


def read_capabilities(value: bytes) -> frozenset[str]:
    """Return the capabilities a program gets when it is run.

    Raises:
        MalformedInput: it is no such attribute.
    """
    if len(value) < 4 or _SIZES.get(value[3]) != len(value):
        raise MalformedInput(
            "security.capability", 0, f"{len(value)} bytes that are no capabilities of revision 1 to 3"
        )
    if value[3] == 1:
        bits = _ONE.unpack_from(value)[1]
    else:
        _, low, _, high, _ = _TWO.unpack_from(value)
        bits = high << 32 | low
    return frozenset(NAMES[at] if at < len(NAMES) else f"number {at}" for at in range(64) if bits >> at & 1)
