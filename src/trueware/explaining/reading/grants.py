"""Who may do what as root: rules of sudo, doas and polkit.

sudoers: ``who[, who] host = [(as whom)] [NOPASSWD:] command[, command]``; ``Defaults[:who] !authenticate`` asks nobody for a
password; a backslash joins lines. doas.conf: ``permit [nopass|persist|keepenv|setenv {…}] who [as whom] [cmd command [args …]]``.
polkit: sections of ``*.pkla`` with ``Identity``, ``Action`` and ``Result…=yes``; in ``*.rules``, which are programs, the lines that
return yes.

Sources: sudoers(5), doas.conf(5), pklocalauthority(8), polkit(8).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from trueware.explaining.patterns import regex
from trueware.explaining.reading.ini import sections
from trueware.explaining.reading.lines import meaningful_lines


@dataclass(frozen=True, slots=True)
class Grant:
    """One rule that lets somebody do something as another user."""

    line: int
    who: str
    what: str
    """The commands or actions; ``ALL`` for everything."""

    needs_password: bool
    text: str
    """The line, as it can be shown."""

    @property
    def same(self) -> tuple[str, str, bool]:
        """What two rules have in common that grant the same."""
        return self.who, self.what, self.needs_password

    @property
    def is_everything(self) -> bool:
        """Whether it is every command, or one by which every other can be run."""
        return any(
            re.fullmatch(r"ALL|(?:\S*/)?(?:ba|a|da)?sh|(?:\S*/)?su", each.strip()) for each in self.what.split(",")
        )


_ALIAS = regex(r"(?:User|Runas|Host|Cmnd|Cmd)_Alias\s|[#@]include")
_TAGS = regex(r"\b(?:NO)?(?:PASSWD|EXEC|SETENV|LOG_INPUT|LOG_OUTPUT|MAIL|FOLLOW|INTERCEPT)\s*:")
_AS_WHOM = regex(r"\([^()]*\)")


def read_sudoers(data: bytes) -> Iterator[Grant]:
    """Yield the rules of sudoers."""
    for line in meaningful_lines(data, trailing=True, continued=True):
        text = " ".join(line.text.split())
        if _ALIAS.match(text):
            continue
        if text.startswith("Defaults"):
            head, _, rest = text.partition(" ")
            if re.search(r"(?:^|[\s,])!authenticate\b", rest):
                yield Grant(line.number, head[8:].lstrip(":>@!") or "ALL", "ALL", needs_password=False, text=text)
            continue
        left, equals, right = text.partition("=")
        if not equals or " " not in left.strip():
            continue
        who = left.rpartition(" ")[0] if not left.endswith(" ") else left.strip().rpartition(" ")[0]
        what = " ".join(_TAGS.sub(" ", _AS_WHOM.sub(" ", right)).split())
        needs = re.search(r"\bNOPASSWD\s*:", right) is None
        yield Grant(line.number, who.strip(), what, needs_password=needs, text=text)


def read_doas(data: bytes) -> Iterator[Grant]:
    """Yield the rules of doas.conf that permit something."""
    for line in meaningful_lines(data, trailing=True, continued=True):
        words = re.sub(r"\{[^{}]*\}", " ", line.text).split()
        if not words or words[0] != "permit":
            continue
        options = [word for word in words[1:] if word in ("nopass", "persist", "keepenv", "setenv", "nolog")]
        rest = [word for word in words[1:] if word not in ("nopass", "persist", "keepenv", "setenv", "nolog")]
        if rest:
            what = " ".join(rest[rest.index("cmd") + 1 :]) if "cmd" in rest else "ALL"
            yield Grant(line.number, rest[0], what, needs_password="nopass" not in options, text=line.text)


_PKLA_RESULTS = ("resultany", "resultinactive", "resultactive")
_JS_COMMENT = regex(rb"/\*[\s\S]*?(?:\*/|\Z)|//[^\n]*")
_RETURNS_YES = regex(r"polkit\.Result\.YES\b|return\s+[\"']yes[\"']")


def read_polkit(data: bytes, *, is_program: bool) -> Iterator[Grant]:
    """Yield what polkit grants without a password; of a program, each line that says yes."""
    if is_program:
        blank = _JS_COMMENT.sub(lambda found: b"\n" * found[0].count(b"\n"), data)
        for line in meaningful_lines(blank, ()):
            if _RETURNS_YES.search(line.text):
                yield Grant(line.number, "", line.text, needs_password=False, text=line.text)
        return
    for section in sections(data):
        if any(section.get(key).lower() == "yes" for key in _PKLA_RESULTS):
            who, what = section.get("identity"), section.get("action")
            yield Grant(section.line, who, what, needs_password=False, text=f"{who}: {what}")
