"""Witnesses: published requests, every answer of the specification in its order, and requests that are none."""

from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from trueware.errors import MalformedInput
from trueware.tlog import checkpoint
from trueware.tlog.checkpoint import Checkpoint
from trueware.tlog.growth import grow, root
from trueware.tlog.merkle import EMPTY_ROOT, consistency_proof, leaf_hash
from trueware.tlog.note import ED25519, Note, Signature, Verifier, read_verifier, sign, verifier_of
from trueware.tlog.witness import Accepted, Refused, Request, Seen, consider, origin_of, read_request

KEY, OTHER, FORMER = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2, 3))
ORIGIN = "log.example/x"
LOGS = {
    ORIGIN: [verifier_of(ORIGIN, KEY), verifier_of(ORIGIN, FORMER)],
    "other.example": [verifier_of("other.example", OTHER)],
}
TILES = grow(0, [leaf_hash(b"%d" % number) for number in range(600)], lambda _level, _number: None)
FORK = grow(0, [leaf_hash(b"%d" % (number % 299)) for number in range(600)], lambda _level, _number: None)

# tlog-witness.md of C2SP, the example of a request
EXAMPLE = (
    "old 20852014\n"
    "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"
    "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n"
    "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n"
    "/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n"
    "\n"
    "example.com/behind-the-sofa\n"
    "20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    "\n"
    "\u2014 example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "\u2014 example.com/behind-the-sofa "
    "opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=\n"
).encode()

# cmd/litewitness/testdata/multi-cosigs-ed25519.txt of github.com/FiloSottile/torchwood at 5820115eccec, answered there with 200
SIGSUM = "sigsum.org/v1/tree/985ea163f5af026723561354f51f2ebcdcf2af809ce254ccfb64aa9aadd80f90"
SIGSUM_KEY = "52c05edad1bf5feffa81354faae59a655d9a9a1a793ed2f62c39c26c0be2aecd"
LITEWITNESS = (
    f"old 0\n\n{SIGSUM}\n1\nKgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n"
    f"\u2014 {SIGSUM} 7BKT0gOfNZ1J0So9unY3BZtm2YkPIoNYM/dce0Z2avJDs8dxN6ts9bOSwwrVrbjm6P9K3ZxpK6jJngOG6YvGGzV/lwo=\n"
).encode()


def read(level: int, number: int) -> bytes | None:
    return TILES.get((level, number))


def read_fork(level: int, number: int) -> bytes | None:
    return FORK.get((level, number))


def at(size: int) -> Checkpoint:
    return Checkpoint(ORIGIN, size, root(size, read))


def seen(size: int) -> Seen:
    return Seen(size, root(size, read))


def asked(old: int, new: Checkpoint, proof: list[bytes] | None = None, key: Ed25519PrivateKey = KEY) -> Request:
    """Return the request of an honest log, where nothing else is said."""
    made = consistency_proof(old, new.size, read) if 0 < old <= new.size else []
    return Request(old, tuple(made if proof is None else proof), bytes(checkpoint.sign(new, key)))


def test_the_published_example_is_read_and_written() -> None:
    """Byte for byte; and the log of its checkpoint is known before anything is verified."""
    request = read_request(EXAMPLE)

    assert (request.old, len(request.proof), origin_of(request)) == (20852014, 4, "example.com/behind-the-sofa")
    assert bytes(request) == EXAMPLE


def test_what_another_witness_accepts_is_accepted() -> None:
    """By an Ed25519 key, and by one of ML-DSA-44."""
    log = Verifier(SIGSUM, ED25519, bytes.fromhex(SIGSUM_KEY))
    decision = consider(read_request(LITEWITNESS), {SIGSUM: [log]}, Seen())
    assert isinstance(decision, Accepted)
    assert (decision.checkpoint.size, decision.checkpoint.root[0]) == (1, 42)

    folder = Path(__file__).parents[2] / "vectors/tlog/litewitness-mldsa44"
    log = read_verifier((folder / "log.vkey").read_text())
    request = read_request(b"old 0\n\n" + (folder / "checkpoint").read_bytes())
    assert isinstance(consider(request, {log.name: [log]}, Seen()), Accepted)


@pytest.mark.parametrize(
    ("old", "new"), [(0, 0), (0, 1), (0, 300), (1, 1), (1, 2), (255, 256), (256, 257), (300, 300), (299, 600)]
)
def test_what_follows_is_accepted(old: int, new: int) -> None:
    """The same tree again too: so a log that lost the answer gets another."""
    decision = consider(asked(old, at(new)), LOGS, seen(old))

    assert isinstance(decision, Accepted)
    assert (decision.checkpoint, decision.text) == (at(new), str(at(new)))


def test_a_key_of_several_is_enough() -> None:
    """As when a log changes its key, and whatever keys nobody knows signed beside it. Lines that are not the log's are not kept."""
    text = str(at(300))
    ours = sign(text, ORIGIN, FORMER)
    junk = [Signature(f"junk{number}", b"1234", b"x") for number in range(98)]
    request = Request(0, (), bytes(Note(text, (*junk, ours, replace(ours, name="theirs")))))
    decision = consider(request, LOGS, Seen())

    assert isinstance(decision, Accepted)
    assert decision.signatures == (ours,)
    both = Note(text, (sign(text, ORIGIN, KEY), ours))
    decision = consider(Request(0, (), bytes(both)), LOGS, Seen())
    assert isinstance(decision, Accepted)
    assert set(decision.signatures) == set(both.signatures)


def refusal(request: Request, state: Seen) -> tuple[int, int | None]:
    decision = consider(request, LOGS, state)
    assert isinstance(decision, Refused)
    assert decision.reason
    return decision.status, decision.size


def test_every_refusal() -> None:
    """Each by its status, and a size with 409 where the log asked from another."""
    altered = consistency_proof(299, 600, read)
    altered[0] = bytes(32)
    forked = Checkpoint(ORIGIN, 600, root(600, read_fork))
    foreign = Checkpoint("unknown.example", 5, root(5, read))
    spoilt = checkpoint.sign(at(600), KEY)
    spoilt = Note(spoilt.text.replace("600", "599"), spoilt.signatures)

    assert refusal(Request(0, (), b"no note"), seen(0)) == (400, None)
    assert refusal(
        Request(0, (), bytes(Note("no checkpoint\n", (sign("no checkpoint\n", ORIGIN, KEY),)))), seen(0)
    ) == (400, None)
    assert refusal(Request(0, (), bytes(checkpoint.sign(foreign, KEY))), seen(0)) == (404, None)
    assert refusal(asked(299, at(600), key=OTHER), seen(299)) == (403, None)
    assert refusal(Request(299, tuple(altered), bytes(spoilt)), seen(299)) == (403, None)
    assert refusal(asked(600, at(299)), seen(600)) == (400, None)
    assert refusal(asked(0, at(600)), seen(299)) == (409, 299)
    assert refusal(asked(299, at(600)), seen(300)) == (409, 300)
    assert refusal(asked(299, at(600)), seen(0)) == (409, 0)
    assert refusal(asked(600, forked, []), seen(600)) == (409, None)
    assert refusal(asked(0, Checkpoint(ORIGIN, 0, bytes(32)), []), seen(0)) == (409, None)
    assert refusal(asked(299, at(600), altered), seen(299)) == (422, None)
    assert refusal(asked(299, at(600), []), seen(299)) == (422, None)
    assert refusal(asked(0, at(600), [bytes(32)]), seen(0)) == (422, None)
    assert refusal(asked(600, at(600), [bytes(32)]), seen(600)) == (422, None)
    assert refusal(asked(300, forked, consistency_proof(300, 600, read_fork)), seen(300)) == (422, None)


def test_refusals_come_in_the_order_of_the_specification() -> None:
    """A stranger does not learn what was cosigned, and what is wrong twice is told by the first."""
    stranger = asked(600, at(299), key=OTHER)
    assert refusal(stranger, seen(299)) == (403, None)  # before 400 for its sizes
    assert refusal(asked(0, at(600), key=OTHER), seen(299)) == (403, None)  # before 409 with a size
    assert refusal(asked(600, at(299)), seen(0)) == (400, None)  # before 409
    assert refusal(asked(0, at(600), [bytes(32)]), seen(299)) == (409, 299)  # before 422


def test_a_key_of_another_log_does_not_count() -> None:
    """Each log has its own."""
    text = str(at(5))
    assert refusal(Request(0, (), bytes(Note(text, (sign(text, "other.example", OTHER),)))), seen(0)) == (403, None)


HASH = b64encode(b"h" * 32)
NOTE = bytes(checkpoint.sign(at(5), KEY))


@pytest.mark.parametrize(
    "body",
    [
        b"", b"\n\n", b"old 0", b"old 0\n", b"old 00\n\n" + NOTE, b"old -1\n\n" + NOTE, b"old +1\n\n" + NOTE, b"old 1 \n\n" + NOTE,
        b"old\t1\n\n" + NOTE, b"old  1\n\n" + NOTE, b"Old 1\n\n" + NOTE, b"old 1\r\n\n" + NOTE, b"old " + b"9" * 20 + b"\n\n" + NOTE,
        b"old \xd9\xa1\n\n" + NOTE, b"old 1\n" + HASH + b" \n\n" + NOTE, b"old 1\n" + HASH[:-1] + b"\n\n" + NOTE,
        b"old 1\n" + b64encode(b"h" * 31) + b"\n\n" + NOTE, b"old 1\n" + b64encode(b"h" * 33) + b"\n\n" + NOTE,
        b"old 1\n" + HASH[:-2] + b"h=\n\n" + NOTE, b"old 1\n\xff\n\n" + NOTE, b"old 1\n" + (HASH + b"\n") * 64 + b"\n" + NOTE,
        b"old 1\n" + b"x" * (1 << 20), b"old 1\n" + b"\nold 1" * (1 << 18),
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused(body: bytes) -> None:
    """In one form only, and in time of its size."""
    with pytest.raises(MalformedInput):
        origin_of(read_request(body))


@pytest.mark.parametrize("body", [b"old 0", b"old 0\n", b"old 0\n\n" + b"x" * (1 << 20)])
def test_its_form_is_told_before_its_checkpoint_is_read(body: bytes) -> None:
    """An empty line, and no more bytes than may be."""
    with pytest.raises(MalformedInput, match=r"an empty line expected|more than 1048576"):
        read_request(body)


def test_the_longest_proof_is_read() -> None:
    """63 hashes."""
    assert len(read_request(b"old 1\n" + (HASH + b"\n") * 63 + b"\n" + NOTE).proof) == 63
    assert Seen().root == EMPTY_ROOT
