r"""Samsung's ``.tar.md5``: a tar archive with its own MD5 behind it, as Odin takes it.

======  ====  ==================================================
offset  size  field
======  ====  ==================================================
0       ..    tar archive
..      32    MD5 of the archive, in hexadecimal
..      2     two blanks
..      ..    name of the archive, ended by a line feed
======  ====  ==================================================

Source: the output of ``md5sum -t``, which Samsung's archives end with (Heimdall and LineageOS describe the packing). The sum guards
against damage only. No archive of Samsung was at hand.
"""

import re
from hashlib import md5
from typing import ClassVar

from trueware.errors import MalformedInput
from trueware.formats.contract import FormatDoc, Magic, Reading
from trueware.formats.regions import region
from trueware.model.limits import Limits

_LINE = re.compile(rb"([0-9a-f]{32}) [ *]([!-.0-~]{1,200})\n?\Z")
_LONGEST = 240
_USTAR = 257


class OdinTar:
    """A tar archive with a checksum behind it."""

    name: ClassVar[str] = "odin-tar"
    doc: ClassVar[FormatDoc] = FormatDoc("Odin package (.tar.md5)", "Samsung", ("coreutils md5sum",))
    magics: ClassVar[tuple[Magic, ...]] = (Magic(-5, b".tar\n"), Magic(-4, b".tar"), Magic(-5, b".md5\n"))

    @staticmethod
    def matches(view: memoryview) -> bool:
        return bytes(view[_USTAR : _USTAR + 5]) == b"ustar" and _line(view) is not None

    @staticmethod
    def read(view: memoryview, limits: Limits) -> Reading:  # noqa: ARG004 (one region)
        line = _line(view)
        if line is None:
            raise MalformedInput("odin-tar", len(view), "no checksum at the end")
        end = max(len(view) - _LONGEST, 0) + line.start()
        reading = Reading(facts={"name": line[2].decode("ascii")})
        reading.cover(end, len(view))
        found, stated = md5(view[:end], usedforsecurity=False).hexdigest(), line[1].decode("ascii")
        if found != stated:
            reading.note_anomaly("checksum-mismatch", f"the MD5 of the archive is {found}, stated {stated}", end)
        reading.entries = [region("archive", view, 0, end, reading)]
        return reading


def _line(view: memoryview) -> re.Match[bytes] | None:
    """Return the checksum and the name at the end of `view`, found in its last `_LONGEST` bytes."""
    return _LINE.search(bytes(view[max(len(view) - _LONGEST, 0) :]))
