"""Tools that open root on Android, by where they lie, what they are, and what is written in them.

A name alone is no sign: the file has to be a program (or what the row says), and where a row has marks, one of them is in its bytes.

Sources: SuperSU's and Superuser's installers as published; Magisk ``docs/details.md`` and ``native/src/init``
(github.com/topjohnwu/Magisk); KernelSU ``kernel/`` and ``userspace/ksud`` (github.com/tiann/KernelSU); APatch ``apd``
(github.com/bmax121/APatch); Xposed ``app_process`` (github.com/rovo89/Xposed).
"""

import re
from typing import NamedTuple

PROGRAM = (b"\x7fELF",)
_PACKED = (*PROGRAM, b"\xfd7zXZ\0")


class RootTool(NamedTuple):
    """One kind of file of one tool."""

    tool: str
    paths: re.Pattern[str]
    begins: tuple[bytes, ...]
    """What such a file begins with, one of these; nothing for whatever it begins with."""

    marks: tuple[bytes, ...]
    """What is written in it, one of these; nothing where place and kind are sign enough."""

    hooks: bool = False
    """Whether it is for putting code into apps."""


ROOT_TOOLS = (
    RootTool(
        "su", re.compile(r"(?:.*/)?(?:system/|vendor/)(?:s?bin|xbin)/(?:\.ext/)?\.?su|sbin/su|su/bin/su"), PROGRAM, ()
    ),
    RootTool(
        "SuperSU",
        re.compile(
            r"(?:.*/)?(?:(?:s?bin|xbin)/(?:\.ext/)?(?:daemonsu|sugote|supolicy|sukernel)|lib(?:64)?/libsupol\.so)"
        ),
        PROGRAM,
        (),
    ),
    RootTool("SuperSU", re.compile(r"(?:.*/)?(?:s?bin|xbin)/[^/]+"), PROGRAM, (b"eu.chainfire.supersu", b"daemonsu:")),
    RootTool(
        "Superuser",
        re.compile(r"(?:.*/)?(?:s?bin|xbin)/[^/]+"),
        PROGRAM,
        (b"com.koushikdutta.superuser", b"com.noshufou.android.su"),
    ),
    RootTool(
        "Magisk",
        re.compile(r"(?:.*/)?(?:magisk(?:32|64|init|policy|boot)?|stub|init-ld)(?:\.xz)?"),
        _PACKED,
        (),
    ),
    RootTool("Magisk", re.compile(r"(?:.*/)?\.backup/\.magisk"), (), (b"KEEPVERITY=", b"RECOVERYMODE=")),
    RootTool(
        "Magisk",
        re.compile(r"(?:.*/)?(?:init|system/bin/init)"),
        PROGRAM,
        (b"MAGISK", b".magisk", b"magisk32.xz", b"magisk.xz"),
    ),
    RootTool(
        "KernelSU",
        re.compile(r"(?:.*/)?[^/]+\.ko|(?:.*/)?init"),
        PROGRAM,
        (b"name=kernelsu\0", b"kernelsu.ko", b"KernelSU"),
    ),
    RootTool("KernelSU", re.compile(r"(?:.*/)?(?:ksud|ksuinit)"), PROGRAM, (b"KernelSU", b"kernelsu")),
    RootTool("KernelSU", re.compile(r"(?:.*/)?(?:kernel|z?Image|vmlinux|payload)(?:[.!-].*)?"), (), (b"KernelSU",)),
    RootTool("APatch", re.compile(r"(?:.*/)?(?:apd|kpatch|kptools)"), PROGRAM, (b"APatch", b"KernelPatch")),
    RootTool(
        "Xposed",
        re.compile(r"(?:.*/)?bin/app_process(?:32|64)?"),
        PROGRAM,
        (b"XposedBridge", b"de/robv/android/xposed"),
        hooks=True,
    ),
    RootTool(
        "Xposed",
        re.compile(r"(?:.*/)?framework/(?:Xposed|EdXp|lspd)\w*\.(?:jar|dex)"),
        (b"PK\3\4", b"dex\n"),
        (),
        hooks=True,
    ),
    RootTool("LSPosed", re.compile(r"(?:.*/)?[^/]+\.so"), PROGRAM, (b"org/lsposed/lspd", b"LSPosed"), hooks=True),
    RootTool(
        "Frida", re.compile(r"(?:.*/)?(?:[^/]+\.so|frida[^/]*)"), PROGRAM, (b"frida-gadget", b"frida:rpc"), hooks=True
    ),
)
