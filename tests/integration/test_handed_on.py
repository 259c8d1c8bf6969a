"""Software as people hand it on: in a folder or an archive, with other files, or only a part of it."""

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from tests.integration.test_attacks import CAPABILITY, FILES, appraise, tar, trx, unpack, zipped
from trueware.model.result import Result
from trueware.model.verdict import Tier, Verdict

IMAGE = trx(b"kernel" * 900, gzip.compress(tar(FILES), mtime=0))
README = b"Hold the button for ten seconds.\n"


def folder(tmp_path: Path, **files: bytes) -> Path:
    made = tmp_path / "handed-on"
    unpack({name.replace("_", ".", 1): data for name, data in files.items()}, made)
    return made


def outside(result: Result) -> list[str]:
    return [finding.part for finding in result.findings if finding.rule == "outside-release"]


@pytest.mark.parametrize("genuine", [IMAGE, b"\x17\x42" * 5000], ids=["image", "opaque"])
def test_a_folder_with_the_image_alone_is_genuine(tmp_path: Path, genuine: bytes) -> None:
    """The folder says nothing, and the image is the release, read or not."""
    result = appraise(tmp_path, genuine, folder(tmp_path, image_bin=genuine))

    assert (result.verdict, result.tier, outside(result)) == (Verdict.GENUINE, Tier.AFFIRMING, [])
    assert result.reason == "its image.bin is identical to Router 1.0 of Acme"


@pytest.mark.parametrize("packed", [False, True], ids=["identical", "packed anew"])
def test_files_for_people_are_named_with_a_warning(tmp_path: Path, packed: bool) -> None:  # noqa: FBT001 (a parameter)
    """A readme beside the image is nobody's release: the image is genuine, and somebody must look at the rest."""
    image = gzip.compress(IMAGE, 1) if packed else IMAGE
    result = appraise(
        tmp_path, gzip.compress(IMAGE, 9), folder(tmp_path, image_bin=image, README=README, sha256sums=b"0")
    )

    assert (result.verdict, result.tier, result.vector.tier) == (Verdict.GENUINE, Tier.WARNING, Tier.WARNING)
    assert outside(result) == ["README", "sha256sums"]
    assert result.reason.endswith("; beside it 2 files of no release")


@pytest.mark.parametrize("name", ["update_sh", "second_bin", "config_txt"])
def test_what_a_device_may_act_upon_beside_the_image_is_never_genuine(tmp_path: Path, name: str) -> None:
    """Nobody vouches for a script, another image or settings in the same folder; they are named."""
    files = {"image_bin": IMAGE, "README": README, name: b"#!/bin/sh\n"}
    result = appraise(tmp_path, IMAGE, folder(tmp_path, **files))

    assert result.verdict is Verdict.UNKNOWN
    assert name.replace("_", ".") in outside(result)
    assert "image.bin verified by itself" in result.settle


def test_an_archive_that_carries_a_genuine_one_is_genuine(tmp_path: Path) -> None:
    """A zip that is a release, in a zip: the outer one is no changed copy of the inner one."""
    result = appraise(tmp_path, zipped(FILES), zipped({"app.zip": zipped(FILES), "Read me.txt": README}))

    assert (result.verdict, result.tier, outside(result)) == (Verdict.GENUINE, Tier.WARNING, ["Read me.txt"])


def test_an_archive_that_carries_a_genuine_one_and_more_is_no_changed_copy(tmp_path: Path) -> None:
    """Nobody vouches for the script beside it; nothing in the archive that is a release was changed either."""
    result = appraise(tmp_path, zipped(FILES), zipped({"app.zip": zipped(FILES), "install.sh": b"#!/bin/sh\n"}))

    assert (result.verdict, result.changes, outside(result)) == (Verdict.UNKNOWN, (), ["install.sh"])


def test_a_changed_image_among_other_files_is_tampered(tmp_path: Path) -> None:
    """What lies around it neither hides nor excuses a change."""
    changed = trx(b"kernel" * 900, gzip.compress(tar(FILES | {"bin/ls": b"\x7fELF evil"}), mtime=0))
    result = appraise(tmp_path, IMAGE, folder(tmp_path, image_bin=changed, README=README))

    assert result.verdict is Verdict.TAMPERED
    assert [change.path for change in result.changes] == ["image.bin!/partition-1!/data!/bin/ls"]


def test_an_unpacked_root_in_a_folder_of_its_own_is_genuine(tmp_path: Path) -> None:
    """Unpackers make a folder for what they unpack."""
    unpack(FILES, tmp_path / "handed-on" / "squashfs-root")
    result = appraise(tmp_path, IMAGE, tmp_path / "handed-on")

    assert (result.verdict, result.match and result.match.part) == (Verdict.GENUINE, "partition-1!/data")


def test_a_delivery_of_several_files_in_another_folder_is_genuine(tmp_path: Path) -> None:
    """A release that is a folder, one folder deeper."""
    genuine = tmp_path / "delivery"
    unpack({"image.bin": IMAGE, "update.sh": b"#!/bin/sh\n"}, genuine)
    unpack({"image.bin": IMAGE, "update.sh": b"#!/bin/sh\n"}, tmp_path / "handed-on" / "deeper")

    assert appraise(tmp_path, genuine, tmp_path / "handed-on").verdict is Verdict.GENUINE


ROUTER = FILES | {
    "etc/openwrt_release": b"DISTRIB_RELEASE='1.0'\n",
    "etc/init.d/network": b"#!/bin/sh /etc/rc.common\nSTART=20\n" * 9,
    "etc/init.d/firewall": b"#!/bin/sh /etc/rc.common\nSTART=19\n" * 8,
    "etc/config/system": b"config system\n",
}


def etc(tmp_path: Path, **changed: bytes) -> Path:
    """Return the folder `etc` of the router, read out of a device, with files changed or added."""
    files = {path: data for path, data in ROUTER.items() if path.startswith("etc/")}
    unpack(files | {f"etc/{name.replace('__', '/')}": data for name, data in changed.items()}, tmp_path / "dump")
    return tmp_path / "dump" / "etc"


@pytest.mark.parametrize("above", [False, True], ids=["the folder", "the folder in another"])
def test_a_configured_folder_of_a_device_is_genuine(tmp_path: Path, above: bool) -> None:  # noqa: FBT001 (a parameter)
    """Settings are settings, whether the whole root is seen or only the folder they are in."""
    suspect = etc(tmp_path, config__network=b"config wan\n", config__wireless=b"config radio\n")
    result = appraise(tmp_path, tar(ROUTER), suspect.parent if above else suspect)

    assert (result.verdict, result.match and result.match.part) == (Verdict.GENUINE, "etc")
    assert [change.mutable for change in result.changes] == [True, True]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("passwd", b"root::0:0::/:/bin/sh\n"),
        ("init.d__network", b"#!/bin/sh\nevil\n"),
        ("cron__root", b"* * * * * evil\n"),
    ],
)
def test_a_changed_folder_of_a_device_is_tampered(tmp_path: Path, name: str, data: bytes) -> None:
    """What is not settings in the whole root is not settings in the folder alone."""
    result = appraise(tmp_path, tar(ROUTER), etc(tmp_path, config__network=b"config wan\n", **{name: data}))

    assert result.verdict is Verdict.TAMPERED


def test_settings_alone_are_never_genuine_for_being_changeable(tmp_path: Path) -> None:
    """Everything in etc/config may change, so that any folder would equal it."""
    suspect = etc(tmp_path, config__network=b"config wan\n") / "config"
    unpack({"network": b"config evil\n", "more": b"evil"}, tmp_path / "made-up")
    result, made_up = (appraise(tmp_path, tar(ROUTER), path) for path in (suspect, tmp_path / "made-up"))

    assert (result.verdict, made_up.verdict) == (Verdict.UNKNOWN, Verdict.UNKNOWN)


def with_nodes(archive: bytes, form: int = tarfile.PAX_FORMAT) -> bytes:
    """Return a tar with two device nodes more, and a capability of its shell."""
    made = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(archive)) as source,
        tarfile.open(fileobj=made, mode="w", format=form) as target,
    ):
        for member in source:
            member.pax_headers = CAPABILITY if member.name == "bin/sh" else {}
            target.addfile(member, source.extractfile(member))
        for minor, name in enumerate(("console", "null")):
            node = tarfile.TarInfo(f"dev/{name}")
            node.type, node.mode, node.devmajor, node.devminor = tarfile.CHRTYPE, 0o600, 5, minor
            target.addfile(node)
    return made.getvalue()


def test_a_folder_unpacked_without_rights_is_genuine_with_a_warning(tmp_path: Path) -> None:
    """Device nodes and capabilities need root; that they could not be checked is said, and nothing is accused."""
    unpack(FILES, tmp_path / "copy")
    (tmp_path / "copy" / "dev").mkdir(mode=0o755)
    result = appraise(tmp_path, with_nodes(tar(FILES)), tmp_path / "copy")
    told = [finding.detail for finding in result.findings if finding.rule == "not-checkable"]

    assert (result.verdict, result.tier, result.changes) == (Verdict.GENUINE, Tier.WARNING, ())
    assert told == [
        "this copy has no device nodes; the release has, at dev/console, dev/null",
        "this copy has no extended attributes; the release has, at bin/sh",
    ]


def test_a_changed_folder_unpacked_without_rights_is_tampered_where_it_was_changed(tmp_path: Path) -> None:
    """What the copy lost is not listed among what was changed."""
    unpack(FILES | {"bin/sh": b"\x7fELF evil"}, tmp_path / "copy")
    (tmp_path / "copy" / "dev").mkdir(mode=0o755)
    result = appraise(tmp_path, with_nodes(tar(FILES)), tmp_path / "copy")

    assert (result.verdict, [change.path for change in result.changes]) == (Verdict.TAMPERED, ["bin/sh"])


def test_a_release_without_its_nodes_is_tampered(tmp_path: Path) -> None:
    """An archive of the release's own format is what a device is given: what it lacks was taken out."""
    result = appraise(tmp_path, with_nodes(tar(FILES)), tar(FILES))

    assert result.verdict is Verdict.TAMPERED
