"""A network device is challenged over RESTCONF: a genuine one, and those that mean harm."""

import json
import secrets
import ssl
import time
from base64 import b64decode
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests import network_device as device
from tests.restconf_server import Reply, Request, authority, serving
from trueware.cli import main
from trueware.collecting.restconf import Restconf
from trueware.errors import SourceError
from trueware.storage.attesters_sqlite import SqliteAttesters

SNAPSHOT = "open/a1_genuine_devA/t1_service"
TOKEN = "s3cret"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def real(corpus: Path) -> Path:
    return corpus / "attest/real"


def genuine(real: Path, write: Callable[[dict[str, Any]], bytes] = device.as_json) -> Reply:
    """A device that quotes what it quoted once, if it is asked with that nonce."""
    snapshot = real / SNAPSHOT
    recorded = bytes.fromhex((snapshot / "nonce.hex").read_text())

    def reply(request: Request) -> None:
        asked: Any = request.input
        if request.operation == "tpm20-challenge-response-attestation":
            asked = asked["tpm20-attestation-challenge"]
            assert b64decode(asked["nonce-value"]) == recorded
            output = {"tpm20-attestation-response": [device.quote(snapshot)]}
        elif asked["log-type"].endswith(":bios"):
            output = device.logs(
                "bios", device.boot_events((snapshot.parent / "binary_bios_measurements").read_bytes())
            )
        else:
            listed = list(device.files((snapshot / "binary_runtime_measurements").read_bytes()))
            output = device.logs("ima", listed)
        media = "json" if write is device.as_json else "xml"
        request.answer(write(output), media=f"application/yang-data+{media}")

    return reply


@pytest.mark.parametrize("write", [device.as_json, device.as_xml])
def test_a_device_is_asked_and_appraised(
    tmp_path: Path,
    real: Path,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    write: Callable[[dict[str, Any]], bytes],
) -> None:
    snapshot, state, out = real / SNAPSHOT, tmp_path / "state.sqlite", tmp_path / "evidence"
    recorded = bytes.fromhex((snapshot / "nonce.hex").read_text())
    monkeypatch.setattr(secrets, "token_bytes", lambda size: recorded[:size])
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    registry = ["--registry", str(tmp_path / "r.sqlite")]
    ak, log = snapshot.parent / "ak.pub", snapshot.parent / "binary_bios_measurements"
    assert main(["registry", "init", *registry]) == 0
    names = ["--publisher", "Example Telco", "--product", "boot", "--version", "6.1"]
    assert main(["release", "learn", str(log), *names, *registry, "--quiet"]) == 0
    assert main(["device", "enrol", "r1", "--ak", str(ak), "--state", str(state)]) == 0
    with serving(genuine(real, write), certificate) as server:
        asking = ["challenge", "ask", server.url, "--device", "r1", "--out", str(out), "--ca", str(certificate)]
        asking += ["--token", str(tmp_path / "token"), "--ak", str(ak), "--state", str(state)]
        capsys.readouterr()
        assert main(asking) == 0
        assert capsys.readouterr().out == f"{recorded.hex()}\n"
        assert [each for _, each in server.seen] == [f"Bearer {TOKEN}"] * 3
        assert {each for each, _ in server.seen} == {
            f"/restconf/operations/{device.MODULE}:{name}"
            for name in ("tpm20-challenge-response-attestation", "log-retrieval")
        }
        assert main(asking) == 1  # evidence is not mixed
    for name in ("quote.msg", "quote.sig", "binary_runtime_measurements", "nonce.hex"):
        assert (out / name).read_bytes().strip() == (snapshot / name).read_bytes().strip()
    ending = "json" if write is device.as_json else "xml"
    assert {each.name for each in out.iterdir()} >= {f"{name}.{ending}" for name in ("quotes", "bios-log", "ima-log")}
    capsys.readouterr()
    appraising = ["appraise", str(out), "--device", "r1", "--nonce", recorded.hex(), "--state", str(state), *registry]
    appraising += ["--file-signer", str(real / "reference/ima_cert.pem"), "--exclude", "etc/*", "--exclude"]
    appraising += ["usr/lib/modprobe.d/*", "--exclude", "usr/sbin/attest-init", "--json"]
    assert main(appraising) == 0
    assert json.loads(capsys.readouterr().out)["appraisals"][0]["verdict"] == "GENUINE"
    assert main(appraising) == 10  # it was answered


def ask(
    tmp_path: Path, reply: Reply, certificate: Path, *more: str, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, Path]:
    out = tmp_path / "evidence"
    with serving(reply, certificate) as server:
        arguments = ["challenge", "ask", server.url, "--device", "r1", "--out", str(out), "--ca", str(certificate)]
        code = main([*arguments, "--state", str(tmp_path / "state.sqlite"), *more])
    return code, capsys.readouterr().err, out


def elsewhere(request: Request) -> None:
    request.answer(b"", 307, Location=f"https://127.0.0.1:{request.server.server_port}/stolen")


def forbidden(request: Request) -> None:
    error = {"error-type": "protocol", "error-tag": "access-denied", "error-message": "not\x1b[2J you"}
    request.answer(json.dumps({"ietf-restconf:errors": {"error": [error]}}).encode(), 403)


def page(request: Request) -> None:
    request.answer(b"<html>welcome</html>", media="text/html")


def packed(request: Request) -> None:
    request.answer(b"\x1f\x8b", Content_Encoding="gzip")


def boasting(request: Request) -> None:
    request.send_response(200)
    request.send_header("Content-Type", "application/yang-data+json")
    request.send_header("Content-Length", str(1 << 40))
    request.end_headers()


def breaking_off(request: Request) -> None:
    request.send_response(200)
    request.send_header("Content-Type", "application/yang-data+json")
    request.send_header("Content-Length", "1000")
    request.end_headers()
    request.wfile.write(b"{")
    request.close_connection = True


def no_http(request: Request) -> None:
    request.wfile.write(b"SSH-2.0-OpenSSH\r\n\r\n")
    request.close_connection = True


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (elsewhere, "sends us elsewhere (307), which is not followed"),
        (forbidden, "answers 403: the device answered with an error: access-denied: not"),
        (page, "answers with 'text/html'"),
        (packed, "not compressed"),
        (boasting, "answers with 1,099,511,627,776 bytes"),
        (breaking_off, "breaks off after 1 of 1,000 bytes"),
        (no_http, "cannot ask 127.0.0.1"),
    ],
)
def test_what_is_no_answer_is_an_outage_and_no_verdict(
    tmp_path: Path, certificate: Path, capsys: pytest.CaptureFixture[str], reply: Reply, reason: str
) -> None:
    """The nonce stays to be answered; nothing is written; what the device says is printed without its control characters."""
    code, err, out = ask(tmp_path, reply, certificate, capsys=capsys)
    assert code == 1, err
    assert reason in err
    assert "\x1b" not in err
    assert not out.exists()
    with closing(SqliteAttesters.open(tmp_path / "state.sqlite")) as store:
        assert [each.used for each in store.challenges("r1")] == [None]


def test_credentials_are_shown_to_the_device_alone(
    tmp_path: Path, certificate: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not to whoever has another certificate, and not where a redirection points."""
    (tmp_path / "login").write_text("admin:pass word\n")
    stranger = authority(tmp_path, "127.0.0.2")
    out = tmp_path / "evidence"
    with serving(elsewhere, certificate) as server:
        for ca, seen in ((stranger, 0), (certificate, 1)):
            arguments = ["challenge", "ask", server.url, "--device", "r1", "--out", str(out), "--ca", str(ca)]
            arguments += ["--login", str(tmp_path / "login"), "--state", str(tmp_path / "state.sqlite")]
            assert main(arguments) == 1
            assert len(server.seen) == seen
        assert server.seen[0][1] == "Basic YWRtaW46cGFzcyB3b3Jk"
        assert main([*arguments[:2], server.url.replace("https", "http"), *arguments[3:]]) == 1
    err = capsys.readouterr().err
    assert "CERTIFICATE_VERIFY_FAILED" in err
    assert "expected https://" in err
    with serving(elsewhere, stranger) as server:  # a certificate of the right authority, for another host
        arguments[2], arguments[8] = server.url, str(stranger)
        assert main(arguments) == 1
        assert server.seen == []


def test_an_answer_that_cannot_be_read_is_kept_as_it_came(
    tmp_path: Path, certificate: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def reply(request: Request) -> None:
        if request.operation == "log-retrieval":
            request.answer(b"", 501, "text/plain")
        else:
            request.answer(b'{"ietf-tpm-remote-attestation:output":{}}')

    code, err, out = ask(tmp_path, reply, certificate, capsys=capsys)
    assert code == 0
    assert "neither quotes nor logs" in err
    assert "no bios log" in err
    assert sorted(each.name for each in out.iterdir()) == ["nonce.hex", "quotes.json"]


def drip(request: Request) -> None:
    request.send_response(200)
    request.send_header("Content-Type", "application/yang-data+json")
    request.end_headers()
    while not request.server.ended.wait(0.05):
        request.wfile.write(b" ")


def drip_headers(request: Request) -> None:
    request.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not request.server.ended.wait(0.05):
        request.wfile.write(b"a")


def silent(request: Request) -> None:
    request.server.ended.wait(30)


def endless(request: Request) -> None:
    request.send_response(200)
    request.send_header("Content-Type", "application/yang-data+json")
    request.end_headers()
    while not request.server.ended.is_set():
        request.wfile.write(bytes(1 << 16))


@pytest.mark.parametrize("reply", [drip, drip_headers, silent])
def test_a_slow_device_is_left(certificate: Path, reply: Reply) -> None:
    tls = ssl.create_default_context(cafile=certificate)
    with serving(reply, certificate) as server:
        before = time.monotonic()
        with pytest.raises(SourceError, match=r"did not answer within 0\.4 s"):
            Restconf.at(server.url, tls, deadline=0.4).operate("m:o", b"{}")
        assert time.monotonic() - before < 20  # as good as never, beside what it would send


def test_an_endless_answer_is_left(certificate: Path) -> None:
    tls = ssl.create_default_context(cafile=certificate)
    with serving(endless, certificate) as server, pytest.raises(SourceError, match="more than 1,000,000 bytes"):
        Restconf.at(server.url, tls, most=1_000_000).operate("m:o", b"{}")


@pytest.mark.parametrize(
    "url",
    [
        "http://a",
        "https://",
        "https://a:99999",
        "https://u:p@a",
        "https://a?x",
        "https://a#x",
        "file:///etc",
        "a",
        "https://[a",
    ],
)
def test_what_is_no_url_of_a_device(url: str) -> None:
    with pytest.raises(SourceError, match="no URL"):
        Restconf.at(url, ssl.create_default_context())


def test_headers_cannot_be_slipped_in() -> None:
    tls = ssl.create_default_context()
    assert Restconf.at("https://a/api v\r\nX: y", tls).root == "/api%20vX:%20y"
    with pytest.raises(SourceError, match="characters"):
        Restconf.at("https://a", tls, "Bearer a\r\nX: y")
