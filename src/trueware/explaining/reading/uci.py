r"""OpenWrt's settings (UCI): what a file under ``etc/config`` says, and which sections differ between two of them.

::

    config <type> ['<name>']
        option <name> '<value>'        one value; a later one of the same name replaces it
        list <name> '<value>'          one more value

Words are separated by blanks and made of bare characters, ``'…'`` (nothing in it means anything), ``"…"`` and ``\c`` (the next
character as it is). A ``#`` outside quotes ends the line, a ``;`` the statement. Quotes may go over several lines. Each keyword may
be its first letter alone. A section without a name is one of many of its type. Source: OpenWrt ``uci`` ``file.c`` (``parse_str``,
``uci_parse_line``), which refuses the whole file for what it does not know.
"""

import re
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from trueware.errors import MalformedInput
from trueware.explaining.patterns import regex

_NAME = "uci"
_TOKEN = regex(
    rb"""(?P<word>(?:'[^']*'|"(?:[^"\\]|\\[\s\S])*"|\\[\s\S]|[^\s;\#'"\\\0])+)
    |(?P<end>[\n;])|(?P<nothing>[^\S\n]+|\#[^\n]*)""",
    re.VERBOSE,
)
_PIECE = regex(rb"""'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|\\([\s\S])|([^'"\\]+)""")
_ESCAPE = regex(rb"\\([\s\S])")
_KEYWORDS = {"p": "package", "c": "config", "o": "option", "l": "list"}


@dataclass(frozen=True, slots=True)
class Section:
    """One section of settings."""

    type: str
    name: str
    """Empty for one of many of its type."""

    options: Mapping[str, Sequence[str]] = field(hash=False)
    """Values by name, in order; an option has one, a list any number."""

    line: int
    """Where it begins, from 1."""

    def get(self, option: str) -> str:
        """Return the value of an option, those of a list with blanks between them, nothing where it is not set."""
        return " ".join(self.options.get(option, ()))

    def words(self, option: str) -> tuple[str, ...]:
        """Return the words of all values of an option or list."""
        return tuple(self.get(option).split())

    def is_on(self, option: str, *, default: bool) -> bool:
        """Tell whether a switch is on, as OpenWrt's shell library reads it (``config_get_bool``)."""
        value = self.get(option).casefold()
        if value in {"1", "on", "true", "yes", "enabled"}:
            return True
        return default if value not in {"0", "off", "false", "no", "disabled"} else False

    @property
    def label(self) -> str:
        """What people know it by: ``rule Allow-Ping``."""
        return " ".join(filter(None, (self.type, self.name or self.get("name"))))


@dataclass(frozen=True, slots=True)
class Pairing:
    """A section that differs; `before` is None for a new one, `after` for one that is gone."""

    before: Section | None
    after: Section | None

    @property
    def type(self) -> str:
        """The type of the section."""
        section = self.after or self.before
        return section.type if section is not None else ""

    @property
    def label(self) -> str:
        """What people know the section by."""
        section = self.after or self.before
        return section.label if section is not None else ""

    def changed(self, option: str) -> tuple[str, str] | None:
        """Return the value of an option before and after, None where it did not change; nothing reads as not set."""
        before = self.before.get(option) if self.before is not None else ""
        after = self.after.get(option) if self.after is not None else ""
        return (before, after) if before != after else None


def read_uci(data: bytes) -> tuple[Section, ...]:
    """Return the sections of a file, in order; what several say of one name is one section.

    Raises:
        MalformedInput: it is no such file.
    """
    sections: dict[str | int, Section] = {}
    settings: dict[str | int, dict[str, list[str]]] = {}
    options: dict[str, list[str]] | None = None
    for line, offset, (keyword, *arguments) in _statements(data):
        match _KEYWORDS.get(keyword, keyword), arguments:
            case "package", _:
                options = None
            case "config", [kind, *rest]:
                name = rest[0] if rest else ""
                key = name or len(sections)
                options = settings.setdefault(key, {})
                sections[key] = Section(kind, name, options, line)
            case "option", [name, *rest] if options is not None:
                options[name] = rest[:1] or [""]
            case "list", [name, *rest] if options is not None:
                options.setdefault(name, []).extend(rest[:1] or [""])
            case _:
                reason = f"{keyword[:40]!r} with {len(arguments)} words behind it is no setting here"
                raise MalformedInput(_NAME, offset, reason)
    return tuple(sections.values())


def _statements(data: bytes) -> Iterator[tuple[int, int, list[str]]]:
    """Yield the number of the line, the offset and the words of each statement."""
    words: list[str] = []
    at, line, first = 0, 1, (1, 0)
    while at < len(data):
        token = _TOKEN.match(data, at)
        if token is None:
            raise MalformedInput(_NAME, at, "a quote that does not end, or a byte that is no text")
        if token["word"] is not None:
            if not words:
                first = line, at
            words.append(_unquoted(token["word"]))
        elif token["end"] is not None and words:
            yield *first, words
            words = []
        line += data.count(b"\n", at, token.end())
        at = token.end()
    if words:
        yield *first, words


def _unquoted(word: bytes) -> str:
    pieces = []
    for single, double, escaped, bare in _PIECE.findall(word):
        if escaped:
            pieces.append(b"" if escaped == b"\n" else escaped)
        elif double:
            pieces.append(_ESCAPE.sub(rb"\1", double))
        else:
            pieces.append(single or bare)
    return b"".join(pieces).decode("utf-8", "backslashreplace")


def differences(before: bytes, after: bytes) -> Iterator[Pairing]:
    """Yield the sections in which two files differ; the order of sections and of options within one never differs.

    Sections without a name are paired by equal content, then by their option ``name``, then by their order within the type.

    Raises:
        MalformedInput: one is no such file.
    """
    old, new = read_uci(before), read_uci(after)
    was = {section.name: section for section in old if section.name}
    now = {section.name: section for section in new if section.name}
    for name in dict.fromkeys((*was, *now)):
        if name not in was or name not in now or _content(was[name]) != _content(now[name]):
            yield Pairing(was.get(name), now.get(name))
    unnamed = [[section for section in side if not section.name] for side in (old, new)]
    yield from _pair(_beyond(unnamed[0], unnamed[1]), _beyond(unnamed[1], unnamed[0]))


def _content(section: Section) -> tuple[object, ...]:
    return section.type, frozenset((name, tuple(values)) for name, values in section.options.items())


def _beyond(these: list[Section], others: list[Section]) -> list[Section]:
    """Return the sections of which the others have no equal, or not as many."""
    counts = Counter(map(_content, others))
    kept = []
    for section in these:
        content = _content(section)
        if counts[content]:
            counts[content] -= 1
        else:
            kept.append(section)
    return kept


def _pair(old: list[Section], new: list[Section]) -> Iterator[Pairing]:
    """Pair what is left on both sides, those that share a name first."""
    for key in (_called, _of_type):
        waiting: dict[tuple[str, str], deque[Section]] = {}
        for section in old:
            waiting.setdefault(key(section), deque()).append(section)
        unpaired = []
        for section in new:
            if key(section)[1] and (partners := waiting.get(key(section))):
                yield Pairing(partners.popleft(), section)
            else:
                unpaired.append(section)
        old, new = [section for partners in waiting.values() for section in partners], unpaired
    for section in old:
        yield Pairing(section, None)
    for section in new:
        yield Pairing(None, section)


def _called(section: Section) -> tuple[str, str]:
    return section.type, section.get("name")


def _of_type(section: Section) -> tuple[str, str]:
    return section.type, "any"
