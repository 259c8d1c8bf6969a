"""The device's web server: whether it shows system files, runs programs it did not, answers where it did not, asks nobody any more.

Settings of uhttpd, lighttpd, busybox and the small servers are read alike (`trueware.explaining.reading.web_servers`) and compared as
sets, so that order and comments never differ. What pages and programs under its folder do is told by `web_pages`.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.explaining.contract import Altered, Case
from trueware.explaining.patterns import regex
from trueware.explaining.reading.lines import excerpt
from trueware.explaining.reading.sides import both_sides
from trueware.explaining.reading.web_servers import About, Setting, read_lighttpd, read_plain, read_uhttpd
from trueware.model.finding import Evidence, Finding, Rule, Severity

EXPOSES = Rule(
    "web-system-files",
    "The device's web server shows the system's own files",
    Severity.HIGH,
    help="Password hashes, keys and settings can be fetched by whoever reaches it.",
    effect="remote-access",
)
SHOWS = Rule(
    "web-folder-added",
    "The device's web server shows another folder than the genuine one does",
    Severity.MEDIUM,
    help="See what lies in it, and who can put something there.",
    effect="remote-access",
)
RUNS = Rule(
    "web-programs-added",
    "The device's web server runs programs that it does not run in the genuine software",
    Severity.MEDIUM,
    help="Programs of a web server are how back doors are reached most easily. See what lies where it runs them.",
    effect="remote-access",
)
LISTENS = Rule(
    "web-port-added",
    "The device's web interface answers at another address or port",
    Severity.LOW,
    help="Owners may set that. Reachable from the internet it is attacked within hours.",
    effect="remote-access",
)
UNASKED = Rule(
    "web-login-removed",
    "The device's web server asks for no password where it does in the genuine software",
    Severity.HIGH,
    help="Whoever reaches it may do what only somebody with the password could.",
    effect="remote-access",
)

_UHTTPD = regex(r"(?:.*/)?etc/config/uhttpd")
_LIGHTTPD = regex(r"(?:.*/)?etc/lighttpd(?:/.*)?/[^/]+\.conf|(?:.*/)?lighttpd\.conf")
_PLAIN = regex(r"(?:.*/)?(?:httpd|mini_httpd|thttpd|boa)\.conf")
_SYSTEM = regex(r"/|/(?:etc|root|proc|dev|sys|var|tmp|mnt|config|data|jffs2?|overlay|nvram)(?:/(?:etc)?)?")


class WebServers:
    """Settings of web servers."""

    subject: ClassVar[str] = "settings of web servers"
    rules: ClassVar[tuple[Rule, ...]] = (EXPOSES, SHOWS, RUNS, LISTENS, UNASKED)
    wants: ClassVar[re.Pattern[str]] = re.compile("|".join(each.pattern for each in (_UHTTPD, _LIGHTTPD, _PLAIN)))

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (a change shows it)
        sides = both_sides(altered, WebServers.wants)
        if sides is None or altered.is_removed:
            return
        old, new = (tuple(_read(altered, side)) if side else () for side in sides)
        known = {(each.about, each.value) for each in old}
        for each in dict.fromkeys(new):
            if (each.about, each.value) not in known and each.about is not About.ASKS:
                yield _told(altered, each, is_more=bool(old))
        asked = {each.value for each in new if each.about is About.ASKS}
        for each in old:
            if (
                each.about is About.ASKS
                and each.value not in asked
                and (not asked or not _UHTTPD.fullmatch(altered.inner))
            ):
                evidence = Evidence(f"line {each.line}", excerpt(each.value), None)
                yield altered.finding(UNASKED, excerpt(each.value, 100), evidence)


def _read(altered: Altered, data: bytes) -> Iterator[Setting]:
    if _UHTTPD.fullmatch(altered.inner):
        return read_uhttpd(data)
    return read_lighttpd(data) if _LIGHTTPD.fullmatch(altered.inner) else read_plain(data)


def _told(altered: Altered, each: Setting, *, is_more: bool) -> Finding:
    """Tell one setting; where the genuine software has no such file, a server came, and what it does weighs less by itself."""
    exposes = each.about is About.SHOWS and _SYSTEM.fullmatch(each.value) is not None
    rule = EXPOSES if exposes else {About.SHOWS: SHOWS, About.RUNS: RUNS}.get(each.about, LISTENS)
    lesser = not exposes and (altered.is_configuration or not is_more)
    evidence = Evidence(f"line {each.line}", None, excerpt(each.value))
    port = each.value.rpartition(":")[2]
    touches = [f"port:{port}"] if each.about is About.LISTENS and port.isdigit() else ()
    detail = f"{each.about.value} {excerpt(each.value, 100)}"
    return altered.finding(rule, detail, evidence, touches=touches, severity=Severity.LOW if lesser else None)
