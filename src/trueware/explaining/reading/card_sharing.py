"""Settings of card-sharing clients and servers: whom they ask for the keys of a channel, whom they answer, and what they hold.

===================================  ======================================================================================
file                                 what is read
===================================  ======================================================================================
oscam.server, ncam.server            ``[reader]``: ``protocol``, ``device = host,port[,local port]``, ``enable``
oscam.user, ncam.user                ``[account]``: ``user``, ``disabled``
oscam.conf, ncam.conf                ``[newcamd]``, ``[cccam]``, ``[cs378x]`` …: ``port``
CCcam.cfg, cccamd.list               ``C: host port user password``, ``N: … key``, ``L:``, ``R: host port``, ``F: user password``
newcamd.list, newcamd.conf, mg_cfg   ``CWS = host port user password key (14 octets)``, ``CWS_MULTIPLE = host port:port …``
camd3.servers                        ``newcamd://user:password@host:port/key``, ``cs378x://…``
cardclient.conf                      ``newcamd:host:port:caid:user:password:key``, as VDR-SC has it
SoftCam.Key                          ``letter provider name key``
constant.cw                          ``caid:provider:service:pmt:ecm:[video:]key (16 octets)``
===================================  ======================================================================================

Passwords and keys are not taken over. Sources: OSCam ``doc/man`` (oscam.server.5, oscam.user.5, oscam.conf.5), the sample files of
CCcam and mgcamd as projects that edit them quote them, VDR-SC ``README``, OSCam ``module-emulator-osemu.c`` for the key file.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from trueware.explaining.patterns import regex
from trueware.explaining.reading.ini import sections
from trueware.explaining.reading.lines import meaningful_lines
from trueware.explaining.reading.urls import is_host

_MOST_NUMBERS = 32


@dataclass(frozen=True, slots=True)
class Server:
    """Another machine that is asked for keys."""

    protocol: str
    host: str
    port: int
    line: int

    def __str__(self) -> str:
        return f"{self.protocol} {self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who is given keys."""

    name: str
    line: int


@dataclass(frozen=True, slots=True)
class Listening:
    """A port at which others may ask."""

    protocol: str
    port: int
    line: int


@dataclass(frozen=True, slots=True)
class Reader:
    """A reader of a card in this very device."""

    device: str
    line: int


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a system or of a channel; which it is, not what it is."""

    system: str
    line: int


Entry = Server | Account | Listening | Reader | Key

_REMOTE = frozenset(
    {
        "camd33", "camd35", "cs357x", "cs378x", "gbox", "newcamd", "newcamd524", "newcamd525", "mgcamd", "cccam", "cccam_ext",
        "cccam_mcs", "radegast", "scam", "ghttp", "ccam",
    }
)  # fmt: skip
_HELD = frozenset({"emu", "constcw"})
_PORTS = regex(r"[0-9]{1,5}")
_DEVICE = regex(r"(?P<host>[^,\s]+)\s*,\s*(?P<port>[0-9]{1,5})")
_CCCAM = regex(r"(?P<kind>[CNLR])\s*:\s*(?P<host>\S+)\s+(?P<port>[0-9]{1,5})(?=\s|$)", re.IGNORECASE)
_FRIEND = regex(r"F\s*:\s*(?P<name>\S+)\s+\S+", re.IGNORECASE)
_LISTENS = regex(r"SERVER\s+LISTEN\s+PORT\s*:\s*(?P<port>[0-9]{1,5})", re.IGNORECASE)
_CWS = regex(r"CWS(?:_MULTIPLE)?\s*=\s*(?P<host>\S+)\s+(?P<ports>[0-9:]{1,64})\s+\S+\s+\S+", re.IGNORECASE)
_CAMD3 = regex(
    r"(?P<protocol>newcamd|cs357x|cs378x|camd35|cccam|radegast)://(?:[^@\s/]*@)?(?P<host>[^:/\s@]+):(?P<port>[0-9]{1,5})",
    re.IGNORECASE,
)
_CLIENT = regex(
    r"(?P<protocol>newcamd|cccam|cccam2|camd35|aroureos|radegast|buffy|gbox|shlcam)\s*:\s*(?P<host>[^:\s]+)\s*:\s*(?P<port>[0-9]{1,5})",
    re.IGNORECASE,
)
_KEY = regex(
    r"(?P<system>[A-Z])\s+(?P<provider>[0-9A-F]{1,8})\s+(?P<name>[0-9A-Z]{1,12})\s+(?:[0-9A-F]{2}\s*+){7,256}(?=$|;|#)",
    re.IGNORECASE,
)
_CONSTANT = regex(
    r"(?P<caid>[0-9A-F]{4}):[0-9A-F]{1,6}:[0-9A-F]{1,4}:(?:[0-9A-F]{0,4}:){1,3}\s*(?:[0-9A-F]{2}[\s:]*+){16}(?=$|;|#)",
    re.IGNORECASE,
)
_CCCAM_KINDS = {"c": "cccam", "n": "newcamd", "l": "camd35", "r": "radegast"}
_SYSTEMS = {
    "B": "Betacrypt", "C": "Conax", "D": "DRE", "F": "BISS", "G": "BISS", "I": "Irdeto", "N": "Nagravision", "P": "PowerVu",
    "R": "Rosscrypt", "S": "Seca", "T": "Tandberg", "V": "Viaccess", "W": "Cryptoworks", "X": "Videoguard", "K": "Cryptoworks",
}  # fmt: skip
"""Letters of a key file."""


def entries(name: str, data: bytes) -> Iterator[Entry]:
    """Yield what a file of this name says.

    Args:
        name: the last component of its path.
        data: its bytes. Nothing is yielded for what does not have the form of such a file.
    """
    read = _READERS.get(name.lower())
    if read is not None:
        yield from read(data)


def is_settings(name: str) -> bool:
    """Tell whether a file of this name has such settings."""
    return name.lower() in _READERS


def _readers(data: bytes) -> Iterator[Entry]:
    for section in sections(data):
        if section.name != "reader" or section.get("enable") == "0":
            continue
        protocol, device = section.get("protocol").lower(), section.get("device")
        found = _DEVICE.match(device)
        if protocol in _REMOTE and found is not None:
            yield from _server(protocol, found["host"], found["port"], section.line)
        elif protocol in _HELD:
            yield Key(protocol, section.line)
        elif protocol and device:
            yield Reader(f"{protocol} {device}", section.line)


def _accounts(data: bytes) -> Iterator[Entry]:
    for section in sections(data):
        if section.name == "account" and section.get("user") and section.get("disabled") != "1":
            yield Account(section.get("user"), section.line)


def _listening(data: bytes) -> Iterator[Entry]:
    for section in sections(data):
        if section.name in _REMOTE:
            for port in _PORTS.findall(section.get("port"))[:1]:
                if int(port):
                    yield Listening(section.name, int(port), section.line)


def _cccam(data: bytes) -> Iterator[Entry]:
    for line in meaningful_lines(data, ("#",)):
        if found := _CCCAM.match(line.text):
            yield from _server(_CCCAM_KINDS[found["kind"].lower()], found["host"], found["port"], line.number)
        elif found := _FRIEND.match(line.text):
            yield Account(found["name"], line.number)
        elif found := _LISTENS.match(line.text):
            yield Listening("cccam", int(found["port"]), line.number)


def _newcamd(data: bytes) -> Iterator[Entry]:
    for line in meaningful_lines(data, ("#", ";")):
        if found := _CWS.match(line.text):
            for port in _PORTS.findall(found["ports"])[:_MOST_NUMBERS]:
                yield from _server("newcamd", found["host"], port, line.number)


def _camd3(data: bytes) -> Iterator[Entry]:
    for line in meaningful_lines(data, ("#", ";")):
        if found := _CAMD3.match(line.text):
            yield from _server(found["protocol"].lower(), found["host"], found["port"], line.number)


def _vdr(data: bytes) -> Iterator[Entry]:
    for line in meaningful_lines(data, ("#", ";")):
        if found := _CLIENT.match(line.text):
            yield from _server(found["protocol"].lower(), found["host"], found["port"], line.number)


def _keys(data: bytes) -> Iterator[Entry]:
    for line in meaningful_lines(data, ("#", ";")):
        if found := _KEY.match(line.text):
            yield Key(_SYSTEMS.get(found["system"].upper(), found["system"]), line.number)


def _constants(data: bytes) -> Iterator[Entry]:
    for line in meaningful_lines(data, ("#", ";")):
        if found := _CONSTANT.match(line.text):
            yield Key(f"system {found['caid'].upper()}", line.number)


def _server(protocol: str, host: str, port: str, line: int) -> Iterator[Server]:
    host = host.lower().rstrip(".")
    if 0 < int(port) < 1 << 16 and (is_host(host) or host.isalnum()):
        yield Server(protocol, host, int(port), line)


_READERS: dict[str, Callable[[bytes], Iterator[Entry]]] = {
    "oscam.server": _readers,
    "ncam.server": _readers,
    "oscam.user": _accounts,
    "ncam.user": _accounts,
    "oscam.conf": _listening,
    "ncam.conf": _listening,
    "cccam.cfg": _cccam,
    "cccamd.list": _cccam,
    "newcamd.list": _newcamd,
    "newcamd.conf": _newcamd,
    "mg_cfg": _newcamd,
    "camd3.servers": _camd3,
    "camd3.config": _camd3,
    "cardclient.conf": _vdr,
    "softcam.key": _keys,
    "constant.cw": _constants,
    "constantcw": _constants,
}
