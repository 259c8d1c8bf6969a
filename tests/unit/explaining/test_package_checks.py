"""Signatures of packages that are no longer asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.explaining.cases import Tree, case, findings, rules

from trueware.explaining.detectors.package_checks import PackageChecks
from trueware.explaining.reading.apt import apt_settings
from trueware.model.finding import Severity

OPKG = b"dest root /\noption check_signature\noption overlay_root /overlay\n"


def _rules(path: str, before: bytes, after: bytes) -> list[str]:
    return rules(PackageChecks, case({path: before}, {path: after}))


def test_opkg_looks_at_no_signature_any_more() -> None:
    expected = ["package-signatures-ignored"]
    assert _rules("etc/opkg.conf", OPKG, OPKG.replace(b"option check_signature\n", b"")) == expected
    assert _rules("etc/opkg.conf", OPKG, OPKG.replace(b"option check", b"#option check")) == expected
    assert _rules("etc/opkg.conf", OPKG, OPKG.replace(b"signature", b"signature 0")) == expected
    (found,) = findings(PackageChecks, case({"etc/opkg.conf": OPKG}, {"etc/opkg.conf": b""}))
    assert found.severity is Severity.HIGH


def test_opkg_looks_at_signatures_still() -> None:
    assert _rules("etc/opkg.conf", OPKG, b"# x\n" + OPKG.replace(b"signature", b"signature 1")) == []
    assert _rules("etc/opkg.conf", b"", OPKG) == []
    moved: Tree = {"etc/opkg.conf": b"dest root /\n", "etc/opkg/x.conf": b"option check_signature\n"}
    assert rules(PackageChecks, case({"etc/opkg.conf": OPKG}, moved)) == []
    root: Tree = {"bin/sh": b"", "etc/opkg/x.conf": b"option check_signature\n"}
    assert rules(PackageChecks, case({**root, "etc/opkg.conf": OPKG}, {**root, "etc/opkg.conf": b""})) == []


@pytest.mark.parametrize(
    ("path", "line", "expected"),
    [
        ("etc/apt/apt.conf.d/99x", b'APT::Get::AllowUnauthenticated "true";', ["package-signatures-ignored"]),
        ("etc/apt/apt.conf", b'Acquire { AllowInsecureRepositories "yes"; };', ["package-signatures-ignored"]),
        ("etc/apt/apt.conf", b'Acquire::https::Verify-Peer "false";', ["update-server-unproven"]),
        ("etc/opkg.conf", b"option no_check_certificate", ["update-server-unproven"]),
        ("etc/apk/config", b"allow-untrusted", ["package-signatures-ignored"]),
        ("etc/apt/sources.list", b"deb [trusted=yes] http://a b", ["update-source-unchecked"]),
        ("etc/yum.repos.d/x.repo", b"[a]\nbaseurl=http://a\ngpgcheck=0", ["update-source-unchecked"]),
        ("etc/yum.repos.d/x.repo", b"[a]\nbaseurl=http://a\nsslverify=0", ["update-server-unproven"]),
        # near misses
        ("etc/apt/apt.conf", b'// APT::Get::AllowUnauthenticated "true";', []),
        ("etc/apt/apt.conf", b'APT::Get::AllowUnauthenticated "false";', []),
        ("etc/apt/apt.conf", b'APT::Get::AllowUnauthenticated "true"; APT::Get::AllowUnauthenticated "0";', []),
        ("etc/apt/apt.conf", b'Acquire::https::Verify-Peer "true";', []),
        ("etc/apt/sources.list", b"deb [trusted=no] http://a b", []),
        ("etc/opkg.conf", b"option no_check_certificate 0", []),
    ],
)
def test_what_was_set(path: str, line: bytes, expected: list[str]) -> None:
    assert _rules(path, b"", line + b"\n") == expected
    assert _rules(path, line + b"\n", b"# x\n" + line + b"\n") == []


def test_a_source_that_was_checked_before() -> None:
    path = "etc/apt/sources.list"
    (found,) = findings(PackageChecks, case({path: b"deb http://a b c"}, {path: b"deb [trusted=yes] http://a b c"}))
    assert (found.evidence[0].expected, found.evidence[0].found) == ("checked", "trusted=yes")


def test_settings_of_apt() -> None:
    text = b'A::B "c"; /* x\n */ D { E { "f"; }; G h; };\n#clear A::B;\n// I "j";\nK::L {"m" "n";}'
    assert list(apt_settings(text)) == [
        ("a::b", "c"),
        ("d::e::f", ""),
        ("d::g", "h"),
        ("#clear", "A::B"),
        ("k::l::m", "n"),
    ]


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_read(data: bytes) -> None:
    list(apt_settings(data))
