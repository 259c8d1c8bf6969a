"""YANG data in JSON (RFC 7951) and XML (RFC 7950) as one kind of tree, and the leaves of it by their types.

A name stands without its module or namespace; each has the list of what stands under it, so that a container, a leaf, and a list
with one entry look alike. Numbers of 64 bits are text in JSON (RFC 7951 §6.1), all numbers are in XML: both are taken for either.
Binary is base64 (RFC 7950 §9.8), with line ends where somebody broke it.
"""

import re
from base64 import b64decode
from typing import TYPE_CHECKING, Any, Never, TypeAlias

from trueware.errors import LimitExceeded, MalformedInput
from trueware.exchange.json_members import decode_text, value

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

FORMAT = "charra"
MAX_DEPTH = 16
"""Nodes within one another; the module has nine, with what RESTCONF and NETCONF put around it."""

MAX_TAGS = 2_000_000
"""Of a document in XML; a list of 100,000 files has as many."""

Leaf: TypeAlias = str | int
Node: TypeAlias = "dict[str, list[Leaf | Node]]"

_NUMBER = re.compile(r"\s*(?:0|[1-9][0-9]{0,19})\s*", re.ASCII)
_BREAKS = re.compile(r"[ \t\r\n]+")


def refuse(reason: str, offset: int = 0) -> Never:
    """Refuse a document."""
    raise MalformedInput(FORMAT, offset, reason)


def read_document(data: bytes) -> Node:
    """Return the tree of a document in JSON or XML, under the name of the XML document's own element where it is XML.

    Raises:
        MalformedInput: it is neither, or holds what YANG data does not.
        LimitExceeded: it is too long or too deep.
    """
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        return _of_xml(data)
    found = value(FORMAT, decode_text(FORMAT, data))
    if not isinstance(found, dict):
        refuse("no JSON object")
    return _of_object(found, 1)


def children(node: Node, name: str) -> list[Node]:
    """Return the containers or list entries of a name; in XML an empty one looks like an empty leaf.

    Raises:
        MalformedInput: one is a leaf.
    """
    found: list[Node] = []
    for each in node.get(name, ()):
        if isinstance(each, int) or (isinstance(each, str) and each.strip()):
            refuse(f"{name} is no node with others in it")
        found.append(each if isinstance(each, dict) else {})
    return found


def text(node: Node, name: str) -> str | None:
    """Return the leaf of a name as text; None: it is not there.

    Raises:
        MalformedInput: it is no leaf, or stands more than once.
    """
    found = _leaf(node, name)
    if isinstance(found, int):
        refuse(f"{name} is a number")
    return found


def number(node: Node, name: str, most: int) -> int | None:
    """Return the leaf of a name as a number from 0 to `most`; None: it is not there.

    Raises:
        MalformedInput: it is none, is larger, or stands more than once.
    """
    found = _leaf(node, name)
    if isinstance(found, str):
        if not _NUMBER.fullmatch(found):
            refuse(f"{name} is no number: {found[:40]!r}")
        found = int(found)
    if found is not None and not 0 <= found <= most:
        refuse(f"{name} is {found}, {most} is the most")
    return found


def binary(node: Node, name: str) -> bytes | None:
    """Return the leaf of a name as bytes; None: it is not there.

    Raises:
        MalformedInput: it is no base64, or stands more than once.
    """
    found = _leaf(node, name)
    return None if found is None else decoded(name, found)


def decoded(name: str, leaf: "Leaf | Node") -> bytes:
    """Return what a leaf of base64 holds.

    Raises:
        MalformedInput: it is none.
    """
    if not isinstance(leaf, str):
        refuse(f"{name} is no base64")
    try:
        return b64decode(_BREAKS.sub("", leaf), validate=True)
    except ValueError:
        refuse(f"{name} is no base64: {leaf[:40]!r}")


def identity(node: Node, name: str) -> str | None:
    """Return the leaf of a name as the identity that it names, without its module or prefix; None: it is not there."""
    found = text(node, name)
    return None if found is None else found.strip().rpartition(":")[2]


def _leaf(node: Node, name: str) -> Leaf | None:
    found = node.get(name, [])
    if len(found) > 1:
        refuse(f"{name} stands {len(found)} times")
    if not found:
        return None
    if isinstance(found[0], dict):
        refuse(f"{name} is no leaf")
    return found[0]


def _of_object(found: dict[str, Any], depth: int) -> Node:
    if depth > MAX_DEPTH:
        refuse(f"more than {MAX_DEPTH} nodes within one another")
    node: Node = {}
    for key, each in found.items():
        name = key.rpartition(":")[2]
        if name in node:
            refuse(f"the name {name[:40]!r} stands twice")
        node[name] = [_of_value(name, item, depth) for item in (each if isinstance(each, list) else (each,))]
    return node


def _of_value(name: str, found: Any, depth: int) -> "Leaf | Node":
    if isinstance(found, dict):
        return _of_object(found, depth + 1)
    if isinstance(found, str):
        return found
    if isinstance(found, int) and not isinstance(found, bool):
        return found
    refuse(f"{name[:40]} holds what this module has nowhere")


def _of_xml(data: bytes) -> Node:
    from defusedxml import DefusedXmlException  # noqa: PLC0415 (slow to import, seldom needed)
    from defusedxml.ElementTree import ParseError, fromstring  # noqa: PLC0415

    written = decode_text(FORMAT, data)
    if written.count("<") > MAX_TAGS:
        raise LimitExceeded("tags of XML", MAX_TAGS, f"of {FORMAT}")
    try:
        top = fromstring(written, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        refuse(f"no XML, or XML with a type declaration ({str(error)[:80]})")
    return {_local(top.tag): [_of_element(top, 1)]}


def _of_element(element: "Element", depth: int) -> "Leaf | Node":
    if depth > MAX_DEPTH:
        refuse(f"more than {MAX_DEPTH} nodes within one another")
    if not len(element):
        return element.text or ""
    node: Node = {}
    for each in element:
        node.setdefault(_local(each.tag), []).append(_of_element(each, depth + 1))
    return node


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
