"""What is done to a real Debian system to see what verifying it says: tampering, and what owners do as a matter of course."""

import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Edit = Callable[[Path], None]


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that is done to a copy of a system."""

    name: str
    tree: str
    """Which system: ``minbase`` or ``server``."""

    edit: Edit
    path: str = ""
    """Of tampering: the path that must be named."""

    expected: str = "TAMPERED"


def append(path: str, text: str) -> Edit:
    """Add text to a file, or make one."""

    def edit(root: Path) -> None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        with (root / path).open("a") as file:
            file.write(text)

    return edit


def write(path: str, text: str, mode: int = 0o644) -> Edit:
    """Make a file anew."""

    def edit(root: Path) -> None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
        (root / path).chmod(mode)

    return edit


def replace(path: str, other: str) -> Edit:
    """Put another program of the system in the place of one, with the rights of that."""

    def edit(root: Path) -> None:
        rights = (root / path).stat()
        data = (root / other).read_bytes()
        (root / path).unlink()
        (root / path).write_bytes(data)
        os.chown(root / path, rights.st_uid, rights.st_gid)
        (root / path).chmod(stat.S_IMODE(rights.st_mode))

    return edit


def patch(path: str, at: int = -4096) -> Edit:
    """Change one byte of a program."""

    def edit(root: Path) -> None:
        rights = (root / path).stat()
        data = bytearray((root / path).read_bytes())
        data[at] ^= 1
        (root / path).unlink()
        (root / path).write_bytes(data)
        os.chown(root / path, rights.st_uid, rights.st_gid)
        (root / path).chmod(stat.S_IMODE(rights.st_mode))

    return edit


def change(path: str, before: str, after: str) -> Edit:
    """Change a word of a file."""

    def edit(root: Path) -> None:
        text = (root / path).read_text()
        if before not in text:
            raise SystemExit(f"{path} has no {before!r}")
        (root / path).write_text(text.replace(before, after, 1))

    return edit


def rights(path: str, mode: int) -> Edit:
    """Change the mode of a file."""
    return lambda root: (root / path).chmod(mode)


def link(path: str, to: str) -> Edit:
    """Put a symbolic link somewhere."""

    def edit(root: Path) -> None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).unlink(missing_ok=True)
        (root / path).symlink_to(to)

    return edit


def gone(*patterns: str) -> Edit:
    """Take files and folders away."""

    def edit(root: Path) -> None:
        for pattern in patterns:
            for path in sorted(root.glob(pattern)):
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)  # beyond a link to a folder that is gone already

    return edit


def several(*edits: Edit) -> Edit:
    """Do several things."""

    def edit(root: Path) -> None:
        for each in edits:
            each(root)

    return edit


def dpkg(*arguments: str) -> Edit:
    """Run the package manager on the system, scripts of packages and all."""

    def edit(root: Path) -> None:
        command = ["dpkg", f"--root={root}", "--force-unsafe-io", *arguments]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}: {done.stderr[-400:]}")

    return edit


UNIT = "[Service]\nExecStart=/usr/bin/nc -l -p 4444 -e /bin/sh\n[Install]\nWantedBy=multi-user.target\n"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE9qDb9aYtVh7Tn2S0R0cS8hX8mXn4Ck2r3T5o8l0s2W x@example.org\n"
SYSTEMD = "etc/systemd/system"
LIBRARIES = "usr/lib/x86_64-linux-gnu"
FOREIGN = "deb http://packages.example.org/debian bookworm main\n"
UNCHECKED = "deb [trusted=yes] http://deb.debian.org/debian sid main\n"
AUTHORITY = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def at(name: str, tree: str, path: str, edit: Callable[..., Edit], *arguments: object) -> Case:
    """Return a case of tampering in which `edit` is done at the path that must be named."""
    return Case(name, tree, edit(path, *arguments), path)


TAMPERING = (
    at("a program replaced by another", "minbase", "usr/bin/ls", replace, "usr/bin/cat"),
    at("one byte of a program", "minbase", "usr/bin/ls", patch),
    at("one byte of the C library", "minbase", f"{LIBRARIES}/libc.so.6", patch),
    at("one byte of the SSH server", "server", "usr/sbin/sshd", patch),
    at("a program more", "minbase", "usr/bin/dbus-helper", write, "#!/bin/sh\nexec /bin/sh -i\n", 0o755),
    at("a program more in usr/local", "minbase", "usr/local/bin/ls", write, "#!/bin/sh\n", 0o755),
    at("a library before all others", "minbase", "etc/ld.so.preload", write, "/usr/lib/libx.so\n"),
    at("a login module more", "server", f"{LIBRARIES}/security/pam_x.so", write, "x"),
    at("a second root", "minbase", "etc/passwd", append, "toor:x:0:0::/root:/bin/bash\n"),
    at("an account to log in with", "minbase", "etc/passwd", append, "eve:x:1000:1000::/home/eve:/bin/bash\n"),
    at("a service with a shell", "server", "etc/passwd", change, "/run/sshd:/usr/sbin/nologin", "/run/sshd:/bin/bash"),
    at("daemon into the group sudo", "server", "etc/group", change, "sudo:x:27:", "sudo:x:27:daemon"),
    at("sudo without a password", "server", "etc/sudoers.d/x", write, "daemon ALL=(ALL) NOPASSWD: ALL\n", 0o440),
    at("a key to log in with", "server", "root/.ssh/authorized_keys", write, KEY, 0o600),
    at("root may log in by password", "server", "etc/ssh/sshd_config", append, "PermitRootLogin yes\n"),
    at("any password will do", "minbase", "etc/pam.d/common-auth", change, "pam_unix.so nullok", "pam_permit.so"),
    at("a service of systemd", "server", f"{SYSTEMD}/update.service", write, UNIT),
    at(
        "a root shell on a console", "server", f"{SYSTEMD}/sysinit.target.wants/debug-shell.service", link,
        "/lib/systemd/system/debug-shell.service",
    ),
    at("a service switched off", "server", f"{SYSTEMD}/cron.service", link, "/dev/null"),
    at("a start-up script changed", "server", "etc/init.d/ssh", append, "nc -l -p 4444 -e /bin/sh &\n"),
    at("a job that runs by itself", "server", "etc/cron.d/x", write, "* * * * * root /srv/x\n"),
    at("a job of root's", "server", "var/spool/cron/crontabs/root", write, "* * * * * /srv/x\n", 0o600),
    at("what every shell reads", "minbase", "etc/profile", append, "(/srv/x &)\n"),
    at("set-uid on a program", "minbase", "usr/bin/dash", rights, 0o4755),
    at("a program that all may write", "minbase", "usr/bin/dash", rights, 0o777),
    at("a foreign source of packages", "minbase", "etc/apt/sources.list", append, FOREIGN),
    at("a source that nobody checks", "minbase", "etc/apt/sources.list.d/x.list", write, UNCHECKED),
    at("a key for packages more", "minbase", "etc/apt/trusted.gpg.d/x.asc", write, "-----BEGIN PGP PUBLIC KEY BLOCK-----\n"),
    at("the keyring of the archive", "minbase", "usr/share/keyrings/debian-archive-keyring.gpg", patch, -9),
    at("packages need no signature", "minbase", "etc/apt/apt.conf.d/99x", write, 'APT::Get::AllowUnauthenticated "true";\n'),
    at("an authority more", "server", "etc/ssl/certs/ca-certificates.crt", append, AUTHORITY),
    at("a script of the package manager", "server", "var/lib/dpkg/info/sudo.prerm", append, "/srv/x\n"),
    at("an alternative that leads elsewhere", "minbase", "etc/alternatives/awk", link, "/usr/bin/dash"),
    at("a library in the linker's list", "minbase", "etc/ld.so.cache", patch, -700),
    at("something in the place of a mount", "minbase", "etc/fstab", append, "/srv/x /usr/bin none bind 0 0\n"),
    at(
        "what runs when the network comes up", "server", "etc/network/interfaces", append,
        "auto lo\niface lo inet loopback\n  up /srv/x\n",
    ),
    Case("a diversion of one program over another", "minbase", several(
        replace("usr/sbin/nologin", "usr/bin/bash"), gone("usr/bin/bash"),
        append("var/lib/dpkg/diversions", "/bin/bash\n/usr/sbin/nologin\nmawk\n"),
    ), "usr/sbin/nologin"),
    Case("a package taken off the list, its files left", "server", change(
        "var/lib/dpkg/status", "Package: nano\nStatus: install ok installed",
        "Package: nano\nStatus: deinstall ok not-installed",
    ), "usr/bin/nano"),
)  # fmt: skip

HASH = "$y$j9T$abcdefghijk$0123456789012345678901234567890123456789012"
OURS = "\nPackage: ours\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n"


def variations(archive: Path) -> tuple[Case, ...]:
    """Return what owners do; `archive` has packages to install."""
    less = next(iter(archive.glob("less_*.deb")), None)
    documents = (f"usr/share/{name}" for name in ("doc/*/[!c]*", "man/*", "locale/*", "info/*", "lintian/*"))
    zone = link("etc/localtime", "/usr/share/zoneinfo/Europe/Zurich"), write("etc/timezone", "Europe/Zurich\n")
    alice = (
        append("etc/passwd", "alice:x:1000:1000:Alice:/home/alice:/bin/bash\n"),
        append("etc/group", "alice:x:1000:\n"),
    )
    ours = (
        append("var/lib/dpkg/status", OURS),
        write("var/lib/dpkg/info/ours.list", "/usr/bin/ours\n"),
        write("usr/bin/ours", "#!/bin/sh\n", 0o755),
    )
    genuine = {
        "a name for the machine": write("etc/hostname", "den\n"),
        "name servers": write("etc/resolv.conf", "nameserver 192.0.2.1\n"),
        "a time zone": several(*zone),
        "a password of root's": change("etc/shadow", "root:*:", f"root:{HASH}:"),
        "host keys made anew": write("etc/ssh/ssh_host_ed25519_key.pub", KEY),
        "logs and caches": several(write("var/log/syslog", "started\n"), write("var/cache/apt/x.bin", "x")),
        "documents left out (dpkg --path-exclude)": gone(*documents),
        "a package removed by the package manager": dpkg("--purge", "nano"),
        "an address": append("etc/network/interfaces", "auto eth0\niface eth0 inet dhcp\n"),
    }
    cases = [Case(name, "server", edit, expected="GENUINE") for name, edit in genuine.items()]
    if less is not None:
        more = dpkg("--install", str(less))
        cases.append(Case("a package more, installed by the package manager", "minbase", more, expected="GENUINE"))
    cases += [
        Case("an account of the owner's", "server", several(*alice), "etc/passwd"),
        at("a setting of the owner's in a file of a package", "server", "etc/nftables.conf", append, "# our own\n"),
        Case("a package that is not in the mirror", "server", several(*ours), expected="UNKNOWN"),
        Case(
            "Python compiled on the device",
            "server",
            write("usr/lib/python3/__pycache__/x.cpython-311.pyc", "x"),
            expected="UNKNOWN",
        ),
    ]
    return tuple(cases)
