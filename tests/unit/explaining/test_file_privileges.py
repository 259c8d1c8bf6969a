"""Rights that lie on files: which came, and which only look like it."""

from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.explaining.cases import File, case, findings, rules

from trueware.errors import MalformedInput
from trueware.explaining.detectors.file_privileges import FilePrivileges
from trueware.explaining.reading.capabilities import read_capabilities
from trueware.model.finding import Severity
from trueware.model.part import Kind

PATH = "usr/bin/x"


def change(before: File, after: File, path: str = PATH) -> list[str]:
    return rules(FilePrivileges, case({path: before}, {path: after}))


def capable(*numbers: int, revision: int = 2) -> tuple[tuple[str, bytes], ...]:
    bits = sum(1 << number for number in numbers)
    value = pack("<IIIII", revision << 24 | 1, bits & 0xFFFFFFFF, 0, bits >> 32, 0) + (
        b"\0" * 4 if revision == 3 else b""
    )
    return (("security.capability", value),)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (0o755, 0o4755, ["setuid-set"]),
        (0o755, 0o2755, ["setgid-set"]),
        (0o755, 0o6755, ["setgid-set", "setuid-set"]),
        (0o4755, 0o755, []),
        (0o4755, 0o4711, []),
        (0o644, 0o4644, []),
        (0o755, 0o777, ["world-writable"]),
        (0o777, 0o755, []),
        (0o644, 0o664, []),
    ],
)
def test_modes(before: int, after: int, expected: list[str]) -> None:
    assert change(File(b"x", before), File(b"x", after)) == expected


def test_an_added_program_that_runs_as_root() -> None:
    (found,) = findings(FilePrivileges, case({}, {PATH: File(b"x", 0o4755)}))
    assert (found.rule, found.severity, found.detail) == ("setuid-set", Severity.HIGH, "x runs as root")
    assert (found.evidence[0].expected, found.evidence[0].found) == (None, "4755")
    (other,) = findings(FilePrivileges, case({}, {PATH: File(b"x", 0o4755, uid=7)}))
    assert (other.severity, other.detail) == (Severity.MEDIUM, "x runs as user 7")
    assert rules(FilePrivileges, case({}, {PATH: File(b"x", 0o755)})) == []


def test_what_anybody_may_write_and_root_runs_is_worse() -> None:
    made = case({"etc/rc.local": File(b"x", 0o644)}, {"etc/rc.local": File(b"x", 0o666)})
    assert [each.severity for each in findings(FilePrivileges, made)] == [Severity.HIGH]
    made = case({"etc/hosts": File(b"x", 0o644)}, {"etc/hosts": File(b"x", 0o666)})
    assert [each.severity for each in findings(FilePrivileges, made)] == [Severity.MEDIUM]
    assert rules(FilePrivileges, case({}, {"etc/hosts": File(b"x", 0o666)})) == [], "added, and no program"
    assert [each.severity for each in findings(FilePrivileges, case({}, {PATH: File(b"x", 0o777)}))] == [Severity.LOW]


def test_files_packed_without_regard_to_modes_are_told_once() -> None:
    before, after = ({f"etc/{n}": File(b"x", mode) for n in range(40)} for mode in (0o644, 0o666))
    (found,) = findings(FilePrivileges, case(before, after))
    assert (found.severity, found.detail.partition(":")[0]) == (Severity.LOW, "40 files at once")
    assert found.effect == "privilege-opened"


@pytest.mark.parametrize(
    ("path", "before", "after", "expected"),
    [
        ("etc/shadow", 0o640, 0o644, ["secret-readable"]),
        ("etc/ssh/ssh_host_rsa_key", 0o600, 0o644, ["secret-readable"]),
        ("etc/shadow", 0o600, 0o640, []),
        ("etc/shadow", 0o644, 0o600, []),
        ("etc/passwd", 0o600, 0o644, []),
        ("etc/ssh/ssh_host_rsa_key.pub", 0o600, 0o644, []),
    ],
)
def test_secrets_that_anybody_may_read_whatever_policy_says_of_content(
    path: str, before: int, after: int, expected: list[str]
) -> None:
    made = case({path: File(b"x", before)}, {path: File(b"y", after)}, mutable=(path,))
    assert rules(FilePrivileges, made) == expected
    assert rules(FilePrivileges, case({}, {path: File(b"x", after)})) == [], "added: the genuine has no mode"


@pytest.mark.parametrize(
    ("path", "mode", "before", "after", "expected"),
    [
        ("sbin/netifd", 0o755, 0, 65534, ["root-program-given-away"]),
        ("etc/init.d/network", 0o755, 0, 1000, ["root-program-given-away"]),
        ("etc/rc.local", 0o644, 0, 1000, ["root-program-given-away"]),
        ("sbin/netifd", 0o755, 1000, 0, []),
        ("sbin/netifd", 0o755, 1, 2, []),
        ("etc/hosts", 0o644, 0, 1000, []),
        ("srv/x", 0o755, 0, 1000, []),
    ],
)
def test_programs_of_root_given_to_others(path: str, mode: int, before: int, after: int, expected: list[str]) -> None:
    made = case({path: File(b"x", mode, before)}, {path: File(b"x", mode, after)})
    assert rules(FilePrivileges, made) == expected


def test_files_packed_without_regard_to_owners_are_told_once() -> None:
    before, after = ({f"bin/{n}": File(b"x", 0o755, uid) for n in range(40)} for uid in (0, 1000))
    (found,) = findings(FilePrivileges, case(before, after))
    assert (found.rule, found.severity) == ("root-program-given-away", Severity.LOW)


def test_links_have_no_rights() -> None:
    assert change(File(link="a", mode=0o755), File(link="b", mode=0o777)) == []


def test_devices_that_anybody_may_write() -> None:
    before, after = (File(mode=mode, kind=Kind.CHARACTER) for mode in (0o600, 0o666))
    assert change(before, after, "dev/mem") == ["world-writable"]


def test_capabilities() -> None:
    plain = File(b"x", 0o755)
    made = case({PATH: plain}, {PATH: File(b"x", 0o755, xattrs=capable(7, 13))})
    (found,) = findings(FilePrivileges, made)
    assert (found.rule, found.detail) == ("capability-set", "cap_net_raw, cap_setuid")
    assert found.severity is Severity.HIGH
    raw = case({PATH: plain}, {PATH: File(b"x", 0o755, xattrs=capable(13, revision=3))})
    assert [each.severity for each in findings(FilePrivileges, raw)] == [Severity.MEDIUM]
    assert change(File(b"x", xattrs=capable(7, 13)), File(b"y", xattrs=capable(13))) == []
    assert change(File(b"x", xattrs=capable(13)), File(b"y", xattrs=capable(13, 40))) == ["capability-set"]
    assert change(plain, File(b"x", 0o755, xattrs=(("security.selinux", b"u:object_r:x:s0\0"),))) == []


@given(st.binary(max_size=30))
def test_any_bytes_are_capabilities_or_refused(value: bytes) -> None:
    try:
        names = read_capabilities(value)
    except MalformedInput:
        return
    assert len(value) in (12, 20, 24)
    assert len(names) <= 64
