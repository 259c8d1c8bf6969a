"""Owners, rights and capabilities that the script of a package gives to what it brings (Debian Policy §10.9).

Less for others than the package has is always possible. More is what a script says: the mode in digits, the group and the name of the
file stand in it. A folder may be given to a service, whose account a package made.
"""

from collections.abc import Mapping

from trueware.appraisal.composition.system import System
from trueware.appraisal.composition.union import Brought
from trueware.model.part import Kind, Part

_SETGID = 0o2000
_GIVING = ("chgrp", "chown", "dpkg-statoverride")
_CAPABILITY = "security.capability"


def are_given(
    path: str,
    found: Part,
    brought: tuple[Brought, ...],
    system: System,
    groups: Mapping[int, str],
    users: Mapping[int, str],
) -> bool:
    """Tell whether what was found is what a package brings, with owner and rights that its script gives.

    Args:
        path: where.
        found: what.
        brought: what packages bring there.
        system: with the scripts.
        groups: by number: groups that a system begins with, and those of packages.
        users: the same of accounts.
    """
    for each in brought:
        part = each.part
        content = part.sha256 is not None and part.sha256 == found.sha256
        if part.kind is not found.kind or not (content or found.kind is Kind.DIRECTORY):
            continue
        owned = found.uid in (None, part.uid) or (
            found.kind is Kind.DIRECTORY and _names(users.get(found.uid or 0), path, each, system)
        )
        grouped = found.gid in (None, part.gid) or _names(groups.get(found.gid or 0), path, each, system)
        capable = not found.xattrs or found.xattrs == part.xattrs or _sets(found, each, system)
        if owned and grouped and capable and _has_mode(path, found, each, system):
            return True
    return False


def _names(name: str | None, path: str, brought: Brought, system: System) -> bool:
    """Tell whether a script gives something at a path to somebody other than root."""
    if name is None or name == "root":
        return False
    own = path.rpartition("/")[2]
    return system.mentions(brought, own) and system.mentions(brought, *_GIVING) and system.mentions(brought, name)


def _has_mode(path: str, found: Part, brought: Brought, system: System) -> bool:
    mode, own = found.mode, brought.part.mode
    if mode is None or own is None or mode == own or (not mode & ~own and mode & 0o700 == own & 0o700):
        return True
    if not system.mentions(brought, path.rpartition("/")[2]):
        return False
    if mode == own | _SETGID and found.gid:  # with a group of its own, which a script names
        return True
    return system.mentions(brought, f"{mode:o}", f"{mode:04o}")


def _sets(found: Part, brought: Brought, system: System) -> bool:
    """Tell whether a script sets the very capabilities that a program was found to have."""
    if [name for name, _ in found.xattrs] != [_CAPABILITY] or not system.mentions(brought, "setcap"):
        return False
    names = capabilities(found.xattrs[0][1])
    return bool(names) and all(system.mentions(brought, name) for name in names)


def capabilities(attribute: bytes) -> tuple[str, ...]:
    """Return the names of the capabilities that ``security.capability`` gives; none where that is not known.

    Source: Linux, include/uapi/linux/capability.h.

    >>> capabilities(bytes.fromhex("0100000200200000000000000000000000000000"))
    ('cap_net_raw',)
    """
    if len(attribute) not in (20, 24) or attribute[3] not in (2, 3):
        return ()
    low, inherited, high, more = (int.from_bytes(attribute[at : at + 4], "little") for at in (4, 8, 12, 16))
    given = low | high << 32
    if inherited or more or given >> len(_CAPABILITIES):
        return ()
    return tuple(f"cap_{name}" for bit, name in enumerate(_CAPABILITIES) if given >> bit & 1)


_CAPABILITIES = (
    "chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap", "linux_immutable",
    "net_bind_service", "net_broadcast", "net_admin", "net_raw",
)  # fmt: skip
"""Those with the lowest numbers: packages set none of the others."""
