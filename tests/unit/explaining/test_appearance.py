"""Appearance: pictures, styles and documents are said to be no more than that, and what only has their name is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueware.explaining.detectors.appearance import Appearance

from .cases import File, case, findings, rules

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


def test_pictures_styles_and_documents() -> None:
    genuine = {"www/logo.png": PNG, "www/gone.gif": b"GIF89a", "www/a.css": b"p{}", "usr/share/doc/x/readme": b"1"}
    suspect = {
        "www/logo.png": PNG + b"1",
        "www/a.css": b"p{color:red}",
        "usr/share/doc/x/readme": b"2",
        "www/favicon.ico": b"\0\0\1\0",
    }
    assert rules(Appearance, case(genuine, suspect)) == [
        "document-changed", "picture-changed", "picture-changed", "picture-changed", "style-changed",
    ]  # fmt: skip


def test_rights_alone_are_not_appearance() -> None:
    assert rules(Appearance, case({"www/logo.png": PNG}, {"www/logo.png": File(PNG, 0o4755)})) == []


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("www/logo.png", b"\x7fELF..."),
        ("a.jpg", b"#!/bin/sh\n"),
        ("a.mp3", b"PK\x03\x04"),
        ("a.gif", b"<?php eval($_GET[0]);"),
    ],
)
def test_what_only_has_the_name_of_a_picture(name: str, data: bytes) -> None:
    assert rules(Appearance, case({name: PNG}, {name: data})) == ["file-disguised"]
    assert rules(Appearance, case({}, {name: data})) == ["file-disguised"]
    assert rules(Appearance, case({name: data + b"1"}, {name: data})) == ["picture-changed"]  # as the maker has it


@pytest.mark.parametrize(
    "name", ["usr/share/man/man1/x.1.gz", "usr/share/doc/x/changelog.gz", "usr/share/doc/x/example.mo"]
)
def test_documents_may_be_compressed(name: str) -> None:
    assert rules(Appearance, case({}, {name: b"\x1f\x8b\x08"})) == ["document-changed"]


def test_styles_that_draw_on_another_machine() -> None:
    remote = b"@import url('//fonts.example.net/a.css'); p { background: url(/own.png) }"
    found = findings(Appearance, case({"a.css": b"p{}"}, {"a.css": remote}))
    assert [each.rule for each in found] == ["style-remote", "style-changed"]
    assert found[0].touches == ("host:fonts.example.net",)
    assert rules(Appearance, case({"a.css": remote}, {"a.css": remote + b" "})) == ["style-changed"]
    assert rules(
        Appearance, case({"a.css": b""}, {"a.css": b"/* http://example.net */ p { background: url(a.png) }"})
    ) == ["style-changed"]


def test_pictures_that_run_code() -> None:
    plain = b"<svg xmlns='http://www.w3.org/2000/svg'><path d='M0 0'/></svg>"
    assert rules(Appearance, case({"a.svg": plain}, {"a.svg": plain.replace(b"M0", b"M1")})) == ["picture-changed"]
    running = plain.replace(b"<path", b"<script>steal()</script><path")
    assert rules(Appearance, case({"a.svg": plain}, {"a.svg": running})) == ["picture-changed", "picture-runs-code"]
    assert rules(Appearance, case({"a.svg": running}, {"a.svg": running + b"\n"})) == ["picture-changed"]


@given(st.binary(max_size=200))
def test_any_bytes_are_looked_at(data: bytes) -> None:
    found = rules(Appearance, case({}, {"a.png": data, "a.svg": data, "a.css": data, "README": data}))
    assert len(found) >= 4
