"""Root file systems made of packages: genuine as their packages make them, and tampered with in every place that matters."""

import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.composing.systems import (
    BASE,
    LIBRARY,
    MASTER,
    PROGRAM,
    SERVER,
    SPARE,
    System,
    folders,
    registry_of,
    verified,
)
from tests.unit.importing.archives import Package

from trueware.model.result import Result
from trueware.model.verdict import Authority, Tier, Verdict
from trueware.registry.lookup import Registry
from trueware.verify import verify


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return registry_of(tmp_path_factory.mktemp("archive"), BASE, SERVER, LIBRARY)


def immutable(result: Result) -> list[str]:
    return [each.path for each in result.changes if not each.mutable]


def test_as_its_packages_make_it(registry: Registry, tmp_path: Path) -> None:
    """Equal to its packages and to what installing them makes, on the word of whoever signed their index."""
    result = verified(System(), registry, tmp_path)
    assert (result.verdict, immutable(result)) == (Verdict.GENUINE, [])
    assert result.authority is Authority.THIRD_PARTY
    assert result.match is not None
    assert result.match.release.title == "3 packages of Wombat"
    told = {each.rule: each.detail for each in result.findings}
    assert "3 packages by wombat InRelease of 2026-09-20" in told["composed-of-packages"]


def test_as_a_folder(registry: Registry, tmp_path: Path) -> None:
    """The same unpacked into a folder, whose owners may be an analyst's."""
    with tarfile.open(System().write(tmp_path / "root.tar")) as tar:
        tar.extractall(tmp_path / "root", filter="fully_trusted")  # noqa: S202 (our own)
    result = verify(tmp_path / "root", registry)
    assert (result.verdict, immutable(result)) == (Verdict.GENUINE, [])


Edit = Callable[[dict[str, object]], None]


def put(path: str, stated: object) -> Edit:
    return lambda files: files.update({**folders(path.rpartition("/")[0]), path: stated})


def append(path: str, text: bytes) -> Edit:
    def edit(files: dict[str, object]) -> None:
        stated = files[path]
        data, mode = stated if isinstance(stated, tuple) else (stated, 0o644)
        files[path] = (data + text, mode)

    return edit


def drop(path: str) -> Edit:
    def edit(files: dict[str, object]) -> None:
        del files[path]

    return edit


TAMPERED = {
    "a program replaced": ("usr/bin/ls", put("usr/bin/ls", (PROGRAM, 0o755))),
    "a program added": ("usr/bin/backdoor", put("usr/bin/backdoor", (PROGRAM, 0o755))),
    "a library replaced": ("usr/lib/libtool.so.1", append("usr/lib/libtool.so.1", b"x")),
    "a library taken away": ("usr/lib/libtool.so.1", drop("usr/lib/libtool.so.1")),
    "a library under another's name": ("usr/lib/libtool.so", put("usr/lib/libtool.so", "../../srv/libtool.so.1")),
    "a library before all others": ("etc/ld.so.preload", put("etc/ld.so.preload", b"/usr/lib/libtool.so.1\n")),
    "set-uid": ("usr/bin/true", put("usr/bin/true", (PROGRAM + b"usr/bin/true" * 9, 0o4755))),
    "writable by all": ("usr/bin/true", put("usr/bin/true", (PROGRAM + b"usr/bin/true" * 9, 0o777))),
    "a program that may not run": ("usr/sbin/server", put("usr/sbin/server", (PROGRAM + b"usr/sbin/server" * 9, 0o644))),
    "a second root": ("etc/passwd", append("etc/passwd", b"toor:x:0:0::/root:/bin/sh\n")),
    "an account to log in with": ("etc/passwd", append("etc/passwd", b"alice:x:1000:1000::/home/alice:/bin/sh\n")),
    "an account of no package": ("etc/passwd", append("etc/passwd", b"evil:x:150:150::/:/usr/sbin/nologin\n")),
    "a service's account with a shell": ("etc/passwd", append("etc/passwd", b"chgrp:x:150:150::/:/bin/sh\n")),
    "an account without a password": (
        "etc/passwd", put("etc/passwd", MASTER.replace(b"daemon:*", b"daemon:").replace(b"*", b"x")),
    ),
    "another root": ("etc/passwd", put("etc/passwd", MASTER.replace(b"/root:/bin/sh", b"/root:/tmp/sh"))),
    "a member of sudo": ("etc/group", put("etc/group", b"root:x:0:\ndaemon:x:1:\nsudo:x:27:daemon\nshadow:x:42:\n")),
    "accounts that all may write": (
        "etc/passwd", put("etc/passwd", (MASTER.replace(b"*", b"x"), 0o666)),
    ),
    "a key to log in with": ("root/.ssh/authorized_keys", put("root/.ssh/authorized_keys", b"ssh-ed25519 AAAA\n")),
    "a setting of a service": ("etc/server.conf", put("etc/server.conf", b"port = 80\nlogin = yes\n")),
    "a start-up script": ("etc/init.d/server", append("etc/init.d/server", b"telnetd\n")),
    "a start-up script more": ("etc/init.d/more", put("etc/init.d/more", (b"#!/bin/sh\n", 0o755))),
    "a unit": ("etc/systemd/system/evil.service", put("etc/systemd/system/evil.service", SPARE)),
    "a unit that no script switches on": (
        "etc/systemd/system/multi-user.target.wants/spare.service",
        put("etc/systemd/system/multi-user.target.wants/spare.service", "/lib/systemd/system/spare.service"),
    ),
    "a unit under another name": (
        "etc/systemd/system/multi-user.target.wants/server.service",
        put("etc/systemd/system/multi-user.target.wants/server.service", "/lib/systemd/system/spare.service"),
    ),
    "a unit at another time": (
        "etc/systemd/system/sysinit.target.wants/server.service",
        put("etc/systemd/system/sysinit.target.wants/server.service", "/lib/systemd/system/server.service"),
    ),
    "an alternative that is none": ("etc/alternatives/editor", put("etc/alternatives/editor", "/usr/bin/true")),
    "a link in the place of a program": ("usr/bin/ls", put("usr/bin/ls", "/etc/alternatives/editor")),
    "a link that leads elsewhere": ("etc/rc2.d/S01server", put("etc/rc2.d/S01server", "/tmp/server")),
    "what scripts read": ("etc/profile", append("etc/profile", b"/tmp/x &\n")),
    "a shell that is none": ("etc/shells", append("etc/shells", b"/tmp/sh\n")),
    "a mount": ("etc/fstab", append("etc/fstab", b"/tmp/x /usr/bin none bind\n")),
    "a script of the package manager": ("var/lib/dpkg/info/server.postinst",
        append("var/lib/dpkg/info/server.postinst", b"telnetd\n"),
    ),
    "a script of no package": (
        "var/lib/dpkg/info/server.prerm", put("var/lib/dpkg/info/server.prerm", (b"#!/bin/sh\n", 0o755)),
    ),
    "a helper with other rights": (
        "usr/lib/server/helper", put("usr/lib/server/helper", (PROGRAM + b"usr/lib/server/helper" * 9, 0o4755)),
    ),
    "a foreign source of packages": (
        "etc/apt/sources.list", put("etc/apt/sources.list", b"deb http://packages.example.org/ stable main\n"),
    ),
    "a source that is not checked": (
        "etc/apt/sources.list", put("etc/apt/sources.list", b"deb [trusted=yes] http://deb.debian.org/debian stable main\n"),
    ),
    "rights for what is installed later": (
        "var/lib/dpkg/statoverride", put("var/lib/dpkg/statoverride", b"root root 4755 /usr/bin/true\n"),
    ),
    "a program in a place for settings": ("var/log/x", put("var/log/x", (PROGRAM, 0o755))),
    "a log that is set-uid": ("var/log/x", put("var/log/x", (b"", 0o4644))),
}  # fmt: skip


@pytest.mark.parametrize("case", TAMPERED)
def test_tampered(registry: Registry, tmp_path: Path, case: str) -> None:
    """Each is named by its path, and nothing else is."""
    path, edit = TAMPERED[case]
    system = System()
    edit(system.files)
    result = verified(system, registry, tmp_path)
    assert result.verdict is Verdict.TAMPERED
    assert path in immutable(result)
    assert set(immutable(result)) <= {path, *FOLLOWING.get(path, ())}


FOLLOWING = {"etc/alternatives/editor": ["usr/bin/editor"]}
"""Links that are no better than the one that was altered."""


def given(files: dict[str, object]) -> None:
    """Do what the server's script says."""
    files["usr/lib/server/helper"] = (PROGRAM + b"usr/lib/server/helper" * 9, 0o4754)
    files["var/lib/dpkg/statoverride"] = b"root _server 4754 /usr/lib/server/helper\n"


BENIGN = {
    "rights that a script gives, on the list": given,
    "a name": put("etc/hostname", b"den\n"),
    "a password": put("etc/shadow", (b"root:$6$abc$def:20000:0:99999:7:::\n_server:!:20000::::::\n", 0o640)),
    "logs": put("var/log/messages", b"started\n"),
    "documents left out": drop("usr/share/doc/base-files/copyright"),
    "a folder": put("srv/data", None),
    "a source of packages": put("etc/apt/sources.list", b"# main\ndeb http://deb.debian.org/debian wombat main\n"),
    "less rights": put("etc/server.conf", (b"port = 80\nlogin = no\n", 0o600)),
    "rights that a script gives": put("usr/lib/server/helper", (PROGRAM + b"usr/lib/server/helper" * 9, 0o4754)),
    "a start-up link that stops": put("etc/rc2.d/K01server", "../init.d/server"),
}


@pytest.mark.parametrize("case", BENIGN)
def test_benign(registry: Registry, tmp_path: Path, case: str) -> None:
    """What owners and services do as a matter of course."""
    system = System()
    BENIGN[case](system.files)
    result = verified(system, registry, tmp_path)
    assert (result.verdict, immutable(result)) == (Verdict.GENUINE, [])


FILLERS = [Package(f"filler{n}", "1", {f"usr/share/filler{n}": b"x"}) for n in range(20)]


def test_a_package_that_is_not_registered(tmp_path: Path) -> None:
    """Its files are on nobody's word: nothing is concluded, and the package is named that would settle it."""
    registry = registry_of(tmp_path, BASE, SERVER, *FILLERS)
    packages = [BASE, SERVER, LIBRARY, *FILLERS]
    result = verified(System(packages), registry, tmp_path)
    assert result.verdict is Verdict.UNKNOWN
    files = "usr/lib/libtool.so, usr/lib/libtool.so.1, var/lib/dpkg/info/libtool.list"
    assert result.settle == (f"the package libtool 1.0-1 (amd64), and with it 3 files ({files})",)
    system = System(packages)
    put("usr/bin/ls", (PROGRAM, 0o755))(system.files)
    assert verified(system, registry, tmp_path).verdict is Verdict.TAMPERED


def test_a_package_that_is_made_up(registry: Registry, tmp_path: Path) -> None:
    """Whoever adds a program may add a package for it to the list: that makes nothing genuine."""
    evil = Package("evil", "1", {"usr/bin/backdoor": (PROGRAM, 0o755)})
    result = verified(System([BASE, SERVER, LIBRARY, evil]), registry, tmp_path)
    assert result.verdict is Verdict.UNKNOWN
    assert any("evil 1" in each and "usr/bin/backdoor" in each for each in result.settle)


def test_something_built_on_a_distribution(registry: Registry, tmp_path: Path) -> None:
    """A product of somebody's own has much of a distribution, and is not that with changes; they are told all the same."""
    own = [Package(f"own{n}", "1", {f"usr/bin/own{n}": (PROGRAM, 0o755)}) for n in range(3)]
    system = System([BASE, SERVER, LIBRARY, *own])
    put("usr/bin/backdoor", (PROGRAM, 0o755))(system.files)
    result = verified(system, registry, tmp_path)
    assert result.verdict is Verdict.UNKNOWN
    assert immutable(result) == ["usr/bin/backdoor"]


def test_another_version(registry: Registry, tmp_path: Path) -> None:
    """A package of a version that nobody published is not taken for the one that is registered."""
    other = Package("libtool", "1.0-2", {"usr/lib": None, "usr/lib/libtool.so.1": PROGRAM})
    result = verified(System([BASE, SERVER, other]), registry, tmp_path)
    assert result.verdict is Verdict.UNKNOWN
    assert any("libtool 1.0-2" in each for each in result.settle)


def test_a_package_left_out_of_the_list(registry: Registry, tmp_path: Path) -> None:
    """Files of a package that is not said to be installed are those of none."""
    system = System()
    system.files["var/lib/dpkg/status"] = System([BASE, SERVER]).status()
    result = verified(system, registry, tmp_path)
    assert result.verdict is Verdict.TAMPERED
    assert immutable(result) == ["usr/lib/libtool.so", "usr/lib/libtool.so.1"]


def test_compiled_on_the_device(registry: Registry, tmp_path: Path) -> None:
    """What is made on the device out of what nobody can tell makes nothing genuine, and is no tampering."""
    system = System()
    put("usr/lib/python3/__pycache__/x.cpython-311.pyc", b"code")(system.files)
    result = verified(system, registry, tmp_path)
    assert result.verdict is Verdict.UNKNOWN
    assert "compiled Python: 1 files" in result.settle[0]


DIVERTING = Package(
    "sash", "1", {"bin": None, "bin/ls": PROGRAM}, {"postinst": (b"dpkg-divert --package sash --add /bin/ls\n", 0o755)}
)


def test_diversions(tmp_path: Path) -> None:
    """A package may take another's place, and that one's file lies where it says."""
    registry = registry_of(tmp_path, BASE, SERVER, LIBRARY, DIVERTING)
    system = System([BASE, SERVER, LIBRARY, DIVERTING])
    system.files["usr/bin/ls.real"] = system.files["usr/bin/ls"]
    system.files["usr/bin/ls"] = PROGRAM
    system.files["var/lib/dpkg/diversions"] = b"/bin/ls\n/bin/ls.real\nsash\n"
    result = verified(system, registry, tmp_path)
    assert (result.verdict, immutable(result)) == (Verdict.GENUINE, [])


@pytest.mark.parametrize("to", ["usr/bin/true", "bin/true", "bin/../usr/bin/true"])
def test_diversions_over_another_file(tmp_path: Path, to: str) -> None:
    """Even a package that diverts puts nothing in the place of another package's file."""
    registry = registry_of(tmp_path, BASE, SERVER, LIBRARY, DIVERTING)
    system = System([BASE, SERVER, LIBRARY, DIVERTING])
    system.files["usr/bin/true"] = system.files["usr/bin/sh"]
    del system.files["usr/bin/sh"]
    system.files["var/lib/dpkg/diversions"] = f"/bin/sh\n/{to}\nsash\n".encode()
    result = verified(system, registry, tmp_path)
    assert result.verdict is Verdict.TAMPERED
    assert "usr/bin/true" in immutable(result)


@pytest.mark.parametrize("by", ["server", "evil", ":"])
def test_diversions_that_are_made_up(registry: Registry, tmp_path: Path, by: str) -> None:
    """Nobody passes one program off as another by a line in the package manager's list."""
    system = System()
    system.files["usr/sbin/nologin"] = system.files["usr/bin/sh"]
    del system.files["usr/bin/sh"]
    system.files["var/lib/dpkg/diversions"] = f"/bin/sh\n/usr/sbin/nologin\n{by}\n".encode()
    result = verified(system, registry, tmp_path)
    assert result.verdict is Verdict.TAMPERED
    assert {"usr/sbin/nologin", "usr/bin/sh"} & set(immutable(result))


def test_withdrawn_packages_are_a_warning(tmp_path: Path) -> None:
    """Genuine, of a package that nobody should run any more."""
    registry = registry_of(tmp_path, BASE, SERVER, LIBRARY)
    store = registry._store
    (release,) = store.releases("Wombat", "server (amd64)")
    store.withdraw(release.id, "CVE-2026-1", 1)
    result = verified(System(), registry, tmp_path)
    assert (result.verdict, result.tier) == (Verdict.GENUINE, Tier.WARNING)
    assert any("CVE-2026-1" in each.detail for each in result.findings)


def test_a_package_is_no_system(registry: Registry, tmp_path: Path) -> None:
    """A system without a list of packages, that holds all of one, is not that package with everything else added."""
    system = System()
    del system.files["var/lib/dpkg/status"]
    for number in range(40):
        put(f"opt/other/{number}", bytes([number]) * 3000)(system.files)
    result = verified(system, registry, tmp_path)
    assert result.verdict is Verdict.UNKNOWN


def test_what_accounts_do_is_explained(registry: Registry, tmp_path: Path) -> None:
    """The list of accounts as it should be is at hand, though no release has it: only the line that is too many is told."""
    system = System()
    append("etc/passwd", b"toor:x:0:0::/root:/bin/sh\n")(system.files)
    result = verified(system, registry, tmp_path)
    told = [finding for each in result.explanations for finding in each.findings if finding.part == "etc/passwd"]
    assert any("toor" in each.detail for each in told)
    assert not any("_server" in each.detail for each in told)
