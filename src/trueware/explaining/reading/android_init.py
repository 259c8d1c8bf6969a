"""Android's init files (``*.rc``): services with their options, and the commands of each trigger.

::

    service <name> <program> [<argument>]*     until the next section, one option a line: user, seclabel, disabled, oneshot, class …
    on <trigger> [&& <trigger>]*               until the next section, one command a line: exec, start, setprop, write …
    import <path>

Words are separated by blanks, ``"…"`` holds them together, a backslash at the end joins lines, ``#`` begins a comment. Source: AOSP
``system/core/init/README.md``, ``system/core/init/tokenizer.cpp``.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from trueware.explaining.patterns import regex
from trueware.explaining.reading.lines import meaningful_lines

_WORD = regex(r'"([^"]*)"?|([^\s"]+)')


@dataclass(frozen=True, slots=True)
class Service:
    """A program that init runs."""

    line: int
    name: str
    program: str
    arguments: tuple[str, ...]
    user: str
    """root where the file says none."""

    is_disabled: bool
    """Whether it waits for somebody to start it by name."""

    options: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """A command that init carries out itself."""

    line: int
    trigger: str
    words: tuple[str, ...]


def read_init(data: bytes) -> Iterator[Service | Order]:
    """Yield services and commands in order; what stands before the first section is passed over."""
    trigger: str | None = None
    service: tuple[int, tuple[str, ...]] | None = None
    options: list[tuple[str, ...]] = []
    for line in meaningful_lines(data, trailing=True, continued=True):
        words = tuple(found[1] or found[2] or "" for found in _WORD.finditer(line.text))
        if not words:
            continue
        if words[0] in ("service", "on", "import"):
            yield from _service(service, options)
            service = (line.number, words) if words[0] == "service" else None
            trigger = " ".join(words[1:]) if words[0] == "on" else None
            options = []
        elif service is not None:
            options.append(words)
        elif trigger is not None:
            yield Order(line.number, trigger, words)
    yield from _service(service, options)


def _service(head: tuple[int, tuple[str, ...]] | None, options: list[tuple[str, ...]]) -> Iterator[Service]:
    if head is not None and len(head[1]) >= 3:
        line, (_, name, program, *arguments) = head
        user = next((words[1] for words in options if words[0] == "user" and len(words) > 1), "root")
        disabled = any(words[0] == "disabled" for words in options)
        yield Service(line, name, program, tuple(arguments), user, disabled, tuple(options))
