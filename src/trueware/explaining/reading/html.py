"""HTML pages, also those that a device's web server fills in, as a list of elements, with what they show and what the server runs.

Written as the pages of routers and TV apps are, not as the standard wants them. Source: WHATWG HTML §13.2.5 (tokenization), from
which this departs where pages of devices need it: ``<% … %>`` and ``<? … ?>`` are code that the server runs before anyone sees the
page, and may stand within tags and within quoted values (``value="<% get("x"); %>"``); they are taken out first. Everything takes
time linear in the page.

* A comment ends at ``-->`` and hides elements within it; a page in which it is never closed ends there.
* What is in ``script``, ``style``, ``title`` and ``textarea`` is text, up to the end tag of that name.
* Of an attribute that is there twice, the first counts.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

from trueware.errors import UnsupportedInput
from trueware.explaining.patterns import regex

_LARGEST = 1 << 21
"""Octets of a page; those of devices have a few thousand."""

SERVER = "\ue000"
"""What stands in attributes and texts for code that the server runs (a character of no script)."""

_NAME = regex(r"[A-Za-z][^\s/>]*")
_ATTRIBUTE = regex(
    r"[\s/]*+(?P<name>[^\s/>=][^\s/>=]*+)(?:\s*+=\s*+(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<bare>[^\s>]*)))?"
)
_RAW = {
    name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE)
    for name in ("script", "style", "title", "textarea", "xmp", "noembed")
}
_SERVER = regex(r"<%|<\?(?!xml)")
_ENTITY = regex(r"&(?:#(?P<number>[0-9]{1,7})|#[xX](?P<hex>[0-9a-fA-F]{1,6})|(?P<name>amp|lt|gt|quot|apos));")
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}


@dataclass(frozen=True, slots=True)
class Element:
    """A start tag, or an end tag."""

    name: str
    """In lower case; of an end tag, with a slash before it."""

    line: int
    attributes: Mapping[str, str] = field(default_factory=dict)
    """By name in lower case."""

    text: str = ""
    """For a script, a style, a title or an area of text: what is in it."""

    def get(self, name: str) -> str:
        """Return the value of an attribute without surrounding blanks, nothing where it is not there."""
        return self.attributes.get(name, "").strip()


@dataclass(frozen=True, slots=True)
class Page:
    """What a page consists of, in order."""

    elements: tuple[Element, ...]
    texts: tuple[str, ...]
    """What is shown between tags, blanks made one."""

    server: tuple[str, ...]
    """What the server runs, blanks made one."""


def read_html(data: bytes) -> Page:
    """Return what a page consists of. There are no bytes that are no page.

    Raises:
        UnsupportedInput: it is too long.
    """
    if len(data) > _LARGEST:
        raise UnsupportedInput("html", 0, f"{len(data)} bytes are more than are read ({_LARGEST})")
    text, server = _without_server(data.decode("utf-8", "backslashreplace"))
    starts = [0, *accumulate(len(line) for line in text.split("\n")[:-1] for line in (line + "\n",))]
    elements: list[Element] = []
    texts: list[str] = []
    for token in _tokens(text):
        if token.name:
            elements.append(Element(token.name, bisect_right(starts, token.at), token.attributes, token.text))
        elif shown := " ".join(_unescaped(token.text).split()):
            texts.append(shown)
    return Page(tuple(elements), tuple(texts), server)


class _Token(NamedTuple):
    """A tag, or, without a name, a text."""

    at: int
    name: str
    text: str
    attributes: dict[str, str]


def _tokens(text: str) -> Iterator[_Token]:
    position, size = 0, len(text)
    while position < size:
        at = text.find("<", position)
        if at < 0:
            at = size
        if at > position:
            yield _Token(position, "", text[position:at], {})
        if at == size:
            return
        after = text[at + 1 : at + 2]
        if text.startswith("<!--", at):
            end = text.find("-->", at + 4)
            position = size if end < 0 else end + 3
        elif after in ("!", "?"):
            end = text.find(">", at)
            position = size if end < 0 else end + 1
        elif after == "/" and (named := _NAME.match(text, at + 2)):
            end = text.find(">", named.end())
            position = size if end < 0 else end + 1
            yield _Token(at, "/" + named[0].lower(), "", {})
        elif named := _NAME.match(text, at + 1):
            name = named[0].lower()
            attributes, position = _attributes(text, named.end())
            inner = ""
            if (closing := _RAW.get(name)) is not None:
                found = closing.search(text, position)
                end = size if found is None else found.start()
                inner, position = text[position:end], end
            yield _Token(at, name, inner, attributes)
        else:
            yield _Token(at, "", "<", {})
            position = at + 1


def _attributes(text: str, position: int) -> tuple[dict[str, str], int]:
    """Return the attributes of a tag, and where it ends."""
    attributes: dict[str, str] = {}
    while (found := _ATTRIBUTE.match(text, position)) is not None:
        value = next((each for each in found.group("double", "single", "bare") if each is not None), "")
        attributes.setdefault(found["name"].lower(), _unescaped(value))
        position = found.end()
    end = text.find(">", position)
    return attributes, len(text) if end < 0 else end + 1


def _without_server(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the text with a mark, and as many line ends, instead of what the server runs; and that."""
    pieces, codes = [], []
    position = 0
    while (found := _SERVER.search(text, position)) is not None:
        end = text.find("%>" if found[0] == "<%" else "?>", found.end())
        if end < 0:
            break
        code = text[found.end() : end]
        codes.append(" ".join(code.split()))
        pieces += [text[position : found.start()], SERVER, "\n" * code.count("\n")]
        position = end + 2
    pieces.append(text[position:])
    return "".join(pieces), tuple(codes)


def _unescaped(text: str) -> str:
    return _ENTITY.sub(_character, text) if "&" in text else text


def _character(found: re.Match[str]) -> str:
    if found["name"]:
        return _NAMED[found["name"]]
    code = int(found["number"]) if found["number"] else int(found["hex"], 16)
    return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"
