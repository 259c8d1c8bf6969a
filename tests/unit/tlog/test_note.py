"""Signed notes and checkpoints: published examples, and every way in which one is none."""

from base64 import b64encode
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from trueware.errors import InputError, MalformedInput, UntrustedStatement
from trueware.tlog import checkpoint
from trueware.tlog.checkpoint import Checkpoint
from trueware.tlog.note import (
    COSIGNATURE,
    MAX_SIGNATURES,
    Note,
    Signature,
    cosign,
    read_note,
    read_verifier,
    sign,
    verifier_of,
    verify,
    with_signatures,
)

KEY, OTHER = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2))
# golang.org/x/mod/sumdb/note, the example of its documentation
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SAID = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n\n"
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
SUMDB = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"


def test_the_published_example() -> None:
    """Its key is read, its signature holds, and it is written as it was."""
    note = read_note(SAID.encode())
    peter = read_verifier(PETER)

    assert [each.verifier for each in verify(note, [peter])] == [peter]
    assert (bytes(note).decode(), str(peter), str(read_verifier(SUMDB))) == (SAID, PETER, SUMDB)
    with pytest.raises(UntrustedStatement, match="none of the keys"):
        verify(note, [read_verifier(SUMDB)])


def test_no_altered_byte_of_the_example_verifies() -> None:
    """In text, name, id or signature."""
    data = bytearray(SAID.encode())
    for at in range(len(data)):
        data[at] ^= 1
        with pytest.raises(InputError):
            verify(read_note(bytes(data)), [read_verifier(PETER)])
        data[at] ^= 1


def test_unknown_signatures_are_ignored_and_a_wrong_one_of_a_known_key_spoils() -> None:
    """C2SP signed-note: unknown keys may sign whatever they like."""
    text = "one\ntwo\n"
    mine, theirs = sign(text, "mine", KEY), sign(text, "theirs", OTHER)
    note = Note(text, (mine, Signature("x", b"1234", b"junk"), theirs))
    verifiers = [verifier_of("mine", KEY), verifier_of("theirs", OTHER)]

    assert len(verify(note, verifiers)) == 2
    assert len(verify(note, verifiers[:1])) == 1
    spoilt = Note(text, (mine, replace(theirs, value=mine.value)))
    with pytest.raises(UntrustedStatement, match="'theirs' does not fit"):
        verify(spoilt, verifiers)
    assert len(verify(spoilt, verifiers[:1])) == 1
    assert len(verify(with_signatures(spoilt, [theirs]), verifiers)) == 2


def test_a_cosignature_has_a_time() -> None:
    """Which it covers; and it is no signature of the log's kind (C2SP tlog-cosignature)."""
    text = "log.example/x\n5\nAAAA\n"
    line = cosign(text, "witness.example", KEY, 1_700_000_000)
    verifier = verifier_of("witness.example", KEY, COSIGNATURE)
    note = Note(text, (line,))

    assert [each.time for each in verify(note, [verifier])] == [1_700_000_000]
    later = replace(line, value=(1_700_000_001).to_bytes(8, "big") + line.value[8:])
    for wrong in (later, replace(line, value=line.value[8:]), replace(line, value=b"")):
        with pytest.raises(UntrustedStatement):
            verify(Note(text, (wrong,)), [verifier])
    assert verifier.id != verifier_of("witness.example", KEY).id


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no empty line"), (b"text\n", "no empty line"), (b"text\n\n", "0 signatures"),
        (b"text\n\nno line\n", "no signature line"), (b"text\n\n\xe2\x80\x94 a AAAA\n", "no signature line"),
        (b"text\n\n\xe2\x80\x94 a AAAAAAA=", "end of line at the end"), (b"te\tt\n\n\xe2\x80\x94 a AAAAAAA=\n", "control character"),
        (b"text\n\n\xe2\x80\x94 a+b AAAAAAA=\n", "no signature line"), (b"\xff\n\n", "not UTF-8"),
        (b"text\n\n" + "\u2014 a AAAAAAA=\n".encode() * (MAX_SIGNATURES + 1), "signatures"), (b"x" * ((1 << 20) + 1), "more than"),
        (b"text\n\n\xe2\x80\x94 a AAAAAAB=\n", "no signature line"),
    ],
)  # fmt: skip
def test_what_is_no_note_is_refused(data: bytes, reason: str) -> None:
    """With the reason."""
    with pytest.raises(MalformedInput, match=reason):
        read_note(data)


@pytest.mark.parametrize(
    "text", ["", "a+b", PETER.replace("c74f20a3", "c74f20a4"), "P N" + PETER[12:], PETER[:-4] + "AAAA", PETER[:-4], "a+0000+"]
)  # fmt: skip
def test_what_is_no_verifier_key_is_refused(text: str) -> None:
    """An id that is not that of the key among them."""
    with pytest.raises(MalformedInput):
        read_verifier(text)


def test_checkpoints_come_back() -> None:
    """Origin, size and root, with extension lines ignored; and the witnesses who cosigned."""
    at = Checkpoint("log.example/x", 12, b"r" * 32)
    note = checkpoint.sign(at, KEY)
    log, witness = verifier_of("log.example/x", KEY), verifier_of("w", OTHER, COSIGNATURE)
    cosigned = with_signatures(note, [cosign(note.text, "w", OTHER, 77)])

    assert checkpoint.open_checkpoint(bytes(note), log) == (at, ())
    found, seen = checkpoint.open_checkpoint(bytes(cosigned), log, [witness])
    assert (found, [(each.verifier, each.time) for each in seen]) == (at, [(witness, 77)])
    assert checkpoint.parse(str(at) + "an extension\n") == at
    with pytest.raises(UntrustedStatement, match="not signed by its log"):
        checkpoint.open_checkpoint(bytes(Note(note.text, cosigned.signatures[1:])), log, [witness])
    other = checkpoint.sign(replace(at, origin="other"), KEY)
    with pytest.raises(UntrustedStatement, match="none of the keys"):
        checkpoint.open_checkpoint(bytes(other), log)
    renamed = Note(other.text, (sign(other.text, "log.example/x", KEY),))
    with pytest.raises(UntrustedStatement, match="is of 'other'"):
        checkpoint.open_checkpoint(bytes(renamed), log)


@pytest.mark.parametrize(
    "text",
    [
        "", "o\n1\n", "o\n1\nAAAA\n", "o\n01\n{root}\n", "o\n-1\n{root}\n", "o\n1 \n{root}\n", "\n1\n{root}\n", "o\n1\n{root}",
        "o\n1\n{root}\n\n", "o\n9223372036854775808\n{root}\n", "o\n1\n{root}=\n", "o\n\u0661\n{root}\n",
    ],
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    """Sizes and roots in their one form only."""
    with pytest.raises(MalformedInput):
        checkpoint.parse(text.replace("{root}", b64encode(b"r" * 32).decode()))


def test_the_largest_size_is_read() -> None:
    """2^63 - 1."""
    root = b64encode(b"r" * 32).decode()

    assert checkpoint.parse(f"o\n{(1 << 63) - 1}\n{root}\n").size == (1 << 63) - 1
