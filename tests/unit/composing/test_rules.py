"""What installing packages makes, rule by rule: what each lets through, and what looks like that and is something else."""

import struct

import pytest
from tests.unit.registry.trees import file, folder

from trueware.appraisal.composition import accounts, lists, pam
from trueware.appraisal.composition.attributes import capabilities
from trueware.appraisal.composition.installed import (
    MAX_INSTALLED,
    Diversion,
    Installed,
    find_root,
    read_diversions,
    read_status,
)
from trueware.appraisal.composition.library_cache import libraries
from trueware.errors import MalformedInput

# --- lists of packages ---

STATUS = b"""Package: bash
Status: install ok installed
Version: 5.2-1
Architecture: amd64
Description: a shell
 Package: not-a-field

Package: gone
Status: deinstall ok config-files
Version: 1
Architecture: all

Package: half
Status: install reinstreq half-configured
Version: 2
Architecture: all

Package: odd
Status: installed
"""


def test_status() -> None:
    """Packages whose files are there, in part or as a whole."""
    assert read_status(STATUS) == (Installed("bash", "5.2-1", "amd64"), Installed("half", "2", "all"))
    assert read_status(STATUS + b"\n" + STATUS) == read_status(STATUS)
    many = b"".join(b"Package: p%d\nStatus: a b installed\nVersion: 1\n\n" % n for n in range(MAX_INSTALLED + 5))
    assert len(read_status(many)) == MAX_INSTALLED


def test_diversions() -> None:
    """Three lines for each; what is left over is none."""
    assert read_diversions(b"/bin/sh\n/bin/sh.distrib\ndash\n/bin/x\n") == (
        Diversion("bin/sh", "bin/sh.distrib", "dash"),
    )


def test_the_outermost_root_is_the_one() -> None:
    """A list of packages in a folder of a root file system, such as that of a chroot, is no list of the whole."""
    dpkg = folder("dpkg", [file("status", STATUS)])
    system = folder("", [folder("var", [folder("lib", [dpkg])]), folder("etc", [])])
    found = find_root(system)
    assert found is not None
    assert (found.path, found.part, found.manager.name) == ("", system, "dpkg")
    assert find_root(folder("", [folder("srv", [folder("chroot", [folder("x", [system])])])])) is None


# --- accounts ---

MASTER = "root:*:0:0:root:/root:/bin/bash\ndaemon:*:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
ROOT, DAEMON = MASTER.replace("*", "x").splitlines()


def mentioned(word: str) -> bool:
    return word in ("sshd", "_apt")


@pytest.mark.parametrize(
    "line",
    [
        "sshd:x:101:65534::/run/sshd:/usr/sbin/nologin",
        "_apt:*:100:65534::/nonexistent:/bin/false",
    ],
)
def test_accounts_of_services(line: str) -> None:
    """An account that a package made, with which nobody can log in."""
    found = f"{ROOT}\n{DAEMON}\n{line}\n"
    assert accounts.passwd(found, MASTER, mentioned) == found


@pytest.mark.parametrize(
    "line",
    [
        "toor:x:0:0::/root:/bin/sh",
        "sshd:x:0:0::/run/sshd:/usr/sbin/nologin",
        "sshd:x:101:0::/run/sshd:/usr/sbin/nologin",
        "sshd:x:101:27::/run/sshd:/usr/sbin/nologin",
        "sshd:x:101:65534::/run/sshd:/bin/sh",
        "sshd:x:101:65534::/run/sshd:",
        "sshd::101:65534::/run/sshd:/usr/sbin/nologin",
        "sshd:$6$a$b:101:65534::/run/sshd:/usr/sbin/nologin",
        "sshd:x:1000:1000::/home/sshd:/usr/sbin/nologin",
        "sshd:x:0101:65534::/run/sshd:/usr/sbin/nologin",
        "sshd:x:101:65534::/run/sshd",
        "evil:x:101:65534::/run/sshd:/usr/sbin/nologin",
        "+::::::",
        "root:x:0:0::/root:/bin/bash",
        "",
    ],
)
def test_accounts_of_nobody(line: str) -> None:
    """Every other line is not in what the list should be."""
    assert accounts.passwd(f"{ROOT}\n{DAEMON}\n{line}\n", MASTER, mentioned) == f"{ROOT}\n{DAEMON}\n"
    assert accounts.passwd(f"{line}\n{ROOT}\n{DAEMON}\n", MASTER, mentioned).splitlines()[:2] == [ROOT, DAEMON]


def test_accounts_that_the_system_begins_with() -> None:
    """They are as base-passwd has them, and none may be missing."""
    assert accounts.passwd(f"{ROOT}\n", MASTER, mentioned) == f"{ROOT}\n{MASTER.splitlines()[1]}\n"
    assert accounts.passwd(f"{ROOT}x\n{DAEMON}\n", MASTER, mentioned) == f"{ROOT}\n{DAEMON}\n"
    assert accounts.passwd(f"{ROOT.replace(':x:', '::')}\n{DAEMON}\n", MASTER, mentioned) == (
        f"{MASTER.splitlines()[0]}\n{DAEMON}\n"
    )


def test_groups() -> None:
    """Members come from services alone, and none into the groups that the system begins with."""
    master = "root:*:0:\nsudo:*:27:\n"
    found = "root:x:0:\nsudo:x:27:sshd\n_apt:x:101:sshd\nsshd:x:102:eve\nevil:x:103:\n"
    assert accounts.group(found, master, mentioned, ["sshd"]) == "root:x:0:\nsudo:x:27:\n_apt:x:101:sshd\n"


def test_shadows() -> None:
    """Nobody has a password before somebody sets one, nor anybody who is not in the list of accounts."""
    found = "root:$y$j9T$a$b:1:0:99999:7:::\ndaemon:*:1:0:99999:7:::\nsshd:!:1::::::\nx:*:1::::::\nsync::1::::::\n"
    assert accounts.shadow(found, "root:\ndaemon:\nsshd:\nsync:\n") == (
        "root:*:1:0:99999:7:::\ndaemon:*:1:0:99999:7:::\nsshd:!:1::::::\nsync:*:1::::::\n"
    )
    assert accounts.gshadow("root:*::\nsudo:$6$a:eve:eve\nx:!::\n", "root:x:0:\nsudo:x:27:\n") == "root:*::\nsudo:!::\n"


# --- login rules ---

TEMPLATE = (
    "# rules\n$auth_primary\nauth\trequisite\tpam_deny.so\nauth\trequired\tpam_permit.so\n$auth_additional\n# end\n"
)
UNIX = pam.read_profile(
    "Name: Unix\nDefault: yes\nPriority: 256\nAuth-Type: Primary\nAuth:\n\t[success=end default=ignore]\tpam_unix.so try_first_pass\n"
    "Auth-Initial:\n\t[success=end default=ignore]\tpam_unix.so\n"
)
LDAP = pam.read_profile(
    "Name: LDAP\nDefault: yes\nPriority: 128\nAuth-Type: Primary\nAuth:\n\t[success=end default=ignore]\tpam_ldap.so use_first_pass\n"
)
HOMES = pam.read_profile("Name: x\nDefault: yes\nPriority: 1\nAuth-Type: Additional\nAuth:\n\toptional\tpam_x.so\n")
OFF = pam.read_profile("Name: y\nDefault: no\nPriority: 999\nAuth-Type: Primary\nAuth:\n\tsufficient\tpam_permit.so\n")


def test_login_rules() -> None:
    """By priority; the first in its initial form; jumps go over the rest of the block and the refusal after it."""
    assert pam.common_file("common-auth", TEMPLATE, [HOMES, OFF, LDAP, UNIX]).splitlines() == [
        "# rules",
        "auth\t[success=2 default=ignore]\tpam_unix.so",
        "auth\t[success=1 default=ignore]\tpam_ldap.so use_first_pass",
        "auth\trequisite\tpam_deny.so",
        "auth\trequired\tpam_permit.so",
        "auth\toptional\tpam_x.so",
        "# end",
    ]
    nobody = pam.common_file("common-auth", TEMPLATE, [])
    assert nobody.splitlines()[1] == "auth\t[default=1]\t\t\tpam_permit.so"


@pytest.mark.parametrize("separator", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\r"])
def test_a_rule_that_becomes_a_comment(separator: str) -> None:
    """What ends a line for Python and not for PAM makes a refusal part of the comment before it: the two are not the same."""
    made = pam.common_file("common-auth", TEMPLATE, [UNIX])
    altered = made.replace("# rules\n", f"# rules{separator}", 1)
    assert pam.without_blanks(altered) != pam.without_blanks(made)
    assert pam.without_blanks(made.replace("pam_unix.so", "pam_unix.so ")) == pam.without_blanks(made)


# --- lists of other kinds ---

GOOD = "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] https://deb.debian.org/debian bookworm main\n"


@pytest.mark.parametrize(
    "line",
    [
        "deb http://packages.example.org/debian bookworm main",
        "deb http://deb.debian.org.example.org/debian bookworm main",
        "deb http://user@deb.debian.org/ bookworm main",
        "deb http://notdebian.org/debian bookworm main",
        "deb [trusted=yes] http://deb.debian.org/debian bookworm main",
        "deb [signed-by=/srv/key.gpg] http://deb.debian.org/debian bookworm main",
        "deb [arch=amd64 allow-insecure=yes] http://deb.debian.org/debian bookworm main",
        "deb copy:/srv/x bookworm main",
        "rpm http://deb.debian.org/debian bookworm main",
    ],
)
def test_sources(line: str) -> None:
    """Sources that are not of the distribution's own mirrors, or that ask for less than signatures."""
    assert lists.sources(f"# x\n\n{GOOD}{line}\n", ["debian.org"]) == f"# x\n\n{GOOD}"


def test_comments() -> None:
    assert lists.only_comments("# a\n\nproc /proc proc defaults 0 0\n# b\n") == "# a\n\n# b\n"
    assert lists.only_comments("") == ""


def test_interfaces() -> None:
    """Addresses, and nothing that is run."""
    good = "# x\nauto lo eth0\niface lo inet loopback\niface eth0 inet static\n\taddress 192.0.2.1/24\n"
    good += "source /etc/network/interfaces.d/*\n"
    bad = "  up /srv/x\n\tpre-up /srv/x\n post-down x\nmapping eth0\n  script /srv/x\nsource /srv/x\niface eth0 inet ppp\n"
    assert lists.plain_interfaces(good) == good
    assert lists.plain_interfaces(good + bad) == good


def test_settings() -> None:
    """Names and values in which a shell finds nothing to do."""
    good = '# x\nLANG=en_US.UTF-8\nXKBLAYOUT="us,de"\n'
    bad = 'LANG=$(reboot)\nLANG=`reboot`\nLANG=x; reboot\nreboot\nLANG="$PATH"\nPATH+=/srv\n'
    assert lists.plain_settings(good) == good
    assert lists.plain_settings(good + bad) == good


# --- capabilities ---


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("0100000200200000000000000000000000000000", ("cap_net_raw",)),
        ("0100000200340000000000000000000000000000", ("cap_net_bind_service", "cap_net_admin", "cap_net_raw")),
        ("0100000200002000000000000000000000000000", ()),  # cap_sys_admin
        ("0100000200200000002000000000000000000000", ()),  # inherited
        ("01000002", ()),
        ("0100000100200000", ()),
    ],
)
def test_capabilities(value: str, names: tuple[str, ...]) -> None:
    """Those that packages set are known by name; with any other, nothing is."""
    assert capabilities(bytes.fromhex(value)) == names


# --- the linker's list ---


def cache(*entries: tuple[str, str], order: str = "<", flags: int = 2) -> bytes:
    strings, table = b"", b""
    start = 48 + 24 * len(entries)
    for name, path in entries:
        table += struct.pack(f"{order}iIIIQ", 3, start + len(strings), start + len(strings) + len(name) + 1, 0, 0)
        strings += name.encode() + b"\0" + path.encode() + b"\0"
    head = b"glibc-ld.so.cache1.1" + struct.pack(f"{order}II", len(entries), len(strings)) + bytes([flags]) + bytes(19)
    return head + table + strings


@pytest.mark.parametrize(("order", "flags"), [("<", 2), ("<", 0), (">", 3)])
def test_library_cache(order: str, flags: int) -> None:
    """Names and paths, in either order of bytes."""
    entries = [("libz.so.1", "/lib/libz.so.1"), ("libc.so.6", "/usr/lib/libc.so.6")]
    assert libraries(cache(*entries, order=order, flags=flags)) == entries


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"ld.so-1.7.0" + bytes(60),
        cache(("a", "/a"))[:40],
        cache(("a", "/a"))[:-1],
        b"glibc-ld.so.cache1.1" + b"\xff" * 28,
        cache(("a", "/a")).replace(struct.pack("<I", 72), struct.pack("<I", 1 << 30)),
        cache(("a", "/a")).replace(struct.pack("<I", 72), struct.pack("<I", 3)),
    ],
)
def test_library_caches_that_are_none(data: bytes) -> None:
    with pytest.raises(MalformedInput):
        libraries(data)
