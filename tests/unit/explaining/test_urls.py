"""URLs: where they lead is read, secrets in them are masked, and no text takes long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueware.explaining.reading.ini import sections
from trueware.explaining.reading.urls import find_urls, is_host, is_local


def test_secrets_are_masked() -> None:
    text = "see http://a:b@tv.example.net:8080/get.php?username=me&password=hush&type=m3u_plus, or"
    (url,) = find_urls(text)
    assert url.masked() == "http://***@tv.example.net:8080/get.php?username=***&password=***&type=m3u_plus,"
    assert url.parameters["password"] == "hush"
    assert (url.host, url.port, url.path) == ("tv.example.net", 8080, "/get.php")


def test_what_is_no_host_is_no_url() -> None:
    assert [
        url.host for url in find_urls("http://%s/x http://$H/ http://word/ http://[::1]:80/ HTTPS://A.example.NET./")
    ] == [
        "::1",
        "a.example.net",
    ]


@pytest.mark.parametrize("host", ["192.168.1.1", "10.0.0.1", "localhost", "box", "box.local", "fe80::1", "127.0.0.1"])
def test_the_own_network(host: str) -> None:
    assert is_local(host)


@pytest.mark.parametrize("host", ["192.0.2.1", "example.net", "2001:db8::1", "172.32.0.1"])
def test_other_networks(host: str) -> None:
    assert is_host(host)
    assert not is_local(host)


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    assert all(is_host(url.host) or url.host == "localhost" for url in find_urls(f"http://{text}"))


@pytest.mark.parametrize(
    "text", ["http://" * 30_000, "http://a." * 30_000, "http://" + "a-" * 200_000, "http://a@" * 30_000]
)
def test_hostile_text_is_read_at_once(text: str) -> None:
    assert len(list(find_urls(text))) <= 30_000


def test_sections_that_repeat_stay_apart() -> None:
    first, second, third = sections(b"a = 1\n[Reader]\nKey = x # y\nno line\n; c\n[reader]\nkey=\nother = z\n")
    assert (first.name, first.values) == ("", {"a": "1"})
    assert (second.name, second.line, second.values) == ("reader", 2, {"key": "x # y"})
    assert (third.get("key", "other"), third.get("none")) == ("z", "")


def test_a_value_may_go_on_in_indented_lines() -> None:
    (only,) = sections(b"[a]\nurl = 1\n  2\n\t3=4\nurl=5\n", indented=True)
    assert only.every["url"] == ["1", "2", "3=4", "5"]
    assert only.values["url"] == "5"
    (plain,) = sections(b"[a]\n  url = 1\n  other = 2\n")
    assert plain.values == {"url": "1", "other": "2"}
