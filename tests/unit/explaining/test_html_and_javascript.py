"""Pages and scripts are read as devices and browsers read them, whatever their bytes, in time that grows with their length."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueware.errors import MalformedInput
from trueware.explaining.reading.documents import parse_json, parse_xml
from trueware.explaining.reading.html import SERVER, read_html
from trueware.explaining.reading.javascript import read_javascript

PAGE = b"""<!DOCTYPE html>
<HTML><head><title>A &amp; B</title>
<SCRIPT src=common.js LANGUAGE="x"></SCRIPT>
<script>if (a < b) { x = "</b>"; }</script></head>
<body onload='init()'><!-- <form action=hidden> -->
<form action=/boaform/login method=POST>
<input type="text" value="<% get("name",
 "x"); %>" name=user><? echo 1 ?>
Words   and
words</form></body>
"""


def test_a_page_of_a_device() -> None:
    page = read_html(PAGE)
    assert [(each.name, each.line) for each in page.elements if not each.name.startswith("/")] == [
        ("html", 2), ("head", 2), ("title", 2), ("script", 3), ("script", 4), ("body", 5), ("form", 6), ("input", 7),
    ]  # fmt: skip
    by_name = {each.name: each for each in page.elements}
    assert by_name["title"].text == "A &amp; B"
    assert by_name["script"].text == 'if (a < b) { x = "</b>"; }'
    assert by_name["body"].get("onload") == "init()"
    assert by_name["form"].attributes == {"action": "/boaform/login", "method": "POST"}
    assert by_name["input"].attributes == {"type": "text", "value": SERVER + "\n", "name": "user"}
    assert page.server == ('get("name", "x");', "echo 1")
    assert page.texts == (f"{SERVER} Words and words",)


@given(st.binary(max_size=500))
def test_any_bytes_are_a_page(data: bytes) -> None:
    page = read_html(data)
    assert all(1 <= each.line <= data.count(b"\n") + 1 for each in page.elements)


@given(st.text(alphabet="<>/!-=\"'%?ab \n&#;", max_size=200))
def test_any_markup_is_a_page(text: str) -> None:
    read_html(text.encode())


@pytest.mark.parametrize(
    "page",
    [
        b"<" * 300_000, b"<!--" * 100_000, b"<%" * 100_000, b'<a b="' * 60_001, b"<a '=" * 60_001, b"<script>" * 50_000,
        b"<a " + b"b" * 300_000, b"<a" + b" " * 300_000 + b"=", b"<a b" + b" " * 300_000 + b"c", b"<?" * 100_000, b"</a" * 100_000,
        b"<a" + b"/ " * 100_000, b"<title></titl" * 30_000, b"&#" * 100_000,
    ],
)  # fmt: skip
def test_hostile_pages_are_read_at_once(page: bytes) -> None:
    read_html(page)


def test_scripts_that_differ_in_layout_and_comments_are_the_same() -> None:
    one = read_javascript(b"var a = /[/]x/.test(b) ? 'http://h/' : \"\\x41\\u{42}\"; // say\nf( `t${x}` )")
    other = read_javascript(b"/* other */ var a=/[/]x/.test(b)?'http://h/':\"\\x41\\u{42}\";f(`t${x}`)")
    assert one.tokens == other.tokens
    assert [(each.line, each.text) for each in one.texts] == [(1, "http://h/"), (1, "AB"), (2, "t${x}")]
    assert one.calls == {"test", "f"}
    assert read_javascript(b"a / b / c").tokens == ("a", "/", "b", "/", "c")
    assert [each.text for each in read_javascript(rb"""x = "a\"" + '' """).texts] == ['a"', ""]
    assert one.names("f", "eval", "test") == ("f", "test")


@given(st.binary(max_size=500))
def test_any_bytes_are_a_script(data: bytes) -> None:
    script = read_javascript(data)
    assert all(not token.isspace() for token in script.tokens)


@pytest.mark.parametrize(
    "script",
    [
        b"/*" * 100_000,
        b'"' * 100_001,
        b"=/[" * 50_000,
        b"`" + b"\\" * 200_001,
        b"'a\\\n" * 50_000,
        b"=/a" * 50_000,
        b"<!-" * 50_000,
    ],
)
def test_hostile_scripts_are_read_at_once(script: bytes) -> None:
    read_javascript(script)


def test_documents_are_read_or_refused() -> None:
    assert parse_json(b'\xef\xbb\xbf{"a": [1]}') == {"a": [1]}
    assert parse_xml(b"<a><b/></a>")[0].tag == "b"
    for bad in (b"[" * 100_000, b"{", b"\xff"):
        with pytest.raises(MalformedInput):
            parse_json(bad)
    for bad in (b"<a>", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', b'<?xml version="1.0" encoding="none"?><a/>'):
        with pytest.raises(MalformedInput):
            parse_xml(bad)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_document_or_none(data: bytes) -> None:
    for parse in (parse_json, parse_xml):
        with suppress(MalformedInput):
            parse(data)
