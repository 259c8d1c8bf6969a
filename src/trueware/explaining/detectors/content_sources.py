"""Where content comes from: lists of channels, accounts at machines that sell them, repositories and shops that came with a receiver.

What an owner put into a place that a device may change in service is the owner's own doing and said as such. What comes with the
software itself is not: nobody who makes a genuine receiver ships somebody's account. Whether a source has the rights to what it
offers cannot be told from its address; a list of channels is found with low confidence for that reason, an account at a panel, the
usual way of unlicensed resale, with medium.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import ClassVar

from trueware.errors import InputError
from trueware.explaining.contract import Altered, Case, Detector
from trueware.explaining.patterns import regex
from trueware.explaining.reading.android_manifest import AppManifest, read_manifest
from trueware.explaining.reading.documents import local, parse_xml
from trueware.explaining.reading.lines import excerpt, listed
from trueware.explaining.reading.playlists import Account, Channel, accounts, channels
from trueware.explaining.reading.urls import Url, find_urls, is_local
from trueware.model.explanation import Scenario
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity
from trueware.model.part import Kind

_EFFECT = "illicit-content-source"

ACCOUNT = Rule(
    "iptv-account-added",
    "An account at a provider of television over the Internet came with the software",
    Severity.HIGH,
    Confidence.MEDIUM,
    help="Ask whose it is. The genuine product has none; with unlicensed providers such accounts are resold.",
    effect=_EFFECT,
)
PORTAL = Rule(
    "iptv-portal-added",
    "The receiver was set up for a portal of television over the Internet that the genuine product does not use",
    Severity.HIGH,
    Confidence.MEDIUM,
    help="It logs in by a MAC address. Compare the host with that of the operator.",
    effect=_EFFECT,
)
CHANNELS = Rule(
    "iptv-channels-added",
    "A list of channels from the Internet came with the software",
    Severity.MEDIUM,
    Confidence.LOW,
    help="Look whether the hosts belong to broadcasters. Many free channels are listed so too.",
    effect=_EFFECT,
)
REPOSITORY = Rule(
    "addon-repository-added",
    "A repository of add-ons came with the media player",
    Severity.MEDIUM,
    Confidence.MEDIUM,
    help="Whoever runs it decides what is offered and, by updates, what runs on the receiver.",
    effect=_EFFECT,
)
SHOP = Rule(
    "app-shop-added",
    "A shop of apps that is not the maker's came with the receiver",
    Severity.MEDIUM,
    Confidence.MEDIUM,
    help="It installs apps that no one checked for this receiver, among them such as show content without licence.",
    effect=_EFFECT,
)

_LISTS = regex(r"(?i).*\.(?:m3u8?|tv|radio|xspf)")
_TEXTS = regex(
    r"(?i).*\.(?:m3u8?|tv|radio|xspf|json|xml|txt|cfg|conf|ini|list|properties|prefs|lua|settings)|(?:.*/)?etc/enigma2/[^/]+"
)
_PACKAGE = regex(r"(?i).*\.apk")
_ADDON = regex(r"(?:.*/)?(?:addon|sources)\.xml")
_LARGEST = 1 << 22
_MANY = 3
_FEW = 5

_OWN_REPOSITORY = regex(r"(?:.*\.)?(?:kodi\.tv|libreelec\.tv|coreelec\.org|osmc\.tv)")
_SHOPS = {
    "cm.aptoide.pt": "Aptoide", "cm.aptoidetv.pt": "Aptoide TV", "com.apkpure.aegon": "APKPure", "com.uptodown": "Uptodown",
    "com.dangbeimarket": "Dangbei", "com.shafa.market": "Shafa", "com.aurora.store": "Aurora Store",
    "com.slideme.sam.manager": "SlideME", "com.mobile.indiapp": "9Apps", "com.happymod.apk": "HappyMod",
    "com.blackmarket.app": "Blackmart",
}  # fmt: skip
"""Shops by the name of their package, as their projects and the app lists of boxes name them."""


class ContentSources:
    """Lists of channels, accounts, portals, repositories and shops."""

    subject: ClassVar[str] = "content sources"
    rules: ClassVar[tuple[Rule, ...]] = (ACCOUNT, PORTAL, CHANNELS, REPOSITORY, SHOP)
    wants: ClassVar[re.Pattern[str]] = re.compile(
        f"{_TEXTS.pattern}|{_PACKAGE.pattern}".replace("(?i)", ""), re.IGNORECASE
    )

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:
        part = altered.change.found
        if part is None or altered.is_moved or part.kind is not Kind.FILE:
            return
        if _PACKAGE.fullmatch(altered.name):
            if altered.is_added and case.scenario is Scenario.RECEIVER:
                yield from _shop(altered, case)
            return
        if part.size > _LARGEST or (after := altered.after()) is None:
            return
        before = b"" if altered.is_added else altered.before()
        if before is None:
            return
        if _ADDON.fullmatch(altered.inner):
            yield from _repository(altered, before, after)
        old = {(each.kind, each.origin) for each in accounts(before)}
        new = [each for each in accounts(after) if (each.kind, each.origin) not in old and not is_local(each.host)]
        yield from _accounts(altered, new)
        if _LISTS.fullmatch(altered.name):
            yield from _channels(altered, before, after)


def _accounts(altered: Altered, new: list[Account]) -> Iterator[Finding]:
    for rule, kinds in ((ACCOUNT, ("panel", "stream")), (PORTAL, ("portal",))):
        if found := [each for each in new if each.kind in kinds]:
            yield altered.finding(
                rule,
                listed(dict.fromkeys(map(str, found)), 4),
                *(
                    Evidence(f"line {each.line}", None, excerpt(f"{each}, name and password not shown"))
                    for each in found[:_MANY]
                ),
                touches=[f"host:{each.host}" for each in found[:_FEW]],
                severity=Severity.LOW if altered.is_configuration else None,
            )


def _channels(altered: Altered, before: bytes, after: bytes) -> Iterator[Finding]:
    """Yield the channels of hosts that the genuine list does not have."""
    old = {each.url.origin for each in channels(before)}
    new = [each for each in channels(after) if each.url.origin not in old and not is_local(each.url.host)]
    if not new:
        return
    hosts = Counter(each.url.host for each in new)
    radio = all(each.radio for each in new)
    yield altered.finding(
        CHANNELS,
        f"{len(new)} {'radio stations' if radio else 'channels'} of {len(hosts)} hosts: "
        + listed((f"{host} ({count})" for host, count in hosts.most_common(_FEW)), _FEW),
        *(Evidence(f"line {each.line}", None, _shown(each)) for each in new[:_MANY]),
        touches=[f"host:{host}" for host, _ in hosts.most_common(_FEW)],
        severity=Severity.INFO if altered.is_configuration or radio else Severity.LOW if len(new) < _FEW else None,
    )


def _shown(channel: Channel) -> str:
    return excerpt(f"{channel.name or 'a channel'} at {channel.url.origin}")


def _repository(altered: Altered, before: bytes, after: bytes) -> Iterator[Finding]:
    """Yield where a Kodi add-on is a repository, or its settings name sources that the genuine ones do not."""
    try:
        old = {url.host for url in _offered(before)} if before else set()
    except InputError:
        old = set()
    urls = [url for url in _offered(after) if url.host not in old and not is_local(url.host)]
    if not urls:
        return
    own = all(_OWN_REPOSITORY.fullmatch(url.host) for url in urls)
    yield altered.finding(
        REPOSITORY,
        listed(dict.fromkeys(url.host for url in urls), 4),
        *(Evidence("address", None, excerpt(url.masked())) for url in urls[:_MANY]),
        touches=[f"host:{host}" for host in dict.fromkeys(url.host for url in urls[:_FEW])],
        severity=Severity.INFO if own else Severity.LOW if altered.is_configuration else None,
    )


def _offered(data: bytes) -> list[Url]:
    """Return the addresses of a repository's lists and files, or of the sources of files in Kodi's settings."""
    root = parse_xml(data)
    if local(root.tag) == "addon":
        points = [each for each in root.iter() if each.get("point") == "xbmc.addon.repository"]
        texts = [inner.text or "" for point in points for inner in point.iter() if inner.text]
    elif local(root.tag) == "sources":
        texts = [each.text or "" for each in root.iter() if local(each.tag) == "path"]
    else:
        return []
    return [url for text in texts for url in find_urls(text)]


def _shop(altered: Altered, case: Case) -> Iterator[Finding]:
    manifest = _manifest(altered, case)
    if manifest is None:
        return
    shop = _SHOPS.get(manifest.package) or next(
        (name for package, name in _SHOPS.items() if manifest.package.startswith(package + ".")), None
    )
    if shop is not None:
        yield altered.finding(
            SHOP, f"{shop} ({excerpt(manifest.package)})", Evidence("package", None, excerpt(manifest.package))
        )


def _manifest(altered: Altered, case: Case) -> AppManifest | None:
    found = altered.change.found
    part = (
        next((each for each in found.children if each.name == "AndroidManifest.xml"), None)
        if found is not None
        else None
    )
    if part is None:
        return None
    try:
        data = case.source.read(part)
        return None if data is None else read_manifest(data)
    except InputError:
        return None


_: type[Detector] = ContentSources
