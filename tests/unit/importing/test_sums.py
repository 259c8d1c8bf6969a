"""sha256sums of a target of OpenWrt: what is signed, what profiles.json adds, and what does not fit."""

import json
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from tests.unit.importing.mirrors import KEY, PUBLISHER, Usign, archive, registry, take, write

from trueware import importing
from trueware.errors import InputError, UntrustedStatement
from trueware.importing.contract import Document
from trueware.model.anchor import Distrusted
from trueware.model.claim import Claim
from trueware.model.verdict import Authority, Verdict
from trueware.registry.lookup import Registry
from trueware.registry.trust import take_back
from trueware.signatures.keys import read_keys
from trueware.sources.mirrors import FolderMirror
from trueware.storage.memory import MemoryStore
from trueware.verify import verify

IMAGE = "openwrt-23.05.3-ath79-generic-tplink_archer-c7-v2-squashfs-sysupgrade.bin"
KERNEL = "openwrt-23.05.3-ath79-generic-vmlinux.elf"
DATA = archive(
    {"etc/openwrt_release": b"DISTRIB_ID='OpenWrt'\nDISTRIB_RELEASE='23.05.3'\n", "bin/busybox": bytes(3000)}
)
UNSIGNED = "ab" * 32


def profiles(**image: str) -> bytes:
    stated = {"filesystem": "squashfs", "name": IMAGE, "type": "sysupgrade", "sha256": sha256(DATA).hexdigest()}
    stated |= {"sha256_unsigned": UNSIGNED, **image}
    device = {
        "images": [stated, {"name": "rootfs.cpio", "sha256": "none"}],
        "supported_devices": ["tplink,archer-c7-v2", "archer-c7-v2"],
        "titles": [{"vendor": "TP-Link", "model": "Archer C7", "variant": "v2"}],
    }
    value: dict[str, Any] = {
        "arch_packages": "mips_24kc", "metadata_version": 1, "profiles": {"tplink_archer-c7-v2": device},
        "source_date_epoch": 1711139120, "target": "ath79/generic", "version_code": "r23809-234f1a2efa",
        "version_number": "23.05.3",
    }  # fmt: skip
    return json.dumps(value).encode()


def target(**changed: bytes | None) -> dict[str, bytes]:
    """Return the files of a target; what is changed is changed after the list was signed."""
    files = {IMAGE: DATA, "profiles.json": profiles()}
    lines = [f"{sha256(data).hexdigest()} *{name}" for name, data in files.items()]
    sums = "\n".join([*lines, f"{'cd' * 32} *{KERNEL}", ""]).encode()
    whole: dict[str, bytes | None] = {**files, "sha256sums": sums, "sha256sums.sig": KEY.sign(sums), **changed}
    return {name: data for name, data in whole.items() if data is not None}


def resigned(files: dict[str, bytes], key: Usign = KEY) -> dict[str, bytes]:
    return {**files, "sha256sums.sig": key.sign(files["sha256sums"])}


def test_a_signed_target(tmp_path: Path) -> None:
    """Each file listed is a reference; the image at hand is measured, and says of itself what profiles.json says of it."""
    store = registry(*KEY.public())
    done = take(store, write(tmp_path, target()) / "sha256sums")

    assert (done.added, done.refusals) == (4, 1), done.refused
    assert done.refused[0].where == "rootfs.cpio"
    releases = {each.sha256: each for each in store.releases()}
    image, unsigned = releases[sha256(DATA).digest()], releases[bytes.fromhex(UNSIGNED)]
    assert (image.publisher, image.version, image.authority) == (PUBLISHER, "23.05.3", Authority.THIRD_PARTY)
    assert image.product == unsigned.product == "openwrt-ath79-generic-tplink_archer-c7-v2-squashfs-sysupgrade"
    assert image.source == f"sha256sums, signed by OpenWrt (a test key): {IMAGE}"
    assert "before its signature was appended" in unsigned.source
    assert (image.tree is not None, unsigned.tree, unsigned.statement) == (True, None, None)
    assert {(each.name, each.value) for each in image.claims} >= {
        ("product", "tplink,archer-c7-v2"), ("hardware", "TP-Link Archer C7 v2"), ("board", "ath79/generic"),
        ("version", "23.05.3"), ("build", "r23809-234f1a2efa"), ("architecture", "mips_24kc"), ("os", "OpenWrt"),
    }  # fmt: skip
    assert Claim("board", "ath79/generic", "profiles.json", "") in releases[bytes.fromhex("cd" * 32)].claims
    assert verify(tmp_path / IMAGE, Registry(store)).verdict is Verdict.GENUINE
    assert take(store, tmp_path / "sha256sums").added == 0
    assert take(store, tmp_path / "profiles.json").added == 0
    assert store.fsck() == []


def test_what_was_imported_without_the_image_is_measured_when_it_comes(tmp_path: Path) -> None:
    """A list imported first, its image later: the second import adds the manifest; a third adds nothing."""
    store = registry(*KEY.public())
    path = write(tmp_path, target(**{IMAGE: None})) / "sha256sums"
    assert take(store, path).added == 4
    assert [each.tree for each in store.find_by_sha256(sha256(DATA).digest())] == [None]
    write(tmp_path, {IMAGE: DATA})
    assert take(store, path).added == 1
    assert take(store, path).added == 0


def test_another_image_under_a_listed_name(tmp_path: Path) -> None:
    """Mix and match: a signed list with the image of another build is told, and that image is no reference."""
    store = registry(*KEY.public())
    other = archive({"etc/openwrt_release": b"DISTRIB_ID='OpenWrt'\n", "bin/backdoor": b"#!/bin/sh\n"})
    done = take(store, write(tmp_path, target(**{IMAGE: other})) / "sha256sums")

    assert any(sha256(other).hexdigest() in each.reason for each in done.refused)
    assert store.find_by_sha256(sha256(other).digest()) == ()
    assert [each.tree for each in store.find_by_sha256(sha256(DATA).digest())] == [None]
    assert verify(tmp_path / IMAGE, Registry(store)).verdict is not Verdict.GENUINE


@pytest.mark.parametrize("edit", [b"\n", b"\0", b"#"])
def test_a_changed_list_states_nothing(tmp_path: Path, edit: bytes) -> None:
    """A list that is not what was signed is refused whole."""
    files = target()
    store = registry(*KEY.public())
    write(tmp_path, {**files, "sha256sums": files["sha256sums"] + edit})
    for name in ("sha256sums", "profiles.json"):
        with pytest.raises(UntrustedStatement, match="does not hold"):
            take(store, tmp_path / name)
    assert store.releases() == ()


def test_keys_that_must_not_be_believed(tmp_path: Path) -> None:
    """A key that was taken back, and one on the never-trust list, however valid the signature."""
    path = write(tmp_path, target()) / "sha256sums"
    store = registry(*KEY.public())
    take_back(store, PUBLISHER, store.anchors()[0].id, "leaked", 2)
    with pytest.raises(UntrustedStatement, match="leaked"):
        take(store, path)
    store = registry(*KEY.public())
    store.add_distrusted([Distrusted(store.anchors()[0].id, "its secret half is public")], 1)
    with pytest.raises(UntrustedStatement, match="public"):
        take(store, path)
    assert store.releases() == ()


def test_without_the_key_or_signature_it_is_somebodys_word(tmp_path: Path) -> None:
    """It needs to be said whose software it is, and each reference says how far it was checked."""
    path = write(tmp_path, target()) / "sha256sums"
    with pytest.raises(InputError, match="--publisher"):
        take(MemoryStore(), path)
    store = registry(*Usign(9).public())
    assert take(store, path, "Acme").added == 4
    assert all("signature not checked: the key usign:0101" in each.source for each in store.releases())
    assert {each.publisher for each in store.releases()} == {"Acme"}
    (tmp_path / "sha256sums.sig").unlink()
    store = MemoryStore()
    assert take(store, path, "Acme").added == 4
    assert all(each.source.startswith("sha256sums, not signed") for each in store.releases())


def test_a_signature_of_another_kind_is_none(tmp_path: Path) -> None:
    """What lies beside and cannot be read is told, and is no signature."""
    store = registry(*KEY.public())
    path = write(tmp_path, target(**{"sha256sums.sig": b"MEUCIQ=="})) / "sha256sums"
    assert take(store, path, "Acme").added == 4
    assert all("no signature of a kind that is known" in each.source for each in store.releases())


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (target(**{"profiles.json": profiles(sha256="ef" * 32)}), "is listed: what it says is left out"),
        (resigned(target(sha256sums=f"{sha256(DATA).hexdigest()} *{IMAGE}\n".encode())), "does not name it"),
    ],
)
def test_profiles_that_the_list_does_not_name(tmp_path: Path, files: dict[str, bytes], reason: str) -> None:
    """profiles.json beside a signed list counts for nothing unless it is the one that is listed."""
    store = registry(*KEY.public())
    done = take(store, write(tmp_path, files) / "sha256sums")
    assert any(reason in each.reason for each in done.refused)
    assert all(each.source != "profiles.json" for release in store.releases() for each in release.claims)
    assert not store.find_by_sha256(bytes.fromhex(UNSIGNED))


def test_an_empty_list_names_no_profiles(tmp_path: Path) -> None:
    """A signed list without lines is a list."""
    store = registry(*KEY.public())
    done = take(store, write(tmp_path, resigned(target(sha256sums=b"\n"))) / "profiles.json")
    assert (done.added, done.refusals) == (0, 1)


def test_one_name_with_two_digests(tmp_path: Path) -> None:
    """Within the list, and between it and profiles.json: not taken from the second, and not at all."""
    twice = target()["sha256sums"] + f"{'11' * 32} *{KERNEL}\n".encode()
    done = take(registry(*KEY.public()), write(tmp_path, resigned(target(sha256sums=twice))) / "sha256sums")
    assert any("two digests" in each.reason for each in done.refused)

    other = profiles(sha256="ef" * 32)
    sums = f"{sha256(DATA).hexdigest()} *{IMAGE}\n{sha256(other).hexdigest()} *profiles.json\n".encode()
    write(tmp_path, resigned(target(**{"profiles.json": other, "sha256sums": sums})))
    store = registry(*KEY.public())
    done = take(store, tmp_path / "sha256sums")
    assert any("different digests" in each.reason for each in done.refused)
    assert store.find_by_sha256(sha256(DATA).digest()) == ()


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../secret", "link", "folder", ".", "x\0y"])
def test_names_that_lead_elsewhere(tmp_path: Path, name: str) -> None:
    """A listed name is never followed out of the mirror, through a link or to a folder; what lies there is not read."""
    write(tmp_path, {"secret": DATA, "mirror/folder/x": b""})
    (tmp_path / "mirror/link").symlink_to(tmp_path / "secret")
    sums = f"{sha256(DATA).hexdigest()} *{name}\n".encode()
    path = write(tmp_path / "mirror", {"sha256sums": sums, "sha256sums.sig": KEY.sign(sums)}) / "sha256sums"
    store = registry(*KEY.public())
    take(store, path)
    assert all(each.tree is None for each in store.releases())


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 100_000,
        b'{"profiles": ' * 10_000,
        b'{"profiles": []}',
        b"\xff",
        b'{"profiles": {"a": 1, "b": {"images": 5}}}',
    ],
)
def test_profiles_that_are_none(tmp_path: Path, text: bytes) -> None:
    """Whatever they are, the list counts and the reader does not stumble."""
    sums = f"{sha256(text).hexdigest()} *profiles.json\n".encode()
    files = {"profiles.json": text, "sha256sums": sums, "sha256sums.sig": KEY.sign(sums)}
    done = take(registry(*KEY.public()), write(tmp_path, files) / "sha256sums")
    assert (done.added, done.refusals) == (1, 0 if b'"a"' in text else 1)


def test_it_is_told_by_its_surroundings(tmp_path: Path) -> None:
    """A list alone is for whoever reads lists; beside a signature or profiles.json it is read here."""
    mirror = FolderMirror(write(tmp_path, {"a/sha256sums": b"", "b/SHA256SUMS.txt": b"", "b/SHA256SUMS.txt.asc": b""}))

    def kind(path: str) -> str | None:
        found = importing.recognise(Document(path, b"", mirror))
        return found.name if found is not None else None

    assert (kind("a/sha256sums"), kind("b/SHA256SUMS.txt")) == ("list", "sums")


def test_signatures_of_openpgp(tmp_path: Path) -> None:
    """A list that gpg signed: the text of the vectors under the name of a list, with the day of the signature."""
    vectors = Path(__file__).resolve().parents[2] / "vectors/signatures/openpgp"
    shutil.copy(vectors / "text", tmp_path / "sha256sums")
    shutil.copy(vectors / "ed25519.asc", tmp_path / "sha256sums.asc")
    store = registry(*read_keys((vectors / "ed25519.pub").read_bytes()))
    done = take(store, tmp_path / "sha256sums", now=1_900_000_000)
    assert done.added == 0
    assert done.refusals
    (tmp_path / "sha256sums").write_bytes((vectors / "text").read_bytes() + b"x")
    with pytest.raises(UntrustedStatement, match="does not hold"):
        take(store, tmp_path / "sha256sums", now=1_900_000_000)
