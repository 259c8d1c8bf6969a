"""What a registry keeps of a release so that a change to it can be explained later on, when the genuine artefact is not at hand.

Measuring keeps the files that say what the software is and who may do what with it (`trueware.model.kept`). Beside those, scripts,
settings and pages are kept, as long as they are small and there is room; and of programs, portraits.
"""

import re
from collections.abc import Mapping

from trueware.explaining.portraits import portray
from trueware.measuring import Measurement
from trueware.model.limits import Limits
from trueware.model.part import Kind, Part
from trueware.registry.portraits import MOST, RECORD

_PROGRAM = re.compile(r"lib[^/]*\.so[.\d]*|.*\.(?:so|ko|dex|odex|vdex|oat|elf|axf|bin|out)(?:\.[\d.]+)?")
_SETTINGS = re.compile(
    r".*\.(?:conf|cfg|cnf|ini|rc|prop|properties|env|rules|service|socket|timer|path|list|keys?|pub|repo|sources|uci|json|xml|ya?ml"
    r"|te|cil|contexts|crt|pem|cer)|[^/]*(?:md5|sha(?:1|256|512))(?:sums?)?(?:\.txt)?|checksums?(?:\.txt)?"
)
_PAGES = re.compile(
    r".*\.(?:html?|shtml|xhtml|asp|aspx|jsp|php|cgi|lua|js|mjs|css|svg|lp|m3u8?|tv|radio|aitx?|sh|tcl|htm\.gz)"
)

_HEAD = 4096
_RANKS = range(3)
"""Programs and scripts, settings, pages: in this order, as long as there is room."""


def keep(measurement: Measurement, limits: Limits) -> tuple[Mapping[bytes, bytes], Mapping[bytes, bytes]]:
    """Return the contents to keep and the portraits of programs, each by SHA-256.

    Args:
        measurement: the release, with `Measurement.contents`.
        limits: `max_kept_file` and `max_kept` bound what is kept; a program may have `max_explained_file` bytes. All portraits
            together are as many as fit one list.
    """
    wanted: dict[bytes, tuple[int, str]] = {}
    for _, part in measurement.root.walk():
        if part.sha256 is not None and part.sha256 not in measurement.kept and (rank := _rank(part)) is not None:
            wanted.setdefault(part.sha256, (rank, part.name))
    kept, portraits = dict(measurement.kept), dict[bytes, bytes]()
    room = limits.max_kept - sum(map(len, kept.values()))
    left = MOST
    contents = measurement.contents
    for rank in _RANKS:
        digests = [digest for digest, (own, _) in wanted.items() if own == rank]
        for digest, content in contents.each(digests, limits.max_explained_file) if contents is not None else ():
            if not isinstance(content, bytes):
                continue
            if (portrait := portray(wanted[digest][1], content[:_HEAD], content)) is not None:
                if (taken := RECORD + len(portrait)) <= left:
                    portraits[digest] = portrait
                    left -= taken
            elif len(content) <= min(limits.max_kept_file, room) and b"\0" not in content[:_HEAD]:
                kept[digest] = content
                room -= len(content)
    return kept, portraits


def _rank(part: Part) -> int | None:
    """Return how much a file is worth keeping, best first, None for what tells nothing: by its mode and its name."""
    if part.kind is not Kind.FILE or not part.size:
        return None
    if (part.mode or 0) & 0o111 or _PROGRAM.fullmatch(part.name):
        return 0
    name = part.name.casefold()
    return 1 if _SETTINGS.fullmatch(name) else 2 if _PAGES.fullmatch(name) else None
