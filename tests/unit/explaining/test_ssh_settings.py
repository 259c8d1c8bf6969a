"""SSH: whom settings let in, and which keys came."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.explaining.cases import case, findings, rules

from trueware.explaining.detectors.ssh_settings import SshSettings
from trueware.explaining.reading.ssh import read_login_keys, read_sshd
from trueware.model.finding import Severity

BLOB = b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0 " + bytes(32)).decode()
OTHER = b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0 " + bytes(31) + b"\1").decode()
KEYS = "etc/dropbear/authorized_keys"
DROPBEAR = "config dropbear\n\toption PasswordAuth '{}'\n\toption RootPasswordAuth '{}'\n\toption Port '22'\n{}"


def sshd(before: str, after: str) -> list[str]:
    path = "etc/ssh/sshd_config"
    return rules(SshSettings, case({path: before.encode()}, {path: after.encode()}))


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        ("", "PermitRootLogin yes\n", "ssh-root-password"),
        ("PermitRootLogin no\n", "permitrootlogin=yes # x\n", "ssh-root-password"),
        ("", "PermitEmptyPasswords yes\n", "ssh-empty-password"),
        ("PasswordAuthentication no\n", "PasswordAuthentication yes\n", "ssh-password-accepted"),
        ("PasswordAuthentication no\n", "", "ssh-password-accepted"),
        ("", "AuthorizedKeysFile .ssh/authorized_keys /etc/.k\n", "ssh-keys-elsewhere"),
        ("", "AuthorizedKeysCommand /usr/bin/k\n", "ssh-keys-elsewhere"),
        ("", "TrustedUserCAKeys /etc/ssh/ca\n", "ssh-authority-added"),
        ("", "Match User a\n PermitEmptyPasswords yes\n", "ssh-empty-password"),
    ],
)
def test_a_setting_lets_more_in(before: str, after: str, rule: str) -> None:
    assert sshd(before, after) == [rule]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "#PermitRootLogin yes\n"),
        ("PermitRootLogin yes\n", "# comment\npermitrootlogin YES\n"),
        ("PermitRootLogin yes\n", "PermitRootLogin no\n"),
        ("PermitRootLogin no\n", ""),
        ("", "PasswordAuthentication yes\n"),
        ("", "PermitRootLogin no\nPermitRootLogin yes\n"),
        ("", "AuthorizedKeysFile .ssh/authorized_keys\n"),
        ("", "X11Forwarding yes\n"),
    ],
)
def test_a_setting_lets_nobody_more_in(before: str, after: str) -> None:
    assert sshd(before, after) == []


def test_a_key_was_added() -> None:
    before, after = f"ssh-ed25519 {BLOB} maker\n", f'# x\ncommand="a b" ssh-ed25519 {OTHER} evil@host\n'
    made = case({KEYS: before.encode()}, {KEYS: (before + after).encode()})
    (found,) = findings(SshSettings, made)
    assert (found.rule, found.severity) == ("ssh-key-added", Severity.HIGH)
    assert found.evidence[0].where == "line 3"
    assert found.detail.endswith('evil@host, limited to command="a b"')
    owners = case({KEYS: before.encode()}, {KEYS: (before + after).encode()}, mutable=(KEYS,))
    assert findings(SshSettings, owners)[0].severity is Severity.MEDIUM


def test_another_comment_or_order_is_no_new_key() -> None:
    one, two = f"ssh-ed25519 {BLOB} a\n", f"ssh-ed25519 {OTHER} b\n"
    assert rules(SshSettings, case({KEYS: (one + two).encode()}, {KEYS: (two + one.upper().lower()).encode()})) == [
        "ssh-key-added"
    ], "another key by its letters"
    assert rules(SshSettings, case({KEYS: (one + two).encode()}, {KEYS: f"{two}{one[:-2]}c\n".encode()})) == []
    assert rules(SshSettings, case({}, {KEYS: b"ssh-ed25519 !!! a\nsomething else\n"})) == []


def test_a_limit_that_was_lifted() -> None:
    before, after = f'command="x" ssh-ed25519 {BLOB}\n', f"ssh-ed25519 {BLOB}\n"
    assert rules(SshSettings, case({KEYS: before.encode()}, {KEYS: after.encode()})) == ["ssh-key-added"]


@pytest.mark.parametrize(
    "path", ["root/.ssh/authorized_keys", "home/a/.ssh/authorized_keys2", "etc/ssh/authorized_keys/a"]
)
def test_wherever_keys_lie(path: str) -> None:
    assert rules(SshSettings, case({}, {path: f"ssh-ed25519 {BLOB}\n".encode()})) == ["ssh-key-added"]
    assert rules(SshSettings, case({}, {path + ".bak/x": f"ssh-ed25519 {BLOB}\n".encode()})) == []


def openwrt(before: str, after: str) -> list[str]:
    path = "etc/config/dropbear"
    return rules(SshSettings, case({path: before.encode()}, {path: after.encode()}, mutable=("etc/config/**",)))


def test_openwrt() -> None:
    on, off = DROPBEAR.format("on", "on", ""), DROPBEAR.format("off", "off", "")
    assert openwrt(off, on) == ["ssh-password-accepted", "ssh-root-password"]
    assert openwrt(on, off) == []
    assert openwrt(on, "# mine\n" + on.replace("'", '"')) == []
    assert openwrt(on + "\toption enable '0'\n", on) == ["ssh-enabled"]
    assert openwrt(on, on + "\toption enable '0'\n") == []
    assert openwrt(on + "\toption Interface 'lan'\n", on) == ["ssh-enabled"]
    assert openwrt(on, on.replace("22", "2222")) == ["ssh-enabled"]


def test_debian() -> None:
    path = "etc/default/dropbear"

    def debian(before: bytes, after: bytes) -> list[str]:
        return rules(SshSettings, case({path: before}, {path: after}))

    assert debian(b"NO_START=1\n", b"NO_START=0\n") == ["ssh-enabled"]
    assert debian(b"NO_START=0\n", b"NO_START=1\n") == []
    assert debian(b"NO_START=0\n", b'NO_START=0\nDROPBEAR_EXTRA_ARGS="-B -p 1"\n') == ["ssh-empty-password"]
    assert debian(b"NO_START=0\n", b'NO_START=0\nDROPBEAR_EXTRA_ARGS="-p 1"\n') == []


@given(st.binary())
def test_any_bytes_have_a_reading(data: bytes) -> None:
    read_sshd(data)
    list(read_login_keys(data))
    list(read_login_keys(b"ssh-rsa " + data))
