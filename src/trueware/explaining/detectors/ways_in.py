"""Ways in that something was made to open: shells on a port, telnet, SSH, tunnels, adb, consoles without a login.

What is looked at are the files that start programs (`trueware.explaining.reading.starters`) and shell scripts, each compared with the
genuine one by the ways that it opens (`trueware.explaining.reading.ways_in`). A way that was there before is none that was opened,
whatever line it stands on. Shells that a script gives to the network are told with what else a script does
(`trueware.explaining.detectors.scripts`); what settings of SSH allow, by `trueware.explaining.detectors.ssh_settings`.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import ClassVar

from trueware.explaining.contract import Altered, Case
from trueware.explaining.patterns import regex
from trueware.explaining.reading.lines import excerpt
from trueware.explaining.reading.sides import both_sides
from trueware.explaining.reading.starters import LARGEST, STARTERS, starts
from trueware.explaining.reading.ways_in import Way, WayIn, hands_out_shell, ways_in
from trueware.model.finding import Evidence, Finding, Rule, Severity

SHELL = Rule(
    "shell-on-port",
    "Whoever connects to a port of the device has a command line, and is not asked who they are",
    Severity.HIGH,
    help="Anybody who reaches the device over the network owns it. Take it off the network.",
    effect="remote-access",
)
OUT = Rule(
    "shell-sent-out",
    "The device calls another machine and gives it a command line",
    Severity.HIGH,
    help="No firewall of the home stops it, since the device itself connects. Block the address; reinstall the software.",
    effect="remote-access",
)
TELNET = Rule(
    "telnet-started",
    "A telnet server is started that the genuine software does not start",
    Severity.MEDIUM,
    help="It asks for a password, which goes over the network unencrypted; worms try the known ones.",
    effect="remote-access",
)
SSH = Rule(
    "ssh-started",
    "An SSH server is started that the genuine software does not start, or started otherwise",
    Severity.MEDIUM,
    help="Whoever knows a password or has a key logs in. Look at the accounts and keys that came with it.",
    effect="remote-access",
)
SSH_OPEN = Rule(
    "ssh-without-password",
    "An SSH server lets in accounts that have no password",
    Severity.HIGH,
    help="Where an account without a password exists, whoever reaches the port is in.",
    effect="remote-access",
)
TUNNEL = Rule(
    "tunnel-started",
    "The device opens a tunnel through which another machine gets in",
    Severity.HIGH,
    help="No firewall of the home stops it, since the device itself connects. Ask whose machine that is.",
    effect="remote-access",
)
ADB = Rule(
    "adb-started",
    "Android's debugging service is started that the genuine software does not start",
    Severity.MEDIUM,
    help="Over USB, and where a port is set over the network, it gives a command line and installs apps.",
    effect="local-access",
)
FILES = Rule(
    "files-on-port",
    "The device offers its own system files over the network",
    Severity.HIGH,
    help="Password hashes, keys and settings can be fetched; where writing is allowed, the device is taken over.",
    effect="remote-access",
)
SERVICE = Rule(
    "service-on-port",
    "A program answers on a port on which the genuine software does not answer",
    Severity.MEDIUM,
    help="inetd runs it for whoever connects. What it lets them do depends on the program.",
    effect="remote-access",
)
CONSOLE = Rule(
    "console-without-login",
    "A terminal of the device gives a command line without a login",
    Severity.MEDIUM,
    help="Whoever opens the case and connects to its serial port owns the device.",
    effect="local-access",
)
_OF_WAY = {
    Way.SHELL: SHELL,
    Way.OUT: OUT,
    Way.TELNET: TELNET,
    Way.SSH: SSH,
    Way.SSH_OPEN: SSH_OPEN,
    Way.TUNNEL: TUNNEL,
    Way.ADB: ADB,
    Way.FILES: FILES,
    Way.SERVICE: SERVICE,
    Way.CONSOLE: CONSOLE,
}
_TOLD_OF_SCRIPTS = (Way.SHELL, Way.OUT)
_BINARY = regex(r"(?:.*/)?[^/]+\.(?:so(?:\.\d+)*|ko|a|o|dex|apk|jar|png|jpe?g|gif|ttf|mo|pyc|gz|xz|bin)")


class WaysIn:
    """Ways in that starting a program opens."""

    subject: ClassVar[str] = "ways in: telnet, SSH, shells on ports, tunnels, consoles"
    rules: ClassVar[tuple[Rule, ...]] = tuple(_OF_WAY.values())
    wants: ClassVar[re.Pattern[str]] = re.compile(rf"(?!{_BINARY.pattern}\Z).+", re.DOTALL)

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:
        found = altered.change.found
        if found is None or found.format is not None or not 0 < found.size <= LARGEST:
            return
        after = altered.after()
        if after is None or not (new := _opened(altered, after)):
            return
        sides = both_sides(altered, STARTERS if STARTERS.fullmatch(altered.inner) else None)
        if sides is None:
            return
        old = Counter(each.same for each in _opened(altered, sides.before))
        for each in new:
            if old[each.same]:
                old[each.same] -= 1
            else:
                yield _told(altered, each, case)


def _opened(altered: Altered, data: bytes) -> tuple[WayIn, ...]:
    told_elsewhere = _TOLD_OF_SCRIPTS if data.startswith(b"#!") else ()
    every = (way for start in starts(altered.inner, data) for way in ways_in(start))
    return tuple(each for each in every if each.way not in told_elsewhere)


def _told(altered: Altered, each: WayIn, case: Case) -> Finding:
    is_open = bool(each.login) and hands_out_shell(case.read(each.login.lstrip("/")) or b"")
    rule = SHELL if is_open else _OF_WAY[each.way]
    evidence = Evidence(f"line {each.line}", None, excerpt(each.text))
    port = excerpt(each.port, 20)
    severity = Severity.LOW if altered.is_configuration and each.way is Way.SSH else None
    detail = f"{excerpt(each.text, 80)}{f' (port {port})' if port else ''}"
    return altered.finding(rule, detail, evidence, touches=[f"port:{port}"] if port else (), severity=severity)
