"""The simple commands of a shell script: words, assignments and redirections with their line numbers, in order of lines.

Nothing is run and nothing expanded: ``$NAME`` and ``$(…)`` stay in the word as written, quotes and backslashes are taken off.
Commands inside ``$(…)``, backquotes and ``<(…)`` are commands too, down to eight of these inside each other; what a
here-document holds is the target of its redirection. Reserved words are passed over, so that ``if ! telnetd; then`` runs
``telnetd``; the branches of ``case`` are read without their patterns. Any text has a reading, in time linear in its length: an
unterminated quote or parenthesis reaches to the end.

Source: POSIX.1-2017 XCU chapter 2 (§2.2 quoting, §2.3 tokens, §2.4 reserved words, §2.6.3 command substitution, §2.7
redirection, §2.10 grammar); ``$'…'``, ``<(…)`` and ``&>`` as in the bash and busybox ash manuals.

BUG: ``)`` of a case pattern within ``$(…)`` ends the substitution early; what follows is then read as commands outside it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from trueware.errors import LimitExceeded
from trueware.explaining.patterns import regex

_DEPTH = 8
"""Substitutions inside each other that are read; each costs one more pass over its text."""

_MOST, _LARGEST = 1 << 14, 1 << 20
"""Commands and bytes of one script; the longest of a system has some thousand commands."""


@dataclass(frozen=True, slots=True)
class Redirection:
    """Where a descriptor of a command is led."""

    operator: str
    """``<``, ``>``, ``>>``, ``<<``, ``<<<``, ``<&``, ``>&``, ``<>``, ``>|``, ``&>``, ``&>>``; ``<<`` also stands for ``<<-``."""

    target: str
    """A file or descriptor; for ``<<`` the text of the here-document."""

    descriptor: str = ""
    """The number before the operator, empty where there is none."""


@dataclass(frozen=True, slots=True)
class Command:
    """One simple command."""

    line: int
    """Of its first word, from 1."""

    words: tuple[str, ...]
    """The command and its arguments. Empty where there are only assignments or redirections."""

    assignments: tuple[tuple[str, str], ...] = ()
    redirections: tuple[Redirection, ...] = ()
    background: bool = False
    """Whether the script goes on without waiting for it."""


@lru_cache(maxsize=8)
def script(data: bytes) -> tuple[Command, ...]:
    """Return the commands of a script; bytes that are no UTF-8 read as U+FFFD.

    The last few scripts are remembered: detectors ask for the two sides of one change one after the other.

    Raises:
        LimitExceeded: more bytes or commands than anybody writes.
    """
    if len(data) > _LARGEST:
        raise LimitExceeded("shell script", _LARGEST, f"{len(data)} bytes")
    return commands(data.decode("utf-8", "replace"))


def commands(text: str, line: int = 1) -> tuple[Command, ...]:
    """Return the commands of `text`, which begins at `line`.

    Raises:
        LimitExceeded: more commands than anybody writes.
    """
    found: list[Command] = []
    waiting = [(text, line, 0, False)]
    while waiting:
        body, at, depth, quoted = waiting.pop()
        lexer = _Lexer(body, at)
        if quoted:
            lexer.look_into(body, at)
        else:
            lexer.run()
            found.extend(_grammar(lexer.tokens))
            if len(found) > _MOST:
                raise LimitExceeded("shell script", _MOST, "commands")
        if depth < _DEPTH:
            waiting.extend((inner, start, depth + 1, is_quoted) for inner, start, is_quoted in lexer.inner)
    return tuple(sorted(found, key=lambda command: command.line))


@dataclass(slots=True)
class _Token:
    """A word, or an operator (`operator` is set); a redirection has its operator and waits for its word."""

    text: str
    line: int
    operator: bool = False
    quoted: bool = False
    descriptor: str | None = None
    """For a redirection."""

    body: str | None = None
    """For the delimiter of a here-document: its text."""


_BLANK = regex(r"(?:[ \t\r\f\v]|\\\r?\n)+")
_PLAIN = regex(r"[^ \t\r\f\v\n\\'\"$`|&;()<>]+")
_SIMPLE = regex(r"[ \t]*+([^ \t\r\f\v\n\\'\"$`|&;()<>#][^ \t\r\f\v\n\\'\"$`|&;()<>]*+)(?=[ \t\n;&|()]|\Z)")
"""A word in which nothing is quoted or expanded, with the blanks before it: most of them."""
_REDIRECTION = regex(r"(\d*)(<<<|<<-?|<&|<>|<(?!\()|>>|>&|>\||>(?!\())|()(&>>?)")
_OPERATOR = regex(r";;&|;;|;&|&&|\|\||\|&|[;&|()\n]")
_COMMENT = regex(r"[^\n]*")
_ANSI = regex(r"\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|(.))", re.DOTALL)
_ANSI_NAMES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "v": "\v"}
_ANSI_END = regex(r"(?:[^'\\]|\\.)*'?", re.DOTALL)
_ESCAPED = regex(r'\\([$`"\\])|\\\n')
_SUBSTITUTION = regex(r"\\.|\$\(|\$\{|`", re.DOTALL)
_NOTABLE = regex(r"[\\'\"$`(){}#]")
_CLOSERS = {"(": ")", "{": "}"}


class _Lexer:
    """Turns a text into tokens, and puts the texts of substitutions aside: (text, line, whether only its substitutions run)."""

    def __init__(self, text: str, line: int) -> None:
        self.text, self.line, self.at = text, line, 0
        self.tokens: list[_Token] = []
        self.inner: list[tuple[str, int, bool]] = []
        self._documents: list[tuple[_Token, bool]] = []
        """Delimiters of here-documents that begin after this line, and whether their tabs are stripped."""

    def run(self) -> None:
        text, size = self.text, len(self.text)
        while self.at < size:
            if simple := _SIMPLE.match(text, self.at):
                self.at = simple.end()
                self._add_word(_Token(simple[1], self.line))
            elif blank := _BLANK.match(text, self.at):
                self._go(blank.end())
            elif text[self.at] == "#":
                self._go(_match(_COMMENT, text, self.at).end())
            elif found := _REDIRECTION.match(text, self.at):
                operator = found[2] or found[4]
                self._add(_Token(operator, self.line, operator=True, descriptor=found[1] or ""), found.end())
            elif found := _OPERATOR.match(text, self.at):
                self._add(_Token(found[0], self.line, operator=True), found.end())
                if found[0] == "\n" and self._documents:
                    self._read_documents()
            else:
                self._word()

    def _go(self, end: int) -> None:
        self.line += self.text.count("\n", self.at, end)
        self.at = end

    def _add(self, token: _Token, end: int) -> None:
        self._go(end)
        self.tokens.append(token)

    def _word(self) -> None:
        text, size = self.text, len(self.text)
        token = _Token("", self.line)
        pieces: list[str] = []
        while self.at < size:
            char = text[self.at]
            if plain := _PLAIN.match(text, self.at):
                pieces.append(plain[0])
                self.at = plain.end()
            elif char == "\\":
                if text[self.at + 1 : self.at + 2] != "\n":
                    pieces.append(text[self.at + 1 : self.at + 2])
                    token.quoted = True
                self._go(min(self.at + 2, size))
            elif char == "'":
                token.quoted = True
                pieces.append(self._up_to(text.find("'", self.at + 1)))
            elif char == '"':
                token.quoted = True
                pieces.append(self._double_quoted())
            elif char == "$" and text.startswith("'", self.at + 1):
                token.quoted = True
                end = _match(_ANSI_END, text, self.at + 2).end()
                pieces.append(_ANSI.sub(_unescape, text[self.at + 2 : end].removesuffix("'")))
                self._go(end)
            elif char == "`" or text.startswith(("$(", "${", "<(", ">("), self.at):
                pieces.append(self._substitution())
            elif char == "$":
                pieces.append(char)
                self.at += 1
            else:
                break
        token.text = "".join(pieces)
        self._add_word(token)

    def _add_word(self, token: _Token) -> None:
        before = self.tokens[-1] if self.tokens else None
        if before is not None and before.operator and before.text in ("<<", "<<-"):
            self._documents.append((token, before.text == "<<-"))
        self.tokens.append(token)

    def _up_to(self, end: int) -> str:
        """Pass over a quoted text whose closing quote is at `end`, -1 for none, and return what it holds."""
        last = len(self.text) if end < 0 else end
        held = self.text[self.at + 1 : last]
        self._go(min(last + 1, len(self.text)))
        return held

    def _double_quoted(self) -> str:
        end = _span(self.text, self.at)
        held = self.text[self.at + 1 : end].removesuffix('"')
        self.look_into(held, self.line)
        self._go(end)
        return _ESCAPED.sub(lambda found: found[1] or "", held)

    def _substitution(self) -> str:
        start, line = self.at, self.line
        opening = 1 if self.text[start] == "`" else 2
        end = _span(self.text, start)
        whole = self.text[start:end]
        self._aside(whole, opening, line)
        self._go(end)
        return whole

    def look_into(self, text: str, line: int) -> None:
        """Put aside the substitutions of a text in which nothing else runs."""
        at = 0
        while found := _SUBSTITUTION.search(text, at):
            line += text.count("\n", at, found.start())
            at = found.start()
            if found[0][0] == "\\":
                line += text.count("\n", at, found.end())
                at = found.end()
                continue
            end = _span(text, at)
            self._aside(text[at:end], len(found[0]), line)
            line += text.count("\n", at, end)
            at = end

    def _aside(self, whole: str, opening: int, line: int) -> None:
        if whole.startswith("${"):
            body = whole[opening:].removesuffix("}")
            if "$" in body or "`" in body:
                self.inner.append((body, line, True))
        elif whole.startswith("`"):
            self.inner.append((re.sub(r"\\([$`\\])", r"\1", whole[1:].removesuffix("`")), line, False))
        elif whole.startswith("$(("):
            self.inner.append((whole[3:], line, True))
        else:
            self.inner.append((whole[opening:].removesuffix(")"), line, False))

    def _read_documents(self) -> None:
        text, size = self.text, len(self.text)
        for delimiter, stripped in self._documents:
            rows: list[str] = []
            start = self.line
            while self.at < size:
                end = text.find("\n", self.at)
                end = size if end < 0 else end
                row = text[self.at : end].removesuffix("\r")
                self._go(min(end + 1, size))
                row = row.lstrip("\t") if stripped else row
                if row == delimiter.text:
                    break
                rows.append(row)
            delimiter.body = "\n".join(rows)
            if not delimiter.quoted:
                self.look_into(delimiter.body, start)
        self._documents.clear()


def _match(pattern: re.Pattern[str], text: str, at: int) -> re.Match[str]:
    found = pattern.match(text, at)
    assert found is not None  # noqa: S101 (the pattern matches the empty text)
    return found


def _unescape(found: re.Match[str]) -> str:
    if found[1]:
        return chr(int(found[1], 16))
    if found[2]:
        return chr(int(found[2], 8) & 0xFF)
    return _ANSI_NAMES.get(found[3], found[3])


def _span(text: str, start: int) -> int:
    """Return the end of what opens at `start` (a double quote, a backquote, ``$(``, ``${``, ``<(``, ``>(``), past its closing."""
    opener = text[start]
    stack = [opener if opener in '"`' else _CLOSERS[text[start + 1]]]
    at = start + (1 if opener in '"`' else 2)
    quotes = stack.count('"')
    while found := _NOTABLE.search(text, at):
        char, at = found[0], found.end()
        top = stack[-1]
        if char == "\\":
            at += 1
        elif char == top:
            stack.pop()
            quotes -= char == '"'
            if not stack:
                return at
        elif top == "`":
            continue
        elif char == '"':
            stack.append(char)
            quotes += 1
        elif char == "`":
            stack.append(char)
        elif char == "$" and text[at : at + 1] in _CLOSERS and text[at : at + 1]:
            stack.append(_CLOSERS[text[at]])
            at += 1
        elif top == ")":
            if char == "'":
                end = text.find("'", at)
                at = len(text) if end < 0 else end + 1
            elif char == "(":
                stack.append(")")
            elif char == "#" and text[at - 2].isspace():
                at = _match(_COMMENT, text, at).end()
        elif top == "}" and char == "'" and not quotes:
            end = text.find("'", at)
            at = len(text) if end < 0 else end + 1
    return len(text)


_ASSIGNMENT = regex(r"([A-Za-z_][A-Za-z0-9_]*)\+?=")
_RESERVED = frozenset({"if", "then", "else", "elif", "fi", "do", "done", "while", "until", "!", "{", "}", "time"})


@dataclass(slots=True)
class _Building:
    """The command at hand."""

    line: int = 0
    words: list[str] = field(default_factory=list)
    assignments: list[tuple[str, str]] = field(default_factory=list)
    redirections: list[Redirection] = field(default_factory=list)

    def finish(self, *, background: bool = False) -> Iterator[Command]:
        if self.words or self.assignments or self.redirections:
            parts = tuple(self.words), tuple(self.assignments), tuple(self.redirections)
            yield Command(self.line, *parts, background=background)
        self.line = 0
        self.words, self.assignments, self.redirections = [], [], []


def _grammar(tokens: list[_Token]) -> Iterator[Command]:
    """Yield the simple commands that the tokens make up."""
    now = _Building()
    cases = 0
    at = 0
    while at < len(tokens):
        token = tokens[at]
        at += 1
        if token.descriptor is not None:
            target = tokens[at] if at < len(tokens) and not tokens[at].operator else None
            if target is not None:
                at += 1
                now.line = now.line or token.line
                held = target.text if target.body is None else target.body
                now.redirections.append(Redirection(token.text.replace("<<-", "<<"), held, token.descriptor))
        elif token.operator:
            opens_function = token.text == "(" and len(now.words) == 1 and not now.assignments
            if opens_function and at < len(tokens) and tokens[at].operator and tokens[at].text == ")":
                now = _Building()
                at += 1
                continue
            yield from now.finish(background=token.text == "&")
            if cases and token.text in (";;", ";&", ";;&"):
                at = _past_pattern(tokens, at)
        elif not now.words and not token.quoted and token.text in _RESERVED:
            continue
        elif not now.words and not token.quoted and token.text == "esac":
            cases = max(0, cases - 1)
        elif not now.words and not token.quoted and token.text == "function":
            at += 1
        elif not now.words and (found := _ASSIGNMENT.match(token.text)):
            now.line = now.line or token.line
            now.assignments.append((found[1], token.text[found.end() :]))
        elif token.text == "in" and len(now.words) == 2 and now.words[0] == "case":
            yield from now.finish()
            cases += 1
            at = _past_pattern(tokens, at)
        else:
            now.line = now.line or token.line
            now.words.append(token.text)
    yield from now.finish()


def _past_pattern(tokens: list[_Token], at: int) -> int:
    """Return where the commands of a branch of ``case`` begin, or its ``esac``."""
    while at < len(tokens) and tokens[at].operator and tokens[at].text == "\n":
        at += 1
    if at < len(tokens) and not tokens[at].quoted and tokens[at].text == "esac":
        return at
    while at < len(tokens) and not (tokens[at].operator and tokens[at].text == ")"):
        at += 1
    return at + 1
