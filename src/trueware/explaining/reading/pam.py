"""PAM: the modules that decide who logs in, in order, from ``pam.d/<service>`` or ``pam.conf``.

::

    [service] [-]type control module [argument]*      service only in pam.conf; control is a word, or [value=action …]
    @include <file>

Sources: pam.conf(5), pam_permit(8), pam_unix(8), pam_exec(8).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from trueware.errors import LimitExceeded
from trueware.explaining.patterns import regex
from trueware.explaining.reading.lines import meaningful_lines

_LARGEST = 1 << 16
"""Bytes of one file; those of a system have a few thousand."""

_ENTRY = regex(
    r"-?(?P<type>auth|account|password|session)\s+(?P<control>\[[^\]]*\]|\S+)\s+(?P<module>\S+)\s*(?P<rest>.*)",
    re.IGNORECASE,
)
_IDLE = frozenset(
    {"pam_env", "pam_warn", "pam_nologin", "pam_securetty", "pam_faildelay", "pam_motd", "pam_group", "pam_cap"}
)
"""Modules of ``auth`` that ask for nothing."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One module."""

    line: int
    service: str
    """From pam.conf; empty in a file of its own."""

    type: str
    control: str
    module: str
    arguments: tuple[str, ...]
    text: str

    @property
    def what(self) -> tuple[str, str, str, tuple[str, ...]]:
        """What is run, and with which arguments, whatever its answer means."""
        return self.service, self.type, self.module, self.arguments

    @property
    def name(self) -> str:
        """The module without folder and ending."""
        return self.module.rpartition("/")[2].removesuffix(".so")


def read_pam(data: bytes, *, with_service: bool = False) -> Iterator[Entry]:
    """Yield the modules in order.

    Raises:
        LimitExceeded: longer than any such file.
    """
    if len(data) > _LARGEST:
        raise LimitExceeded("PAM settings", _LARGEST, f"{len(data)} bytes")
    for line in meaningful_lines(data, trailing=True, continued=True):
        service, text = "", line.text
        if with_service:
            service, _, text = text.partition(" ")
        if found := _ENTRY.fullmatch(text.strip()):
            kind, control = found["type"].lower(), " ".join(found["control"].split()).lower()
            arguments = tuple(found["rest"].split())
            yield Entry(line.number, service, kind, control, found["module"], arguments, line.text)


def opening(entries: Sequence[Entry]) -> Entry | None:
    """Return the entry by which everybody gets in, whatever they answer; None where there is none.

    The questions are gone through as for somebody who has no right answer: every module says no, but for pam_permit. What another
    file says (``include``) counts as no.
    """
    accepted: Entry | None = None
    failed, skipped = False, 0
    for entry in entries:
        if entry.type != "auth" or entry.name in _IDLE:
            continue
        if skipped:
            skipped -= 1
            continue
        match _action(entry, says_yes=entry.name == "pam_permit"):
            case "done":
                return None if failed else accepted or entry
            case "ok":
                accepted = accepted or entry
            case "die":
                return None
            case "bad":
                failed = True
            case action if action.isdecimal():
                skipped = int(action[:3])
    return None if failed else accepted


_WORDS = {
    "required": ("ok", "bad"),
    "requisite": ("ok", "die"),
    "sufficient": ("done", "ignore"),
    "optional": ("ok", "ignore"),
}
"""What a module's yes and no do, by the words for it (pam.conf(5))."""


def _action(entry: Entry, *, says_yes: bool) -> str:
    if not entry.control.startswith("["):
        return _WORDS.get(entry.control, ("die", "die"))[not says_yes]
    pairs = dict(pair.partition("=")[::2] for pair in entry.control.strip("[] ").split())
    return pairs.get("success" if says_yes else "auth_err", pairs.get("default", "bad"))
