"""How file systems are mounted."""

import pytest
from tests.unit.explaining.cases import case, findings, rules

from trueware.explaining.detectors.mount_table import MountTable

ANDROID = "vendor/etc/fstab.qcom"
SYSTEM = "/dev/block/system /system ext4 ro,barrier=1 wait,slotselect,avb=vbmeta,first_stage_mount\n"
DATA = "/dev/block/userdata /data f2fs noatime,nosuid,nodev latemount,wait,fileencryption=aes-256-xts,check\n"


def _android(before: str, after: str) -> list[str]:
    return rules(
        MountTable,
        case({ANDROID: (SYSTEM + DATA).encode()}, {ANDROID: (SYSTEM + DATA).replace(before, after).encode()}),
    )


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (",avb=vbmeta", "", ["file-system-unchecked"]),
        (",fileencryption=aes-256-xts", "", ["file-system-unencrypted"]),
        ("fileencryption=aes-256-xts", "encryptable=footer", ["file-system-mounted-otherwise"]),
        ("ro,barrier", "rw,barrier", ["file-system-loosened"]),
        (",nosuid", "", ["file-system-loosened"]),
        ("avb=vbmeta", "avb=vbmeta_system", ["file-system-mounted-otherwise"]),
        (",check", "", ["file-system-mounted-otherwise"]),
        ("wait,slotselect", "slotselect,wait", []),
        ("/dev/block/system ", "# a comment\n/dev/block/system   ", []),
    ],
)
def test_tables_of_android(before: str, after: str, expected: list[str]) -> None:
    assert _android(before, after) == expected


def test_ordinary_tables() -> None:
    before = b"/dev/sda1 / ext4 ro,nodev 0 1\ntmpfs /tmp tmpfs defaults,nosuid 0 0\n/dev/sda2 none swap sw 0 0\n"
    after = before.replace(b"defaults,nosuid", b"defaults") + b"//198.51.100.1/x /mnt cifs guest 0 0\n"
    found = findings(MountTable, case({"etc/fstab": before}, {"etc/fstab": after}))
    assert [(each.rule, each.evidence[0].where) for each in found] == [
        ("file-system-loosened", "/tmp"),
        ("file-system-mounted-otherwise", "/mnt"),
    ]
    assert rules(MountTable, case({"etc/fstab": before}, {"etc/fstab": before.replace(b"0 1", b"1 2")})) == []


def test_a_file_system_that_is_gone() -> None:
    assert rules(MountTable, case({"etc/fstab": b"a /x ext4 ro"}, {"etc/fstab": b""})) == [
        "file-system-mounted-otherwise"
    ]


def test_without_the_genuine_bytes_nothing_is_said() -> None:
    assert rules(MountTable, case({"etc/fstab": b"a / ext4 ro"}, {"etc/fstab": b"a / ext4 rw"}, at_hand=False)) == []
