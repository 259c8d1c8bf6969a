"""Files of ``KEY=value`` lines: quoted as a shell reads them (os-release) or plain to the end of the line (Android properties).

Sources: os-release(5); AOSP ``system/core/init/property_service.cpp`` (LoadProperties).
"""

import re
from collections.abc import Iterator

_SHELL = re.compile(
    r"""^[ \t]*+(?:export[ \t]++)?+([A-Za-z_]\w{0,63})=(?:"((?:[^"\\\n]|\\.)*+)"|'([^'\n]*+)'|([^\s"'\\$`;&|()<>#]*+))(?=[\s;]|\Z)""",
    re.MULTILINE | re.ASCII,
)
_ESCAPED = re.compile(r'\\([$`"\\])')
_PROPERTY = re.compile(r"^[ \t\r]*+([\w.-]{1,256})[ \t]*+=[ \t]*+([^\n]*+)", re.MULTILINE | re.ASCII)


def shell_assignments(content: bytes) -> dict[str, str]:
    """Return value by variable, quotes and escapes resolved, the last one counts; lines that are no plain assignment say nothing."""
    text = content.decode("utf-8", "replace")
    return {
        key: _ESCAPED.sub(r"\1", double) if double else single or bare
        for key, double, single, bare in _SHELL.findall(text)
    }


def properties(content: bytes) -> Iterator[tuple[str, str]]:
    """Yield name and value of Android properties.

    A name may come twice: older systems keep the first value of a ``ro.`` property, newer ones the last.
    """
    for match in _PROPERTY.finditer(content.decode("utf-8", "replace")):
        yield match[1], match[2].strip()
