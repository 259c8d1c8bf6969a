"""The files that every service's login rules include, as ``pam-auth-update`` makes them of the profiles of packages.

Source: Ubuntu wiki, PAMConfigFrameworkSpec; pam-auth-update(8). A template has the place of each block; a profile that is on by
default has, for each type of rule, the lines for its block; profiles follow each other by priority, the highest first. The first one
in a block has its lines of ``-Initial``, where it has such. ``end`` in a control word is the number of lines to jump over: the rest
of the block and the one that refuses after it; a first block that is empty jumps over that. Checked against what the tool made of
Debian 12's profiles, blanks at the ends of lines aside.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_FIELD = re.compile(r"([A-Za-z-]+):[ \t]*(.*)")

TYPES = {
    "common-auth": ("auth", "Auth"),
    "common-account": ("account", "Account"),
    "common-password": ("password", "Password"),
    "common-session": ("session", "Session"),
    "common-session-noninteractive": ("session", "Session"),
}
"""By file: the word in its rules, and in the fields of profiles."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One profile (``usr/share/pam-configs/*``)."""

    fields: dict[str, str]
    lines: dict[str, tuple[str, ...]]

    @property
    def priority(self) -> int:
        """The highest comes first."""
        text = self.fields.get("Priority", "0")
        return int(text[:9]) if text[:9].isdecimal() else 0


def read_profile(text: str) -> Profile:
    """Return a profile: fields on one line, and those whose lines follow, each with a blank before it."""
    fields: dict[str, str] = {}
    lines: dict[str, list[str]] = {}
    name = ""
    for line in text.split("\n"):
        if line[:1] in (" ", "\t"):
            if name and line.strip():
                lines.setdefault(name, []).append(line.strip())
        elif match := _FIELD.fullmatch(line):
            name = match[1]
            fields[name] = match[2].strip()
    return Profile(fields, {key: tuple(value) for key, value in lines.items()})


def common_file(name: str, template: str, profiles: Iterable[Profile]) -> str:
    """Return the file of that name that is made of a template and of the profiles that are on by default."""
    word, kind = TYPES[name]
    on = [each for each in profiles if each.fields.get("Default") == "yes"]
    if name.endswith("noninteractive"):
        on = [each for each in on if each.fields.get("Session-Interactive-Only") != "yes"]
    on.sort(key=lambda each: (-each.priority, each.fields.get("Name", "")))
    marker = "session_nonint" if name.endswith("noninteractive") else word
    made = []
    for line in template.removesuffix("\n").split("\n"):
        block = line.strip().removeprefix(f"${marker}_") if line.startswith(f"${marker}_") else ""
        if block in ("primary", "additional"):
            own = [each for each in on if each.fields.get(f"{kind}-Type", "").casefold() == block]
            made += _block(own, word, kind) or (
                [f"{word}\t[default=1]\t\t\tpam_permit.so"] if block == "primary" else []
            )
        else:
            made.append(line)
    return "".join(f"{line}\n" for line in made)


def _block(profiles: list[Profile], word: str, kind: str) -> list[str]:
    rules: list[str] = []
    for number, each in enumerate(profiles):
        initial = each.lines.get(f"{kind}-Initial") if number == 0 else None
        rules += initial or each.lines.get(kind, ())
    return [f"{word}\t{re.sub(r'(?<==)end(?=[ ]|])', str(len(rules) - at), rule)}" for at, rule in enumerate(rules)]


def without_blanks(text: str) -> list[str]:
    """Return the lines of a text, without the blanks at their ends, which say nothing."""
    return [line.rstrip(" \t") for line in text.split("\n")]
