"""Lists of checksums beside the files they speak of, made anew for changed files: a device that looks at nothing else takes them.

``md5sum`` and its like write a digest in hexadecimal, blanks and a name on each line; BSD's write ``MD5 (name) = digest``.
A list proves integrity, never origin: whoever changes a file can write its line.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.explaining.contract import Altered, Case, Detector
from trueware.explaining.naming import listing
from trueware.explaining.patterns import regex
from trueware.explaining.reading.lines import excerpt
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity

REMADE = Rule(
    "checksum-list-remade",
    "A list of checksums was made anew for the files that were changed",
    Severity.LOW,
    help="An update that checks nothing but this list is taken by the device. Only a signature tells who made it.",
    effect="configuration-altered",
)
OTHER = Rule(
    "checksum-list-changed",
    "A list of checksums states others, and the files it speaks of are the same",
    Severity.LOW,
    Confidence.MEDIUM,
    help="The list does not fit the release any more. Where a device looks at it, it refuses the files.",
    effect="configuration-altered",
)

_LINE = regex(r"([0-9a-fA-F]{32,128})[ \t]+[* ]?(.{1,512}?)\s*")
_BSD = regex(r"(?:MD5|SHA\d{1,3}(?:/\d{3})?) ?\((.{1,512})\) ?= ?([0-9a-fA-F]{32,128})\s*")
_SIZES = frozenset({32, 40, 56, 64, 96, 128})
_LARGEST = 1 << 22


class ChecksumLists:
    """Lists that ``md5sum`` and its like write."""

    subject: ClassVar[str] = "lists of checksums"
    rules: ClassVar[tuple[Rule, ...]] = (REMADE, OTHER)
    wants: ClassVar[re.Pattern[str]] = re.compile(
        r"(?i:(?:.*/)?(?:[^/]*(?:md5|sha(?:1|224|256|384|512)?)(?:sums?)?(?:\.txt)?|checksums?(?:\.txt)?))"
    )

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:
        before, after = altered.before(), altered.after()
        if before is None or after is None:
            return
        there, here = read_list(before), read_list(after)
        names = sorted(name for name in there.keys() & here.keys() if there[name] != here[name])
        names += sorted(there.keys() ^ here.keys())
        if not names:
            return
        changed = {each.name for each in case.altered} | {
            step for each in case.altered for step in each.path.split("/")
        }
        rule = REMADE if any(_last(name) in changed or f"{_last(name)}!" in changed for name in names) else OTHER
        told = (Evidence(excerpt(name), there.get(name), here.get(name)) for name in names[:4])
        yield altered.finding(rule, f"other checksums of {listing(names)}", *told)


def read_list(content: bytes) -> dict[str, str]:
    """Return digests in lower-case hexadecimal by name; lines of another form say nothing, and so does a list without any."""
    found = {}
    for line in content[:_LARGEST].decode("utf-8", "backslashreplace").splitlines():
        if (plain := _LINE.fullmatch(line)) is not None:
            digest, name = plain[1], plain[2]
        elif (bsd := _BSD.fullmatch(line)) is not None:
            name, digest = bsd[1], bsd[2]
        else:
            continue
        if len(digest) in _SIZES:
            found[name.removeprefix("./")] = digest.lower()
    return found


def _last(name: str) -> str:
    return name.rpartition("/")[2]


_: type[Detector] = ChecksumLists
