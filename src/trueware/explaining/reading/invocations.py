"""The programs that a script's commands run, with their arguments: seen through wrappers, variables and quoted scripts.

``exec nohup busybox telnetd -p 23`` runs ``telnetd``; so does ``start-stop-daemon -S -x $DAEMON -- -p 23`` after
``DAEMON=/usr/sbin/telnetd``, ``procd_set_param command telnetd`` and ``sh -c 'telnetd -p 23'``. A variable has the last value
that the script gave it in an earlier line, whatever branch that stood in; what is not known stays as written. Scripts in quotes are
looked into down to four of these inside each other.

Source: manuals of busybox, start-stop-daemon(8), su(1), env(1), timeout(1); OpenWrt package/system/procd (procd.sh) and
package/base-files (service.sh).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from trueware.explaining.patterns import regex
from trueware.explaining.reading.shell import Command, Redirection, commands, script

_DEPTH = 4
_VALUE = 2048
"""Characters of a variable's value that are kept; a script that builds longer ones hides nothing in them that runs."""

SHELLS = frozenset({"sh", "ash", "bash", "dash", "ksh", "mksh", "zsh", "hush", "msh", "lash"})


@dataclass(frozen=True, slots=True)
class Invocation:
    """One program that is run."""

    line: int
    program: str
    """As written, variables resolved where their value is known: ``/usr/sbin/telnetd``, ``telnetd``, ``$1``."""

    arguments: tuple[str, ...]
    redirections: tuple[Redirection, ...] = ()
    background: bool = False

    @property
    def name(self) -> str:
        """The last component of the program's path."""
        return self.program.rpartition("/")[2]

    @property
    def text(self) -> str:
        """Program and arguments as one line."""
        return " ".join((self.program, *self.arguments))


def invocations(all_commands: Iterable[Command]) -> Iterator[Invocation]:
    """Yield what the commands of one script run, in order."""
    return _invocations(all_commands, {}, 0)


@lru_cache(maxsize=8)
def script_runs(data: bytes) -> tuple[Invocation, ...]:
    """Return what a script runs, in order; the last few are remembered, as those of `script`."""
    return tuple(invocations(script(data)))


def _invocations(all_commands: Iterable[Command], values: dict[str, str], depth: int) -> Iterator[Invocation]:
    for command in all_commands:
        words = [word for each in command.words for word in _resolved(each, values)]
        if not words:
            for name, value in command.assignments:
                values[name] = _replaced(value, values)
            continue
        while words and words[0] in ("export", "local", "readonly", "declare", "typeset"):
            for word in words[1:]:
                name, equals, value = word.partition("=")
                if equals:
                    values[name] = value[:_VALUE]
            words = []
        words = _unwrapped(words)
        if not words:
            continue
        inner = _quoted_script(words)
        if inner is not None and depth < _DEPTH:
            yield from _invocations(commands(inner, command.line), values, depth + 1)
        else:
            yield Invocation(command.line, words[0], tuple(words[1:]), command.redirections, command.background)


_VARIABLE = regex(r"\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\})")
_WHOLE = regex(r"(?:\$[A-Za-z_][A-Za-z0-9_]*|\$\{[A-Za-z_][A-Za-z0-9_]*\})")


def _resolved(word: str, values: dict[str, str]) -> list[str]:
    """Return a word with its variables replaced; one that is a variable and nothing else falls into words."""
    if "$" not in word:
        return [word]
    replaced = _replaced(word, values)
    return replaced.split() if _WHOLE.fullmatch(word) else [replaced]


def _replaced(word: str, values: dict[str, str]) -> str:
    if "$" not in word or not values:
        return word[:_VALUE]
    return _VARIABLE.sub(lambda found: values.get(found[1] or found[2], found[0]), word[:_VALUE])[:_VALUE]


_PLAIN_WRAPPERS = frozenset(
    {
        "exec",
        "command",
        "builtin",
        "nohup",
        "setsid",
        "time",
        "busybox",
        "toybox",
        "env",
        "nice",
        "ionice",
        "stdbuf",
        "sudo",
        "doas",
        "timeout",
        "logwrapper",
        "logwrapper64",
        "service_start",
        "daemon",
        "start_daemon",
        "unshare",
        "chroot",
        "setuidgid",
        "softlimit",
        "detach",
        "cttyhack",
        "chrt",
        "taskset",
    }
)
"""Programs whose first argument that is no option is the program to run."""

_WITH_VALUE = {
    "env": frozenset({"-u", "-C", "-S"}),
    "nice": frozenset({"-n"}),
    "ionice": frozenset({"-c", "-n", "-p"}),
    "sudo": frozenset({"-u", "-g", "-h", "-p", "-C", "-r", "-t"}),
    "doas": frozenset({"-u", "-C"}),
    "timeout": frozenset({"-s", "-k", "-t"}),
    "exec": frozenset({"-a"}),
    "stdbuf": frozenset({"-i", "-o", "-e"}),
}
"""Options that take a value of their own."""

_FIRST_IS_DATA = frozenset({"timeout", "chroot", "setuidgid", "taskset", "chrt"})
"""Wrappers whose first argument is a duration, folder, user, or mask."""


def _unwrapped(words: list[str]) -> list[str]:
    """Return the words from the program that is run in the end; empty where a wrapper runs none."""
    at = 0
    while at < len(words):
        name = words[at].rpartition("/")[2]
        if name == "start-stop-daemon":
            return _of_start_stop_daemon(words[at + 1 :])
        if name in ("procd_set_param", "procd_append_param"):
            return words[at + 2 :] if words[at + 1 : at + 2] == ["command"] else []
        if name not in _PLAIN_WRAPPERS:
            return words[at:]
        following = _first_operand(words, at + 1, _WITH_VALUE.get(name, frozenset()))
        following += name in _FIRST_IS_DATA and following < len(words)
        if following >= len(words):
            return words[at:]
        at = following
    return []


def _first_operand(words: list[str], at: int, with_value: frozenset[str]) -> int:
    while at < len(words):
        word = words[at]
        if word == "--":
            return at + 1
        if word in with_value:
            at += 2
        elif word.startswith("-") or re.match(r"[A-Za-z_]\w*=", word):
            at += 1
        else:
            break
    return at


_PROGRAM_OPTIONS = ("-x", "--exec", "-a", "--startas")


def _of_start_stop_daemon(words: list[str]) -> list[str]:
    """Return what start-stop-daemon starts; nothing where it stops something."""
    end = words.index("--") if "--" in words else len(words)
    program = ""
    is_start = False
    for at, word in enumerate(words[:end]):
        letters = re.fullmatch(r"-[A-Za-z]+", word)
        if word in ("-K", "--stop") or (letters and "K" in word):
            return []
        is_start = is_start or word == "--start" or bool(letters and "S" in word)
        if word in _PROGRAM_OPTIONS or (letters and word[-1] in "xa"):
            program = words[at + 1] if at + 1 < end else program
        elif word.startswith(("--exec=", "--startas=")):
            program = word.partition("=")[2]
    return [program, *words[end + 1 :]] if program and is_start else []


def _quoted_script(words: list[str]) -> str | None:
    """Return the script that a command gets as an argument."""
    name = words[0].rpartition("/")[2]
    if name == "eval":
        return " ".join(words[1:])
    if name not in SHELLS and name != "su":
        return None
    for at, word in enumerate(words[1:-1], 1):
        if word in ("-c", "--command") or (name in SHELLS and re.fullmatch(r"-[a-z]*c", word)):
            return words[at + 1]
    return None
