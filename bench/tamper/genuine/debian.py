"""A small Debian, as a router or gateway may run it: real packages laid out as dpkg does, in an ext4 image.

The packages are fetched by `apt-get download` (and openssl taken from the corpus); documentation, manual pages and
translations are left out, and the packages' lists of MD5 sums with them. What maintainer scripts would have written (accounts, PAM,
the bundle of certificates), the firewall's rules, some settings and one program are ours.
"""

import re
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from remake import Item, Tree, pack_gzip, read_ar, read_tar, unpack_stream, write_tar
from tamper.edits import MOMENT
from tamper.genuine.form import Genuine, Missing
from tamper.making.filesystems import sparse, write_ext4
from tamper.making.programs import status

PACKAGES = (
    *("apt", "base-files", "base-passwd", "busybox-static", "ca-certificates", "cron", "dnsmasq-base", "dropbear-bin"),
    *("iptables", "libpam-modules", "libpam-runtime", "login", "openssh-server", "rsyslog", "snmpd", "sudo"),
    "sysvinit-core",
)
_OPENSSL = "open/debian-bookworm-updates/openssl_3.0.22-1~deb12u2_amd64.deb"
_OLD_OPENSSL = "open/debian-bookworm-updates/openssl_3.0.17-1~deb12u2_amd64.deb"
_MODULE = "open/linux-module-signature/wireguard-6.1.0-50.ko"
MODULES = "lib/modules/6.1.0-50-amd64"
_LEFT_OUT = re.compile(r"usr/share/(doc|man|locale|lintian|bug|doc-base)(/.*)?")

RULES = """*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i wan0 -j DROP
-A INPUT -p tcp --dport 22 -j ACCEPT
-A INPUT -i lan0 -j ACCEPT
-A FORWARD -i lan0 -o wan0 -j ACCEPT
COMMIT
"""
_OURS: Mapping[str, tuple[int, str]] = {
    "etc/shadow": (0o640, "root:*:19700:0:99999:7:::\ndaemon:*:19700:0:99999:7:::\nnobody:*:19700:0:99999:7:::\n"),
    "etc/hosts": (0o644, "127.0.0.1\tlocalhost\n127.0.1.1\tgateway\n::1\tlocalhost ip6-localhost ip6-loopback\n"),
    "etc/hostname": (0o644, "gateway\n"),
    "etc/resolv.conf": (0o644, "nameserver 192.0.2.1\n"),
    "etc/environment": (0o644, 'PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"\n'),
    "etc/apt/sources.list": (0o644, "deb http://deb.debian.org/debian bookworm main\n"),
    "etc/iptables/rules.v4": (0o640, RULES),
    "etc/dnsmasq.conf": (0o644, "domain-needed\nbogus-priv\ninterface=lan0\ndhcp-range=192.0.2.50,192.0.2.150,12h\n"),
    "etc/sysctl.d/10-hardening.conf": (
        0o644,
        "kernel.randomize_va_space = 2\nkernel.kptr_restrict = 2\nkernel.dmesg_restrict = 1\nnet.ipv4.conf.all.rp_filter = 1\n",
    ),
    "etc/logrotate.conf": (0o644, "weekly\nrotate 4\ncreate\n"),
    "lib/systemd/system/statusd.service": (
        0o644,
        "[Unit]\nDescription=Status\n\n[Service]\nExecStart=/usr/sbin/statusd\n\n[Install]\nWantedBy=multi-user.target\n",
    ),
    "etc/default/locale": (0o644, "LANG=C.UTF-8\n"),
    "var/log/dpkg.log": (0o644, ""),
}
_LINKS = {
    "bin/sh": "busybox",
    "etc/systemd/system/multi-user.target.wants/ssh.service": "/lib/systemd/system/ssh.service",
    "etc/systemd/system/multi-user.target.wants/statusd.service": "/lib/systemd/system/statusd.service",
    "etc/systemd/system/multi-user.target.wants/rsyslog.service": "/lib/systemd/system/rsyslog.service",
}
_FOLDERS = {"tmp": 0o1777, "var/lib/dhcp": 0o755, "var/lib/systemd": 0o755}
"""Of packages that are not in it."""
_PAM = {
    "common-auth": "auth\t[success=1 default=ignore]\tpam_unix.so nullok",
    "common-account": "account\t[success=1 new_authtok_reqd=done default=ignore]\tpam_unix.so",
    "common-password": "password\t[success=1 default=ignore]\tpam_unix.so obscure yescrypt",
    "common-session": "session\trequired\tpam_unix.so",
    "common-session-noninteractive": "session\trequired\tpam_unix.so",
}


class Debian(Genuine):
    """See the module."""

    name: ClassVar[str] = "Debian gateway"
    title: ClassVar[str] = (
        "Debian 12 packages laid out as a small gateway, in ext4; some settings and one program by us"
    )
    publisher: ClassVar[str] = "Example Gateways"
    product: ClassVar[str] = "Debian gateway"
    version: ClassVar[str] = "12.11"
    suffix: ClassVar[str] = ".ext4"
    mutable: ClassVar[str] = "generic"

    def unpacked(self) -> Tree:
        """Return its files."""
        tree: Tree = {"": Item(tarfile.DIRTYPE, 0o755)}
        told: list[str] = []
        for package in self._packages():
            _lay_out(package, tree, told)
        for path, data in self._written(tree).items():
            _put(tree, path, Item(tarfile.REGTYPE, 0o644, mtime=MOMENT, data=data))
        for path, (mode, text) in _OURS.items():
            _put(tree, path, Item(tarfile.REGTYPE, mode, mtime=MOMENT, data=text.encode()))
        for path, target in _LINKS.items():
            _put(tree, path, Item(tarfile.SYMTYPE, 0o777, mtime=MOMENT, link=target))
        _put(tree, "usr/sbin/statusd", Item(tarfile.REGTYPE, 0o755, mtime=MOMENT, data=status()))
        _put(tree, "var/lib/dpkg/status", Item(tarfile.REGTYPE, 0o644, mtime=MOMENT, data="\n".join(told).encode()))
        for folder, mode in _FOLDERS.items():
            _put(tree, folder, Item(tarfile.DIRTYPE, mode, mtime=MOMENT))
        return dict(sorted(tree.items()))

    def _packages(self) -> Iterator[bytes]:
        yield self.workshop.item(_OPENSSL)
        yield from fetch(PACKAGES, self.workshop.store)

    def _written(self, tree: Tree) -> dict[str, bytes]:
        """Return what maintainer scripts and the administrator write."""
        authorities = sorted(
            path for path in tree if path.startswith("usr/share/ca-certificates/mozilla/") and path.endswith(".crt")
        )
        made = {
            "etc/passwd": tree["usr/share/base-passwd/passwd.master"].data,
            "etc/group": tree["usr/share/base-passwd/group.master"].data + b"ssh:x:101:\n",
            "etc/inittab": tree["usr/share/sysvinit/inittab"].data,
            "etc/ssh/sshd_config": tree["usr/share/openssh/sshd_config"].data,
            "etc/ssl/certs/ca-certificates.crt": b"".join(tree[path].data for path in authorities),
            f"{MODULES}/kernel/drivers/net/wireguard/wireguard.ko": self.workshop.item(_MODULE),
        }
        for name, line in _PAM.items():
            template = re.sub(r"\$[a-z_]+_primary", line, tree[f"usr/share/pam/{name}"].data.decode())
            made[f"etc/pam.d/{name}"] = re.sub(r"\$[a-z_]+", "", template).encode()
        return made

    def older(self, path: str) -> bytes:
        """Return a file of openssl's older release."""
        return read_tar(unpack_stream(read_ar(self.workshop.item(_OLD_OPENSSL))["data.tar.xz"]))[path].data

    def pack(self, tree: Tree) -> bytes:
        """Return an ext4 image."""
        return write_ext4(tree, self.workshop.scratch)

    def packings(self) -> Mapping[str, Callable[[], bytes]]:
        """Return other blocks, other entries, and the files in a tar."""
        turned = {path: replace(item, mtime=1_234_567_890) for path, item in reversed(self.tree.items()) if path}
        root, image = {"": self.tree[""]}, self.image()
        return {
            "ext4, in gzip": lambda: pack_gzip(image),
            "ext4, zeros behind it": lambda: image + bytes(1 << 20),
            "ext4, as Android's sparse image": lambda: sparse(image),
            "ext4, blocks of 1 KiB": lambda: write_ext4(self.tree, self.workshop.scratch, block=1024),
            "ext4 with a journal, other times": lambda: write_ext4(
                root | turned, self.workshop.scratch, "-O", "has_journal"
            ),
            "files in a tar": lambda: write_tar(root | dict(reversed(turned.items()))),
        }

    def known_beside(self) -> Iterable[tuple[bytes, str, str, str]]:
        """Return an older release of one of its packages."""
        yield self.workshop.item(_OLD_OPENSSL), "Debian", "openssl (amd64)", "3.0.17-1~deb12u2"


def fetch(packages: Iterable[str], store: Path) -> Iterator[bytes]:
    """Yield Debian packages, fetched once.

    Raises:
        Missing: they are not to be had here.
    """
    folder = store / "debian"
    folder.mkdir(parents=True, exist_ok=True)
    for name in packages:
        if not list(folder.glob(f"{name}_*.deb")):
            if shutil.which("apt-get") is None:
                raise Missing("apt-get, to fetch Debian packages")
            done = subprocess.run(
                ("apt-get", "download", "-q", name), cwd=folder, capture_output=True, check=False, timeout=300
            )
            if done.returncode:
                raise Missing(f"the Debian package {name}: {done.stderr.decode(errors='replace').strip()[:120]}")
        yield min(folder.glob(f"{name}_*.deb")).read_bytes()


def _lay_out(package: bytes, tree: Tree, told: list[str]) -> None:
    """Put a package's files into the tree, and what dpkg keeps of it; `told` gets its paragraph of the status file."""
    members = read_ar(package)
    control = read_tar(unpack_stream(members["control.tar.xz"]))
    files = {
        path: item
        for path, item in read_tar(unpack_stream(members["data.tar.xz"])).items()
        if not _LEFT_OUT.fullmatch(path)
    }
    for path, item in files.items():
        if path:
            _put(tree, path, item)
    text = control["control"].data.decode()
    name = re.search(r"^Package: (.+)$", text, re.MULTILINE)[1]  # type: ignore[index]
    conffiles = control["conffiles"].data.decode().split() if "conffiles" in control else []
    sums = [
        line
        for line in control["md5sums"].data.decode().splitlines(keepends=True)
        if not _LEFT_OUT.fullmatch(line.split()[1])
    ]
    kept = {
        "md5sums": "".join(sums),
        "list": "".join(f"/{path or '.'}\n" for path in files),
        "conffiles": "".join(f"{path}\n" for path in conffiles),
    }
    for kind, content in kept.items():
        if content:
            _put(
                tree,
                f"var/lib/dpkg/info/{name}.{kind}",
                Item(tarfile.REGTYPE, 0o644, mtime=MOMENT, data=content.encode()),
            )
    listed = "".join(f"\n {path} {_md5(files[path.strip('/')].data)}" for path in conffiles if path.strip("/") in files)
    head, _, rest = text.partition("\n")
    told.append(
        f"{head}\nStatus: install ok installed\n{rest.rstrip()}\n" + (f"Conffiles:{listed}\n" if listed else "")
    )


def _md5(data: bytes) -> str:
    from hashlib import md5  # noqa: PLC0415 (dpkg's own choice)

    return md5(data, usedforsecurity=False).hexdigest()


def _put(tree: Tree, path: str, item: Item) -> None:
    above = path.split("/")[:-1]
    for depth in range(1, len(above) + 1):
        tree.setdefault("/".join(above[:depth]), Item(tarfile.DIRTYPE, 0o755, mtime=MOMENT))
    tree[path] = item
