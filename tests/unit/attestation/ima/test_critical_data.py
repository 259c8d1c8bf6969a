"""What the kernel measures of its own settings."""

from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.attestation.ima.lists import digest_field, entry

from trueware.appraisal.live.runtime import judge_runtime
from trueware.attestation.ima.baseline import Baseline
from trueware.attestation.ima.critical_data import Setting, decode
from trueware.attestation.ima.entries import entries, proved_fields
from trueware.attestation.ima.walking import ImaState, Memo, replay, walk

VERITY = (
    b"dm_version=4.45.0;name=%b,uuid=,major=253,minor=2,minor_count=1,num_targets=1;target_index=0,target_begin=0,target_len=8,"
    b"target_name=verity,target_version=1.8.0,hash_failed=%b,verity_version=1,data_device_name=253:1,hash_device_name=253:0,"
    b"verity_algorithm=sha256,root_digest=29cb87,salt=e48d,ignore_zero_blocks=n,check_at_most_once=n;"
)


def test_a_table_of_verity() -> None:
    found = decode("dm_table_load", VERITY % (b"test-verity", b"V"))
    assert (found.setting, found.targets, found.weak) == (Setting.DEVICE_MAPPER, (("test-verity", "verity"),), "")
    (target,) = found.verity
    assert (target.name, target.algorithm, target.root_digest, target.salt) == (
        "test-verity",
        "sha256",
        "29cb87",
        "e48d",
    )
    assert found.told == "test-verity: dm-verity, root sha256:29cb87"


def test_separators_in_a_name_are_the_names() -> None:
    found = decode("dm_table_load", VERITY % (rb"a\,b\;target_name=x\=", b"V"))
    assert found.targets == (("a,b;target_name=x=", "verity"),)


def test_the_one_of_the_documentation() -> None:
    """The patch to Documentation/admin-guide/device-mapper/dm-ima.rst that added dm_target_update shows text and digests."""
    buffer = (
        b"dm_version=4.45.0;name=test,uuid=CRYPT-VERITY-e0d2a85fd61e41238174adaa32d296fe-test,major=253,minor=0,minor_count=1,"
        b"num_targets=1;target_index=0,target_begin=0,target_len=8,target_name=verity,target_version=1.8.0,hash_failed=C,"
        b"verity_version=1,data_device_name=7:1,hash_device_name=7:0,verity_algorithm=sha256,"
        b"root_digest=8c2eff0b45fc9815b94350f7a913683ef34085c734229bcf1345c31b07ac61b8,"
        b"salt=63010b7c63e28e6929a2f020dc71c97a0660a9f377a83c674a62feb01c5ca6b3,ignore_zero_blocks=n,check_at_most_once=n;"
    )
    one = next(entries(entry("ima-buf", digest_field(buffer), b"dm_target_update\0", buffer)))
    fields = proved_fields("ima-buf", one.data)
    assert one.stored.hex() == "1cc9c660afb7fddd1b7167f0c4e997ebca8b1c09"
    assert fields.digest.hex() == "e991f7692724257701c8e652682bd3246837ed2d655407b9e9f5a5b469e6c75b"
    assert decode(fields.path, fields.buffer or b"").is_corrupt


def test_a_block_that_was_changed() -> None:
    found = decode("dm_target_update", VERITY % (b"v", b"C"))
    assert found.is_corrupt
    assert found.told.startswith("dm-verity found a block that was changed: ")


@pytest.mark.parametrize(
    ("name", "buffer", "setting", "told"),
    [
        ("kernel_version", b"6.1.0-56", Setting.KERNEL_VERSION, "6.1.0-56"),
        ("kexec-cmdline", b"root=/dev/sda1\0", Setting.NEXT_COMMAND_LINE, "root=/dev/sda1"),
        ("selinux-state", b"initialized=1;enforcing=1;", Setting.SELINUX_STATE, "initialized=1;enforcing=1;"),
        (
            "selinux-state-1234:5678",
            b"initialized=1;enforcing=0;",
            Setting.SELINUX_STATE,
            "SELinux does not enforce: initialized=1;enforcing=0;",
        ),
        ("selinux-policy-hash", b"\1\2", Setting.SELINUX_POLICY, "0102"),
        (
            ".ima",
            b"0\x82key",
            Setting.KEY,
            f"a key of 5 bytes, sha256:{sha256(b'0' + bytes([0x82]) + b'key').hexdigest()}",
        ),
        ("other", b"\xff", Setting.OTHER, f"1 bytes, sha256:{sha256(bytes([255])).hexdigest()}"),
    ],
)
def test_settings(name: str, buffer: bytes, setting: Setting, told: str) -> None:
    found = decode(name, buffer)
    assert (found.setting, found.told) == (setting, told)


@given(
    st.sampled_from(["dm_table_load", "selinux-state", ".ima", "x"]),
    st.binary(max_size=200) | st.text("=,;\\\n", max_size=60),
)
def test_any_buffer_is_taken(name: str, buffer: bytes | str) -> None:
    assert len(decode(name, buffer.encode() if isinstance(buffer, str) else buffer).told) < 600


def test_the_real_ones(corpus: Path) -> None:
    path = corpus / "attest/real/open/a12_ima_ng_sha512_critdata/t1_service/binary_runtime_measurements"
    data = path.read_bytes()
    found = walk(data, ImaState.start("sha256"), replay(data, "sha256"), Baseline.of([]).judge, Memo("sha256"))
    (check,) = [each for each in judge_runtime(found, ()).checks if each.rule == "ima-critical-data"]
    assert (check.place, check.detail) == ("kernel_version", "6.1.0-56-cloud-amd64 (entry 1)")
