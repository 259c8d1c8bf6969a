"""Takes rights away from this process for good, then becomes another program: ``python -I confine.py JSON PROGRAM ARGUMENT…``.

What is taken, in order: memory, processor time, size of files and core dumps beyond a ceiling (setrlimit(2)); the network (a
namespace of its own, where the system lets it have one); the right to gain rights (PR_SET_NO_NEW_PRIVS); writing outside the
folders given, and TCP (Landlock). The program inherits all of it and cannot give it back. This file stands alone, without
importing trueware: nothing runs before the rights are gone.

Layouts and numbers: Linux ``include/uapi/linux/landlock.h`` and landlock(7). Handled are the rights of the ABI the kernel has;
without Landlock, or with neither way to close the network, it exits with 126 and nothing was run. Where only Landlock closes it,
UDP stays open.
"""

import ctypes
import json
import os
import resource
import struct
import sys
from pathlib import Path

REFUSED = 126
"""Exit code where the rights could not be taken away."""

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG = 1
_BENEATH = 1
_NO_NEW_PRIVS = 38

_EXECUTE, _WRITE, _READ, _LIST = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_FIRST_ABI = (1 << 13) - 1
"""All rights on files that the first version knows: execute to make_sym."""

_TRUNCATE = 1 << 14
_LATER = {2: 1 << 13, 3: _TRUNCATE, 5: 1 << 15}
"""By the ABI that brought it: refer, truncate, ioctl_dev."""

_NEW_USER, _NEW_NET = 1 << 28, 1 << 30
_TCP, _SCOPES = 0b11, 0b11
"""bind and connect (ABI 4); abstract sockets and signals of others (ABI 6)."""


def confine(writable: list[str], memory: int, seconds: int, file_size: int) -> None:
    """Take the rights away.

    Args:
        writable: folders below which anything may be done.
        memory: bytes of address space.
        seconds: of processor time.
        file_size: bytes of one file.

    Raises:
        OSError: the kernel refuses, or has no Landlock.
    """
    for name, ceiling in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, file_size),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(name, (ceiling, ceiling))
    libc = ctypes.CDLL(None, use_errno=True)
    abi = _call(libc, _CREATE_RULESET, None, 0, _VERSION_FLAG)
    alone = libc.unshare(_NEW_NET) == 0 or libc.unshare(_NEW_USER | _NEW_NET) == 0
    if abi < 4 and not alone:
        raise OSError(ctypes.get_errno(), "the network cannot be closed")
    rights = _FIRST_ABI
    for version, right in _LATER.items():
        if abi >= version:
            rights |= right
    attribute = struct.pack("<3Q", rights, _TCP if abi >= 4 else 0, _SCOPES if abi >= 6 else 0)
    size = 8 if abi < 4 else 16 if abi < 6 else 24
    rules = _call(libc, _CREATE_RULESET, attribute, size, 0)
    for folder in writable:
        _allow(libc, rules, folder, rights)
    _allow(libc, rules, "/", _EXECUTE | _READ | _LIST)
    for device in ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/tty"):
        if Path(device).exists():
            _allow(libc, rules, device, _READ | _WRITE | (_TRUNCATE if abi >= 3 else 0))
    if libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_NO_NEW_PRIVS)")
    _call(libc, _RESTRICT_SELF, rules, 0)
    os.close(rules)


def _allow(libc: ctypes.CDLL, rules: int, path: str, rights: int) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        _call(libc, _ADD_RULE, rules, _BENEATH, struct.pack("<Qi", rights, descriptor), 0)
    finally:
        os.close(descriptor)


def _call(libc: ctypes.CDLL, number: int, *arguments: int | bytes | None) -> int:
    found = libc.syscall(number, *arguments)
    if found < 0:
        raise OSError(ctypes.get_errno(), f"Landlock system call {number}: {os.strerror(ctypes.get_errno())}")
    return int(found)


def main() -> None:
    """Confine this process as the first argument says and become the program that follows."""
    settings, program = json.loads(sys.argv[1]), sys.argv[2:]
    try:
        confine(**settings)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"not confined: {error}\n")
        raise SystemExit(REFUSED) from error
    os.execv(program[0], program)  # noqa: S606 (no shell, and the arguments are ours)


if __name__ == "__main__":
    main()
