"""Wrappers: public examples are read, and what is none is refused."""

import json
from pathlib import Path

import pytest

from trueware.attestation.eat.wrapper import MAX_DEPTH, unwrap
from trueware.cose.foreign_cbor import Tagged, Value, encode
from trueware.errors import InputError, LimitExceeded, MalformedInput

MESSAGES = {
    "cmw-example-1.diag": ["content-format 64999"],
    "cmw-example-1.json": ["application/vnd.example.rats-conceptual-msg"],
    "cmw-example-3.diag": ["application/rim+cose"],
    "collection-example-1.diag": ["content-format 64999", "content-format 64999", "application/eat+jwt"],
    "collection-example-1.json": ["application/eat-ucs+json", "application/eat-ucs+cbor"],
    "collection-example-2.diag": ["content-format 64999", "content-format 64999", "application/eat+jwt"],
    "collection-example-2.json": ["application/eat-ucs+json", "application/eat-ucs+cbor"],
    "collection-cbor-ok.cbor": ["application/signed-corim+cbor", "content-format 29884", "content-format 30001"],
    "collection-cbor-ok.diag": ["application/signed-corim+cbor", "content-format 29884", "content-format 30001"],
    "collection-ok.json": ["application/vnd.a", "application/vnd.b"],
}
"""The two certificates that hold wrappers in an extension are not read."""


def test_public_examples(corpus: Path) -> None:
    public = corpus / "attest" / "public"
    if not public.exists():
        pytest.skip("the corpus has no attestation data")
    seen = {}
    for row in json.loads((public / "MANIFEST.open.json").read_text()):
        path = public.parent / row["file"]
        if row["kind"] == "cmw" and path.suffix != ".der":
            read = path.with_suffix(".from-diag.cbor") if path.suffix == ".diag" else path
            seen[path.name] = [each.media_type for each in unwrap(read.read_bytes())]
    assert seen == MESSAGES


def test_tags_are_content_formats() -> None:
    assert [each.media_type for each in unwrap(encode(Tagged(1668612070, b"x")))] == ["content-format 64999"]
    with pytest.raises(MalformedInput):
        unwrap(encode(Tagged(0x63740200, b"x")))


@pytest.mark.parametrize(
    "value",
    [
        *((), (1,), (1, "text"), ("no media type", b""), (263, b"", 0), (263, b"", True), (263, b"", 4, 4), {}),
        *({"__cmwc_t": "x"}, {"__cmwc_t": 1, "a": (263, b"")}, {b"a": (263, b"")}, 1, None, (1 << 16, b""), (-1, b"")),
    ],
)
def test_what_is_none_is_refused(value: Value) -> None:
    with pytest.raises(MalformedInput):
        unwrap(encode(value))


def test_nesting_is_bounded() -> None:
    value: Value = (263, b"x", 4)
    for _ in range(MAX_DEPTH):
        value = {"a": value}
    assert unwrap(encode(value))[0].label == "/".join("a" * MAX_DEPTH)
    with pytest.raises(InputError):
        unwrap(encode({"a": value}))
    tunnel = encode((263, b"x"))
    for _ in range(40):
        tunnel = encode(("#cmw-j2c-tunnel", tunnel))
    with pytest.raises(LimitExceeded):
        unwrap(tunnel)
    with pytest.raises(LimitExceeded):
        unwrap(encode(dict.fromkeys(range(300), (263, b"x"))))
    with pytest.raises(InputError):
        unwrap(b"[" * 100_000)


def test_members_that_stand_twice_are_refused() -> None:
    with pytest.raises(MalformedInput):
        unwrap(b'{"a": ["x/y", ""], "a": ["x/z", ""]}')
    with pytest.raises(MalformedInput):
        unwrap(bytes.fromhex("a2616182190107406161821901084 0".replace(" ", "")))
