"""What only looks or sounds different: pictures, fonts, sounds, style sheets, documents and translations, told by what they are.

A picture is one by its first bytes and not by its name: where the name says picture and the bytes say program, script or archive, the
file is disguised, and that is said instead. A style sheet that draws on another machine, and an SVG picture in which code runs, are
more than appearance too.

Sources for the first bytes: PNG (W3C) §5.2, JPEG (ITU-T T.81) §B.1, GIF89a, WebP and WAV as RIFF, BMP and ICO as Windows writes them,
WOFF (W3C), OpenType, Ogg (RFC 3533), FLAC, MP3 (ISO 11172-3), PDF (ISO 32000-1) §7.5.2, gettext's ``.mo``.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.errors import UnsupportedInput
from trueware.explaining.contract import Altered, Case, Detector
from trueware.explaining.patterns import regex
from trueware.explaining.reading.html import read_html
from trueware.explaining.reading.lines import excerpt, listed
from trueware.explaining.reading.pages import elsewhere, new_runs
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity
from trueware.model.part import Kind

PICTURE = Rule(
    "picture-changed",
    "A picture, font or sound is other, was added or was taken away",
    Severity.LOW,
    help="It changes how the product looks or sounds and nothing else; another maker's mark may be the reason.",
    effect="appearance-changed",
)
STYLE = Rule(
    "style-changed",
    "A style sheet is other",
    Severity.LOW,
    help="It changes how pages look. What it fetches from elsewhere is a finding of its own.",
    effect="appearance-changed",
)
DOCUMENT = Rule(
    "document-changed",
    "A document, notice or translation is other, was added or was taken away",
    Severity.INFO,
    help="No program acts on it.",
    effect="appearance-changed",
)
STYLE_REMOTE = Rule(
    "style-remote",
    "A style sheet draws on another machine",
    Severity.MEDIUM,
    help="That machine sees each visit, and can tell what is typed from which pictures are asked for.",
    effect="data-sent-elsewhere",
)
SVG_CODE = Rule(
    "picture-runs-code",
    "Code was put into a picture",
    Severity.HIGH,
    help="An SVG picture runs it when it is opened by itself, with the rights of the place it lies at.",
    effect="app-injected",
)
DISGUISED = Rule(
    "file-disguised",
    "A file is by its name a picture, sound or document and in truth a program, script or archive",
    Severity.HIGH,
    help="Find out which program opens it, and what that does with it.",
    effect="program-altered",
)

_PICTURES = r"png|jpe?g|gif|ico|bmp|webp|svg|woff2?|ttf|otf|ttc|eot|wav|mp3|ogg|oga|flac|m4a|mp4|mng|pcx|tga|mvi|xpm|pbm|ppm|pic"
_DOCUMENT = (
    r"(?:.*/)?(?:usr/(?:local/)?share/(?:doc|man|info|licenses|help|locale|gtk-doc|common-licenses)/.*|"
    r"(?:[A-Z]+[_-])?(?:README|LICEN[CS]E|COPYING|CHANGE(?:S|LOG)|ChangeLog|AUTHORS|NOTICE|NEWS|TODO|THANKS|CREDITS)(?:[._-][^/]*)?|"
    r"[^/]+\.(?:pdf|mo|gmo|qm|rst|md))"
)
_PICTURE_NAME = regex(rf"(?i:.*\.(?:{_PICTURES}))")
_STYLE_NAME = regex(r"(?i:.*\.(?:css|less|scss|qss))")
_DOCUMENT_NAME = regex(_DOCUMENT)
_OTHER = (
    (b"\x7fELF", "a program (ELF)"), (b"dex\n0", "a program (DEX)"), (b"#!", "a script"), (b"PK\x03\x04", "an archive (ZIP)"),
    (b"\x1f\x8b", "a compressed file (gzip)"), (b"MZ", "a program (PE)"), (b"<?php", "a script (PHP)"),
    (b"\xca\xfe\xba\xbe", "a program (Java class)"), (b"\xfd7zXZ\0", "a compressed file (xz)"), (b"7z\xbc\xaf", "an archive (7z)"),
    (b"BZh", "a compressed file (bzip2)"),
)  # fmt: skip
_ICON_PROGRAM = regex(r"(?i).*\.(?:ico|ttf|otf|ttc|pic|tga)")
_REMOTE = regex(r"(?:url\(\s*|@import\s+)[\"']?((?:https?:)?//[^\s\"')]{1,500})", re.IGNORECASE)
_LARGEST_STYLE = 1 << 20
_HEAD = 16


class Appearance:
    """Pictures, fonts, sounds, style sheets and documents."""

    subject: ClassVar[str] = "appearance"
    rules: ClassVar[tuple[Rule, ...]] = (PICTURE, STYLE, DOCUMENT, STYLE_REMOTE, SVG_CODE, DISGUISED)
    wants: ClassVar[re.Pattern[str]] = re.compile(f"{_PICTURE_NAME.pattern}|{_STYLE_NAME.pattern}|{_DOCUMENT}")

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (the form)
        part = altered.change.found or altered.change.expected
        if part is None or part.kind not in (Kind.FILE, Kind.REGION):
            return
        is_picture = _PICTURE_NAME.fullmatch(altered.inner) is not None
        is_style = not is_picture and _STYLE_NAME.fullmatch(altered.inner) is not None
        rule = PICTURE if is_picture else STYLE if is_style else DOCUMENT
        if altered.is_removed or altered.is_moved:
            yield altered.finding(
                rule, f"{altered.name} is gone" if altered.is_removed else f"moved from {altered.change.origin}"
            )
            return
        if "content" not in altered.change.aspects and not altered.is_added:
            return  # only its rights or its owner changed
        after = altered.after()
        if after is None:
            return
        truth = _truth(altered.name, after)
        if truth is not None and not _is_same(altered, truth):
            yield altered.finding(
                DISGUISED,
                f"{altered.name} is {truth}",
                Evidence("first bytes", None, repr(after[:_HEAD])),
                confidence=None if altered.is_added or altered.before() is not None else Confidence.LOW,
            )
            return
        if altered.name.lower().endswith(".svg"):
            yield from _svg(altered, after)
        elif is_style and len(after) <= _LARGEST_STYLE:
            yield from _style(altered, after)
        before = None if altered.is_added else altered.change.expected
        yield altered.finding(
            rule,
            f"{altered.name} was added" if altered.is_added else f"{altered.name} is other",
            Evidence("size", None if before is None else f"{before.size} bytes", f"{len(after)} bytes"),
        )


def _truth(name: str, data: bytes) -> str | None:
    """Return what a file is that by its first bytes is none of those that its name may stand for."""
    if data.startswith(b"MZ") and _ICON_PROGRAM.fullmatch(name):
        return None  # Windows keeps icons and fonts in programs
    if name.endswith((".gz", ".mo", ".qm", ".bz2", ".xz", ".zip")) or "." not in name:
        return None
    return next((told for magic, told in _OTHER if data.startswith(magic)), None)


def _is_same(altered: Altered, truth: str) -> bool:
    """Tell whether the genuine file is of that sort too, so that its name misleads by the maker's doing."""
    return not altered.is_added and _truth(altered.name, altered.before() or b"") == truth


def _svg(altered: Altered, after: bytes) -> Iterator[Finding]:
    if altered.before() is None and not altered.is_added:
        return
    try:
        new = new_runs(read_html(altered.before() or b""), read_html(after))
    except UnsupportedInput:
        return
    if new:
        yield altered.finding(
            SVG_CODE,
            listed(str(each) for each in new),
            *(Evidence(f"line {each.line}", None, str(each)) for each in new[:3]),
            touches=[f"host:{each.url.host}" for each in new if each.url is not None],
        )


def _style(altered: Altered, after: bytes) -> Iterator[Finding]:
    before = altered.before()
    if before is None and not altered.is_added:
        return
    old = set(_drawn(before or b""))
    urls = [url for each in dict.fromkeys(_drawn(after)) if each not in old and (url := elsewhere(each)) is not None]
    if urls:
        yield altered.finding(
            STYLE_REMOTE,
            listed(dict.fromkeys(url.host for url in urls)),
            *(Evidence("address", None, excerpt(url.masked())) for url in urls[:3]),
            touches=[f"host:{url.host}" for url in urls],
        )


def _drawn(data: bytes) -> list[str]:
    found: list[str] = _REMOTE.findall(data.decode("utf-8", "replace"))
    return found


_: type[Detector] = Appearance
