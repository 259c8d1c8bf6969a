"""Builds the boot vectors with mkbootimg 29.0.6, and from the layout (AOSP bootimg.h) what that cannot make.

Run it again and nothing changes. That mkbootimg knows no version 4, and stops at a recovery DTBO.
"""

import subprocess
import sys
import tempfile
from hashlib import sha1
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from avb import SIGNATURE, hash_, structure
from case import Parts, gap, patched, region, write

from tree import noise

KERNEL, RAMDISK, SECOND, DTB = noise(2100, "kernel"), noise(300, "ramdisk"), noise(300, "second"), noise(200, "dtb")
LINE = "console=ttyS0,115200 androidboot.hardware=box"
PAGE, PARTITION = 2048, 16384
ADDRESSES = {
    "kernel-address": "0x10008000",
    "ramdisk-address": "0x11000000",
    "second-address": "0x10f00000",
    "tags-address": "0x10000100",
}
SYSTEM = {"os-version": "11.0.1", "patch-level": "2021-05"}
LINES = {"name": "box", "command-line": LINE, "extra-command-line": ""}
FACTS = {"version": "0", **ADDRESSES, **SYSTEM, **LINES}


def mkbootimg(version: int, **files: bytes) -> bytes:
    command = ["mkbootimg", "--header_version", str(version), "--cmdline", LINE, "--board", "box", "-o", "boot.img"]
    command += ["--os_version", "11.0.1", "--os_patch_level", "2021-05"]
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            (Path(folder) / name).write_bytes(data)
            command += [f"--{name}", name]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        return (Path(folder) / "boot.img").read_bytes().ljust(PARTITION, b"\0")


def paged(page: int, *sections: bytes) -> bytes:
    """Return the sections page by page, and zeros up to the end of the partition."""
    return b"".join(section + bytes(-len(section) % page) for section in sections).ljust(PARTITION, b"\0")


def old(version: int, sections: list[bytes], more: bytes = b"", identity: bytes | None = None) -> bytes:
    """Return an image with a header of version 0 to 2 around kernel, ramdisk, second and what else there is."""
    made = sha1(b"".join(section + pack("<I", len(section)) for section in sections), usedforsecurity=False).digest()
    sizes = [len(section) for section in sections[:3]]
    head = b"ANDROID!" + pack("<6I", sizes[0], 0x10008000, sizes[1], 0x11000000, sizes[2], 0x10F00000)
    head += pack("<IIII", 0x10000100, PAGE, version, (11 << 14 | 1) << 11 | 21 << 4 | 5)
    head += pack("<16s512s32s1024s", b"box", LINE.encode(), made if identity is None else identity, b"")
    return paged(PAGE, head + more, *sections)


def new(kernel: bytes, ramdisk: bytes, signature: bytes) -> bytes:
    head = pack("<8s4I16xI1536sI", b"ANDROID!", len(kernel), len(ramdisk), 0, 1584, 4, LINE.encode(), len(signature))
    return paged(4096, head, kernel, ramdisk, signature)


parts: Parts = {"kernel": region(KERNEL), "ramdisk": region(RAMDISK)}
three: Parts = {**parts, "second": region(SECOND)}
image = mkbootimg(0, kernel=KERNEL, ramdisk=RAMDISK, second=SECOND)
assert image == old(0, [KERNEL, RAMDISK, SECOND])

write("version-0", image, "Kernel, ramdisk and second stage, as mkbootimg writes them.", parts=three, facts=FACTS)
write(
    "version-1",
    old(1, [KERNEL, RAMDISK, b"", DTB], pack("<IQI", len(DTB), PAGE * 4, 1648)),
    "A recovery image with its overlay.",
    parts={**parts, "recovery-dtbo": region(DTB)},
    facts={**FACTS, "version": "1"},
)
write(
    "version-2",
    mkbootimg(2, kernel=KERNEL, ramdisk=RAMDISK, dtb=DTB),
    "With a device tree, as mkbootimg writes it.",
    parts={**parts, "dtb": region(DTB)},
    facts={**FACTS, "version": "2", "second-address": "0x00000000", "dtb-address": "0x11f00000"},
)
write(
    "version-3",
    mkbootimg(3, kernel=KERNEL, ramdisk=RAMDISK),
    "A generic image, as mkbootimg writes it.",
    parts=parts,
    facts={"version": "3", **SYSTEM, "command-line": LINE},
)
vbmeta = structure([hash_(b"boot", KERNEL, b"")])
write(
    "version-4",
    new(KERNEL, RAMDISK, vbmeta),
    "With the signature of the generic kernel image, a vbmeta structure.",
    parts={
        **parts,
        "signature": {"kind": "region", "format": "vbmeta"},
        "signature!/signature": region(SIGNATURE),
    },
    facts={"version": "4", "os-version": "0.0.0", "patch-level": "2000-00", "command-line": LINE},
)
kernel_only = structure([hash_(b"generic_kernel", KERNEL, b"")])
body = new(KERNEL, RAMDISK, b"")
write(
    "certified",
    patched(body, 3 * 4096, vbmeta + kernel_only),
    "Certified as from Android 13 on: vbmeta structures about the image and its kernel behind it.",
    parts={
        **parts,
        "boot-signature-0": {"kind": "region", "format": "vbmeta"},
        "boot-signature-0!/signature": region(SIGNATURE),
        "boot-signature-1": {"kind": "region", "format": "vbmeta"},
        "boot-signature-1!/signature": region(SIGNATURE),
    },
    facts={"version": "4", "os-version": "0.0.0", "patch-level": "2000-00", "command-line": LINE},
)
tables = noise(600, "tables")
write(
    "device-trees",
    old(len(tables), [KERNEL, RAMDISK, SECOND, tables]),
    "Before there were versions: the size of a table of device trees where the version is now.",
    parts={**three, "dt": region(tables)},
    facts=FACTS,
)
der = b"\x30\x82\x01\x00" + noise(256, "der")
write(
    "first-signature",
    patched(image, 5 * PAGE, der),
    "Signed for the first Verified Boot: a DER sequence behind the image.",
    parts={**three, "signature": region(der)},
    facts=FACTS,
)
write(
    "no-id",
    old(0, [KERNEL, RAMDISK, SECOND], identity=bytes(32)),
    "Tools of makers leave the id out.",
    parts=three,
    facts=FACTS,
)
write(
    "changed",
    patched(image, 3 * PAGE + 100, b"su"),
    "The ramdisk was changed and the id was not.",
    parts={**three, "ramdisk": region(patched(RAMDISK, 100, b"su"))},
    facts=FACTS,
    findings=["checksum-mismatch"],
)
write(
    "hidden",
    patched(patched(image, 64 + 200, b"init=/bin/sh"), 5000, b"behind the kernel"),
    "Text behind the end of the command line, and bytes behind the kernel.",
    parts={**three, "gap-0": gap(b"behind the kernel")},
    facts={**FACTS, "command-line-rest": (bytes(200 - len(LINE) - 1) + b"init=/bin/sh").hex()},
    findings=["unread-bytes"],
)
write(
    "recovery-elsewhere",
    old(1, [KERNEL, RAMDISK, b"", DTB], pack("<IQI", len(DTB), PAGE * 2, 1600)),
    "The overlay is said to lie elsewhere, and the header to be shorter.",
    parts={**parts, "recovery-dtbo": region(DTB)},
    facts={**FACTS, "version": "1"},
    findings=["contradiction"],
)
write(
    "truncated",
    image[: 3 * PAGE + 100],
    "The image breaks off within the ramdisk.",
    parts={"kernel": region(KERNEL), "ramdisk": region(RAMDISK[:100])},
    facts=FACTS,
    findings=["truncated"],
)
write("pages", patched(image, 36, pack("<I", 1000)), "Pages of a thousand bytes.", findings=["unsupported"])
write("short", image[:1640], "Nothing but the beginning of the header.", findings=[])
