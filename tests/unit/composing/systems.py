"""A small system made of packages of its own distribution, as a package manager leaves it, to verify and to tamper with."""

from dataclasses import dataclass, field
from pathlib import Path

from tests.unit.importing.archives import NOW, Archive, Package, Signer, tar_of

from trueware.model.result import Result
from trueware.referencing import Wish, import_document
from trueware.registry.enrol import enrol
from trueware.registry.lookup import Registry
from trueware.registry.trust import admit
from trueware.signatures.keys import read_keys
from trueware.storage.memory import MemoryStore
from trueware.verify import verify

MASTER = b"root:*:0:0:root:/root:/bin/sh\ndaemon:*:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
GROUPS = b"root:*:0:\ndaemon:*:1:\nsudo:*:27:\nshadow:*:42:\n"
UNIT = b"[Service]\nExecStart=/usr/sbin/server\n[Install]\nWantedBy=multi-user.target\nAlias=serverd.service\n"
SPARE = b"[Service]\nExecStart=/bin/sh\n[Install]\nWantedBy=multi-user.target\n"
POSTINST = b"""#!/bin/sh
adduser --system --group _server
update-alternatives --install /usr/bin/editor editor /usr/bin/ed 10
deb-systemd-helper enable server.service
dpkg-statoverride --update --add root _server 4754 /usr/lib/server/helper
chgrp _server /var/lib/server
"""
PROGRAM = b"\x7fELF" + bytes(range(256)) * 16


def folders(*paths: str) -> dict[str, object]:
    made: dict[str, object] = {}
    for path in paths:
        steps = path.split("/")
        made.update({"/".join(steps[: at + 1]): None for at in range(len(steps))})
    return made


def programs(*paths: str) -> dict[str, object]:
    return {path: (PROGRAM + path.encode() * 9, 0o755) for path in paths}


BASE = Package(
    "base-files",
    "12.4",
    {
        **folders("bin", "etc", "usr/bin", "usr/sbin", "usr/lib", "usr/share/base-files", "usr/share/base-passwd", "root", "var"),
        **folders("usr/share/doc/base-files", "lib/systemd/system", "etc/init.d", "var/lib", "tmp"),
        **programs("bin/sh", "bin/ls", "usr/sbin/nologin", "usr/bin/true"),
        "usr/lib/os-release": b'NAME="Wombat Linux"\nID=wombat\nVERSION_ID="1"\n',
        "usr/share/base-files/profile": b"PATH=/usr/bin\n",
        "usr/share/base-passwd/passwd.master": MASTER,
        "usr/share/base-passwd/group.master": GROUPS,
        "usr/share/doc/base-files/copyright": b"Everybody may copy this.\n",
        "etc/issue": b"Wombat Linux\n",
    },
)  # fmt: skip
SERVER = Package(
    "server",
    "2:3.1",
    {
        **folders("etc/init.d", "usr/sbin", "usr/bin", "usr/lib/server", "lib/systemd/system", "var/lib/server"),
        **programs("usr/sbin/server", "usr/bin/ed", "usr/lib/server/helper"),
        "etc/server.conf": b"port = 80\nlogin = no\n",
        "etc/init.d/server": (b"#!/bin/sh\nexec /usr/sbin/server\n", 0o755),
        "lib/systemd/system/server.service": UNIT,
        "lib/systemd/system/spare.service": SPARE,
    },
    {"postinst": (POSTINST, 0o755), "conffiles": b"/etc/server.conf\n"},
)
LIBRARY = Package(
    "libtool",
    "1.0-1",
    {**folders("usr/lib"), "usr/lib/libtool.so.1": PROGRAM * 3, "usr/lib/libtool.so": "libtool.so.1"},
)


@dataclass
class System:
    """A root file system; tests edit `files`, where bytes are files, a pair has the mode, text is a link and None a folder."""

    packages: list[Package] = field(default_factory=lambda: [BASE, SERVER, LIBRARY])
    files: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.files.update({"bin": "usr/bin", "lib": "usr/lib"})
        for each in self.packages:
            for path, stated in each.files.items():
                first, _, rest = path.partition("/")
                if first in ("bin", "lib"):
                    path = f"usr/{path}" if rest else ""  # noqa: PLW2901
                if path:
                    self.files.setdefault(path, stated)
        self.files.update({
            **folders("etc/alternatives", "etc/rc2.d", "etc/systemd/system/multi-user.target.wants", "var/lib/dpkg/info", "srv"),
            "etc/alternatives/editor": "/usr/bin/ed",
            "usr/bin/editor": "/etc/alternatives/editor",
            "etc/rc2.d/S01server": "../init.d/server",
            "etc/systemd/system/multi-user.target.wants/server.service": "/lib/systemd/system/server.service",
            "etc/systemd/system/serverd.service": "/lib/systemd/system/server.service",
            "etc/profile": b"PATH=/usr/bin\n",
            "etc/hostname": b"burrow\n",
            "etc/passwd": MASTER.replace(b"*", b"x") + b"_server:x:101:101::/nonexistent:/usr/sbin/nologin\n",
            "etc/group": GROUPS.replace(b"*", b"x") + b"_server:x:101:\n",
            "etc/shadow": (b"root:*:20000:0:99999:7:::\n_server:!:20000::::::\n", 0o640),
            "etc/shells": b"# shells\n/bin/sh\n/usr/bin/sh\n",
            "etc/fstab": b"# nothing yet\n",
            "var/lib/dpkg/status": self.status(),
        })  # fmt: skip
        for each in self.packages:
            listed = "".join(f"/{path}\n" for path in each.files).encode()
            self.files[f"var/lib/dpkg/info/{each.name}.list"] = listed
            self.files.update({f"var/lib/dpkg/info/{each.name}.{name}": data for name, data in each.control.items()})

    def status(self) -> bytes:
        made = (f"{each.stanza()}Status: install ok installed\nDescription: x\n some text\n" for each in self.packages)
        return "\n".join(made).encode()

    def write(self, path: Path) -> Path:
        path.write_bytes(tar_of(dict(sorted(self.files.items()))))
        return path


def registry_of(folder: Path, *packages: Package) -> Registry:
    """Return a registry into which an archive of these packages was imported."""
    signer = Signer(1)
    store = MemoryStore()
    enrol(store, "Wombat", (), (), NOW)
    admit(store, "Wombat", read_keys(signer.certificate()), NOW)
    index = Archive(list(packages), signer).write(folder)
    assert not import_document(store, index, Wish(root=folder), NOW).refusals
    return Registry(store)


def verified(system: System, registry: Registry, folder: Path) -> Result:
    return verify(system.write(folder / "root.tar"), registry, now=NOW)
