"""Machines that are trusted for SSH."""

from base64 import b64encode

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.explaining.cases import case, findings, rules

from trueware.explaining.detectors.ssh_hosts import SshHosts

PATH = "etc/ssh/ssh_known_hosts"


def _line(host: str, number: int, marker: str = "", kind: str = "ssh-ed25519") -> str:
    return f"{marker} {host} {kind} {b64encode(bytes([number] * 40)).decode()} comment\n".lstrip()


def _rules(before: str, after: str) -> list[str]:
    return rules(SshHosts, case({PATH: before.encode()}, {PATH: after.encode()}))


def test_an_authority_was_added() -> None:
    (found,) = findings(SshHosts, case({PATH: b""}, {PATH: _line("*", 1, "@cert-authority").encode()}))
    assert found.rule == "ssh-host-authority-added"
    assert (found.evidence[0].found or "").startswith("@cert-authority * SHA256:")
    assert _rules(_line("*", 1, "@cert-authority"), _line("*", 1, "@cert-authority") + "# x\n") == []
    assert _rules("", _line("*", 1, "@revoked")) == []


def test_a_host_has_another_key() -> None:
    assert _rules(_line("a.example", 1), _line("a.example", 2)) == ["ssh-host-key-replaced"]
    assert _rules(_line("a.example", 1), _line("a.example", 1) + _line("a.example", 2)) == [], "one more"
    assert _rules(_line("a.example", 1), _line("a.example", 1) + _line("b.example", 2)) == [], "a host that is new"
    assert _rules(_line("a.example", 1), _line("a.example", 1) + _line("a.example", 2, kind="ssh-rsa")) == []
    assert _rules(_line("a.example", 1) + _line("b.example", 2), _line("b.example", 2) + _line("a.example", 1)) == []
    assert _rules(_line("a.example", 1), "") == []


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_read(data: bytes) -> None:
    rules(SshHosts, case({PATH: _line("a", 1).encode()}, {PATH: data}))
