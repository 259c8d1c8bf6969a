"""The portrait of a Dalvik program: each class with a digest of what it is, short digests of its methods, and its marks.

=====  =========================================================================================
item   holds
=====  =========================================================================================
0, 1   ``"dex"``, version of this layout
2      version of the list of calls that marks are taken from (`known.android_apis`)
3      all marks, sorted
4      classes, sorted by name: name, digest (12 bytes), digests of its methods (4 each, sorted), marks by index
=====  =========================================================================================

A mark is something a class does that a detector may speak of: ``api:`` and a call of the platform, ``text:`` and what it reaches for,
``host:`` and a name it talks to, ``trusts:`` and whom it trusts without looking. The digest of a class is over its flags, what it
extends and implements, its fields with their first values, and its methods with their code, references written out: equal whatever
the numbers are by which the program names things, and whatever line numbers, annotations and order there are. The digest of a
class decides whether it changed; those of methods only say where.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NoReturn

import cbor2

from trueware.errors import MalformedInput
from trueware.explaining.known.android_apis import (
    CALLS,
    COMMANDS,
    HOST_VERIFIER,
    OWNERS,
    TEXTS,
    TRUST_MANAGERS,
    VERSION,
)
from trueware.explaining.patterns import regex
from trueware.explaining.reading.dex import Class, Dex, Method, text

KIND, LAYOUT = "dex", 1
API, TEXT, HOST, TRUSTS = "api:", "text:", "host:", "trusts:"
ANY_CERTIFICATE, ANY_HOST = f"{TRUSTS}any-certificate", f"{TRUSTS}any-host"

_CLASS_DIGEST, _METHOD_DIGEST = 12, 4
_LONGEST_TEXT = 512
_DEEPEST = 4
"""Arrays in arrays, of a portrait."""

_INHERITED = 16
"""Classes up from one that are asked for a method."""

_ENDPOINT = regex(
    r"(?:https?|wss?|ftps?|mqtts?|tcp|ssl|socks5?)://(?:[^/@\s]*@)?([A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?)(?::\d{1,5})?(?:[/?#].*)?",
    re.DOTALL,
)
_ADDRESS = regex(r"((?:\d{1,3}\.){3}\d{1,3}):\d{1,5}")
_NAMES_ONLY = frozenset(
    {"schemas.android.com", "www.w3.org", "xmlpull.org", "ns.adobe.com", "purl.org", "xml.org", "127.0.0.1"}
)  # fmt: skip
"""Hosts in names of XML vocabularies, to which nobody talks, and the device itself."""

_RETURN = b"\x0e\0"


@dataclass(frozen=True, slots=True)
class ClassPortrait:
    """One class."""

    digest: bytes
    methods: dict[bytes, str] = field(repr=False)
    """By digest, in what was made from the program the name and signature, otherwise nothing."""

    marks: frozenset[str]


@dataclass(frozen=True, slots=True)
class Portrait:
    """A program as far as it is compared."""

    classes: dict[str, ClassPortrait]
    """By descriptor."""

    current: bool
    """Whether its marks are taken from the list that this program has."""

    def encode(self) -> bytes:
        """Return the portrait as it is kept."""
        marks = sorted({mark for each in self.classes.values() for mark in each.marks})
        index = {mark: number for number, mark in enumerate(marks)}
        classes = [
            [
                name.encode("utf-8", "surrogateescape"),
                each.digest,
                b"".join(sorted(each.methods)),
                sorted(index[mark] for mark in each.marks),
            ]
            for name, each in sorted(self.classes.items())
        ]
        return cbor2.dumps([KIND, LAYOUT, VERSION, marks, classes], canonical=True)


def portray(data: bytes) -> Portrait:
    """Return the portrait of a program.

    Raises:
        InputError: it is none, or damaged.
    """
    dex = Dex(data)
    texts = _TextMarks(dex)
    classes = {each.name: each for each in dex.classes()}
    calls = _Calls(dex, {name: each.extends for name, each in classes.items()})
    portrayed = {}
    for name, each in classes.items():
        marks = set(_trusting(each))
        for method in each.methods:
            if method.code is not None:
                marks |= calls.of(method.code.methods)
                marks |= texts.of(method.code.strings)
        marks |= texts.of(each.strings)
        digests = {
            _digest(_method(method))[:_METHOD_DIGEST]: f"{method.name}{method.signature}" for method in each.methods
        }
        portrayed[name] = ClassPortrait(_digest(_whole(each))[:_CLASS_DIGEST], digests, frozenset(marks))
    return Portrait(portrayed, current=True)


def portray_dex(data: bytes | memoryview) -> bytes:
    """Return the portrait of a program as it is kept.

    Raises:
        InputError: it is none, or damaged.
    """
    return portray(bytes(data)).encode()


def read_portrait(kept: bytes) -> Portrait:
    """Return a portrait that was kept.

    Raises:
        MalformedInput: it is none.
    """
    try:
        value = cbor2.loads(kept, max_depth=_DEEPEST, allow_indefinite=False)
    except (cbor2.CBORError, ValueError) as error:
        raise MalformedInput("dex-portrait", 0, f"not acceptable CBOR ({error})") from error
    if not isinstance(value, list) or len(value) != 5 or value[:2] != [KIND, LAYOUT]:
        _refuse("no portrait of a Dalvik program of this layout")
    _, _, listed, marks, rows = value
    if not isinstance(marks, list) or not isinstance(rows, list) or not all(isinstance(mark, str) for mark in marks):
        _refuse("marks or classes are no lists")
    classes = {}
    for row in rows:
        if not isinstance(row, list) or len(row) != 4:
            _refuse("a class has not four items")
        name, digest, methods, own = row
        if not isinstance(name, bytes) or not isinstance(digest, bytes) or not isinstance(methods, bytes):
            _refuse("name or digests of a class are no bytes")
        if not isinstance(own, list) or not all(type(each) is int and 0 <= each < len(marks) for each in own):
            _refuse("a class has a mark that there is not")
        split = {methods[at : at + _METHOD_DIGEST]: "" for at in range(0, len(methods), _METHOD_DIGEST)}
        classes[text(name)] = ClassPortrait(digest, split, frozenset(marks[each] for each in own))
    return Portrait(classes, current=listed == VERSION)


def _refuse(reason: str) -> NoReturn:
    raise MalformedInput("dex-portrait", 0, reason)


class _Calls:
    """Marks of the methods a program names: those of the platform, also where they are called by way of a class of its own."""

    def __init__(self, dex: Dex, extends: dict[str, str]) -> None:
        self._extends = extends
        self._declaring: dict[str, str] = {}
        self._known = {}
        for index in range(dex.method_count):
            owner, _, rest = dex.method(index).partition(";->")
            if (declaring := self._above(f"{owner};")) and (call := f"{declaring}->{rest.partition('(')[0]}") in CALLS:
                self._known[index] = f"{API}{call}"

    def of(self, indices: frozenset[int]) -> set[str]:
        """Return the marks of some methods."""
        return {self._known[index] for index in indices if index in self._known}

    def _above(self, owner: str) -> str:
        """Return the class of the platform that is listed and that a class is or extends, nothing where there is none."""
        if (known := self._declaring.get(owner)) is None:
            at = owner
            for _ in range(_INHERITED):
                if at in OWNERS or at not in self._extends:
                    break
                at = self._extends[at]
            known = self._declaring[owner] = at if at in OWNERS else ""
        return known


class _TextMarks:
    """Marks of the texts a program names."""

    def __init__(self, dex: Dex) -> None:
        self._known = {}
        for index in range(dex.string_count):
            if mark := _mark(text(dex.reference(0, index))):
                self._known[index] = mark

    def of(self, indices: frozenset[int]) -> set[str]:
        """Return the marks of some texts."""
        return {self._known[index] for index in indices if index in self._known}


def _mark(found: str) -> str | None:
    if len(found) > _LONGEST_TEXT:
        return None
    if found in COMMANDS:
        return f"{TEXT}{found}"
    if host := host_of(found):
        return f"{HOST}{host}"
    return next((f"{TEXT}{each}" for each in TEXTS if found.startswith(each)), None)


def host_of(found: str) -> str | None:
    """Return the host that a text is an address of, in lower case; None for other texts and names to which nobody talks."""
    match = _ENDPOINT.fullmatch(found) or _ADDRESS.fullmatch(found)
    if match is None:
        return None
    host = match[1].lower()
    return host if "." in host and ".." not in host and host not in _NAMES_ONLY else None


def _trusting(each: Class) -> Iterable[str]:
    if not TRUST_MANAGERS.isdisjoint((*each.implements, each.extends)):
        methods = [method for method in each.methods if method.name == "checkServerTrusted" and method.code is not None]
        if methods and all(method.code is not None and method.code.instructions == _RETURN for method in methods):
            yield ANY_CERTIFICATE
    if HOST_VERIFIER in each.implements and any(
        method.name == "verify" and _is_always_true(method) for method in each.methods
    ):
        yield ANY_HOST


def _is_always_true(method: Method) -> bool:
    """Tell whether a method does nothing but return 1: ``const/4 vN, 1; return vN``."""
    code = method.code.instructions if method.code is not None else b""
    return len(code) == 4 and code[0] == 0x12 and code[1] >> 4 == 1 and code[2] == 0x0F and code[3] == code[1] & 15


def _method(method: Method) -> bytes:
    head = f"{method.name}{method.signature} {method.access}".encode("utf-8", "surrogateescape")
    return head + b"\0" + (method.code.digest if method.code is not None else b"")


def _whole(each: Class) -> bytes:
    head = f"{each.name} {each.access} {each.extends} {' '.join(each.implements)}".encode("utf-8", "surrogateescape")
    pieces = [head, *(b"f" + field for field in sorted(each.fields))]
    pieces += (
        b"m" + _digest(_method(method)) for method in sorted(each.methods, key=lambda one: (one.name, one.signature))
    )
    return b"".join(len(piece).to_bytes(4) + piece for piece in pieces)


def _digest(data: bytes) -> bytes:
    return sha256(data).digest()
