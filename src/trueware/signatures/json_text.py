"""JSON as signatures come in: what is not there, or of another kind than asked for, is a refusal."""

import json
from base64 import b64decode
from binascii import Error as BadBase64
from typing import Any

from trueware.errors import MalformedInput
from trueware.signatures.refusal import Refusal, uncheckable


def parse(data: bytes | memoryview) -> Any:
    """Return the value that JSON text is, in UTF-8 (RFC 8259 §8.1), with or without a mark at its beginning.

    Other encodings are not guessed: two readers may guess differently, and two megabytes taken for UTF-32 take half a second.

    Raises:
        Refusal: it is none, or has a name twice in one object, which readers take differently.
    """
    try:
        return json.loads(bytes(data).decode("utf-8-sig"), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        uncheckable(f"no JSON ({str(error)[:80]})")


def read(data: bytes | memoryview, format: str) -> Any:  # noqa: A002 (as errors call it)
    """Return what `parse` does, of a document that is not a signature.

    Raises:
        MalformedInput: it is no JSON; with the name of what it should have been.
    """
    try:
        return parse(data)
    except Refusal as refusal:
        raise MalformedInput(format, 0, refusal.detail) from None


def at(value: Any, *names: str) -> Any:
    """Return what stands at names within one another, None where nothing does."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def text(value: Any, *names: str) -> str:
    """Return a string."""
    found = at(value, *names)
    if not isinstance(found, str):
        uncheckable(f"no text {'.'.join(names)} in JSON")
    return found


def number(value: Any, *names: str) -> int:
    """Return a number from 0 on, which may be written as a string (as protobuf does with 64 bits)."""
    found = at(value, *names)
    if isinstance(found, str) and found.isascii() and found.isdigit() and len(found) < 20:
        return int(found)
    if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found < 1 << 64:
        uncheckable(f"no number {'.'.join(names)} in JSON")
    return found


def octets(value: Any, *names: str) -> bytes:
    """Return bytes that are written as base64, with filling and nothing else."""
    try:
        return b64decode(text(value, *names), validate=True)
    except (BadBase64, ValueError):
        uncheckable(f"no base64 {'.'.join(names)} in JSON")


def items(value: Any, *names: str, most: int = 64) -> list[Any]:
    """Return a list, empty where there is none."""
    found = at(value, *names)
    if found is None:
        return []
    if not isinstance(found, list) or len(found) > most:
        uncheckable(f"no list {'.'.join(names)} in JSON, or one of more than {most}")
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found
