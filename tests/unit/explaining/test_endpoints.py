"""What is an endpoint in text, and what only looks like one."""

import pytest

from trueware.explaining.reading.endpoints import find_endpoints


def places(text: str, *, names: bool = True) -> list[str]:
    return [each.place for each in find_endpoints(text, names=names)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://update.maker.example/fw.bin", ["update.maker.example"]),
        ("wget -q http://198.51.100.7:8080/x.sh", ["198.51.100.7:8080"]),
        ("server=collect.evil.example.com", ["collect.evil.example.com"]),
        ("*.* @203.0.113.9:514", ["203.0.113.9:514"]),
        ("mqtts://user:secret@broker.example:8883", ["broker.example:8883"]),
        ('var host = "stats.example.com";', ["stats.example.com"]),
        ("dns 8.8.8.8 1.1.1.1", ["8.8.8.8", "1.1.1.1"]),
        ("tftp://192.0.2.1/boot", ["192.0.2.1"]),
        ("https://raw.githubusercontent.com/a/b/main/x.sh", ["raw.githubusercontent.com"]),
        ("https://github.com/a/b/releases/download/v1/x", ["github.com"]),
    ],
)
def test_endpoints(text: str, expected: list[str]) -> None:
    assert places(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        'xmlns="http://www.w3.org/1999/xhtml"',
        '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1.dtd">',
        "http://schemas.android.com/apk/res/android",
        "Licensed under http://www.apache.org/licenses/LICENSE-2.0",
        "see https://github.com/openwrt/openwrt for more",
        "https://bugs.maker.example/",
        "netmask 255.255.255.0 address 192.168.1.1",
        "bind 127.0.0.1:80 and 0.0.0.0:443, group 239.255.255.250:1900",
        "version 5.10.2.1, uClibc 0.9.33.2, v10.2.14.3",
        "com.example.application.Service",
        "include libfoo.so.1 main.c index.html run.sh conf.in",
        "http://%s/path http://$HOST/x http://localhost/",
        "mail root@host.example.com",
        "1.3.6.1.2.1.1.5.0",
        "self.info = other.name",
        "window.location.href",
    ],
)
def test_what_only_looks_like_one(text: str) -> None:
    assert places(text) == []


def test_bare_names_are_left_out_where_words_are_none() -> None:
    assert places("a.example.com b", names=False) == []
    assert places("http://a.example.com", names=False) == ["a.example.com"]


def test_secrets_are_not_shown() -> None:
    assert [each.text for each in find_endpoints("ftp://me:secret@files.example/x")] == ["ftp://***@files.example/x"]
