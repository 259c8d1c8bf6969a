"""Finds the texts in a program's data that tell what it does: endpoints, shell commands, keys, password hashes.

Texts are runs of printable ASCII of six and more, as they stand between zero bytes. A text is one of

* endpoint: a URL, host name or address (`trueware.explaining.reading.endpoints`); of the text, only that is told;
* command: it names a shell or program and what to do with it, as ``system()`` is given it;
* key: a key or certificate in PEM, or a public key of OpenSSH, or the lines of one;
* hash: a password as crypt(3) writes it (``$1$…``).
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import accumulate

from ahocorasick_rs import BytesAhoCorasick, Implementation

from trueware.explaining.patterns import regex
from trueware.explaining.reading.endpoints import DOMAINS, find_endpoints

ENDPOINT, COMMAND, KEY, HASH = "e", "c", "k", "h"

_RUN = regex(rb"[\t\x20-\x7e][\t\x20-\x7e]{5,4095}")
"""Written so that `re` passes over what none begins with; six to 4096 characters."""

_LONGEST = 1024
"""Characters of a text that are looked at; commands are shorter."""

_COMMAND = regex(
    r"""^(?:(?:/usr)?/s?bin/)?(?:busybox\ |sudo\ |exec\ )?(?:
        (?:ba|a|da)?sh\ -[a-z]*[ci]\b|wget\ |curl\ |tftp\ -|ftpget\ |nc\ [-\w%]|ncat\ |socat\ |telnetd\b|dropbear\ -|sshd\ -
        |insmod\ |rmmod\ |modprobe\ |chmod\ [0-7+]|chown\ |mount\ -|kill(?:all)?\ |ip6?tables\ -|ebtables\ -|nft\ |route\ add
        |ifconfig\ \S+\ \S|ip\ (?:route|addr|link|rule)\ |rm\ -|mkdir\ -|cp\ -|mv\ |echo\ .+>|cat\ .+[|>]|sed\ -|passwd\ |adduser\s
        |useradd\ |tcpdump\ |reboot(?:\ -\w+)?$
        |mtd\ |flash_\w+\ |nvram\ set|uci\ set|crontab\ |setprop\ |pm\ (?:install|grant|disable)
        |am\ start)
    |\|\ ?(?:/bin/)?(?:ba|a|da)?sh\b|[;&|]\ ?(?:/bin/)?(?:wget|curl|tftp|chmod|nc|telnetd|sh)\ |^/bin/(?:ba|a)?sh$|/dev/tcp/""",
    re.VERBOSE,
)
_KEY = regex(
    r"-----BEGIN [A-Z0-9 ]{3,40}-----|^(?:ssh-(?:rsa|ed25519|dss)|ecdsa-sha2-nistp\d{3}) AAAA[A-Za-z0-9+/]{20}|^untrusted comment: "
)
_HASH = regex(r"\$(?:1|2[abxy]|5|6|y|7)\$[./A-Za-z0-9$=,]{8,120}|^\w{1,32}:[./A-Za-z0-9]{13}:\d*:\d*:")


_HINTS = (
    *(b"://", b"$1$", b"$2", b"$5$", b"$6$", b"$y$", b"-----BEGIN", b"ssh-", b"ecdsa-", b"untrusted comment", b"/bin/"),
    *(b"busybox", b"sh -", b"wget ", b"curl ", b"tftp", b"ftpget", b"nc ", b"ncat", b"socat", b"telnetd"),
    *(b"sshd", b"dropbear", b"insmod", b"rmmod", b"modprobe", b"chmod", b"chown", b"mount", b"kill", b"tables"),
    *(b"nft ", b"route", b"ifconfig", b"ip ", b"rm -", b"mkdir", b"cp -", b"mv ", b"echo", b"cat ", b"sed -"),
    *(b"passwd", b"adduser", b"useradd", b"tcpdump", b"reboot", b"mtd ", b"flash_", b"nvram", b"uci ", b"crontab"),
    *(b"setprop", b"pm ", b"am start", b"sh\n", b"/tcp/"),
    *(f".{each}".encode() for each in sorted(DOMAINS)),
)
"""What a telling text has in it, beside IP addresses and the lines of passwd."""


@cache
def _hints() -> BytesAhoCorasick:
    """Return what finds them; made when the first program is read."""
    return BytesAhoCorasick(_HINTS, implementation=Implementation.ContiguousNFA)


_NUMBERS = regex(rb"\d\.\d{1,3}\.\d{1,3}\.\d|:\d*:\d*:")


def tell(view: memoryview, ranges: Iterable[tuple[int, int]]) -> Iterator[tuple[str, str]]:
    """Yield kind and text of the telling texts in some ranges of a program, in order."""
    for start, end in ranges:
        runs = _RUN.findall(view[start:end])
        ends = [at + index for index, at in enumerate(accumulate(map(len, runs)), 1)]
        joined = b"\n".join(runs) + b"\n"
        places = [at for _, at, _ in _hints().find_matches_as_indexes(joined)]
        places += (match.start() for match in _NUMBERS.finditer(joined))
        for index in sorted({bisect_right(ends, at) for at in places}):
            yield from _told(bytes(runs[index][:_LONGEST]).decode("ascii"))


def _told(text: str) -> Iterator[tuple[str, str]]:
    if _COMMAND.search(text):
        yield COMMAND, text
    if _KEY.search(text):
        yield KEY, text
    elif _HASH.search(text):
        yield HASH, text
    whole = " " not in text
    for found in find_endpoints(text, names=whole):
        if found.scheme or (whole and len(found.text) >= len(text) - 1):
            yield ENDPOINT, found.text


_VERSION = regex(rb"[ /-]v?(\d{1,4}\.\d{1,4}(?:\.\d{1,4}){0,2}[a-z]?)(?![\w.])")
_NAME = regex(rb"[A-Za-z]{3,16}$")
_NO_NAMES = frozenset(
    (
        "http",
        "rtsp",
        "sip",
        "tls",
        "tlsv",
        "ssl",
        "sslv",
        "xml",
        "gcc",
        "gnu",
        "glibc",
        "version",
        "rev",
        "release",
        "linux",
    )
)
"""Names of protocols and of what built the program, and words before any version."""

_MOST_VERSIONS = 64


def tell_versions(view: memoryview, ranges: Iterable[tuple[int, int]]) -> dict[str, str]:
    """Return the versions that a program's texts state, by name; without names that have more than one."""
    found: dict[str, str] = {}
    for start, end in ranges:
        for match in _VERSION.finditer(view, start, end):
            named = _NAME.search(bytes(view[max(start, match.start() - 17) : match.start()]))
            if named is None or named[0].decode("ascii").lower() in _NO_NAMES:
                continue
            name, version = named[0].decode("ascii"), match[1].decode("ascii")
            if name in found or len(found) < _MOST_VERSIONS:
                found[name] = version if found.get(name, version) == version else ""
    return {name: version for name, version in found.items() if version}
