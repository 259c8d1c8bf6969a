"""OpenWrt's settings, as libuci reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueware.errors import MalformedInput
from trueware.explaining.reading.uci import differences, read_uci


def test_sections_options_and_lists() -> None:
    text = b"""
package network
config interface 'lan'   # the house
\toption proto static; option ipaddr "192.168.1.1"
\tlist dns '1.1.1.1'
\tlist dns 9.9.9.9
\toption proto 'dhcp'
config rule
\toption name 'Allow Ping'
c rule
\to name a\\ b'c d'"e\\"f"
"""
    lan, ping, odd = read_uci(text)
    assert (lan.type, lan.name, lan.line) == ("interface", "lan", 3)
    assert lan.get("ipaddr") == "192.168.1.1"
    assert lan.get("proto") == "dhcp", "the later one counts"
    assert lan.words("dns") == ("1.1.1.1", "9.9.9.9")
    assert ping.label == "rule Allow Ping"
    assert odd.get("name") == 'a bc de"f'


def test_a_section_may_be_spoken_of_twice() -> None:
    (only,) = read_uci(b"config a x\n option p 1\nconfig a x\n option q 2\n")
    assert (only.get("p"), only.get("q")) == ("1", "2")


def test_quotes_go_over_lines() -> None:
    assert read_uci(b"config a\n option b 'one\ntwo'\n option c d\n")[0].get("b") == "one\ntwo"
    assert read_uci(b"config a\n option b one\\\ntwo\n")[0].get("b") == "onetwo"


@pytest.mark.parametrize("text", [b"config a\n option b 'c", b"hello world", b"option a b", b"config a\n option b \0"])
def test_what_libuci_refuses_is_refused(text: bytes) -> None:
    with pytest.raises(MalformedInput):
        read_uci(text)


@pytest.mark.parametrize(("word", "is_on"), [("1", True), ("on", True), ("0", False), ("disabled", False), ("?", True)])
def test_switches(word: str, is_on: bool) -> None:  # noqa: FBT001
    section = read_uci(f"config a\n option b {word}\n".encode())[0]
    assert section.is_on("b", default=True) is is_on


def test_order_quotes_and_comments_never_differ() -> None:
    one = b"config a x\n option p 1\n option q 2\nconfig r\n option n 1\nconfig r\n option n 2\n"
    two = (
        b"# made by hand\nconfig r\n option n '2'\nconfig r\n option n 1\nconfig a 'x'\n option q 2\n option p \"1\"\n"
    )
    assert not list(differences(one, two))


def test_sections_without_names_are_paired() -> None:
    before = b"config r\n option name one\n option port 1\nconfig r\n option port 2\n"
    after = b"config r\n option port 9\nconfig r\n option port 2\nconfig r\n option name one\n option port 3\n"
    found = list(differences(before, after))
    assert [(pair.before is None, pair.changed("port")) for pair in found] == [(False, ("1", "3")), (True, ("", "9"))]


def test_named_sections_are_paired_by_name() -> None:
    (pair,) = differences(b"config a x\n option p 1\n", b"config a x\n option p 2\n")
    assert pair.changed("p") == ("1", "2")
    assert pair.changed("q") is None
    assert [each.label for each in differences(b"config a x\n", b"config a y\n")] == ["a x", "a y"]


def _is_read_or_refused(data: bytes) -> None:
    try:
        sections = read_uci(data)
    except MalformedInput:
        return
    assert not list(differences(data, data))
    assert len(list(differences(b"", data))) == len(sections)


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_read_or_refused(data: bytes) -> None:
    _is_read_or_refused(data)


@given(st.text("cos plt'\"\\;#\n\tx0", max_size=200))
def test_arbitrary_settings_are_read_or_refused(text: str) -> None:
    _is_read_or_refused(text.encode())


@given(
    st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.text(max_size=20).filter(lambda t: "\0" not in t))
)
def test_what_uci_writes_is_read(options: dict[str, str]) -> None:
    r"""`uci export` puts every value in single quotes, and a single quote as ``'\\''``."""
    lines = [f"option {name} '" + value.replace("'", "'\\''") + "'" for name, value in options.items()]
    (section,) = read_uci("\n".join(["config a", *lines]).encode("utf-8", "replace"))
    read = {name: section.get(name) for name in section.options}
    assert read == {name: value.encode("utf-8", "replace").decode() for name, value in options.items()}
