"""What must not be GENUINE by a signature, or accused by one: attacks through the command line, each in its smallest form."""

import io
import json
import tarfile
import zipfile
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from trueware.cli import main
from trueware.cli.exit_code import ExitCode

APK = Path(__file__).resolve().parents[1] / "vectors/signatures/apk"
FIRMWARE, EVIL = b"the firmware\n" * 50, b"something else\n" * 40


@dataclass(frozen=True)
class Key:
    """A key of usign, made from one byte."""

    seed: int
    number: bytes = b""
    """Its id; by default one of its own."""

    @property
    def id(self) -> str:
        return f"usign:{self._number.hex()}"

    @property
    def _number(self) -> bytes:
        return self.number or bytes([self.seed]) * 8

    @property
    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(bytes([self.seed]) * 32)

    def public(self, folder: Path) -> str:
        raw = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        path = folder / f"{self.seed}.pub"
        path.write_bytes(b"untrusted comment: key\n" + b64encode(b"Ed" + self._number + raw) + b"\n")
        return str(path)

    def sign(self, data: bytes) -> bytes:
        made = self._key.sign(data)
        return b"untrusted comment: signature\n" + b64encode(b"Ed" + self._number + made) + b"\n"


ACME, ZETA = Key(1), Key(2)
LIST = f"{sha256(FIRMWARE).hexdigest()} *firmware\n".encode()
SIGNED = {"sha256sums": LIST, "sha256sums.sig": ACME.sign(LIST)}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a registry, in which Acme is enrolled with its key."""
    monkeypatch.setenv("TRUEWARE_REGISTRY", str(tmp_path / "registry.sqlite"))
    run("registry", "init")
    admit("Acme", ACME, tmp_path)
    return tmp_path


def run(*words: object) -> None:
    assert main([str(word) for word in words]) == ExitCode.GENUINE, words


def admit(publisher: str, key: Key, folder: Path, *more: str) -> None:
    run("publisher", "add", publisher)
    run("trust", "add", publisher, key.public(folder), *more)


def folder(path: Path, files: Mapping[str, bytes]) -> Path:
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def tar(path: Path, files: Mapping[str, bytes], **attributes: object) -> Path:
    """Pack; the attributes are those of the last one."""
    with tarfile.open(path, "w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            if name == list(files)[-1]:
                for attribute, value in attributes.items():
                    setattr(info, attribute, value)
            archive.addfile(info, io.BytesIO(data))
    return path


def zipped(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def verified(path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    main(["verify", "--json", "--quiet", str(path)])
    first: dict[str, Any] = json.loads(capsys.readouterr().out)["results"][0]
    return first


def verdict(path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    return str(verified(path, capsys)["verdict"])


def test_signed_alone_is_genuine(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the attacks are about would be GENUINE without them."""
    files = {**SIGNED, "firmware": FIRMWARE}

    assert verdict(folder(here / "a", files), capsys) == "GENUINE"
    assert verdict(zipped(here / "a.zip", files), capsys) == "GENUINE"
    assert verdict(folder(here / "b", {"f": FIRMWARE, "f.sig": ACME.sign(FIRMWARE)}), capsys) == "GENUINE"


def test_two_names_with_one_path(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A path has ``a!`` written ``a%21``, which is a name as well: the signature over one is not over the other."""
    files = {"a%21": FIRMWARE, "a%21.sig": ACME.sign(FIRMWARE)}

    assert verdict(folder(here / "one", files), capsys) == "GENUINE"
    assert verdict(folder(here / "two", {**files, "a!": EVIL}), capsys) == "UNKNOWN"


@pytest.mark.parametrize("name", ["firmware", "etc/rc.local", "bin/login"])
@pytest.mark.parametrize("mode", [0o644, 0o4755])
def test_a_list_does_not_say_where_files_go(
    here: Path, name: str, mode: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """A tar is unpacked onto a device: any listed file could be made its start script, or run with its owner's rights."""
    assert verdict(tar(here / "a.tar", {**SIGNED, name: FIRMWARE}, mode=mode), capsys) == "UNKNOWN"
    detached = {f"{name}.sig": ACME.sign(FIRMWARE), name: FIRMWARE}
    assert verdict(tar(here / "b.tar", detached, mode=mode), capsys) == "UNKNOWN"


def test_a_signature_is_not_over_rights(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A set-uid bit turns a signed program into another one."""
    path = folder(here / "a", {"program": FIRMWARE, "program.sig": ACME.sign(FIRMWARE)})
    assert verdict(path, capsys) == "GENUINE"

    (path / "program").chmod(0o4755)
    assert verdict(path, capsys) == "UNKNOWN"


def test_files_for_people_lie_beside_what_is_signed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They are told, and no folder of a system passes for one of documents."""
    files = {**SIGNED, "firmware": FIRMWARE}

    given = verified(folder(here / "a", {**files, "README.txt": b"read me"}), capsys)
    assert (given["verdict"], given["tier"]) == ("GENUINE", "warning")
    assert ("outside-release", "README.txt") in {(each["rule"], each["part"]) for each in given["findings"]}

    assert verdict(folder(here / "b", {**files, "etc/rc.d/S99_license": EVIL}), capsys) == "UNKNOWN"
    assert verdict(tar(here / "b.tar", {**files, "etc/rc.d/S99_license": EVIL}), capsys) == "UNKNOWN"


def test_an_id_of_usign_is_anybodys_to_choose(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another publisher's key with Acme's id neither speaks for Acme nor makes Acme's signatures look broken."""
    admit("Zeta", Key(3, bytes([1]) * 8), here)
    by_acme = verified(folder(here / "a", {"f": FIRMWARE, "f.sig": ACME.sign(FIRMWARE)}), capsys)
    by_zeta = verified(folder(here / "z", {"f": EVIL, "f.sig": Key(3, bytes([1]) * 8).sign(EVIL)}), capsys)

    assert [each["publisher"] for each in by_acme["signatures"]] == ["Acme"]
    assert [each["publisher"] for each in by_zeta["signatures"]] == ["Zeta"]
    assert by_acme["verdict"] == by_zeta["verdict"] == "GENUINE"


def test_a_key_that_was_taken_back_is_taken_back_for_all(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two publishers share a key; one of them lost it."""
    path = folder(here / "a", {"f": FIRMWARE, "f.sig": ACME.sign(FIRMWARE)})
    admit("Zeta", ACME, here)
    run("trust", "revoke", "Acme", ACME.id, "leaked")

    assert verdict(path, capsys) == "UNKNOWN"


@pytest.mark.parametrize("form", ["sha256:{}", "SHA256:{}", "sha256:{upper}"])
def test_what_is_listed_is_not_genuine_in_a_wrapping(here: Path, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither by its signature nor by its release, in whatever letters the list names it, alone, in a folder or an archive."""
    alone = here / "firmware"
    alone.write_bytes(FIRMWARE)
    digest = sha256(FIRMWARE).hexdigest()
    run("trust", "never", form.format(digest, upper=digest.upper()))
    files = {"f": FIRMWARE, "f.sig": ACME.sign(FIRMWARE)}
    wrapped = folder(here / "folder", files), zipped(here / "a.zip", files), alone
    assert [verdict(path, capsys) for path in wrapped] == ["UNKNOWN"] * 3

    run("release", "learn", "--publisher", "Acme", "--product", "Router", "--version", "1", alone)
    deep = folder(here / "deep", {"a/f": FIRMWARE, "b/README": b"of it"})
    assert [verdict(path, capsys) for path in (*wrapped, deep)] == ["UNKNOWN"] * 4


@pytest.mark.parametrize("form", ["cert-sha1:{sha1}", "serial:0x00{serial:X}", "subject-cn:{name}"])
def test_registered_package_of_a_listed_certificate(here: Path, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The short way by digest asks by every name that a list may have, and so it does where the package is wrapped."""
    package = APK / "v2/input.bin"
    certificate = x509.load_pem_x509_certificate((APK / "keys/one.x509.pem").read_bytes())
    (name,) = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    listed = form.format(
        sha1=certificate.fingerprint(SHA1()).hex(":").upper(),  # noqa: S303 (a name that lists have)
        serial=certificate.serial_number,
        name=str(name.value).upper(),
    )
    run("release", "learn", "--publisher", "Acme", "--product", "App", "--version", "1", package)
    assert verdict(package, capsys) == "GENUINE"
    run("trust", "never", listed)

    assert verdict(package, capsys) == "UNKNOWN"
    assert verdict(zipped(here / "a.zip", {"app.apk": package.read_bytes()}), capsys) == "UNKNOWN"


def test_terms_of_a_key_do_not_change_unseen(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Admitting it again with a threshold would have left it without one, and said so to nobody."""
    path = folder(here / "a", {"f": FIRMWARE, "f.sig": ACME.sign(FIRMWARE)})
    run("trust", "add", "Acme", ACME.public(here), "--from", "another page")

    for terms in (["--threshold", "2"], ["--until", "2020-01-01"], ["--for", "product=Router"]):
        assert main(["trust", "add", "Acme", ACME.public(here), *terms]) == ExitCode.USAGE
        assert "other terms" in capsys.readouterr().err
    assert verdict(path, capsys) == "GENUINE"


def test_links_do_not_multiply_what_is_hashed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each of many links to one large file has a signature beside it: there is a ceiling for what is gone through again."""
    path = here / "a.tar"
    with tarfile.open(path, "w") as archive:
        large = tarfile.TarInfo("f")
        large.size = 1 << 20
        archive.addfile(large, io.BytesIO(EVIL * 3 + bytes(1 << 20)))
        for number in range(400):
            link = tarfile.TarInfo(f"f{number}")
            link.type, link.linkname = tarfile.LNKTYPE, "f"
            archive.addfile(link)
            signature = tarfile.TarInfo(f"f{number}.sig")
            signature.size = len(made := ACME.sign(b"another"))
            archive.addfile(signature, io.BytesIO(made))

    outcomes = {each["outcome"] for each in verified(path, capsys)["signatures"]}
    assert outcomes == {"broken", "not-checkable"}


def test_a_signature_file_in_a_tar_is_one(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The rule that a tar's files are told by their path is for what is signed: honest archives of signed things stay GENUINE."""
    package = here / "v4.tar"
    package.write_bytes((APK / "v4/input.bin").read_bytes())
    run("trust", "add", "Acme", APK / "keys/one.x509.pem")
    app = (APK / "v2/input.bin").read_bytes()
    listing = f"Package: app\nSHA256: {sha256(app).hexdigest()}\n".encode()
    feed = {"Packages": listing, "Packages.sig": ACME.sign(listing), "app.apk": app}

    assert verdict(package, capsys) == "GENUINE"
    assert verdict(tar(here / "feed.tar", feed), capsys) == "GENUINE"


def test_a_signed_file_for_people_is_no_payload(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The signed README of a publisher, beside something that is called as if it were for people too."""
    files = {"README": FIRMWARE, "README.sig": ACME.sign(FIRMWARE)}

    assert verdict(folder(here / "a", files), capsys) == "GENUINE"
    assert verdict(folder(here / "b", {**files, "firmware.pdf": EVIL}), capsys) == "UNKNOWN"


@pytest.mark.parametrize("mistaken", ["sha256:ab", "cert-sha256:zz", f"cert-sha1:{'0' * 64}"])
def test_a_name_that_can_bar_nothing_is_refused(here: Path, mistaken: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A fingerprint that was cut, or of another kind, is a mistake and no entry."""
    assert here.exists()
    assert main(["trust", "never", mistaken]) == ExitCode.USAGE
    assert "hexadecimal digits" in capsys.readouterr().err


def test_names_in_a_table_are_read_however_they_are_grouped(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Capitals, colons and blanks are how people write them."""
    path = folder(here / "a", {"f": FIRMWARE, "f.sig": Key(171).sign(FIRMWARE)})
    admit("Zeta", Key(171), here)
    assert verdict(path, capsys) == "GENUINE"

    table = here / "list.csv"
    table.write_text("id,why\nUSIGN:ABAB ABAB:ABAB ABAB,leaked\n", "utf-8")
    run("trust", "never", table)
    assert verdict(path, capsys) == "UNKNOWN"


@pytest.mark.parametrize("words", ["", "two\nlines", "x" * 513])
def test_a_reason_stands_on_one_line(here: Path, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Another one is a mistake of the user, not of the program."""
    assert here.exists()
    for command in (["trust", "revoke", "Acme", ACME.id, words], ["release", "withdraw", "1", "--reason", words]):
        assert main(command) == ExitCode.USAGE
        assert "printable characters" in capsys.readouterr().err
