"""Lists of checksums beside changed files."""

from hashlib import md5

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.explaining.cases import case, findings, rules

from trueware.explaining.detectors.checksum_lists import ChecksumLists, read_list


def _sum(content: bytes) -> str:
    return md5(content, usedforsecurity=False).hexdigest()


def _list(**contents: bytes) -> bytes:
    return "".join(f"{_sum(content)}  {name}\n" for name, content in contents.items()).encode()


def test_a_list_made_anew_for_a_changed_file_is_told() -> None:
    made = case(
        {"rootfs": b"1", "md5.txt": _list(rootfs=b"1", uImage=b"k")},
        {"rootfs": b"2", "md5.txt": _list(rootfs=b"2", uImage=b"k")},
    )
    (found,) = findings(ChecksumLists, made)
    assert (found.rule, found.evidence[0].where) == ("checksum-list-remade", "rootfs")
    assert (found.evidence[0].expected, found.evidence[0].found) == (_sum(b"1"), _sum(b"2"))


def test_a_list_that_alone_changed_is_another_thing() -> None:
    assert rules(ChecksumLists, case({"md5sums": _list(a=b"1")}, {"md5sums": _list(a=b"2")})) == [
        "checksum-list-changed"
    ]


def test_order_and_form_are_no_change() -> None:
    bsd = "".join(f"MD5 ({name}) = {_sum(content).upper()}\n" for name, content in (("b", b"2"), ("a", b"1"))).encode()
    assert rules(ChecksumLists, case({"md5sums": _list(a=b"1", b=b"2")}, {"md5sums": bsd})) == []


@pytest.mark.parametrize("content", [b"no list\n", b"abcdef  short\n", b"\0" * 64])
def test_what_is_no_list_says_nothing(content: bytes) -> None:
    assert read_list(content) == {}


@given(st.binary(max_size=300))
def test_any_bytes_are_read(content: bytes) -> None:
    read_list(content)
