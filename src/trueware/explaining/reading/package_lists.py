"""What a device says is installed on it: the lists of dpkg, opkg and apk-tools, the packages with their versions.

Paragraphs of ``Field: value`` (Debian Policy §5.1; opkg keeps the same form) and the single-letter fields of apk-tools' installed
database (``P:`` name, ``V:`` version; apk-tools wiki, "Apk spec").
"""

import re
from collections.abc import Iterator

from trueware.errors import LimitExceeded
from trueware.explaining.patterns import regex

STATUS = regex(r"(?:usr/lib|var/lib)/(?:opkg|dpkg)/(?:status|status\.d/[^/]+)")
RECORD = regex(
    r"(?:usr/lib|var/lib)/(?:opkg|dpkg)/info/([^/]+)\.(control|list|conffiles|md5sums|shlibs|triggers|symbols)"
)
"""What a package brings with it for the package manager, and no program runs."""

CONTROL = regex(
    r"(?:.*!/)?control\.tar(?:\.\w+)?!/(?:data!/)?(?:\./)?(control|conffiles|md5sums|sha256sums|shlibs|symbols|triggers)"
)
"""The same within a package (deb-control(5)), by its whole path."""

APK = regex(r"lib/apk/db/installed")

_MOST = 1 << 24


def read_paragraphs(content: bytes) -> Iterator[tuple[str, str]]:
    """Yield the packages of a status file of dpkg or opkg, those that are installed.

    Raises:
        LimitExceeded: longer than any list of packages.
    """
    for paragraph in re.split(r"\n[ \t]*\n", _text(content)):
        fields: dict[str, str] = {}
        for line in paragraph.splitlines():
            name, colon, value = line.partition(":")
            if colon and not line.startswith((" ", "\t")):
                fields.setdefault(name.casefold(), value.strip())
        status = fields.get("status", "installed").split()
        if "package" in fields and "version" in fields and status[-1:] == ["installed"]:
            yield fields["package"], fields["version"]


def read_apk(content: bytes) -> Iterator[tuple[str, str]]:
    """Yield the packages of apk-tools' installed database.

    Raises:
        LimitExceeded: longer than any list of packages.
    """
    for paragraph in _text(content).split("\n\n"):
        fields = {line[:2]: line[2:] for line in paragraph.splitlines()}
        if "P:" in fields and "V:" in fields:
            yield fields["P:"], fields["V:"]


def _text(content: bytes) -> str:
    if len(content) > _MOST:
        raise LimitExceeded("package list", _MOST)
    return content.decode("utf-8", "surrogateescape")
