"""JavaScript as a list of tokens: enough to compare two scripts without regard to layout and comments, and to see what one names.

Source: ECMA-262 §12 (lexical grammar). Nothing is run and no syntax is checked. Whether a slash begins a regular expression is told
by what stands before it, as the grammar does for all but a few places; a mistake there shows a few wrong tokens, the same on both
sides of a comparison. Everything takes time linear in the script.
"""

import re
from dataclasses import dataclass

from trueware.errors import UnsupportedInput
from trueware.explaining.patterns import regex

_LARGEST = 1 << 21
"""Characters of a script; bundles of TV apps have more, and are then said to be changed without being read."""

_TOKEN = regex(
    r"(?P<blank>\s++|//[^\n]*+|<!--[^\n]*+|/\*(?:[\s\S]*?\*/|[\s\S]*+))"
    r"|(?P<word>[A-Za-z_$\x80-\U0010ffff][\w$\x80-\U0010ffff]*+)"
    r"|(?P<number>\.?[0-9](?:[\w.]|(?<=[eE])[+-])*+)"
    r"|(?P<string>\"(?:[^\"\\\n]|\\[\s\S])*+\"?|'(?:[^'\\\n]|\\[\s\S])*+'?)"
    r"|(?P<template>`(?:[^`\\]|\\[\s\S])*+`?)"
    r"|(?P<sign>[\s\S])"
)
_REGULAR = regex(r"/(?![*/])(?:[^/\\\[\n]|\\[^\n]|\[(?:[^\]\\\n]|\\[^\n]){0,200}+\]){1,500}+/[a-z]*+")
_BEFORE_REGULAR = frozenset("(,=:[!&|?{};+-*%~^<>") | {
    "return",
    "typeof",
    "case",
    "in",
    "of",
    "delete",
    "void",
    "throw",
    "new",
}
_ESCAPE = regex(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|([\s\S]))")
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": ""}


@dataclass(frozen=True, slots=True)
class Text:
    """A string or a template as it is written in a script, its escapes resolved."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Script:
    """What a script consists of."""

    tokens: tuple[str, ...]
    """Without blanks and comments."""

    texts: tuple[Text, ...]
    """Its strings and templates."""

    calls: frozenset[str]
    """What stands before an opening bracket: ``eval``, ``createElement``, ``fetch``, ``Function``."""

    def names(self, *names: str) -> tuple[str, ...]:
        """Return which of these it calls, makes, or names as a property."""
        return tuple(name for name in names if name in self.calls or name in self.tokens)


def read_javascript(data: bytes) -> Script:
    """Return what a script consists of. There are no bytes that are no script.

    Raises:
        UnsupportedInput: it is too long.
    """
    return script_of(data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "backslashreplace"))


def script_of(source: str) -> Script:
    """Return what a script given as text consists of.

    Raises:
        UnsupportedInput: it is too long.
    """
    if len(source) > _LARGEST:
        raise UnsupportedInput("javascript", 0, f"{len(source)} characters are more than are read ({_LARGEST})")
    tokens: list[str] = []
    texts: list[Text] = []
    calls: set[str] = set()
    position, line = 0, 1
    while position < len(source):
        found = None
        if source[position] == "/" and (not tokens or tokens[-1] in _BEFORE_REGULAR):
            found = _REGULAR.match(source, position)
        if found is None:
            found = _TOKEN.match(source, position)
            assert found is not None  # noqa: S101 (the last alternative takes any character)
        kind, token = found.lastgroup, found[0]
        if kind in ("string", "template"):
            texts.append(Text(line, _unescaped(token[1:].removesuffix(token[0]))))
        elif kind == "sign" and found[0] == "(" and tokens:
            calls.add(tokens[-1])
        if kind != "blank":
            tokens.append(token)
        line += token.count("\n")
        position = found.end()
    return Script(tuple(tokens), tuple(texts), frozenset(calls))


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(_character, text) if "\\" in text else text


def _character(found: re.Match[str]) -> str:
    digits = found[1] or found[2] or found[3]
    if digits is None:
        return _LETTERS.get(found[4], found[4])
    code = int(digits, 16)
    return chr(code) if code < 0x110000 else "\ufffd"
