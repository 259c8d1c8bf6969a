"""Card sharing: programs that get the keys of pay-TV channels from other people's cards, their settings, keys and start scripts.

A receiver decrypts what its owner's card entitles it to. A softcam asks another machine instead (newcamd, CCcam, camd35/cs378x,
gbox, radegast), or computes the keys from ones that leaked (an emulator). Found are

* settings, read as what they are (`trueware.explaining.reading.card_sharing`): servers, accounts of others, ports, keys;
* programs, by what they consist of: names of a softcam's own files, names of at least two sharing protocols, constants of these
  protocols (newcamd's salt, the tables of the common scrambling algorithm). One kind of mark alone is no softcam: a receiver's own
  software may offer a socket for one, and a player may know how to descramble;
* programs that go by the name of a softcam and show nothing, as packed ones do, with low confidence;
* scripts and plug-ins that start or manage one.

A reader of the owner's own card, and a server in the own house, weigh little. Passwords and keys are never shown.
"""

import re
from collections.abc import Iterable, Iterator
from typing import ClassVar

from trueware.explaining.contract import Altered, Case, Detector
from trueware.explaining.patterns import regex
from trueware.explaining.reading.card_sharing import Account, Entry, Key, Listening, Reader, Server, entries
from trueware.explaining.reading.lines import excerpt, listed, meaningful_lines
from trueware.explaining.reading.shell import Command, script
from trueware.explaining.reading.urls import is_local
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity

_EFFECT = "content-protection-bypassed"

SERVER = Rule(
    "card-sharing-server",
    "The receiver was set up to get keys of pay-TV channels from another machine",
    Severity.HIGH,
    help="Find out who runs the server. Within one household it may be the owner's own card in another receiver.",
    effect=_EFFECT,
)
ACCOUNT = Rule(
    "card-sharing-account",
    "The receiver was set up to give keys of pay-TV channels to others",
    Severity.HIGH,
    help="Each account is somebody who may ask this receiver. Its port is open to the network.",
    effect=_EFFECT,
)
KEYS = Rule(
    "pay-tv-keys",
    "Keys of pay-TV systems or channels were put on the receiver",
    Severity.HIGH,
    help="With them an emulator needs no card. They are not shown here; keep the file as evidence.",
    effect=_EFFECT,
)
READER = Rule(
    "softcam-card-reader",
    "The card is read by other software than the maker's",
    Severity.LOW,
    help="The owner may use the own card so; the same software also shares it.",
    effect=_EFFECT,
)
PROGRAM = Rule(
    "softcam-program",
    "A program was added that gets keys of pay-TV channels without a card",
    Severity.HIGH,
    help="Found by the protocols, files and constants in it; its settings say with whom it shares.",
    effect=_EFFECT,
)
NAMED = Rule(
    "softcam-named",
    "A program was added that goes by the name of a softcam",
    Severity.MEDIUM,
    Confidence.LOW,
    help="Nothing in it was recognised, as with a packed program. Look at what it does before concluding.",
    effect=_EFFECT,
)
STARTED = Rule(
    "softcam-started",
    "A softcam is started with the receiver",
    Severity.MEDIUM,
    help="The script starts it at each start, or when somebody chooses it in a menu.",
    effect=_EFFECT,
)
PLUGIN = Rule(
    "softcam-plugin",
    "An extension was added that manages softcams or their keys",
    Severity.LOW,
    Confidence.MEDIUM,
    help="It fetches, starts or edits them; without a softcam it does nothing.",
    effect=_EFFECT,
)

_SETTINGS = (
    r"(?i:(?:oscam|ncam)\.(?:server|user|conf)|cccam\.cfg|cccamd\.list|newcamd\.(?:list|conf)|mg_cfg|camd3\.(?:servers|config)|"
    r"cardclient\.conf|softcam\.key|constant\.?cw)"
)
_PROGRAM = (
    r"(?i:oscam|ncam|cccam|mgcamd|mg_?cs|newcs|rqcamd|rq_?echo|wicardd|evocamd|camd3|gbox|incubuscamd|radegast|"
    r"rucam|rqcs|doscam|supcam(?:emu)?|revcam(?:emu)?|powercam|ultracam|gcam)"
    r"(?i:[._-]?(?:v?[0-9][0-9a-z._-]*|emu[a-z0-9._-]*|smod[a-z0-9._-]*|arm[a-z0-9]*|mips[a-z0-9]*|sh4|ppc|bin|x))?"
)
_SCRIPT = (
    r"(?:etc/(?:init\.d|rc[0-9S]?\.d|cron[a-z.]*|systemd/system)|usr/(?:script|softcams?|emu|camscript)|var/script)/[^/]+|"
    r"(?:.*/)?(?i:softcam|cardserver)\.[^/]+"
)
_SETTINGS_NAME = regex(_SETTINGS)
_PROGRAM_NAME = regex(_PROGRAM)
_BINARY = rf"(?:.*/)?(?:(?:s?bin|softcams?|emu|cam|camd)/[^/]+|(?:lib)?{_PROGRAM}(?:\.so)?)|[^/]+"
_SCRIPT_PATH = regex(_SCRIPT)
_STARTER = regex(r"(?i:softcam|cardserver)\.|[SK][0-9]{2}")
_PLUGIN_PATH = regex(r"usr/lib(?:32|64)?/enigma2/python/Plugins/.+\.py")

_LARGEST = 1 << 26
"""Octets of a program that are looked through."""

_LARGEST_SCRIPT = 1 << 18

_ELF = b"\x7fELF"
_FILES = tuple(
    f"{name}\0".encode()
    for name in (
        "oscam.server", "oscam.conf", "oscam.user", "oscam.dvbapi", "ncam.server", "ncam.conf", "CCcam.cfg", "CCcam.providers",
        "newcamd.list", "newcamd.conf", "mg_cfg", "cccamd.list", "camd3.config", "camd3.servers", "cwshare.cfg", "gbox_cfg",
        "SoftCam.Key", "constant.cw", "AutoRoll.Key", "wicardd.conf", "rqcamd.conf", "newcs.xml",
    )
)  # fmt: skip
"""Names of files that only softcams have, as the end of a text in a program."""

_PROTOCOLS = tuple(
    f"\0{name}\0".encode()
    for name in ("newcamd", "newcamd525", "mgcamd", "cccam", "camd33", "camd35", "cs357x", "cs378x", "gbox", "radegast")
)
"""Names of sharing protocols, as whole texts in a program."""

_STEMS = (b"camd", b"cccam", b"radegast", b"cs378x", b"gbox")
"""What each of them has in it, so that other programs are passed over at once."""

_TWO = 2

_CONSTANTS = (
    (b"$1$abcdefgh$\0", "the salt of newcamd's password"),
    (b"CCcam\0CCcam", "CCcam's greeting"),
    (bytes.fromhex("3aea68fe33e9881a83cfe17fbae23812"), "a table of the common scrambling algorithm"),
)
"""What the protocols cannot do without. Sources: OSCam ``module-newcamd.c``; libdvbcsa ``dvbcsa_block.c``."""

_SHOWN = 8
_MANY = 3


class CardSharing:
    """Softcams, their settings, keys and start scripts."""

    subject: ClassVar[str] = "card sharing"
    rules: ClassVar[tuple[Rule, ...]] = (SERVER, ACCOUNT, KEYS, READER, PROGRAM, NAMED, STARTED, PLUGIN)
    wants: ClassVar[re.Pattern[str]] = re.compile(rf"(?:.*/)?{_SETTINGS}|{_BINARY}|{_SCRIPT}|{_PLUGIN_PATH.pattern}")

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:
        if altered.is_removed:
            return
        link = altered.change.found.link if altered.change.found is not None else None
        if link is not None:
            if (
                altered.is_added
                and _SCRIPT_PATH.fullmatch(altered.inner)
                and _leads_to_softcam(altered.inner, link, case)
            ):
                yield altered.finding(STARTED, f"a link to {excerpt(link)}", Evidence("link", None, excerpt(link)))
            return
        after = altered.after()
        if after is None:
            return
        before = altered.before() if not altered.is_moved else after
        sure = altered.is_added or before is not None
        if _SETTINGS_NAME.fullmatch(altered.name):
            yield from _settings(altered, before or b"", after, sure=sure)
        elif after.startswith(_ELF):
            yield from _program(altered, before or b"", after, sure=sure)
        elif altered.is_moved or not sure:
            return
        elif _PLUGIN_PATH.fullmatch(altered.inner):
            yield from _plugin(altered, before or b"", after)
        elif _SCRIPT_PATH.fullmatch(altered.inner) or after.startswith(b"#!"):
            yield from _script(altered, before or b"", after)


def _settings(altered: Altered, before: bytes, after: bytes, *, sure: bool) -> Iterator[Finding]:
    """Yield what the settings say that those of the genuine do not."""
    old = {_meaning(each) for each in entries(altered.name, before)}
    new = [each for each in entries(altered.name, after) if _meaning(each) not in old]
    confidence = None if sure else Confidence.LOW
    servers = [each for each in new if isinstance(each, Server)]
    if servers:
        local = all(is_local(each.host) for each in servers)
        yield altered.finding(
            SERVER,
            listed(dict.fromkeys(map(str, servers))),
            *(Evidence(f"line {each.line}", None, str(each)) for each in servers[:_SHOWN]),
            touches=[token for each in servers for token in (f"host:{each.host}", f"port:{each.port}")][: 2 * _SHOWN],
            severity=Severity.LOW if local else None,
            confidence=confidence,
        )
    accounts = [each for each in new if isinstance(each, Account)]
    listening = [each for each in new if isinstance(each, Listening)]
    if accounts or listening:
        told = [f"{len(accounts)} accounts"] if accounts else []
        told += [f"{each.protocol} at port {each.port}" for each in listening]
        yield altered.finding(
            ACCOUNT,
            listed(told),
            *(Evidence(f"line {each.line}", None, f"account {excerpt(each.name, 60)}") for each in accounts[:_SHOWN]),
            *(Evidence(f"line {each.line}", None, f"{each.protocol} port {each.port}") for each in listening[:_SHOWN]),
            touches=[f"port:{each.port}" for each in listening[:_SHOWN]],
            severity=None if accounts else Severity.MEDIUM,
            confidence=confidence,
        )
    keys = [each for each in new if isinstance(each, Key)]
    if keys:
        counts: dict[str, int] = {}
        for each in keys:
            counts[each.system] = counts.get(each.system, 0) + 1
        yield altered.finding(
            KEYS,
            listed([f"{count} of {system}" for system, count in counts.items()]),
            *(Evidence(f"line {each.line}", None, f"a key of {each.system}, not shown") for each in keys[:_MANY]),
            confidence=confidence,
        )
    readers = [each for each in new if isinstance(each, Reader)]
    if readers and sure:
        yield altered.finding(
            READER,
            listed([excerpt(each.device, 60) for each in readers]),
            *(Evidence(f"line {each.line}", None, excerpt(each.device)) for each in readers[:_SHOWN]),
        )


def _meaning(entry: Entry) -> tuple[object, ...]:
    """Return an entry without its line, to tell whether it is new; of keys it is only known of which system they are."""
    match entry:
        case Server(protocol, host, port):
            return Server, protocol, host, port
        case Account(name):
            return Account, name
        case Listening(protocol, port):
            return Listening, protocol, port
        case Reader(device):
            return Reader, device
        case Key(system):
            return Key, system


def _program(altered: Altered, before: bytes, after: bytes, *, sure: bool) -> Iterator[Finding]:
    """Yield a finding where a program has the marks of a softcam that the genuine one has not."""
    marks, old = _marks(after), _marks(before)
    new = {kind: [each for each in found if each not in old.get(kind, ())] for kind, found in marks.items()}
    if _is_softcam(marks) and not _is_softcam(old):
        told = [each for found in new.values() for each in found]
        yield altered.finding(
            PROGRAM,
            listed(told),
            *(Evidence(kind, None, listed(found)) for kind, found in new.items() if found),
            confidence=None if sure else Confidence.LOW,
            touches=("file:dev/dvb",) if b"/dev/dvb/" in after else (),
        )
    elif altered.is_added and not altered.is_moved and _PROGRAM_NAME.fullmatch(altered.name):
        yield altered.finding(NAMED, altered.name, Evidence("name", None, altered.name))


def _marks(program: bytes) -> dict[str, list[str]]:
    """Return by kind what in a program is known from softcams; nothing where names of files would be all there is."""
    if len(program) > _LARGEST:
        return {}
    constants = [told for octets, told in _CONSTANTS if octets in program]
    named = any(stem in program for stem in _STEMS)
    protocols = [each[1:-1].decode() for each in _PROTOCOLS if each in program] if named else []
    if not constants and len(protocols) < _TWO:
        return {}
    files = [each[:-1].decode() for each in _FILES if each in program]
    return {"names of files": files, "names of protocols": protocols, "constants": constants}


def _is_softcam(marks: dict[str, list[str]]) -> bool:
    """Tell whether marks of two kinds come together; a protocol counts only with a second one beside it."""
    kinds = (
        bool(marks.get("names of files")),
        len(marks.get("names of protocols", ())) > 1,
        bool(marks.get("constants")),
    )
    return sum(kinds) > 1


def _script(altered: Altered, before: bytes, after: bytes) -> Iterator[Finding]:
    """Yield the commands that start a softcam, and that the genuine script does not have."""
    if len(after) > _LARGEST_SCRIPT:
        return
    old = {_written(command) for command, _ in _started(script(before))}
    found = [(command, name) for command, name in _started(script(after)) if _written(command) not in old]
    if found:
        yield altered.finding(
            STARTED,
            listed(dict.fromkeys(name for _, name in found)),
            *(Evidence(f"line {command.line}", None, _written(command)) for command, _ in found[:_MANY]),
        )


def _written(command: Command) -> str:
    assigned = (f"{name}={value}" for name, value in command.assignments)
    return excerpt(" ".join((*assigned, *command.words)))


_STOPPING = frozenset(
    {"kill", "killall", "pkill", "pidof", "rm", "echo", "ps", "pgrep", "grep", "test", "[", "cat", "touch", "chmod"}
)


def _started(commands: Iterable[Command]) -> Iterator[tuple[Command, str]]:
    """Yield the commands of a script that run a softcam, or make one a variable, with its name."""
    for command in commands:
        if command.words and command.words[0].rpartition("/")[2] in _STOPPING:
            continue
        for word in (*command.words, *(value for _, value in command.assignments)):
            name = word.rpartition("/")[2]
            if _PROGRAM_NAME.fullmatch(name) and ("/" in word or word in command.words[:1]):
                yield command, name
                break


def _leads_to_softcam(inner: str, link: str, case: Case) -> bool:
    """Tell whether a link leads to a softcam by name, or to a script among the changes that starts one."""
    name = _STARTER.sub("", link.rpartition("/")[2])
    if _PROGRAM_NAME.fullmatch(name):
        return True
    steps = link.strip("/").split("/") if link.startswith("/") else [*inner.split("/")[:-1], *link.split("/")]
    way: list[str] = []
    for step in steps:
        if step == "..":
            del way[-1:]
        elif step not in ("", "."):
            way.append(step)
    other = case.find("/".join(way))
    if other is None or other.change.found is None or other.change.found.size > _LARGEST_SCRIPT:
        return False
    return any(_started(script(other.after() or b"")))


_QUOTED = regex(r"[\"']([^\"'\n]{1,200})[\"']")


def _plugin(altered: Altered, before: bytes, after: bytes) -> Iterator[Finding]:
    """Yield where the texts of an extension name files of softcams."""
    old = set(_QUOTED.findall(before.decode("utf-8", "replace")))
    names = [
        (line.number, text)
        for line in meaningful_lines(after)
        for text in _QUOTED.findall(line.text)
        if text not in old and _SETTINGS_NAME.fullmatch(text.rpartition("/")[2])
    ]
    if names:
        yield altered.finding(
            PLUGIN,
            listed(dict.fromkeys(text for _, text in names)),
            *(Evidence(f"line {number}", None, excerpt(text)) for number, text in names[:_MANY]),
        )


_: type[Detector] = CardSharing
