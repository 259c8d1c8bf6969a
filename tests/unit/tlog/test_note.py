"""Signed notes and checkpoints: published examples, and every way in which one is none."""

from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from trueware.errors import InputError, MalformedInput, UntrustedStatement
from trueware.tlog import checkpoint
from trueware.tlog.checkpoint import Checkpoint
from trueware.tlog.cosignature import ed25519_message, subtree_message
from trueware.tlog.note import (
    COSIGNATURE,
    MAX_SIGNATURES,
    ML_DSA_44,
    Note,
    Signature,
    Verifier,
    cosign,
    read_note,
    read_verifier,
    sign,
    verifier_of,
    verify,
    with_signatures,
)
from trueware.tlog.signing_key import read_signing_key

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
    beyond = 1 << 63  # by the right key, at a time that may not be
    late = replace(line, value=beyond.to_bytes(8, "big") + KEY.sign(ed25519_message(text, beyond)))
    for wrong in (later, late, replace(line, value=line.value[8:]), replace(line, value=b"")):
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


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\n", "a\u2003b", "a\u0085", "a\udce5"])
def test_what_cannot_name_a_key(name: str) -> None:
    """Spaces of Unicode, and plus."""
    for make in (
        lambda: verifier_of(name, KEY),
        lambda: sign("text\n", name, KEY),
        lambda: cosign("text\n", name, KEY, 5),
    ):
        with pytest.raises(ValueError, match="cannot name a key"):
            make()


def test_what_cannot_be_signed() -> None:
    """A text without its end of line, or with control characters; and a time that is none."""
    for text in ("", "text", "te\txt\n", "text\r\n", "te\0xt\n"):
        with pytest.raises(ValueError, match="a text of lines"):
            sign(text, "a", KEY)
        with pytest.raises(ValueError, match="a text of lines"):
            cosign(text, "a", KEY, 5)
    for time in (0, -1, 1 << 63):
        with pytest.raises(ValueError, match="a time of"):
            cosign("text\n", "a", KEY, time)
    line = cosign("text\n", "a", KEY, (1 << 63) - 1)
    assert verify(Note("text\n", (line,)), [verifier_of("a", KEY, COSIGNATURE)])[0].time == (1 << 63) - 1


def test_what_is_not_below_a_space_may_stand_in_a_note() -> None:
    """U+007F too: only ASCII control characters below U+0020 may not."""
    note = Note("a\x7fb\u0085\n\nc\n", (sign("a\x7fb\u0085\n\nc\n", "a", KEY),))
    assert read_note(bytes(note)) == note


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a+b",
        "a+c74f20a3+A===",
        "a+c74f20a3+",
        PETER.replace("c74f20a3", "c74f20a4"),
        "P N" + PETER[12:],
        PETER[:-4] + "AAAA",
        PETER[:-4],
        "a+0000+",
    ],
)
def test_what_is_no_verifier_key_is_refused(text: str) -> None:
    """An id that is not that of the key among them."""
    with pytest.raises(MalformedInput):
        read_verifier(text)


LITEWITNESS = Path(__file__).parents[2] / "vectors/tlog/litewitness-mldsa44"


def test_a_published_checkpoint_by_an_ml_dsa_key() -> None:
    """It is read, opened and written as it was; its log says no time; and no altered part of it verifies."""
    data, text = (LITEWITNESS / "checkpoint").read_bytes(), (LITEWITNESS / "log.vkey").read_text().strip()
    log = read_verifier(text)
    at, seen = checkpoint.open_checkpoint(data, log)

    assert (at.origin, at.size, seen, str(log)) == ("example.com/mldsa-log", 1, (), text)
    assert bytes(read_note(data)) == data
    assert [each.time for each in verify(read_note(data), [log])] == [None]
    note = read_note(data)
    (line,) = note.signatures
    for wrong in (
        Note(note.text.replace("\n1\n", "\n2\n"), (line,)),
        Note(note.text.replace("+zoE", "+zoF"), (line,)),
        Note("x" + note.text, (line,)),
        Note("no checkpoint\n", (line,)),
        *(
            Note(
                note.text, (replace(line, value=line.value[:at] + bytes([line.value[at] ^ 1]) + line.value[at + 1 :]),)
            )
            for at in range(0, len(line.value), 97)
        ),
        Note(note.text, (replace(line, value=line.value[:-1]),)),
        Note(note.text, (replace(line, value=b"\xff" * 8 + line.value[8:]),)),
        Note(note.text, (replace(line, value=b""),)),
    ):
        with pytest.raises(UntrustedStatement):
            verify(wrong, [log])
    # the name is signed: under another name the key is another cosigner
    other = replace(log, name="example.com/other")
    with pytest.raises(UntrustedStatement, match="does not fit"):
        verify(Note(note.text, (Signature(other.name, other.id, line.value),)), [other])


def test_a_witness_may_cosign_with_an_ml_dsa_key() -> None:
    """With a time, which is signed; extension lines are not."""
    key = MLDSA44PrivateKey.from_seed_bytes(bytes(32))
    witness = verifier_of("witness.example/pq", key)
    text = str(Checkpoint("log.example/x", 12, b"r" * 32))
    line = cosign(text, "witness.example/pq", key, 1_700_000_000)

    assert (witness.kind, len(line.value)) == (ML_DSA_44, 8 + 2420)
    assert read_verifier(str(witness)) == witness
    for each in (text, text + "an extension\n"):
        assert [seen.time for seen in verify(Note(each, (line,)), [witness])] == [1_700_000_000]
    later = replace(line, value=(1_700_000_001).to_bytes(8, "big") + line.value[8:])
    with pytest.raises(UntrustedStatement):
        verify(Note(text, (later,)), [witness])
    assert verify(Note(text, (cosign(text, "witness.example/pq", key, 0),)), [witness])[0].time is None
    with pytest.raises(ValueError, match="no checkpoint"):
        cosign("one\ntwo\n", "witness.example/pq", key, 1)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"cosigner": ""}, "cosigner"), ({"cosigner": "x" * 256}, "cosigner"), ({"origin": "\u00e9" * 128}, "origin"),
        ({"start": 8, "time": 1}, "leaves or a time"), ({"start": 9, "end": 8, "time": 0}, "leaves or a time"),
        ({"end": 1 << 63}, "leaves or a time"), ({"time": 1 << 63}, "leaves or a time"), ({"root": b"r"}, "root"),
    ],
)  # fmt: skip
def test_what_cannot_be_cosigned(changed: dict[str, Any], reason: str) -> None:
    """Names that do not fit their length, a time for what is no beginning, numbers beyond 2^63 - 1."""
    values: dict[str, Any] = {"cosigner": "c", "time": 5, "origin": "o", "start": 0, "end": 8, "root": b"r" * 32}
    with pytest.raises(ValueError, match=reason):
        subtree_message(**(values | changed))

    expected = b"subtree/v1\n\0\1c" + b"\0" * 7 + b"\5\1o" + b"\0" * 15 + b"\x08" + b"r" * 32
    assert subtree_message(**values) == expected


PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"


def test_the_published_private_key_makes_the_published_note() -> None:
    """That of golang.org/x/mod/sumdb/note, whose example says what it signs: Ed25519 signs the same each time."""
    read = read_signing_key(f"{PRIVATE}\n")
    text = SAID[: SAID.index("\n\n") + 1]

    assert (str(read.verifier), read.secret()) == (PETER, PRIVATE)
    assert bytes(Note(text, (sign(text, read.name, read.key),))).decode() == SAID


@pytest.mark.parametrize(
    "text",
    [
        "", PETER, PRIVATE[:-4], PRIVATE.replace("c74f20a3", "c74f20a4"), PRIVATE.replace("+AYEK", "+ZYEK"), PRIVATE + "A",
        PRIVATE.replace("Peter", "Pet er"), PRIVATE.replace("KDFz", "KD=z"),
    ],
)  # fmt: skip
def test_what_is_no_private_key_is_refused(text: str) -> None:
    """And is not repeated in what is said of it."""
    with pytest.raises(MalformedInput) as caught:
        read_signing_key(text)
    assert "AYEK" not in str(caught.value)


@pytest.mark.parametrize("text", [PETER, PRIVATE])
def test_a_name_that_is_not_unicode_is_refused(text: str) -> None:
    """As of a file of another encoding, whose bytes are kept as lone surrogates (PEP 383)."""
    with pytest.raises(MalformedInput):
        (read_verifier if text == PETER else read_signing_key)(text.replace("Neumann", "N\udce5umann"))


def test_a_private_key_of_another_type_is_refused() -> None:
    """Though its id be right."""
    for kind in (0, 2, 6):
        id_ = Verifier("x", kind, KEY.public_key().public_bytes_raw()).id.hex()
        with pytest.raises(MalformedInput, match="an Ed25519 key"):
            read_signing_key(f"PRIVATE+KEY+x+{id_}+{b64encode(bytes([kind, *KEY.private_bytes_raw()])).decode()}")


def test_keys_of_other_programs_are_read() -> None:
    """A witness's, of transparency-dev/formats; types that are not read here are refused, not guessed."""
    text = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"

    assert (read_verifier(text).kind, str(read_verifier(text))) == (COSIGNATURE, text)
    for kind in (0, 2, 3, 5, 6, 255):
        with pytest.raises(MalformedInput, match="type that is read"):
            read_verifier(str(Verifier("x", kind, b"k" * 32)))


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
        "",
        "o\n1\n",
        "o\n1\nAAAA\n",
        "o\n01\n{root}\n",
        "o\n-1\n{root}\n",
        "o\n1 \n{root}\n",
        "\n1\n{root}\n",
        "o\n1\n{root}",
        "o\n1\n{root}\n\n",
        "o\n1\n{root}\next",
        "o\n1\ncnJycnJycnJycnJycnJycnJycnJycnJycnJycnJycnJ=\n",
        "o\n9223372036854775808\n{root}\n",
        "o\n1\n{root}=\n",
        "o\n\u0661\n{root}\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    """Sizes and roots in their one form only."""
    with pytest.raises(MalformedInput):
        checkpoint.parse(text.replace("{root}", b64encode(b"r" * 32).decode()))


def test_the_largest_size_is_read() -> None:
    """2^63 - 1."""
    root = b64encode(b"r" * 32).decode()

    assert checkpoint.parse(f"o\n{(1 << 63) - 1}\n{root}\n").size == (1 << 63) - 1
