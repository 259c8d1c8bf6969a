"""The script, run for real by the shells that devices have: what it lists is what we measure of the same folder."""

import os
import random
import shutil
import subprocess
import tempfile
from hashlib import sha256
from pathlib import Path

import pytest
from tests.unit.collecting.shells import SHELLS, shell

from trueware.artefact import measure_artefact
from trueware.collecting.listing import read_listing
from trueware.collecting.redaction import redact
from trueware.collecting.script import Wish, script_text
from trueware.model.part import Kind, Part

_ODD = (
    b"two\nlines", b"\n", b"ends\n", b"back\\slash", b"\\n", b"tab\there", b"cr\r", b" leads", b"trails ", b"-n", b"--help",
    b"a -> b", b"esc\x1b[2J", b"\xff\xfe", "ünï".encode(), b"$(id)", b"`id`", b"'", b'"', b"*", b"[a]", b"x!", b"%0a", b"#",
    b"f 0000", b"z end", b"|", b"\x7f", b"~", b"." * 3, b"a" * 255,
)  # fmt: skip


def _build(root: Path, count: int) -> None:
    """Make a folder with files of all kinds, plain and odd names, `count` of them at least."""
    rng = random.Random(6)
    top = os.fsencode(root)
    folders = [top]
    for name in (b"etc", b"bin", b"usr/lib", b"deep/" + b"/".join([b"d"] * 60), *(b"odd/" + each for each in _ODD)):
        os.makedirs(top + b"/" + name)
        folders.append(top + b"/" + name)
    for number in range(count):
        folder = rng.choice(folders if number % 6 == 0 else folders[:5])
        name = rng.choice(_ODD) if number % 5 == 0 else b"file%d" % number
        path = folder + b"/" + name
        if not os.path.lexists(path):
            with open(path, "wb") as file:
                file.write(rng.randbytes(rng.choice((0, 1, 10, 5_000))))
            os.chmod(path, rng.choice((0o644, 0o755, 0o600, 0o4755, 0o2711, 0o1777, 0o000)))
    for number, target in enumerate(_ODD):
        os.symlink(target, top + b"/usr/lib/link%d" % number)
        os.symlink(b"/nowhere/" + target, top + b"/odd/" + target + b"/" + (target[:200] + b".link"))
    os.mkfifo(top + b"/bin/fifo")
    if os.geteuid() == 0:
        os.mknod(top + b"/bin/null", 0o020666, os.makedev(1, 3))
        os.chown(top + b"/bin/fifo", 12, 3456)


def _told(part: Part) -> tuple[object, ...]:
    size = 0 if part.kind is Kind.DIRECTORY else part.size
    return part.kind, size, part.sha256, part.mode, part.uid, part.gid, part.link, part.rdev


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with thousands of files."""
    folder = tmp_path_factory.mktemp("device") / "root"
    _build(folder, 3_000)
    return folder


@pytest.mark.parametrize("name", SHELLS)
def test_a_listing_is_what_we_measure(name: str, root: Path, tmp_path: Path) -> None:
    """Names, kinds, sizes, digests, modes, owners, targets and devices, of thousands of files with odd names."""
    device = shell(name, tmp_path / "applets")
    listing = read_listing(device.run(Wish(root=str(root))), "root")
    there = {path: _told(part) for path, part in measure_artefact(root).measurement.root.walk()}
    here = {path: _told(part) for path, part in listing.root.walk()}
    assert len(there) > 2_500
    assert {
        path: (there.get(path), here.get(path))
        for path in there.keys() | here.keys()
        if there.get(path) != here.get(path)
    } == {}
    assert listing.findings == ()
    assert listing.fact("stat") == ("ls" if name == "openwrt" else "stat")


@pytest.mark.parametrize("name", SHELLS)
def test_contents_are_those_of_the_files(name: str, tmp_path: Path) -> None:
    """Small files are printed to the byte, with and without a line end; secrets are not, and we redact as the script does."""
    device = shell(name, tmp_path / "applets")
    files = {
        "etc/init.d/a": b"#!/bin/sh\nno end",
        "etc/init.d/b": b"#!/bin/sh\n\n\n",
        "etc/rc.local": b"|\n z end\nz end\n\\n\t\x1b[0m\n",
        "etc/crontabs/root": b"\n",
        "etc/passwd": b"root:x:0:0:root:/root:/bin/sh\nold:abcdefghijklm:1:1::/:\nempty::2:2::/:/bin/sh\nno colon\n",
        "etc/shadow": b"root:$1$salt$hash:1:2:::\nx:*:1\n\nlocked:!$6$s$h:3:\nshort:abc:\nlast::2",
        "etc/config/wireless": b"config wifi-iface\n\toption key 'open sesame'\n\toption ssid 'home'\n  option  wpa_passphrase x\n",
        "etc/config/system": b"config system\n\toption hostname 'a'\n",
        "usr/sbin/tool": b"#!/bin/sh\necho\n",
        "usr/sbin/program": b"\x7fELF\n#!",
        "usr/share/text": b"plain",
    }
    root = tmp_path / "root"
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
        (root / path).chmod(0o755 if "bin/" in path else 0o644)
    (root / "etc/hosts").symlink_to("/etc/passwd")
    (root / "etc/init.d/large").write_bytes(b"#" * 70_000)
    said = device.run(Wish(root=str(root)))
    assert b"open sesame" not in said
    assert b"$1$salt" not in said
    assert b"abcdefghijklm" not in said
    listing = read_listing(said, "root")
    assert listing.findings == ()
    printed = {path for path, content in files.items() if sha256(content).digest() in listing.kept}
    assert printed == files.keys() - {"usr/sbin/program", "usr/share/text"}
    secret = {"etc/passwd", "etc/shadow", "etc/config/wireless"}
    for path in printed:
        digest = sha256(files[path]).digest()
        assert listing.kept[digest] == redact(path, files[path]), path
        assert (digest in listing.redacted) == (path in secret), path
    assert sha256((root / "etc/init.d/large").read_bytes()).digest() not in listing.kept


def test_redacted_files_tell_less() -> None:
    """The redaction of our own leaves no secret either (what is compared above could be wrong on both sides)."""
    shadow = redact("etc/shadow", b"root:$1$salt$hash:1\nold:abcdefghijklm:1\nlocked:!$6$s$h:3")
    digest = sha256(b"$1$salt$hash").hexdigest()[:43].encode()
    assert shadow == b"root:$5$redacted$" + digest + b":1\nold:$5$redacted$" + b"0" * 43 + b":1\nlocked:!:3"
    assert redact("etc/config/network", b"\toption private_key 'AAAA='\n") == b"\toption private_key redacted\n"


def test_a_running_machine_is_listed(tmp_path: Path) -> None:
    """Of what runs: the shell itself, with the digest of its file, what is mounted, and no arguments unless they are asked for."""
    device = shell("debian", tmp_path / "applets")
    (tmp_path / "tree").mkdir()
    with subprocess.Popen(["sleep", "98765.4321"]) as sleeper:
        try:
            told = [
                device.run(Wish(trees=(str(tmp_path / "tree"),), contents=False, arguments=asked))
                for asked in (False, True)
            ]
        finally:
            sleeper.kill()
    listing = read_listing(told[0], "machine")
    assert b" / " in listing.texts["/proc/mounts"]
    (found,) = [each for each in listing.processes if each.pid == sleeper.pid]
    program = Path(shutil.which("sleep") or "").resolve()
    assert found.program == str(program)
    assert sha256(program.read_bytes()).digest() in {each.sha256 for each in listing.processes}
    assert [b"98765.4321" in said for said in told] == [False, True]
    assert read_listing(told[1], "machine").processes[0].pid == listing.processes[0].pid


def test_what_cannot_be_read_is_said() -> None:
    """Run by a plain user: a folder that nobody else may read, and a file, are told, not left out in silence."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    folder = Path(tempfile.mkdtemp())
    try:
        folder.chmod(0o755)
        (folder / "root/closed/below").mkdir(parents=True)
        (folder / "root/closed").chmod(0o700)
        (folder / "root/secret").write_bytes(b"a")
        (folder / "root/secret").chmod(0o600)
        said = subprocess.run(
            ["dash", "-s"], input=script_text(Wish(root=str(folder / "root"))), capture_output=True, check=True,
            user=65534, group=65534,
            extra_groups=[], env={"PATH": os.defpath},
        ).stdout  # fmt: skip
        listing = read_listing(said, "root")
        assert {(each.rule, each.part) for each in listing.findings} == {
            ("listing-incomplete", "closed"),
            ("listing-incomplete", "secret"),
        }
    finally:
        shutil.rmtree(folder)


def test_time_is_bounded(tmp_path: Path) -> None:
    """A listing that took too long stops, says so, and is no whole one."""
    device = shell("debian", tmp_path / "applets")
    for number in range(100):
        (tmp_path / "applets").mkdir(exist_ok=True)
        (tmp_path / f"applets/{number}").write_bytes(b"a")
    listing = read_listing(device.run(Wish(root=str(tmp_path / "applets"), max_seconds=0)), "root")
    assert {finding.rule for finding in listing.findings} == {"listing-incomplete"}
    assert "stopped: MAX_SECONDS=0" in {finding.detail for finding in listing.findings}
    assert listing.root.children == ()


def test_nothing_is_written(tmp_path: Path) -> None:
    """The folder is as it was, and nothing came into the place for temporary files."""
    device = shell("debian", tmp_path / "applets")
    root, scratch = tmp_path / "root", tmp_path / "scratch"
    for folder in (root, scratch):
        folder.mkdir()
        (folder / "file").write_bytes(b"a")
    before = [entry.stat() for entry in (root, root / "file", scratch)]
    device.run(Wish(root=str(root)), TMPDIR=str(scratch))
    after = [entry.stat() for entry in (root, root / "file", scratch)]
    assert [each.st_mtime_ns for each in before] == [each.st_mtime_ns for each in after]
    assert sorted(os.listdir(scratch)) == ["file"]


def test_settings_are_quoted(tmp_path: Path) -> None:
    """A folder with a quote in its name is a folder, not a command."""
    device = shell("debian", tmp_path / "applets")
    root = tmp_path / "it's; touch x; '$(id)'"
    root.mkdir()
    (root / "file").write_bytes(b"a")
    assert [child.name for child in read_listing(device.run(Wish(root=str(root))), "r").root.children] == ["file"]
    with pytest.raises(ValueError, match="mount points"):
        script_text(Wish(trees=("/a b",)))
    with pytest.raises(ValueError, match="one line"):
        script_text(Wish(root="/a\nb"))


def test_shells_find_no_fault() -> None:
    """Each shell reads the script without running it."""
    for command in (["dash"], ["busybox", "ash"], ["mksh"], ["bash", "--posix"]):
        try:
            done = subprocess.run([*command, "-n"], input=script_text(Wish()), capture_output=True, check=False)
        except FileNotFoundError:
            continue
        assert (done.returncode, done.stderr) == (0, b"")
