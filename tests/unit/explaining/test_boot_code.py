"""What is said of boot loaders, kernels, initial file systems and partition tables."""

import pytest

from trueware.explaining.detectors.boot_code import BootCode
from trueware.model.finding import Finding, Severity
from trueware.model.part import Kind

from .cases import File, Tree, case, findings

CODE = bytes(range(256)) * 200


def found(genuine: Tree, suspect: Tree, *, at_hand: bool = True) -> list[Finding]:
    return findings(BootCode, case(genuine, suspect, at_hand=at_hand))


def region(content: bytes, *facts: tuple[str, str]) -> File:
    return File(content, kind=Kind.REGION, facts=facts)


@pytest.mark.parametrize(
    "name",
    [
        "u-boot",
        "uboot.bin",
        "bootloader",
        "0-lk",
        "lk_a",
        "abl",
        "xbl_config_b",
        "sbl1.mbn",
        "preloader.img",
        "tee",
        "bl31",
        "SPL",
        "tz.mbn",
    ],
)
def test_stages_of_the_boot_loader(name: str) -> None:
    assert [each.rule for each in found({name: region(CODE)}, {name: region(CODE + b"x")})] == ["boot-loader-changed"]
    assert [each.rule for each in found({}, {name: region(CODE)})] == ["boot-loader-added"]
    assert [each.rule for each in found({name: region(CODE)}, {})] == ["boot-loader-removed"]


@pytest.mark.parametrize("name", ["kernel", "uImage", "zImage", "vmlinuz-6.1.0", "Image.gz", "linux-1", "kernel_a"])
def test_kernels(name: str) -> None:
    assert [each.rule for each in found({name: region(CODE)}, {name: region(CODE[::-1])})] == ["kernel-changed"]


@pytest.mark.parametrize(
    "path",
    [
        "usr/bin/scp", "bin/tee", "usr/bin/rpm", "lib/loader", "usr/share/zoneinfo/tz", "usr/share/doc/u-boot", "etc/linux",
        "bin/kernel",
        "usr/include/linux/image", "etc/config/uboot", "boot/u-boot.txt", "boot/uboot.env", "usr/sbin/fw_printenv", "tee", "rpm",
    ],
)  # fmt: skip
def test_files_of_these_names_are_none(path: str) -> None:
    assert found({path: CODE}, {path: CODE[::-1]}) == []


@pytest.mark.parametrize(
    "path",
    [
        "boot/vmlinuz-5.4",
        "uImage",
        "boot/uImage",
        "lk.img",
        "tee.img",
        "boot/u-boot.bin",
        "u-boot.ext",
        "usr/lib/u-boot/u-boot.bin",
    ],
)
def test_files_that_are_written_as_they_are(path: str) -> None:
    (finding,) = found({path: CODE}, {path: CODE[::-1]})
    assert finding.rule in ("kernel-changed", "boot-loader-changed")


def test_an_edit_in_place_is_shown() -> None:
    suspect = CODE[:5000] + b"\xde\xad" + CODE[5002:]
    (finding,) = found({"u-boot": region(CODE)}, {"u-boot": region(suspect)})
    assert finding.detail == "changed in place, 2 bytes"
    (evidence,) = finding.evidence
    assert (evidence.where, evidence.expected, evidence.found) == ("offset 0x1388", "88 89", "de ad")


def test_what_is_appended_is_shown() -> None:
    (finding,) = found({"kernel": region(CODE)}, {"kernel": region(CODE + b"evil")})
    assert finding.detail == "4 bytes appended"
    assert finding.evidence[0].found == b"evil".hex(" ")


def test_what_it_calls_itself() -> None:
    old = b"U-Boot 2015.04 (Nov 04 2020 - 10:11:12)\0" + CODE
    new = b"U-Boot 2015.04-evil (Jan 17 2021 - 10:11:12)\0" + CODE[::-1]
    (finding,) = found({"u-boot": region(old)}, {"u-boot": region(new)})
    assert (finding.evidence[0].expected, finding.evidence[0].found) == (
        "U-Boot 2015.04 (Nov 04 2020 - 10:11:12)",
        "U-Boot 2015.04-evil (Jan 17 2021 - 10:11:12)",
    )
    (finding,) = found({"u-boot": region(old)}, {"u-boot": region(old + bytes(9) + CODE[::-1])})
    assert "still calls itself U-Boot 2015.04 (Nov" in finding.detail


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"#114 Thu Aug 27 16:41:46 CST 2020\n\0\0\0\0", b"#65 Wed Nov 4 09:40:55 CST 2020\n\0\0\0\0\0\0"),
        (b"#1 SMP PREEMPT Thu Aug 27 16:41:46 UTC 2020\0", b"#2 SMP PREEMPT Fri Aug 28 06:00:00 UTC 2020\0"),
        (b"built Aug 27 2020\0", b"built Nov  4 2021\0"),
        (b"\4\0\0\0\x14\0\0\0\3\0\0\0GNU\0" + b"a" * 20, b"\4\0\0\0\x14\0\0\0\3\0\0\0GNU\0" + b"b" * 20),
    ],
)
def test_another_time_stamp_is_no_other_kernel(old: bytes, new: bytes) -> None:
    def rules(*sides: bytes) -> list[str]:
        return [each.rule for each in found(*({"kernel": region(CODE + side + CODE)} for side in sides))]

    assert rules(old, new) == ["boot-code-restamped"]
    assert rules(old + b"a", new + b"b") == ["kernel-changed"]


def test_without_the_genuine_bytes_it_is_another_one_all_the_same() -> None:
    (finding,) = found({"kernel": region(CODE)}, {"kernel": region(CODE[::-1])}, at_hand=False)
    assert (finding.rule, finding.detail, finding.evidence) == ("kernel-changed", f"{len(CODE)} bytes", ())


def test_a_header_that_says_otherwise() -> None:
    (finding,) = found(
        {"kernel": region(CODE, ("load", "0x80000000"))}, {"kernel": region(CODE, ("load", "0x80060000"))}
    )
    assert (finding.rule, finding.severity) == ("kernel-changed", Severity.MEDIUM)
    assert (finding.evidence[0].where, finding.evidence[0].found) == ("load", "0x80060000")


def test_partitions() -> None:
    old = {
        "misc": region(b"", ("first-sector", "64"), ("last-sector", "99")),
        "data": region(b"", ("first-sector", "100")),
    }
    moved = {**old, "misc": region(b"", ("first-sector", "64"), ("last-sector", "98"))}
    assert [each.rule for each in found(old, moved)] == ["partition-table-changed"]
    assert found(old, moved)[0].evidence[0].where == "last-sector"
    more = {**old, "hidden": region(b"", ("first-sector", "99"))}
    assert [each.detail for each in found(old, more)] == ["hidden was added"]
    assert [each.detail for each in found(more, old)] == ["hidden is missing"]
    assert found(old, {**old, "x": region(b"x")}) == []


def test_an_initial_file_system_is_told_once() -> None:
    old = {"ramdisk/init": b"a", "ramdisk/sbin/x": b"b", "other/init": b"c"}
    new = {"ramdisk/init": b"A", "ramdisk/sbin/x": b"B", "ramdisk/new": b"", "other/init": b"C"}
    told = [each for each in found(old, new) if each.rule == "initramfs-changed"]
    assert [each.part for each in told] == ["ramdisk"]
    assert told[0].detail.startswith("3 files: ")
    assert not [
        each for each in found(old, {**old, "ramdisk/init": File(b"a", mode=0o755)}) if each.rule == "initramfs-changed"
    ]


def test_a_text_by_a_loaders_name_is_no_loader() -> None:
    path = "usr/lib/opkg/info/uboot-envtools.control"
    assert findings(BootCode, case({path: b"Installed-Size: 312\n"}, {path: b"Installed-Size: 297\n"})) == []
