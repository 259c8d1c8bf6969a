"""Lists of installed packages: what came, went, rose and fell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.explaining.cases import case, findings, rules

from trueware.explaining.detectors.packages import Packages
from trueware.explaining.reading.package_lists import read_apk, read_paragraphs
from trueware.explaining.reading.versions import compare_versions

_STATUS = "usr/lib/opkg/status"


def _status(**packages: str) -> bytes:
    told = (
        f"Package: {name}\nVersion: {version}\nStatus: install user installed\nDescription: a\n b: c\n"
        for name, version in packages.items()
    )
    return "\n".join(told).encode()


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a": "1"}, {"a": "1"}, []),
        ({"a": "1"}, {"a": "1", "b": "2"}, ["package-added"]),
        ({"a": "1", "b": "2"}, {"a": "1"}, ["package-removed"]),
        ({"a": "1.9"}, {"a": "1.10"}, ["package-upgraded"]),
        ({"a": "1.10"}, {"a": "1.9"}, ["package-downgraded"]),
        ({"a": "1", "b": "1"}, {"b": "1", "a": "1"}, []),
    ],
)
def test_status(before: dict[str, str], after: dict[str, str], expected: list[str]) -> None:
    assert rules(Packages, case({_STATUS: _status(**before)}, {_STATUS: _status(**after)})) == expected


def test_what_is_only_configured_is_not_installed() -> None:
    after = _status(a="1") + b"\nPackage: b\nVersion: 1\nStatus: deinstall ok config-files\n"
    assert rules(Packages, case({_STATUS: _status(a="1")}, {_STATUS: after})) == []


def test_without_the_genuine_list_nothing_is_said() -> None:
    made = case({_STATUS: _status(a="1")}, {_STATUS: _status(a="1", b="1")}, at_hand=False)
    assert findings(Packages, made) == []


def test_a_record_goes_with_its_package() -> None:
    made = case({}, {"usr/lib/opkg/info/openvpn.list": b"/usr/sbin/openvpn\n"})
    (found,) = findings(Packages, made)
    assert (found.rule, found.detail) == ("package-record-changed", "the list of openvpn came with it")


def test_apk_packages_are_read() -> None:
    assert list(read_apk(b"P:musl\nV:1.2.4-r2\nF:lib\nR:ld-musl.so\n\nP:half\n\n")) == [("musl", "1.2.4-r2")]


@pytest.mark.parametrize(
    ("one", "other", "order"),
    [
        ("1.0~rc1", "1.0", -1),
        ("1.0", "1.0-1", -1),
        ("1:0.1", "9", 1),
        ("1.0a", "1.0+", -1),
        ("2015-03-25-0f1e1e1", "2015-03-25-0f1e1e1", 0),
        ("1.2.10", "1.2.9", 1),
        ("", "~", 1),
    ],
)
def test_versions(one: str, other: str, order: int) -> None:
    assert compare_versions(one, other) == order
    assert compare_versions(other, one) == -order


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_versions_are_in_one_order(one: str, two: str, three: str) -> None:
    assert compare_versions(one, one) == 0
    assert compare_versions(one, two) == -compare_versions(two, one)
    if compare_versions(one, two) <= 0 and compare_versions(two, three) <= 0:
        assert compare_versions(one, three) <= 0


@given(st.binary(max_size=400))
def test_any_bytes_are_read(content: bytes) -> None:
    list(read_paragraphs(content))
    list(read_apk(content))
