"""A witness over HTTP: each answer by status and type, clients that lie, many at once, killed at any moment, its state damaged."""

import http.client
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Self

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from trueware.tlog import checkpoint, note
from trueware.tlog.checkpoint import Checkpoint
from trueware.tlog.growth import grow, root
from trueware.tlog.merkle import consistency_proof, leaf_hash
from trueware.tlog.note import COSIGNATURE, Note, Signature, Verifier, read_verifier, verifier_of
from trueware.tlog.witness import MAX_REQUEST, Request
from trueware.witnessing import Clock, Witness, serve

KEY, WITNESS, OTHER = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2, 3))
ORIGIN = "log.example/x"
LOG = verifier_of(ORIGIN, KEY)
PLACE = f"/{sha256(ORIGIN.encode()).hexdigest()}/checkpoint"
SIZE = 1000
TILES = grow(0, [leaf_hash(b"%d" % number) for number in range(SIZE)], lambda _level, _number: None)
FORK = grow(0, [leaf_hash(b"%d!" % number) for number in range(SIZE)], lambda _level, _number: None)
NOW = 1_700_000_000


def read(level: int, number: int) -> bytes | None:
    return TILES.get((level, number))


def read_fork(level: int, number: int) -> bytes | None:
    return FORK.get((level, number))


def asked(old: int, size: int, key: Ed25519PrivateKey = KEY, tiles: Callable[[int, int], bytes | None] = read) -> bytes:
    proof = consistency_proof(old, size, tiles) if 0 < old <= size else []
    return bytes(Request(old, tuple(proof), bytes(checkpoint.sign(Checkpoint(ORIGIN, size, root(size, tiles)), key))))


@dataclass(frozen=True)
class Got:
    status: int
    kind: str
    body: bytes


class Client:
    """Asks one witness, by one connection that is kept."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def ask(self, method: str, path: str, body: bytes | None = None) -> Got:
        self.connection.request(method, path, body)
        answer = self.connection.getresponse()
        return Got(answer.status, answer.getheader("Content-Type", ""), answer.read())

    def post(self, body: bytes) -> Got:
        return self.ask("POST", "/add-checkpoint", body)

    def last(self) -> Checkpoint:
        """Return what anybody may read as the last that was cosigned, its signatures proved."""
        got = self.ask("GET", PLACE)
        assert got.status == 200
        at, seen = checkpoint.open_checkpoint(got.body, LOG, [verifier_of("w.example", WITNESS, COSIGNATURE)])
        assert len(seen) == 1
        return at


def post(port: int, body: bytes) -> Got:
    with Client(port) as client:
        return client.post(body)


def last(port: int) -> Checkpoint:
    with Client(port) as client:
        return client.last()


class Fixed(Clock):
    def __call__(self) -> int:
        return NOW


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    witness = Witness("w.example", WITNESS, {ORIGIN: [LOG]}, tmp_path / "state")
    server = serve(witness, "127.0.0.1", 0, Fixed())
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield int(server.server_address[1])
    server.shutdown()
    thread.join()
    server.server_close()


def test_every_answer(port: int) -> None:
    """In the order in which a log meets them, by one connection; what is refused changes nothing."""
    with Client(port) as client:
        answers(client)
    for method, path, status in (
        ("GET", "/", 404),
        ("GET", "/add-checkpoint", 404),
        ("GET", PLACE + "x", 404),
        ("GET", "/../state/.lock", 404),
        ("GET", f"/{'0' * 64}/checkpoint", 404),
        ("POST", "/", 404),
        ("PUT", "/add-checkpoint", 501),
    ):
        with Client(port) as client:
            assert client.ask(method, path, b"" if method != "GET" else None).status == status, path


def answers(client: Client) -> None:
    text = "text/plain; charset=utf-8"
    assert client.ask("GET", PLACE).status == 404

    got = client.post(asked(0, 10))
    assert (got.status, got.kind) == (200, text)
    line = note.read_note(f"{Checkpoint(ORIGIN, 10, root(10, read))}\n".encode() + got.body)
    assert [each.time for each in note.verify(line, [verifier_of("w.example", WITNESS, COSIGNATURE)])] == [NOW]
    assert client.last().size == 10

    assert client.post(asked(0, 20)) == Got(409, "text/x.tlog.size", b"10\n")
    assert client.post(asked(10, 20)).status == 200
    assert client.post(asked(20, 20)).status == 200
    refused = [
        (400, b"no request"),
        (404, bytes(Request(0, (), bytes(checkpoint.sign(Checkpoint("unknown.example", 1, bytes(32)), KEY))))),
        (403, asked(20, 30, OTHER)),
        (400, asked(20, 10)),
        (409, asked(20, 20, tiles=read_fork)),
        (422, asked(20, 30, tiles=read_fork)),
        (409, asked(10, 15)),
        (409, asked(0, 5)),
        (409, asked(0, 20, tiles=read_fork)),
    ]
    for status, body in refused:
        got = client.post(body)
        assert got.status == status, got
        assert client.last() == Checkpoint(ORIGIN, 20, root(20, read))


@pytest.mark.parametrize(
    "head",
    [
        "",
        "Content-Length: -1\r\n",
        "Content-Length: 1e3\r\n",
        "Content-Length: \u0661\r\n",
        f"Content-Length: {MAX_REQUEST + 1}\r\n",
        "Content-Length: 000000000000003000000\r\n",
        f"Content-Length: {'9' * 400}\r\n",
        "Transfer-Encoding: chunked\r\n",
    ],
)
def test_a_body_without_an_honest_length_is_not_waited_for(port: int, head: str) -> None:
    """It is answered at once, and the connection is ended."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(f"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\n{head}\r\n".encode())
        answer = b""
        while more := connection.recv(4096):
            answer += more
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert post(port, asked(0, 1)).status == 200


def test_junk_beside_the_logs_signature_does_no_harm(port: int) -> None:
    """It is not kept, so that it can neither be read by others nor make what is kept unreadable."""
    honest = checkpoint.sign(Checkpoint(ORIGIN, 10, root(10, read)), KEY)
    junk = [Signature(f"junk{number}", b"1234", bytes(6000)) for number in range(99)]
    body = bytes(Request(0, (), bytes(Note(honest.text, (*junk, *honest.signatures)))))
    with Client(port) as client:
        assert client.post(body).status == 200
        assert b"junk" not in client.ask("GET", PLACE).body
        assert client.post(asked(10, 20)).status == 200


def test_of_many_at_once_none_is_rolled_back(port: int) -> None:
    """Eight logs that believe to be the only one: what is cosigned only grows, and each cosignature follows from one before."""
    accepted: list[tuple[int, int]] = []

    def push(seed: int) -> None:
        choose, old = random.Random(seed), 0
        for _ in range(25):
            size = choose.randrange(old, SIZE)
            got = post(port, asked(old, size))
            if got.status == 200:
                accepted.append((old, size))
                old = size
            else:
                assert (got.status, got.kind) == (409, "text/x.tlog.size")
                old = int(got.body)

    threads = [threading.Thread(target=push, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    grown = {(old, size) for old, size in accepted if old != size}
    assert len({old for old, _ in grown}) == len(grown)  # from each size it went on once
    at = 0
    while nexts := [size for old, size in grown if old == at]:
        (at,) = nexts
    assert last(port).size == at == max(size for _, size in accepted)


@pytest.mark.parametrize(
    "damage", [lambda _: b"", lambda data: data[: len(data) // 2], lambda data: data.replace(b"log.", b"lag.")]
)
def test_without_its_memory_it_cosigns_nothing(port: int, tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    """A state that is damaged is no state that is empty."""
    assert post(port, asked(0, 10)).status == 200
    (path,) = (tmp_path / "state").glob("*/checkpoint")
    path.write_bytes(damage(path.read_bytes()))
    for body in (asked(0, 20), asked(10, 20), asked(0, 5, tiles=read_fork)):
        assert post(port, body).status == 500


def start(
    tmp_path: Path, private: Ed25519PrivateKey | MLDSA44PrivateKey | ec.EllipticCurvePrivateKey = WITNESS
) -> tuple["subprocess.Popen[bytes]", Verifier, int]:
    key, policy = tmp_path / "w.pem", tmp_path / "policy"
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    policy.write_text(f"log {LOG}\nquorum none\n")
    asked = ["log", "witness", "--name", "w.example", "--key", str(key), "--policy", str(policy)]
    asked += ["--state", str(tmp_path / "state"), "--listen", "127.0.0.1:0"]
    process = subprocess.Popen([sys.executable, "-m", "trueware", *asked], stdout=subprocess.PIPE)
    assert process.stdout is not None
    said = process.stdout.readline().decode()
    if not said:
        kill(process)
    _, verifier, url = said.split()
    return process, read_verifier(verifier), int(url.rpartition(":")[2])


def kill(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def test_killed_at_any_moment_it_remembers_all_that_it_cosigned(tmp_path: Path) -> None:
    """Whatever was answered with a cosignature is remembered by the next, which cosigns neither less nor another tree."""
    choose = random.Random(7)
    cosigned = 0
    for _ in range(8):
        process, verifier, port = start(tmp_path)
        try:
            assert verifier == verifier_of("w.example", WITNESS, COSIGNATURE)
            if cosigned:
                remembered = last(port)
                assert remembered.size >= cosigned
                assert remembered.root == root(remembered.size, read)
                for fork in (
                    asked(0, SIZE, tiles=read_fork),
                    asked(remembered.size, SIZE, tiles=read_fork),
                    asked(0, 1),
                ):
                    assert post(port, fork).status in (409, 422)
                cosigned = remembered.size
            timer = threading.Timer(choose.uniform(0.01, 0.4), process.send_signal, [signal.SIGKILL])
            timer.start()
            try:
                with Client(port) as client:
                    while cosigned + 1 < SIZE:
                        if client.post(asked(cosigned, cosigned + 1)).status == 200:
                            cosigned += 1
            except (OSError, http.client.HTTPException):
                pass
            timer.join()
        finally:
            kill(process)
    assert cosigned


def test_a_witness_may_have_an_ml_dsa_key(tmp_path: Path) -> None:
    """From the command line; what it answers is proved by the key that it prints. A key of another kind is refused."""
    key = MLDSA44PrivateKey.from_seed_bytes(bytes(32))
    process, verifier, port = start(tmp_path, key)
    try:
        assert verifier == verifier_of("w.example", key)
        got = post(port, asked(0, 10))
        text = str(Checkpoint(ORIGIN, 10, root(10, read)))
        (seen,) = note.verify(note.read_note(f"{text}\n".encode() + got.body), [verifier])
        assert seen.time is not None
        assert post(port, asked(10, 20)).status == 200
    finally:
        kill(process)
    with pytest.raises(ValueError, match="values to unpack"):
        start(tmp_path, ec.derive_private_key(7, ec.SECP256R1()))


def test_two_processes_over_one_folder_are_one_witness(tmp_path: Path) -> None:
    """What the one cosigned the other remembers, also while both are asked at once."""
    processes = [start(tmp_path) for _ in range(2)]
    accepted: list[tuple[int, int]] = []

    def push(port: int, seed: int) -> None:
        choose, old = random.Random(seed), 0
        for _ in range(25):
            size = choose.randrange(old, SIZE)
            got = post(port, asked(old, size))
            if got.status == 200 and old != size:
                accepted.append((old, size))
            old = size if got.status == 200 else int(got.body)

    try:
        threads = [threading.Thread(target=push, args=(port, seed)) for seed, (_, _, port) in enumerate(processes * 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({old for old, _ in accepted}) == len(accepted)
        assert {last(port).size for _, _, port in processes} == {max(size for _, size in accepted)}
    finally:
        for process, _, _ in processes:
            kill(process)
