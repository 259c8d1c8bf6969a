"""Apps of televisions and players: code put into one, what it may reach and do now, and who made it.

An app of Tizen, webOS, Kodi or Android is a folder or package that describes itself (`trueware.explaining.apps`). Looked at are

* its pages: scripts and frames that the genuine page does not have, those of another machine apart;
* its scripts: added or other; whether a signature of the package names them; which machines they name; whether they run what they
  fetch; whether they fetch lists of an ad blocker;
* its description: where it may take content from, privileges, services, the page it starts with;
* who signed it as its author.

Scripts that differ in layout and comments alone are the same. Device-side pages are `web_pages`'s, classes and manifests of Android
are other detectors'.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import ClassVar

from trueware.errors import InputError, UnsupportedInput
from trueware.explaining.apps import App, app_of
from trueware.explaining.contract import Altered, Case, Detector
from trueware.explaining.patterns import regex
from trueware.explaining.reading.html import read_html
from trueware.explaining.reading.javascript import Script, read_javascript
from trueware.explaining.reading.lines import excerpt, listed
from trueware.explaining.reading.pages import Runs, elsewhere, executes, new_runs, runs, sends, urls_in
from trueware.explaining.reading.tv_app import TvApp, author, broadcast_apps, read_app, signed_names
from trueware.explaining.reading.urls import Url
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity
from trueware.model.part import Kind

INJECTED = Rule(
    "app-script-injected",
    "A page of an app runs code that the genuine one does not",
    Severity.HIGH,
    help="Take the app away and install it from the store; what was typed into it may be known to others.",
    effect="app-injected",
)
REMOTE = Rule(
    "app-remote-content",
    "A page of an app loads code or pages from another machine, which the genuine one does not",
    Severity.HIGH,
    help="Whoever runs that machine decides what the app does, at each start anew.",
    effect="app-injected",
)
INLINE = Rule(
    "app-page-script-changed",
    "Code in a page of an app is other than the genuine",
    Severity.MEDIUM,
    help="Code in a page may do all that the app may. Compare it with the genuine page.",
    effect="app-injected",
)
SCRIPT_ADDED = Rule(
    "app-script-added",
    "A script was added to an app",
    Severity.MEDIUM,
    help="Whether it runs depends on what loads it. Where no signature of the package names it, nobody vouches for it.",
    effect="app-injected",
)
SCRIPT_CHANGED = Rule(
    "app-script-changed",
    "A script of an app is other than the genuine",
    Severity.MEDIUM,
    help="It may do all that the app may. Compare it with the genuine script.",
    effect="app-injected",
)
PAGE = Rule(
    "app-page-changed",
    "A page of an app looks different, or was added or taken away",
    Severity.LOW,
    help="What the page shows is other. Code in it is a finding of its own.",
    effect="appearance-changed",
)
FETCHES = Rule(
    "app-code-fetched",
    "A script of an app fetches something from another machine and can run it as code",
    Severity.HIGH,
    Confidence.MEDIUM,
    help="What it does can change from one day to the next, without the app being changed again.",
    effect="code-downloaded",
)
ADS = Rule(
    "app-ads-blocked",
    "A script of an app takes out advertisements or parts of what is shown",
    Severity.LOW,
    Confidence.MEDIUM,
    help="Known by the lists it fetches. It does its owner little harm and the content owner some; it shows the app was altered.",
    effect="app-injected",
)
REACH = Rule(
    "app-reach-widened",
    "An app may reach machines that the genuine one may not",
    Severity.MEDIUM,
    help="A wildcard lets a page of the app send to, and load from, anywhere.",
    effect="app-injected",
)
WATCHING = Rule(
    "app-may-watch-home",
    "A TV app may hear, see or locate the home, which the genuine one may not",
    Severity.HIGH,
    help="A television stands where people talk. Take the app away and install it from the store.",
    effect="surveillance",
)
READING = Rule(
    "app-may-read-people",
    "A TV app may read accounts, messages or contacts, which the genuine one may not",
    Severity.HIGH,
    help="Whoever made the app can read them from the device. Install the app from its publisher.",
    effect="communications-read",
)
PRIVILEGE = Rule(
    "app-privileges-added",
    "A TV app asks for privileges that the genuine one does not have",
    Severity.MEDIUM,
    help="The system lets it do more than the publisher asked for. Install the app from its publisher.",
    effect="app-injected",
)
SERVICE = Rule(
    "app-service-added",
    "A TV app has a service in the background that the genuine one does not have",
    Severity.MEDIUM,
    help="It runs while the app is not shown, often from the start of the television on.",
    effect="start-up-persistence",
)
START = Rule(
    "app-start-changed",
    "A TV app starts with another page or program",
    Severity.HIGH,
    help="What starts decides what the app is. Install the app from its publisher.",
    effect="app-injected",
)
APP_ADDED = Rule(
    "tv-app-added",
    "A TV app or add-on was added",
    Severity.MEDIUM,
    Confidence.MEDIUM,
    help="The genuine software does not come with it. An owner may install apps; a shop or reseller should not.",
    effect="app-injected",
)
AUTHOR = Rule(
    "app-author-changed",
    "A TV app was signed by another author",
    Severity.HIGH,
    help="Anybody may get an author's certificate from the maker of the television; it says who packed the app, not whose it is.",
    effect="signer-replaced",
)
BROADCAST = Rule(
    "broadcast-app-redirected",
    "An application that comes with a broadcast is loaded from another machine",
    Severity.HIGH,
    help="It runs on top of the channel and may ask for anything. Compare the address with the broadcaster's.",
    effect="app-injected",
)
SIGNED = Rule(
    "app-signed-anew",
    "The package of a TV app has another signature",
    Severity.LOW,
    help="It was packed and signed again. A release of its publisher has the publisher's own signature.",
    effect="rebuilt-by-another",
)

_LISTS = (
    ("easylist.to", ""), ("easylist-downloads.adblockplus.org", ""), ("filters.adtidy.org", ""), ("pgl.yoyo.org", ""),
    ("raw.githubusercontent.com", "/ublockorigin/"), ("raw.githubusercontent.com", "/easylist/"),
    ("raw.githubusercontent.com", "/adguardteam/"), ("cdn.jsdelivr.net", "/gh/ublockorigin/"), ("sponsor.ajay.app", ""),
    ("ublockorigin.github.io", ""), ("cdn.statically.io", "/gh/uBlockOrigin/"),
)  # fmt: skip
"""Hosts and beginnings of paths of lists that ad blockers fetch, by the projects' own documentation (uBlock Origin ``assets.json``,
EasyList, AdGuard filters, SponsorBlock API)."""

_WATCHES = regex(r"record|camera|microphone|location|mediacapture|voice|screenshot|screencapture|healthinfo")
_READS = regex(r"messag|email|contact|callhistory|calendar|account|notification|bookmark|keymanager")
"""Words of privileges; docs.tizen.org "Security and API Privileges", webostv.developer.lge.com "appinfo.json"."""

_DESCRIPTIONS = r"config\.xml|tizen-manifest\.xml|appinfo\.json|services\.json|addon\.xml"
_DESCRIPTION = regex(rf"(?:.*/)?(?:{_DESCRIPTIONS})")
_SIGNATURE = regex(r"author-signature\.xml|signature[0-9]{1,3}\.xml")
_TABLE = regex(r"(?i).*\.aitx?")
_CODE = regex(r"(?i).*\.m?js")
_PACKAGE = regex(r"(?i).*\.(?:wgt|tpk|ipk|zip)")
_FOLDERS = 4
"""Folders within a package in which its description may lie."""

_MANY = 3


class TvApps:
    """Code, description and author of apps of televisions and players."""

    subject: ClassVar[str] = "TV apps"
    rules: ClassVar[tuple[Rule, ...]] = (
        WATCHING, READING, INJECTED, REMOTE, INLINE, SCRIPT_ADDED, SCRIPT_CHANGED, PAGE, FETCHES, ADS, REACH, PRIVILEGE,
        SERVICE, START, APP_ADDED, AUTHOR, SIGNED, BROADCAST,
    )  # fmt: skip
    wants: ClassVar[re.Pattern[str]] = re.compile(
        rf"(?:.*/)?(?:(?i:[^/]+\.(?:x?html?|m?js|aitx?|wgt|tpk|ipk|zip))|{_DESCRIPTIONS}|author-signature\.xml|signature[0-9]{{1,3}}\.xml)"
    )

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:
        part = altered.change.found or altered.change.expected
        if part is None or part.kind is not Kind.FILE or altered.is_moved:
            return
        if _PACKAGE.fullmatch(altered.name):
            yield from _package(altered, case)
            return
        if _TABLE.fullmatch(altered.name):
            yield from _broadcast(altered)
            return
        app = app_of(altered, case)
        if app is None:
            return
        if altered.is_removed:
            if not _DESCRIPTION.fullmatch(altered.inner) and not _SIGNATURE.fullmatch(altered.name):
                yield altered.finding(PAGE, f"{altered.name} is gone")
            return
        after = altered.after()
        before = b"" if altered.is_added else altered.before()
        if after is None:
            return
        if _SIGNATURE.fullmatch(altered.name):
            yield from _author(altered, before, after)
        elif _DESCRIPTION.fullmatch(altered.inner):
            yield from _description(altered, before, after)
        elif before is None or (before == after and not altered.is_added):
            return
        elif _CODE.fullmatch(altered.name):
            yield from _script(altered, before, after, vouched=_is_vouched(app, case))
        else:
            yield from _page(altered, before, after)


def _package(altered: Altered, case: Case) -> Iterator[Finding]:
    """Yield the app in a package that was added as a whole: its files are no changes of their own."""
    waiting = [(altered.change.found, 0)] if altered.is_added else []
    while waiting:
        part, depth = waiting.pop()
        for child in part.children if part is not None else ():
            if child.kind is Kind.FILE and _DESCRIPTION.fullmatch(child.name):
                data = case.source.read(child)
                app = read_app(child.name, data) if data is not None else None
                if app is not None and child.name != "services.json":
                    yield from _added(altered, app)
                    return
            elif child.children and depth < _FOLDERS:
                waiting.append((child, depth + 1))


def _page(altered: Altered, before: bytes, after: bytes) -> Iterator[Finding]:
    old, new = read_html(before), read_html(after)
    found = new_runs(old, new)
    remote = [each for each in found if each.url is not None]
    if remote:
        yield _ran(altered, REMOTE, remote)
    local = [each for each in found if each.url is None]
    gone = [each for each in runs(old) if each.source == "" and each.same not in {one.same for one in runs(new)}]
    inline = [each for each in local if each.source == ""]
    rule = INLINE if gone and len(inline) <= len(gone) and len(inline) == len(local) else INJECTED
    if local and not altered.is_added:
        yield _ran(altered, rule, local, gone if rule is INLINE else [])
    for script in (each.script for each in inline):
        if script is not None:
            yield from _purpose(altered, script, _known(gone))
    if altered.is_added or not found:
        yield altered.finding(PAGE, f"{altered.name} was added" if altered.is_added else "words, layout or comments")


def _known(gone: list[Runs]) -> frozenset[str]:
    return frozenset(text.text for each in gone if each.script is not None for text in each.script.texts)


def _ran(altered: Altered, rule: Rule, found: list[Runs], gone: list[Runs] | None = None) -> Finding:
    was = [str(each) for each in gone or ()]
    return altered.finding(
        rule,
        listed(str(each) for each in found),
        *(
            Evidence(f"line {each.line}", was[index] if index < len(was) else None, str(each))
            for index, each in enumerate(found[:_MANY])
        ),
        touches=[f"host:{each.url.host}" for each in found if each.url is not None],
    )


def _script(altered: Altered, before: bytes, after: bytes, *, vouched: bool) -> Iterator[Finding]:
    rule = SCRIPT_ADDED if altered.is_added else SCRIPT_CHANGED
    try:
        old, new = read_javascript(before), read_javascript(after)
    except UnsupportedInput:
        yield altered.finding(rule, f"{altered.name}, too long to be read")
        return
    if old.tokens == new.tokens and not altered.is_added:
        yield altered.finding(PAGE, "comments or layout of a script")
        return
    known = frozenset(each.text for each in old.texts)
    addresses = urls_in(each for each in new.texts if each.text not in known)
    told = [altered.name] if new.tokens else [f"{altered.name}, empty"]
    told += [] if vouched else ["no signature of the package names it"]
    told += [f"names {listed(dict.fromkeys(url.host for url in addresses), 4)}"] if addresses else []
    yield altered.finding(
        rule,
        "; ".join(told),
        *_urls(addresses),
        touches=[f"host:{url.host}" for url in addresses],
        severity=None if new.tokens else Severity.INFO,
    )
    yield from _purpose(altered, new, known)


def _purpose(altered: Altered, script: Script, known: frozenset[str]) -> Iterator[Finding]:
    """Yield what a script does with other machines, as far as it names them and the genuine one does not."""
    addresses = urls_in(each for each in script.texts if each.text not in known)
    lists = {url: line for url, line in addresses.items() if _is_list(url)}
    if lists:
        yield altered.finding(ADS, listed(f"{url.host}{url.path}" for url in lists), *_urls(lists))
    running, reaching = executes(script), sends(script)
    if addresses and running and (reaching or "createElement('script')" in running):
        yield altered.finding(
            FETCHES,
            f"by {listed([*reaching, *running])}, from {listed(dict.fromkeys(url.host for url in addresses), 4)}",
            *_urls(addresses),
            touches=[f"host:{url.host}" for url in addresses],
        )


def _is_list(url: Url) -> bool:
    return any(url.host == host and url.path.lower().startswith(path.lower()) for host, path in _LISTS)


def _urls(addresses: dict[Url, int]) -> Iterator[Evidence]:
    for url, line in list(addresses.items())[:_MANY]:
        yield Evidence(f"line {line}", None, excerpt(url.masked()))


def _is_vouched(app: App, case: Case) -> bool:
    """Tell whether a signature of the app's package names the file, or the package has none that could."""
    names: set[str] | None = None
    for child in app.root.children:
        if child.kind is Kind.FILE and _SIGNATURE.fullmatch(child.name):
            names = names or set()
            with suppress(InputError):
                names |= signed_names(case.source.read(child) or b"")
    return names is None or app.inner in names


def _broadcast(altered: Altered) -> Iterator[Finding]:
    before, after = b"" if altered.is_added else altered.before(), altered.after()
    if before is None or after is None:
        return
    old = broadcast_apps(before) if before else frozenset[str]()
    hosts = {url.host for each in old if (url := elsewhere(each)) is not None}
    new = [
        each for each in sorted(broadcast_apps(after)) if (url := elsewhere(each)) is not None and url.host not in hosts
    ]
    if new:
        yield altered.finding(
            BROADCAST,
            listed(new, 3),
            Evidence("applications", listed(sorted(old)) or None, listed(new)),
            touches=[f"host:{url.host}" for each in new if (url := elsewhere(each)) is not None],
            severity=Severity.MEDIUM if altered.is_added else None,
        )


def _author(altered: Altered, before: bytes | None, after: bytes) -> Iterator[Finding]:
    was, now = author(before) if before else None, author(after)
    is_author = altered.name.startswith("author")
    if is_author and was and now and was != now:
        yield altered.finding(AUTHOR, excerpt(now), Evidence("author's certificate", excerpt(was), excerpt(now)))
    elif before is not None:
        yield altered.finding(
            SIGNED,
            f"by {excerpt(now)}" if now else "without a certificate",
            Evidence("certificate", was and excerpt(was), now and excerpt(now)),
        )


def _description(altered: Altered, before: bytes | None, after: bytes) -> Iterator[Finding]:
    app = read_app(altered.name, after)
    if app is None:
        return
    if altered.is_added:
        yield from _added(altered, app)
        return
    if before is None:
        return
    old = read_app(altered.name, before) or TvApp()
    if came := sorted(app.origins - old.origins):
        anywhere = any(each in ("*", "navigation to *") for each in came)
        yield altered.finding(
            REACH,
            listed(came),
            Evidence("access", listed(sorted(old.origins)) or None, listed(came)),
            severity=Severity.HIGH if anywhere else None,
        )
    if (
        old.policy
        and old.policy != app.policy
        and (not app.policy or "*" in app.policy.split() or "unsafe" in app.policy)
    ):
        yield altered.finding(
            REACH,
            "a weaker content security policy",
            Evidence("content-security-policy", excerpt(old.policy), excerpt(app.policy) or None),
        )
    yield from _privileges(altered, app.privileges - old.privileges)
    if came := sorted(app.services - old.services):
        yield altered.finding(
            SERVICE, listed(came), Evidence("services", listed(sorted(old.services)) or None, listed(came))
        )
    if old.main and app.main != old.main:
        url = elsewhere(app.main)
        yield altered.finding(
            START,
            f"starts with {excerpt(app.main)}",
            Evidence("start", excerpt(old.main), excerpt(app.main)),
            touches=(f"host:{url.host}",) if url is not None else (),
        )


def _privileges(altered: Altered, came: frozenset[str]) -> Iterator[Finding]:
    """Yield the privileges that came, by what they reach."""
    by_rule: dict[Rule, list[str]] = {}
    for each in sorted(came):
        word = each.rpartition("/")[2].lower()
        rule = WATCHING if _WATCHES.search(word) else READING if _READS.search(word) else PRIVILEGE
        by_rule.setdefault(rule, []).append(each)
    for rule, names in by_rule.items():
        yield altered.finding(
            rule,
            listed(names),
            Evidence("privileges", None, listed(names)),
            touches=[f"permission:{each}" for each in names],
        )


def _added(altered: Altered, app: TvApp) -> Iterator[Finding]:
    """Yield that an app was added, with what it may do."""
    evidence = [
        Evidence(what, None, listed(sorted(has)))
        for what, has in (
            ("access", app.origins),
            ("privileges", app.privileges),
            ("services", app.services),
            ("extends", app.points),
        )
        if has
    ]
    yield altered.finding(
        APP_ADDED,
        excerpt(str(app)) or altered.name,
        *evidence,
        touches=[f"permission:{each}" for each in sorted(app.privileges)],
        severity=Severity.INFO if altered.is_configuration else None,
    )


_: type[Detector] = TvApps
