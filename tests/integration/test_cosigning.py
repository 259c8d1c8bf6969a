"""Asking witnesses, of whom some lie: what is kept is what verifies under the key of the policy, and the others are told by name."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.unit.registry.logs import OPERATOR, fill
from trueware.cosigning import Asked, gather
from trueware.errors import StoreError, UntrustedStatement
from trueware.registry.ledger import ledger
from trueware.storage.memory import MemoryStore
from trueware.tlog import note
from trueware.tlog.checkpoint import Checkpoint, parse
from trueware.tlog.note import COSIGNATURE, Signature, Verifier, cosign, verifier_of
from trueware.tlog.policy import Policy
from trueware.tlog.witness import SIZE_TYPE, read_request
from trueware.witnessing import Answer, Clock, Witness, serve

WITNESS, OTHER = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (71, 72))
NAME = "w.example"
VERIFIER = verifier_of(NAME, WITNESS, COSIGNATURE)

Respond = Callable[[bytes], Answer]
"""Body of a request in, answer out."""


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[str]:
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def answering(respond: Respond, location: str | None = None) -> Iterator[str]:
    """Serve one answer for whatever is asked; gives the URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer = respond(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.body)))
            if location is not None:
                self.send_header("Location", location)
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            pass

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as url:
        yield url


@pytest.fixture
def store() -> MemoryStore:
    made = MemoryStore()
    fill(ledger(made, OPERATOR, 5))
    return made


def policy(urls: dict[str, str]) -> Policy:
    witnesses = {name: VERIFIER if name == "w" else verifier_of(name, OTHER, COSIGNATURE) for name in urls}
    return Policy(
        (OPERATOR.verifier,), witnesses, {}, None, {verifier: urls[name] for name, verifier in witnesses.items()}
    )


def lines_of(store: MemoryStore) -> list[Verifier]:
    """Return who signed what is kept, each proved; whoever else stands there fails the test."""
    kept = note.read_note(store.checkpoint() or b"")
    signed = note.verify(kept, [OPERATOR.verifier, VERIFIER])
    assert len(signed) == len(kept.signatures)
    return [each.verifier for each in signed]


def text_of(body: bytes) -> str:
    return note.read_note(read_request(body).checkpoint).text


def lines(*signatures: Signature) -> Answer:
    return Answer(200, "".join(f"{each}\n" for each in signatures).encode())


def test_an_honest_witness_is_asked_from_where_it_is(store: MemoryStore, tmp_path: Path) -> None:
    """From nothing, from an older tree, and again for the same; and again once it forgot."""
    witness = Witness(NAME, WITNESS, {OPERATOR.origin: [OPERATOR.verifier]}, tmp_path / "w")
    with serving(serve(witness, "127.0.0.1", 0, Clock())) as url:
        for _ in range(2):
            asked = gather(store, policy({"w": url}))
            size = parse(note.read_note(store.checkpoint() or b"").text).size
            assert asked == [Asked("w", cosigned=True, detail=f"{size} leaves")]
            assert lines_of(store) == [OPERATOR.verifier, VERIFIER]
        fill(ledger(store, OPERATOR, 90))
        assert lines_of(store) == [OPERATOR.verifier]
        assert [each.cosigned for each in gather(store, policy({"w": url}))] == [True]
        assert lines_of(store) == [OPERATOR.verifier, VERIFIER]
        (tmp_path / f"w/{next((tmp_path / 'w').glob('*/checkpoint')).parent.name}/checkpoint").unlink()
        assert [each.cosigned for each in gather(store, policy({"w": url}))] == [True]


def other_text(body: bytes) -> Answer:
    at = parse(text_of(body))
    return lines(cosign(str(Checkpoint(at.origin, at.size + 1, at.root)), NAME, WITNESS, 5))


def borrowed_name(body: bytes) -> Answer:
    return lines(Signature(NAME, VERIFIER.id, cosign(text_of(body), NAME, OTHER, 5).value))


LIES: list[tuple[str, Respond, str]] = [
    ("nothing", lambda _: Answer(200, b""), "signatures"),
    ("no lines", lambda _: Answer(200, b"thank you\n"), "no signature line"),
    ("no text", lambda _: Answer(200, b"\xff\xfe"), "not UTF-8"),
    ("a line without its end", lambda body: Answer(200, str(cosign(text_of(body), NAME, WITNESS, 5)).encode()), "end of line"),
    ("another's", lambda body: lines(cosign(text_of(body), NAME, OTHER, 5)), "without a cosignature of its key"),
    ("under its name, by another key", borrowed_name, "does not fit"),
    ("of another tree", other_text, "does not fit"),
    ("a log's signature", lambda body: lines(note.sign(text_of(body), NAME, WITNESS)), "without a cosignature of its key"),
    ("a larger tree", lambda _: Answer(409, b"99999\n", SIZE_TYPE), "the registry was put back"),
    ("no number", lambda _: Answer(409, b"-1\n", SIZE_TYPE), "a size that is none"),
    ("a number of other digits", lambda _: Answer(409, "\u0661\n".encode(), SIZE_TYPE), "a size that is none"),
    ("an endless number", lambda _: Answer(409, b"9" * 5000 + b"\n", SIZE_TYPE), "the registry was put back"),
    ("another size each time", lambda body: Answer(409, b"%d\n" % (read_request(body).old % 2 + 1), SIZE_TYPE), "keeps changing"),
    ("409 without a size", lambda _: Answer(409, b"no\n"), "it answers 409: no"),
    ("a failure", lambda _: Answer(500, b"\x1b[31moops" * 100), "it answers 500"),
    ("endless lines", lambda _: Answer(200, b"\n" * (3 << 20)), ""),
]  # fmt: skip


@pytest.mark.parametrize(("respond", "reason"), [each[1:] for each in LIES], ids=[each[0] for each in LIES])
def test_what_a_witness_says_is_proved(store: MemoryStore, respond: Respond, reason: str) -> None:
    """It is told as refused, nothing of it is kept, and the next witness is asked all the same."""
    before = store.checkpoint()
    with answering(respond) as url, answering(lambda body: lines(cosign(text_of(body), "z", OTHER, 5))) as honest:
        asked = gather(store, policy({"w": url, "z": honest}))

    assert [(each.name, each.cosigned) for each in asked] == [("w", False), ("z", True)]
    assert reason in asked[0].detail
    kept = note.read_note(store.checkpoint() or b"")
    assert [each.name for each in kept.signatures] == [OPERATOR.origin, "z"]
    assert before is not None
    assert kept.text == note.read_note(before).text


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"])
def test_a_witness_that_answers_without_end_is_not_waited_for(store: MemoryStore, begun: bytes) -> None:
    """A byte now and then is no answer: there is a time for all of it."""
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                connection.sendall(begun)
                while not done.wait(0.1):
                    connection.sendall(b"a")

        thread = threading.Thread(target=drip)
        thread.start()
        started = time.monotonic()
        (asked,) = gather(store, policy({"w": f"http://127.0.0.1:{server.getsockname()[1]}"}), timeout=0.5)
        took = time.monotonic() - started
        done.set()
        thread.join()

    assert (asked.cosigned, asked.detail) == (False, "no answer within 0.5 seconds")
    assert took < 5


def test_a_redirection_is_not_followed(store: MemoryStore) -> None:
    """A witness answers itself."""
    asked_of: list[bytes] = []

    def record(body: bytes) -> Answer:
        asked_of.append(body)
        return lines(cosign(text_of(body), NAME, WITNESS, 5))

    with answering(record) as other, answering(lambda _: Answer(307, b""), f"{other}/add-checkpoint") as url:
        (asked,) = gather(store, policy({"w": url}))
    assert not asked.cosigned
    assert asked_of == []


def test_lines_of_others_in_an_answer_are_not_kept(store: MemoryStore) -> None:
    """Only the one of the witness that was asked."""
    with answering(
        lambda body: lines(Signature("x", b"1234", b"junk"), cosign(text_of(body), NAME, WITNESS, 5))
    ) as url:
        assert [each.cosigned for each in gather(store, policy({"w": url}))] == [True]
    assert lines_of(store) == [OPERATOR.verifier, VERIFIER]


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://x", "x", "http://127.0.0.1:1"])
def test_addresses_that_are_none(store: MemoryStore, url: str) -> None:
    """Or where nobody is."""
    (asked,) = gather(store, policy({"w": url}))
    assert not asked.cosigned


def test_another_log_is_not_shown_to_witnesses(store: MemoryStore) -> None:
    """Nor a registry that has none."""
    with pytest.raises(UntrustedStatement, match="none of the policy"):
        gather(store, Policy((verifier_of(OPERATOR.origin, OTHER),)))
    with pytest.raises(StoreError, match="no log"):
        gather(MemoryStore(), policy({}))
