"""Lists of channels that come from the Internet, and accounts at machines that offer them.

=======================  ==================================================================================================
form                     what is read
=======================  ==================================================================================================
M3U (``.m3u``)           ``#EXTINF:duration attributes,name`` and the address after it; a list of pieces of one stream
                         (HLS, RFC 8216 §4.3.3) is none of channels
enigma2 bouquet          ``#SERVICE type:0:…:address:name``, colons of the address written ``%3a``
panel account            ``…/get.php?username=…&password=…`` and the other pages of such panels, and addresses of streams that
                         carry both in their path
portal                   ``…/c/``, ``…/stalker_portal/…``, ``…/portal.php`` together with a MAC address of the block 00:1A:79, by
                         which set-top boxes of that kind log in
=======================  ==================================================================================================

Names and passwords of accounts and MAC addresses are not taken over. Sources: RFC 8216; OpenPLi enigma2 ``doc/SERVICEREF``; the
interfaces of Xtream Codes and of Ministra (Stalker) as players that use them call them (Kodi ``pvr.iptvsimple``, ``pvr.stalker``).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from trueware.explaining.patterns import regex
from trueware.explaining.reading.lines import meaningful_lines
from trueware.explaining.reading.urls import Url, find_urls

_PIECES = regex(rb"^#EXT-X-(?:TARGETDURATION|MEDIA-SEQUENCE|STREAM-INF)", re.MULTILINE)
_SERVICE = regex(
    r"#SERVICE:?\s+(?:1|4097|500[0-9]|8193|8739):[0-9a-fA-F]+:(?:[0-9a-fA-F]*:){8}(?P<address>[^:]*)(?::(?P<name>.*))?"
)
_EXTINF = regex(r"#EXTINF:\s*-?[0-9.]+(?P<attributes>[^,]*),?(?P<name>.*)")
_PANEL = regex(r"(?i)/(?:get|player_api|panel_api|xmltv|enigma2|playlist)\.php$")
_STREAM = regex(
    r"(?:/(?:live|movie|series)/([^/]{3,64})/([^/]{3,64})/[0-9]{1,9}(?:\.[a-z0-9]{2,4})?|/([^/]{3,64})/([^/]{3,64})/[0-9]{1,9}(?:\.ts)?)"
)
_FOLDERS = frozenset(
    {
        "api", "channel", "channels", "content", "files", "hls", "images", "iptv", "issues", "live", "media", "movie", "play",
        "public", "radio", "series", "static", "stream", "streaming", "streams", "tv", "upload", "uploads", "video", "videos", "vod",
    }
)  # fmt: skip
"""What stands first in the path of a stream that is not for an account."""

_PORTAL = regex(r"(?i)(?:/stalker_portal(?:/.*)?|/(?:c|mag/c|magload)/?|(?:/.*)?/portal\.php|/server/load\.php)$")
_MAC = regex(r"(?i)\b00(?::|%3a|-)1a(?::|%3a|-)79(?:(?::|%3a|-)[0-9a-f]{2}){3}\b")
_SPOKEN = regex(r"(?i)\.(?:mp3|aac|ogg|opus|pls)(?:$|\?)|/(?:radio|;stream)")
_FILLED = regex(r"[A-Za-z0-9_.@+=!-]{3,64}")
_PLACEHOLDERS = frozenset(
    {"username", "password", "user", "pass", "xxxx", "demo", "test", "login", "your_username", "your_password"}
)
_MOST = 1 << 16


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel."""

    line: int
    name: str
    url: Url
    radio: bool


@dataclass(frozen=True, slots=True)
class Account:
    """An account at a panel, or a set-top box known to a portal."""

    kind: str
    """``panel``, ``stream`` or ``portal``."""

    origin: str
    host: str
    line: int

    def __str__(self) -> str:
        return {"panel": "an account at", "stream": "streams by account at", "portal": "a portal at"}[
            self.kind
        ] + f" {self.origin}"


def channels(data: bytes) -> Iterator[Channel]:
    """Yield the channels that a file lists, be it M3U or a bouquet."""
    if _PIECES.search(data):
        return
    named = ""
    radio = False
    is_list = data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"#EXTM3U")
    for count, line in enumerate(meaningful_lines(data, ())):
        if count > _MOST:
            return
        if found := _SERVICE.match(line.text):
            for url in find_urls(_address(found["address"][:4096])):
                yield Channel(line.number, (found["name"] or "").strip(), url, _SPOKEN.search(url.path) is not None)
                break
        elif found := _EXTINF.match(line.text):
            named, is_list = found["name"].strip(), True
            radio = 'radio="true"' in found["attributes"].lower()
        elif not line.text.startswith("#") and is_list:
            for url in find_urls(line.text[:4096]):
                yield Channel(line.number, named, url, radio or _SPOKEN.search(url.path) is not None)
                break
            named, radio = "", False


def accounts(data: bytes) -> Iterator[Account]:
    """Yield accounts and portals that a text names, each once."""
    text = data.decode("utf-8", "replace").replace("\\/", "/").replace("&amp;", "&")
    has_mac = _MAC.search(text) is not None
    seen: set[tuple[str, str]] = set()
    for number, line in enumerate(text.split("\n"), 1):
        if "://" not in line and "%3a//" not in line.lower():
            continue
        service = _SERVICE.match(line.strip())
        for url in find_urls(_address(service["address"]) if service else line):
            kind = _kind(url, has_mac=has_mac)
            if kind is not None and (kind, url.origin) not in seen:
                seen.add((kind, url.origin))
                yield Account(kind, url.origin, url.host, number)


def _address(written: str) -> str:
    """Return the address in a bouquet, whose fields colons part."""
    return written.replace("%3a", ":").replace("%3A", ":")


def _kind(url: Url, *, has_mac: bool) -> str | None:
    if _PANEL.search(url.path):
        given = [url.parameters.get(key, "") for key in ("username", "password")]
        return "panel" if all(_is_filled(each) for each in given) else None
    if has_mac and _PORTAL.search(url.path):
        return "portal"
    found = _STREAM.fullmatch(url.path)
    if found is None or url.port is None:
        return None
    name, secret = found.group(1, 2) if found[1] else found.group(3, 4)
    return "stream" if _is_filled(name) and _is_filled(secret) and name.lower() not in _FOLDERS else None


def _is_filled(value: str) -> bool:
    """Tell whether this may be a name or password of somebody, and not what stands for one in an example."""
    return _FILLED.fullmatch(value) is not None and value.lower() not in _PLACEHOLDERS
