"""Who may become root, and what is checked when somebody logs in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.explaining.cases import case, findings, rules

from trueware.explaining.detectors.elevation import Elevation
from trueware.explaining.detectors.login_checks import LoginChecks
from trueware.explaining.reading.grants import read_doas, read_polkit, read_sudoers
from trueware.explaining.reading.pam import read_pam
from trueware.model.finding import Severity

SUDOERS = "Defaults env_reset\nroot ALL=(ALL:ALL) ALL\n%sudo ALL=(ALL:ALL) ALL\n"
COMMON = "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\nauth required pam_permit.so\n"


def sudo(more: str, before: str = SUDOERS) -> list[str]:
    return rules(Elevation, case({"etc/sudoers": before.encode()}, {"etc/sudoers": (SUDOERS + more).encode()}))


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("user ALL=(ALL) NOPASSWD: ALL\n", ["root-without-password"]),
        ("user ALL = \\\n  NOPASSWD : /bin/x\n", ["root-without-password"]),
        ("Defaults !authenticate\n", ["root-without-password"]),
        ("Defaults:user env_keep,!authenticate\n", ["root-without-password"]),
        ("user ALL=(ALL) ALL\n", ["root-granted"]),
        ("user ALL=/bin/sh\n", ["root-granted"]),
        ("user ALL=/usr/bin/x\n", []),
        ("# user ALL=(ALL) NOPASSWD: ALL\n", []),
        ("User_Alias NOPASSWD = user\n", []),
        ("root ALL=(ALL) NOPASSWD: ALL\n", []),
        ("%sudo  ALL = (ALL:ALL)  ALL # again\n", []),
        ("Defaults passwd_tries=3\n", []),
    ],
)
def test_sudo(more: str, expected: list[str]) -> None:
    assert sudo(more) == expected


def test_files_that_sudo_reads_or_not() -> None:
    evil = b"user ALL=(ALL) NOPASSWD: ALL\n"
    (found,) = findings(Elevation, case({}, {"etc/sudoers.d/x": evil}))
    assert (found.severity, found.detail) == (Severity.HIGH, "user: ALL")
    assert found.evidence[0].found == "user ALL=(ALL) NOPASSWD: ALL"
    assert (
        rules(Elevation, case({}, {"etc/sudoers.d/x.bak": evil, "etc/sudoers.d/x~": evil, "doc/sudoers": evil})) == []
    )


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("permit nopass :wheel\n", ["root-without-password"]),
        ("permit nopass setenv { A=b } user as root cmd /bin/x\n", ["root-without-password"]),
        ("permit persist user\n", ["root-granted"]),
        ("permit user cmd /bin/x\n", []),
        ("deny nopass user\n", []),
        ("permit root\n", []),
    ],
)
def test_doas(more: str, expected: list[str]) -> None:
    before = b"permit persist :wheel\n"
    assert rules(Elevation, case({"etc/doas.conf": before}, {"etc/doas.conf": more.encode() + before})) == expected


def test_polkit() -> None:
    pkla = "etc/polkit-1/localauthority/50-local.d/x.pkla"
    yes = b"[a]\nIdentity=unix-user:user\nAction=org.x.*\nResultAny=yes\n"
    assert rules(Elevation, case({}, {pkla: yes})) == ["root-without-password"]
    assert rules(Elevation, case({}, {pkla: yes.replace(b"yes", b"auth_admin")})) == []
    program = "etc/polkit-1/rules.d/x.rules"
    yes = b"polkit.addRule(function(a, s) {\n  return polkit.Result.YES;\n});\n"
    (found,) = findings(Elevation, case({}, {program: yes}))
    assert (found.severity, found.evidence[0].where) == (Severity.MEDIUM, "line 2")
    assert rules(Elevation, case({program: yes}, {program: b"// new\n" + yes})) == []
    assert rules(Elevation, case({}, {program: b"/* " + yes + b"*/\n// polkit.Result.YES\n"})) == []


def pam(before: str, after: str, **more: bytes) -> list[str]:
    path = "etc/pam.d/login"
    extra = {f"lib/security/{name}.so": content for name, content in more.items()}
    return rules(LoginChecks, case({path: before.encode()}, {path: after.encode(), **extra}))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (COMMON, "auth sufficient pam_permit.so\n" + COMMON, ["login-unchecked"]),
        (COMMON, "auth required pam_permit.so\n", ["login-unchecked"]),
        ("auth required pam_unix.so\n", "auth required /lib/security/pam_permit.so\n", ["login-unchecked"]),
        ("auth required pam_unix.so\n", "auth [success=done  default=ignore] pam_permit.so\n", ["login-unchecked"]),
        (COMMON, COMMON.replace("auth requisite pam_deny.so\n", ""), ["login-unchecked"]),
        (COMMON, COMMON.replace("=1", "=2"), []),
        (COMMON, "auth include other\nauth required pam_permit.so\n", []),
        (COMMON, "# auth sufficient pam_permit.so\n" + COMMON, []),
        (COMMON, COMMON + "auth sufficient pam_permit.so\n", []),
        (COMMON, COMMON + "account sufficient pam_permit.so\nsession required pam_permit.so\n", []),
        ("auth required pam_unix.so\n", COMMON, []),
        ("auth sufficient pam_permit.so\n", "auth  sufficient  pam_permit.so # x\n", []),
        ("auth required pam_unix.so\n", "auth required pam_unix.so nullok\n", ["login-empty-accepted"]),
        ("auth required pam_unix.so nullok_secure\n", "auth required pam_unix.so nullok\n", []),
        (COMMON, COMMON + "auth optional pam_exec.so expose_authtok /bin/x\n", ["login-program-added"]),
        (COMMON, COMMON + "session optional pam_exec.so /bin/x\n", []),
        (COMMON, COMMON + "auth optional pam_exec.so /bin/x\n", []),
    ],
)
def test_pam(before: str, after: str, expected: list[str]) -> None:
    assert pam(before, after) == expected


def test_a_module_that_came_with_it_sees_passwords() -> None:
    assert pam(COMMON, COMMON + "auth optional pam_x.so\n", pam_x=b"\x7fELF") == ["login-program-added"]
    assert pam(COMMON, COMMON + "auth optional pam_x.so\n") == []


def test_pam_conf_has_services() -> None:
    before, after = b"login auth required pam_unix.so\n", b"login auth required pam_permit.so\n"
    (found,) = findings(LoginChecks, case({"etc/pam.conf": before}, {"etc/pam.conf": after}))
    assert (found.rule, found.detail) == ("login-unchecked", "login")


def test_terminals_of_root() -> None:
    def change(before: bytes, after: bytes) -> list[tuple[str, Severity]]:
        made = case({"etc/securetty": before}, {"etc/securetty": after})
        return [(each.rule, each.severity) for each in findings(LoginChecks, made)]

    assert change(b"tty1\n", b"tty1\npts/0\n") == [("root-terminal-added", Severity.MEDIUM)]
    assert change(b"tty1\n", b"# x\ntty1\nttyS1\n") == [("root-terminal-added", Severity.LOW)]
    assert change(b"tty1\ntty2\n", b"tty2\n") == []
    assert rules(LoginChecks, case({"etc/securetty": b"tty1\n"}, {})) == ["root-terminal-added"]
    assert rules(LoginChecks, case({}, {"etc/securetty": b"tty1\n"})) == [], "fewer than all"


@given(st.binary(), st.booleans())
def test_any_bytes_have_a_reading(data: bytes, flag: bool) -> None:  # noqa: FBT001
    list(read_sudoers(data))
    list(read_doas(data))
    list(read_polkit(data, is_program=flag))
    list(read_pam(data, with_service=flag))


@given(st.text(alphabet="permit nopascd{}=:#\\\nAL,()"))
def test_any_syntax_has_a_reading(text: str) -> None:
    list(read_sudoers(text.encode()))
    list(read_doas(text.encode()))
