"""What a system shows at log-in: ``/etc/banner``, ``/etc/issue``, ``/etc/motd``.

A line that is a name followed by a version (``DD-WRT v3.0``, ``OpenWrt 23.05.2, r23630-842932a63d``) names the product; prose
and art name nothing. Weak: anybody edits these files, and one name may cover many releases.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.identifying.contract import claim
from trueware.model.claim import Claim

SOURCE = "login-banner"

_FRAME = " \t|*=#-"
_LINE = re.compile(
    r"(?:Welcome to )?([A-Za-z][\w.+/-]{0,39}(?: [A-Za-z][\w.+/-]{0,39}){0,4}?)"
    r" (?:[Vv]ersion |[Rr]elease )?\(?([Vv]?\d{1,8}(?:\.\d{1,8}){0,5}(?:[-+~_]?[A-Za-z][\w.+~-]{0,39})?)(?![\w.])(.*)"
)
_NO_PROSE = re.compile(r"\s*(?:[,(/)-].*)?|\s*LTS", re.DOTALL)
"""What may follow a version: nothing, or something set apart from it. Only ``v3.0`` may stand within a sentence."""

_GETTY_ESCAPES = re.compile(r"\\[A-Za-z](?:\{[^}\n]{0,40}\})?")
_LINES, _WIDTH = 64, 160


class LoginBanner:
    """The first line of a log-in banner that is a name with a version."""

    name: ClassVar[str] = SOURCE
    wants: ClassVar[re.Pattern[str]] = re.compile(r"(?:[^/]+/)?etc/(?:banner|issue|motd)")

    @staticmethod
    def read(content: bytes, part: str) -> Iterator[Claim]:
        for line in content[: _LINES * _WIDTH].decode("utf-8", "replace").splitlines()[:_LINES]:
            match = _LINE.fullmatch(_GETTY_ESCAPES.sub("", line)[:_WIDTH].strip(_FRAME))
            if match is None:
                continue
            product, version, rest = match.groups()
            if version[0] in "vV" or _NO_PROSE.fullmatch(rest):
                yield from claim("product", product, SOURCE, part)
                yield from claim("version", version, SOURCE, part)
                yield from claim("build", rest.strip(" \t,/()"), SOURCE, part)
                return
