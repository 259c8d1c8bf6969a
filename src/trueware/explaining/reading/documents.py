"""XML and JSON as trees, from bytes nobody vouches for: no entities, no depth that breaks a program, one kind of refusal."""

import json
from typing import Any
from xml.etree.ElementTree import Element

from trueware.errors import MalformedInput, UnsupportedInput

_LARGEST = 1 << 22
"""Octets of a document; descriptions of apps and lists of add-ons have a few thousand."""


def parse_xml(data: bytes) -> Element:
    """Return the root of an XML document.

    Raises:
        MalformedInput: it is none, or has a document type with entities.
        UnsupportedInput: it is too long.
    """
    from defusedxml.ElementTree import ParseError, fromstring  # noqa: PLC0415 (slow to import, seldom needed)

    if len(data) > _LARGEST:
        raise UnsupportedInput("xml", 0, f"{len(data)} bytes are more than are read ({_LARGEST})")
    try:
        root: Element = fromstring(data)
    except (ParseError, ValueError, LookupError) as error:
        # defusedxml's are ValueErrors, an unknown encoding a LookupError
        raise MalformedInput("xml", 0, str(error)[:100]) from error
    return root


def parse_json(data: bytes) -> Any:
    """Return what a JSON text says (RFC 8259), a byte order mark before it let pass.

    Raises:
        MalformedInput: it is none, or lies deeper within itself than a program can go.
        UnsupportedInput: it is too long.
    """
    if len(data) > _LARGEST:
        raise UnsupportedInput("json", 0, f"{len(data)} bytes are more than are read ({_LARGEST})")
    try:
        return json.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError) as error:
        raise MalformedInput("json", getattr(error, "pos", 0), str(error)[:100]) from error


def local(tag: object) -> str:
    """Return the name of an element or attribute without its namespace; nothing for a comment."""
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""
