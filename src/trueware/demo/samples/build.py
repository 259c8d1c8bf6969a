"""Builds the sample images and the registry beside this file; needs mksquashfs, mkimage and gcc. A rebuild leaves no difference.

The router is invented. Its image has the shape of a real one: a TRX header over a kernel (a stub in a uImage, lzma) and a
squashfs root file system. Nothing in it does harm: the back door of the tampered image is a line that prints a sentence.
"""

import lzma
import shutil
import struct
import subprocess
import tempfile
import zlib
from base64 import b64encode
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from trueware.model.release import Entitlement
from trueware.registry.enrol import enrol
from trueware.registry.ledger import Registrar, ledger
from trueware.releasing import Naming, take_in
from trueware.storage.sqlite import SqliteStore

HERE = Path(__file__).resolve().parent
EPOCH = 1_700_000_000


def usign_key(number: str, comment: str) -> str:
    """Return a file with a public key of usign: two letters, its number, and a point of Ed25519 that nobody has the secret of."""
    point = bytes([*range(31), 0])
    return f"untrusted comment: {comment}\n{b64encode(b'Ed' + bytes.fromhex(number) + point).decode()}\n"


FILES: dict[str, tuple[int, str]] = {
    "etc/os-release": (
        0o644,
        'NAME="Acme Router OS"\nID=acme-router\nVERSION="1.0"\nVERSION_ID="1.0"\nHOME_URL="https://router.example/"\n',
    ),
    "etc/passwd": (
        0o644,
        "root:x:0:0:root:/root:/bin/sh\ndaemon:*:1:1:daemon:/var:/bin/false\nnobody:*:65534:65534:nobody:/var:/bin/false\n",
    ),
    "etc/shadow": (0o600, "root:*:19000:0:99999:7:::\ndaemon:*:0:0:99999:7:::\nnobody:*:0:0:99999:7:::\n"),
    "etc/group": (0o644, "root:x:0:\ndaemon:x:1:\nnogroup:x:65534:\n"),
    "etc/inittab": (0o644, "::sysinit:/etc/init.d/rcS S boot\n::shutdown:/etc/init.d/rcS K shutdown\n"),
    "etc/init.d/rcS": (0o755, '#!/bin/sh\nfor script in /etc/rc.d/$1*; do\n  "$script" "$2"\ndone\n'),
    "etc/init.d/network": (
        0o755,
        "#!/bin/sh /etc/rc.common\nSTART=20\nboot() { netd --config /etc/config/network; }\n",
    ),
    "etc/init.d/firewall": (0o755, "#!/bin/sh /etc/rc.common\nSTART=19\nboot() { fw --load /etc/config/firewall; }\n"),
    "etc/config/network": (0o600, "config interface 'lan'\n\toption proto 'static'\n\toption ipaddr '192.168.1.1'\n"),
    "etc/config/firewall": (0o600, "config zone\n\toption name 'wan'\n\toption input 'REJECT'\n"),
    "etc/config/system": (0o600, "config system\n\toption hostname 'acme'\n"),
    "etc/opkg/keys/2f0e9d1c5a7b3846": (
        0o644,
        usign_key("2f0e9d1c5a7b3846", "Acme release key"),
    ),
    "etc/opkg/distfeeds.conf": (0o644, "src/gz acme_base https://packages.router.example/1.0/base\n"),
    "www/index.html": (0o644, "<!doctype html><title>Acme Router</title><h1>Acme Router</h1>\n"),
    "usr/sbin/netd": (0o755, '#!/bin/sh\necho "netd: $@"\n'),
    "usr/sbin/fw": (0o755, '#!/bin/sh\necho "fw: $@"\n'),
    "bin/acme-update": (0o755, '#!/bin/sh\nverify-signature "$1" || exit 1\nflash "$1"\n'),
}
LINKS = {"etc/rc.d/S19firewall": "../init.d/firewall", "etc/rc.d/S20network": "../init.d/network", "var": "tmp"}
FOLDERS = ("etc/dropbear", "dev", "proc", "sys", "tmp", "root", "lib", "sbin")

PROGRAM = """
void _start(void) {
  static const char text[] = "acme: hello\\n";
  long out;
  __asm__ volatile("syscall" : "=a"(out) : "a"(1L), "D"(1L), "S"(text), "d"(sizeof text - 1) : "rcx", "r11", "memory");
  __asm__ volatile("syscall" : : "a"(60L), "D"(0L));
}
"""


def program(folder: Path) -> bytes:
    """Return a small program of our own."""
    (folder / "hello.c").write_text(PROGRAM)
    subprocess.run(
        [
            "gcc",
            "-Os",
            "-static",
            "-nostdlib",
            "-s",
            "-Wl,--build-id=none",
            "-Wl,-z,norelro",
            "-ffreestanding",
            "-o",
            "hello",
            "hello.c",
        ],
        cwd=folder,
        check=True,
    )
    return (folder / "hello").read_bytes()


def squashfs(folder: Path, files: dict[str, tuple[int, bytes]], links: dict[str, str]) -> bytes:
    """Return a squashfs of the files, all owned by root."""
    tree = folder / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    for name in FOLDERS:
        (tree / name).mkdir(parents=True)
    for name, (mode, data) in files.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.chmod(mode)
    for name, target in links.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)
    for path in (tree, *tree.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
    image = folder / "root.squashfs"
    subprocess.run(
        [
            "mksquashfs",
            str(tree),
            str(image),
            "-noappend",
            "-comp",
            "xz",
            "-all-root",
            "-no-xattrs",
            "-quiet",
            "-no-progress",
            "-processors",
            "1",
            "-mkfs-time",
            str(EPOCH),
            "-all-time",
            str(EPOCH),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return image.read_bytes()


def kernel(folder: Path) -> bytes:
    """Return a kernel stub as mkimage wraps it."""
    stub = b"Linux version 6.1.0 (build@acme) #1 Tue Nov 14 22:13:20 UTC 2023\0" + bytes(range(256)) * 16
    (folder / "stub.lzma").write_bytes(lzma.compress(stub, lzma.FORMAT_ALONE))
    subprocess.run(
        [
            "mkimage",
            "-A",
            "mips",
            "-O",
            "linux",
            "-T",
            "kernel",
            "-C",
            "lzma",
            "-a",
            "0x80060000",
            "-e",
            "0x80060000",
            "-n",
            "Acme Router 1.0",
            "-d",
            "stub.lzma",
            "kernel.uimage",
        ],
        cwd=folder,
        check=True,
        stdout=subprocess.DEVNULL,
        env={"SOURCE_DATE_EPOCH": str(EPOCH), "PATH": "/usr/bin:/bin"},
    )
    return (folder / "kernel.uimage").read_bytes()


def trx(parts: list[bytes]) -> bytes:
    """Return a TRX v1 image of the parts (layout: OpenWrt firmware-utils trx.c)."""
    header, body = 28, b""
    offsets: list[int] = []
    for part in parts:
        body += bytes(-(header + len(body)) % 4096) if offsets else b""
        offsets.append(header + len(body))
        body += part
    body += bytes(-(header + len(body)) % 4096)
    offsets += [0] * (3 - len(offsets))
    tail = struct.pack("<HH3I", 0, 1, *offsets) + body
    crc = ~zlib.crc32(tail) & 0xFFFFFFFF
    return struct.pack("<4sII", b"HDR0", header + len(body), crc) + tail


def main() -> None:
    """Build everything."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        genuine = {path: (mode, text.encode()) for path, (mode, text) in FILES.items()}
        genuine["bin/hello"] = (0o755, program(folder))
        configured = {
            **genuine,
            "etc/config/network": (0o600, genuine["etc/config/network"][1].replace(b"192.168.1.1", b"10.0.0.1")),
            "etc/dropbear/dropbear_ed25519_host_key": (0o600, bytes(range(64))),
        }
        tampered = {
            **genuine,
            "etc/passwd": (0o644, genuine["etc/passwd"][1] + b"support::0:0:support:/root:/bin/sh\n"),
            "etc/init.d/remote": (
                0o755,
                b"#!/bin/sh /etc/rc.common\nSTART=99\nboot() { echo 'a back door would listen here'; }\n",
            ),
            "etc/opkg/keys/66b3d02c9e1fa745": (
                0o644,
                usign_key("66b3d02c9e1fa745", "somebody's key").encode(),
            ),
            "bin/acme-update": (0o755, b'#!/bin/sh\nflash "$1"\n'),
            "bin/hello": (0o4755, genuine["bin/hello"][1]),
        }
        stub = kernel(folder)
        images = {
            "router-1.0.bin": (genuine, LINKS),
            "router-1.0-configured.bin": (configured, LINKS),
            "router-1.0-tampered.bin": (tampered, {**LINKS, "etc/rc.d/S99remote": "../init.d/remote"}),
        }
        for image, (files, links) in images.items():
            (HERE / image).write_bytes(trx([stub, squashfs(folder, files, links)]))
    build_registry(HERE / "registry.sqlite")


def build_registry(path: Path) -> None:
    """Publish the genuine image into a new registry, signed by a key made from a fixed seed: worth nothing outside this demo."""
    key = Ed25519PrivateKey.from_private_bytes(b"trueware demo key, worth nothing")
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    path.unlink(missing_ok=True)
    entitled = [Entitlement("os", "acme router os"), Entitlement("product", "acme router*")]
    registrar = Registrar("demo.invalid/registry", key)
    with SqliteStore.create(path) as store:
        logged = ledger(store, registrar, EPOCH)
        enrol(logged, "Acme Networks", [public], entitled, EPOCH)
        naming = Naming("Acme Networks", "Acme Router", "1.0", "openwrt")
        take_in(logged, HERE / "router-1.0.bin", naming, EPOCH, key)


if __name__ == "__main__":
    main()
