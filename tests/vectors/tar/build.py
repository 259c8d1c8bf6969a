"""Builds the tar vectors with GNU tar 1.34 and Python's tarfile; run it again and nothing changes.

What is expected comes from the tree that was packed. Damage is done to the bytes of a sound archive, whose checksums are then
put right unless the case is about them.
"""

import io
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from case import gap, patched, region, write

from tree import THEN, Tree, file, noise, spread

ROOT = {"root": "0755 0:0"}
LONG = "long-name-" * 12 + "end"


def tar(tree: Tree, *options: str) -> bytes:
    tree.settle()
    options = ("--sort=name", "--blocking-factor=2", *options, "-cf", "-", ".")
    return subprocess.run(["tar", *options], cwd=tree.root, check=True, capture_output=True).stdout


def summed(archive: bytes, at: int = 0) -> bytes:
    """Return the archive with the checksum of the header at `at` put right."""
    block = patched(archive[at : at + 512], 148, b" " * 8)
    return patched(archive, at + 148, b"%06o\0 " % sum(block))


def member(name: str, data: bytes = b"", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size, info.mtime = len(data), THEN
    for key, value in fields.items():
        setattr(info, key, value)
    return info, data


def packed(*members: tuple[tarfile.TarInfo, bytes], form: int = tarfile.USTAR_FORMAT, **options: object) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form, **options) as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()[: archive.offset]


with tempfile.TemporaryDirectory() as place:
    tree = spread(Path(place) / "plain")
    ustar = tar(tree, "--format=ustar", "--numeric-owner")
    write("ustar", ustar, "One of everything, written by GNU tar.", parts=tree.parts, facts=ROOT)
    tree_v7 = spread(Path(place) / "v7", devices=False)
    v7 = tar(tree_v7, "--format=v7", "--numeric-owner")
    write("v7", v7, "The oldest header, without a magic.", parts=tree_v7.parts, facts=ROOT)

    tree = Tree(Path(place) / "long")
    tree.folder(LONG)
    tree.file(f"{LONG}/file", b"found\n", uid=3_000_000)
    tree.link("link", f"{LONG}/file")
    tree.hard_link("twin", f"{LONG}/file")
    gnu = tar(tree, "--format=gnu", "--numeric-owner")
    write("gnu-long-names", gnu, "Names and links over 100 bytes, and a uid in binary.", parts=tree.parts, facts=ROOT)
    pax = tar(
        tree, "--format=pax", "--numeric-owner", "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime"
    )
    write("pax-long-names", pax, "The same tree, names and uid in pax records.", parts=tree.parts, facts=ROOT)

    tree = Tree(Path(place) / "sparse")
    pieces = {0: b"first", 65_536: noise(4_096), 200_704: b"last"}
    content = bytearray(300_000)
    for at, piece in pieces.items():
        content[at : at + len(piece)] = piece
    tree.file("image", bytes(content))
    tree.file("after", b"after\n")
    tree.settle()
    options = ("--sparse", "--hole-detection=raw", "--numeric-owner")
    write(
        "sparse-gnu", tar(tree, "--format=gnu", *options), "A file with holes, old form.", parts=tree.parts, facts=ROOT
    )
    for version in ("0.0", "0.1", "1.0"):
        form = (
            "--format=pax",
            f"--sparse-version={version}",
            "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime",
        )
        archive = tar(tree, *form, *options)
        # tar puts its process number into the name that programs without pax see
        for found in re.finditer(rb"\./GNUSparseFile\.\d+/image\0*", archive):
            name = b"./GNUSparseFile.1/image"
            archive = summed(patched(archive, found.start(), name.ljust(100, b"\0")), found.start())
        write(f"sparse-pax-{version}", archive, f"A file with holes, pax form {version}.", parts=tree.parts, facts=ROOT)

first = member("first", b"one\n", uname="maker", uid=1_000)
second = member("second", b"two\n")
both = {"first": file(b"one\n", uid=1_000), "second": file(b"two\n")}
named = {"user-1000": "maker"}
sound = packed(first, second)
write("owner-names", sound, "A user by name, whom a device that knows the name unpacks for.", parts=both, facts=named)
attributes = {
    "SCHILY.xattr.user.plain": "value",
    "SCHILY.xattr.user.with space": "base64",
    "LIBARCHIVE.xattr.user.with%20space": "YmFzZTY0",
    "RHT.security.selinux": "system_u:object_r:bin_t:s0",
    "SCHILY.acl.access": "user::rw-",
    "mtime": f"{THEN}.25",
}
stated = {
    "user.plain": b"value".hex(),
    "user.with space": b"base64".hex(),
    "security.selinux": b"system_u:object_r:bin_t:s0".hex(),
    "SCHILY.acl.access": b"user::rw-".hex(),
}
write(
    "pax-xattrs",
    packed(member("file", b"data", pax_headers=attributes), form=tarfile.PAX_FORMAT),
    "Extended attributes in the keywords of star, libarchive and Red Hat.",
    parts={"file": {**file(b"data"), "xattrs": stated}},
)

# what unpackers would do differently
write(
    "pax-xattr-base64",
    packed(member("file", b"data", pax_headers={"LIBARCHIVE.xattr.user.a": "YQ"}), form=tarfile.PAX_FORMAT),
    "An extended attribute that libarchive sets and GNU tar does not.",
    parts={"file": {**file(b"data"), "xattrs": {"user.a": b"a".hex()}}},
    findings=["contradiction"],
)
plain = {"first": file(b"one\n", uid=1_000)}
one = packed(first)
renamed = packed(member("tmp/x", b"x\n", pax_headers={"path": "tmp/x"}), form=tarfile.PAX_FORMAT)
renamed = summed(patched(renamed, 1024, b"etc/passwd".ljust(100, b"\0")), 1024)
write(
    "pax-other-name",
    renamed,
    "A pax record gives another name than the header: unpackers without pax write to /etc/passwd.",
    parts={"tmp": {"kind": "directory"}, "tmp/x": file(b"x\n")},
    findings=["contradiction"],
)
write(
    "pax-global-name",
    packed(second, form=tarfile.PAX_FORMAT, pax_headers={"path": "other", "comment": "made by hand"}),
    "A record for all members gives a name; small unpackers skip it.",
    parts={"other": file(b"two\n")},
    findings=["contradiction"],
)
write(
    "lone-zero-block",
    one[:1024] + bytes(512) + packed(second),
    "One block of zero bytes between members: GNU tar stops there, busybox goes on.",
    parts=both,
    findings=["contradiction"],
)
write(
    "link-other-mode",
    packed(first, member("alias", type=tarfile.LNKTYPE, linkname="first", mode=0o4755, uid=1_000, uname="maker")),
    "A hard link that states another mode than its file.",
    parts={**plain, "alias": file(b"one\n", uid=1_000)},
    findings=["contradiction"],
)
write(
    "link-before-file",
    packed(member("alias", type=tarfile.LNKTYPE, linkname="second"), second),
    "A hard link to a member that comes later: unpacking fails, or links to what was there before.",
    parts={"alias": file(b"two\n"), "second": file(b"two\n")},
    findings=["contradiction"],
)
write(
    "climbing",
    packed(member("../outside", b"out\n"), second),
    "A name that climbs out of the folder.",
    parts={"..": {"kind": "directory"}, "../outside": file(b"out\n"), "second": file(b"two\n")},
    findings=["hostile-name"],
)
write(
    "absolute",
    packed(member("/outside", b"out\n")),
    "A member with an absolute name, which tools strip or obey.",
    parts={"outside": file(b"out\n")},
    findings=["hostile-name"],
)
write(
    "twice",
    packed(second, member("second", b"2\n")),
    "One name, two files.",
    parts={"second": file(b"2\n")},
    findings=["duplicate-path"],
)

# damage
write(
    "filler",
    patched(sound, 600, b"hidden"),
    "Bytes where the data of a member are filled up to a block.",
    parts={**both, "slack-0x204": region(patched(bytes(508), 84, b"hidden"))},
    findings=["hidden-content"],
)
write(
    "appended",
    sound + b"appended",
    "Bytes after the end of the archive.",
    parts={**both, "gap-0": gap(b"appended")},
    findings=["unread-bytes"],
)
changed = patched(packed(first, member("second", noise(512))), 1024, b"S")[:2048]
write(
    "header-changed",
    changed,
    "The name of the second member was changed and its checksum was not.",
    parts={**plain, "gap-0": gap(changed[1024:])},
    findings=["malformed", "unread-bytes"],
)
write(
    "cut",
    sound[:1537],
    "The archive ends within the data of its second member.",
    parts={**plain, "second": file(b"t")},
    findings=["truncated"],
)
write(
    "no-end", sound[:2048], "Both members are there, the end of the archive is not.", parts=both, findings=["truncated"]
)
write("not-an-archive", patched(sound, 0, b"F"), "The first header's checksum does not fit.", findings=[])
