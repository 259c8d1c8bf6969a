r"""Files that start programs: what each of them runs, as whom and when, by where the file lies.

=====================================  ==========================================================================
inittab                                ``<id>:<run levels>:<action>:<command>`` (busybox, sysvinit)
init.d, rc.d, rc.local, rcS …          shell scripts
crontabs, cron.d                       five fields or ``@reboot``, in some a user, then a command
systemd units                          ``Exec…=`` of services, under ``User=``
\*.rc of Android                       services, and ``exec`` of triggers
inetd.conf, xinetd.d                   a program for each connection
profile, hotplug.d, if-up.d, ppp …     shell scripts that something makes run
=====================================  ==========================================================================

Sources: busybox ``init/init.c`` (inittab), crontab(5), systemd.service(5), AOSP ``system/core/init/README.md``, inetd.conf(5),
xinetd.conf(5); OpenWrt package/base-files and package/system/procd.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from trueware.explaining.patterns import regex
from trueware.explaining.reading.android_init import Service, read_init
from trueware.explaining.reading.ini import sections
from trueware.explaining.reading.invocations import Invocation, invocations, script_runs
from trueware.explaining.reading.lines import meaningful_lines
from trueware.explaining.reading.shell import commands

LARGEST = 512 * 1024
"""Bytes of a file that is read as a script; what is longer is a program or data."""


class When(Enum):
    """What makes it run."""

    START = "when the device starts"
    CLOCK = "at set times"
    LOGIN = "when somebody logs in"
    EVENT = "when something happens (a network comes up, something is plugged in)"
    CONNECTION = "when somebody connects"


@dataclass(frozen=True, slots=True)
class Start:
    """One program that such a file runs."""

    run: Invocation
    when: When
    user: str = ""
    """Empty for whoever runs the file: root, but for what a login runs."""

    label: str = ""
    """What the file calls it: the terminal of an inittab, the name of a service, the port of inetd. Empty in shell scripts."""

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it another start than that of a line elsewhere."""
        return self.run.text, self.user, self.label


_INITTAB = regex(r"(?:.*/)?inittab")
_CRONTAB = regex(r"(?:.*/)?(?:etc/crontabs/[^/]+|var/spool/cron/(?:crontabs/)?[^/]+|etc/crontab|etc/cron\.d/[^/]+)")
_WITH_USER = regex(r"(?:.*/)?etc/(?:crontab|cron\.d/[^/]+)")
_UNIT = regex(r"(?:.*/)?systemd/(?:system|user)/(?:[^/]+\.d/)?[^/]+\.(?:service|conf|socket|timer)")
_ANDROID = regex(r"(?:.*/)?(?:init(?:[.\w-]*)?\.rc|(?:etc/)?init/(?:hw/)?[^/]+\.rc|[\w.-]+\.rc)")
_INETD = regex(r"(?:.*/)?inetd\.conf")
_XINETD = regex(r"(?:.*/)?xinetd\.(?:conf|d/[^/]+)")
_AT_START = regex(
    r"""(?:.*/)?(?:etc[\w.]*/(?:rc\.?d?/)?(?:init\.d|rc[S0-9]?\.d)/(?!functions$)[^/]+
    |etc[\w.]*/(?:rc|rcS|rc[0-9S]|rc\.local|rc\.common|rc\.sysinit|rc\.firewall|preinit|init\.sh|rc\.(?:boot|start|init\w*|d/[^/]+))
    |etc[\w.]*/init\.d/rcS|lib/preinit/[^/]+|etc/uci-defaults/[^/]+|rom/etc/uci-defaults/[^/]+
    |etc/runit/.+|etc/service/[^/]+/run|etc/sv/[^/]+/run|etc/s6[^/]*/.+
    |(?:system|vendor|system/vendor)/(?:etc|bin)/install-recovery\.sh|install-recovery\.sh
    |(?:data/adb|sbin/\.magisk|data/local)/(?:service\.d|post-fs-data\.d|userinit\.d)/[^/]+|data/local/userinit\.sh
    |system/etc/init\.d/[^/]+|system/su\.d/[^/]+|init)""",
    re.VERBOSE,
)
_AT_LOGIN = regex(
    r"(?:.*/)?(?:etc/(?:profile|bash\.bashrc|bashrc|shinit|mkshrc|environment|profile\.d/[^/]+)"
    r"|(?:root|home/[^/]+)/\.(?:profile|bashrc|bash_profile|bash_login|shrc)|system/etc/mkshrc)"
)
_AT_EVENT = regex(
    r"""(?:.*/)?(?:etc/hotplug\.d/[^/]+/[^/]+|etc/hotplug/.+|etc/button/.+|etc/rc\.button/.+
    |etc/network/if-(?:pre-)?(?:up|down|post-down)\.d/[^/]+|etc/ppp/(?:ip-(?:up|down)|ip-up\.d/[^/]+|ppp\d?-up)
    |etc/udhcpc(?:\.user|/default\.script|\.d/[^/]+)|usr/share/udhcpc/[^/]+|etc/firewall\.user
    |etc/NetworkManager/dispatcher\.d/[^/]+|etc/dhcp/dhclient-(?:enter|exit)-hooks\.d/[^/]+|etc/acpi/.+|lib/udev/[^/]+
    |etc/cron\.(?:hourly|daily|weekly|monthly)/[^/]+|etc/periodic/[^/]+/[^/]+|etc/(?:lib/)?mdev/.+)""",
    re.VERBOSE,
)
_READERS = (_INITTAB, _CRONTAB, _UNIT, _ANDROID, _INETD, _XINETD, _AT_START, _AT_LOGIN, _AT_EVENT)
STARTERS = regex("|".join(f"(?:{each.pattern})" for each in _READERS), re.VERBOSE)
"""Inner paths of all these files."""


def starts(inner: str, data: bytes) -> Iterator[Start]:
    """Yield what a file at an inner path runs, in order; nothing for one that is no such file, is a program, or is too long."""
    if len(data) > LARGEST or data.startswith(b"\x7fELF"):
        return
    if _INITTAB.fullmatch(inner):
        yield from _inittab(data)
    elif _CRONTAB.fullmatch(inner):
        yield from _crontab(data, with_user=_WITH_USER.fullmatch(inner) is not None)
    elif _UNIT.fullmatch(inner):
        yield from _unit(data)
    elif _INETD.fullmatch(inner):
        yield from _inetd(data)
    elif _XINETD.fullmatch(inner):
        yield from _xinetd(data)
    elif inner.endswith(".rc") and _ANDROID.fullmatch(inner):
        yield from _android(data)
    elif _AT_START.fullmatch(inner):
        yield from (Start(run, When.START) for run in script_runs(data))
    elif _AT_LOGIN.fullmatch(inner):
        yield from (Start(run, When.LOGIN) for run in script_runs(data))
    elif _AT_EVENT.fullmatch(inner):
        clock = "/cron." in inner or "/periodic/" in inner
        yield from (Start(run, When.CLOCK if clock else When.EVENT) for run in script_runs(data))
    elif data.startswith(b"#!"):
        yield from (Start(run, When.EVENT) for run in shell_script(data))


_SHEBANG = regex(rb"#!\s*\S*?/(?:env\s+)?(?:busybox\s+)?(?:ba|a|da|k|mk|z|hu|m)?sh\b")


def shell_script(data: bytes) -> Iterator[Invocation]:
    """Yield what a shell script runs; nothing for what does not say that it is one."""
    if len(data) <= LARGEST and _SHEBANG.match(data):
        yield from script_runs(data)


def _runs(text: str, line: int) -> Iterator[Invocation]:
    return invocations(commands(text, line))


def _inittab(data: bytes) -> Iterator[Start]:
    for line in meaningful_lines(data):
        terminal, _, rest = line.text.partition(":")
        _, _, rest = rest.partition(":")
        action, colon, command = rest.partition(":")
        if colon and action not in ("ctrlaltdel", "shutdown", "powerfail", "off", "initdefault", "restart"):
            for run in _runs(command.strip().removeprefix("-"), line.number):
                yield Start(run, When.START, label=f"{terminal}::{action}")


_TIMES = regex(r"(?:@(?P<word>\w+)|(?:\S+\s+){4}\S+)\s+(?P<rest>.+)")
_SETTING = regex(r"[A-Za-z_]\w*\s*=")


def _crontab(data: bytes, *, with_user: bool) -> Iterator[Start]:
    for line in meaningful_lines(data):
        found = _TIMES.fullmatch(line.text)
        if found is None or _SETTING.match(line.text):
            continue
        user, command = "", found["rest"]
        if with_user:
            user, _, command = command.partition(" ")
        when = When.START if found["word"] == "reboot" else When.CLOCK
        for run in _runs(command.strip(), line.number):
            yield Start(run, when, "" if user == "root" else user, "cron")


_EXEC = ("execstart", "execstartpre", "execstartpost", "execcondition", "execreload", "execstop", "execstoppost")


def _unit(data: bytes) -> Iterator[Start]:
    for section in sections(data):
        if section.name not in ("service", "socket"):
            continue
        user = section.get("user")
        for key in _EXEC:
            for value in section.every.get(key, ()):
                for run in _runs(value.lstrip("@-:+!|"), section.line):
                    yield Start(run, When.START, "" if user == "root" else user, key)


def _android(data: bytes) -> Iterator[Start]:
    for each in read_init(data):
        if isinstance(each, Service):
            for inner in _runs(_joined((each.program, *each.arguments)), each.line):
                yield Start(inner, When.START, "" if each.user == "root" else each.user, f"service {each.name}")
        elif each.words[0] in ("exec", "exec_background", "exec_start") and "--" in each.words:
            at = each.words.index("--")
            user = next((word for word in each.words[2:at] if word != "root"), "")
            for inner in _runs(_joined(each.words[at + 1 :]), each.line):
                yield Start(inner, When.START, user, f"on {each.trigger}")


def _joined(words: tuple[str, ...]) -> str:
    return " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)


def _inetd(data: bytes) -> Iterator[Start]:
    for line in meaningful_lines(data):
        fields = line.text.split(None, 6)
        if len(fields) < 6 or fields[5] == "internal":
            continue
        port, _, _, _, user, program = fields[:6]
        arguments = fields[6].split()[1:] if len(fields) > 6 else []
        text = _joined((program, *arguments))
        if program.rpartition("/")[2] in ("busybox", "tcpd") and len(fields) > 6:
            text = _joined(tuple(fields[6].split()))
        for run in _runs(text, line.number):
            yield Start(run, When.CONNECTION, "" if user.startswith("root") else user, f"port {port}")


def _xinetd(data: bytes) -> Iterator[Start]:
    values: dict[str, str] = {}
    name, start = "", 0
    for line in meaningful_lines(data):
        words = line.text.split()
        if words[0] == "service" and len(words) > 1:
            name, start, values = words[1], line.number, {}
        elif line.text == "}":
            if values.get("disable", "no") != "yes" and (server := values.get("server")):
                for run in _runs(f"{server} {values.get('server_args', '')}", start):
                    port = values.get("port", name)
                    user = values.get("user", "")
                    yield Start(run, When.CONNECTION, "" if user == "root" else user, f"port {port}")
            values = {}
        else:
            key, equals, value = line.text.partition("=")
            if equals:
                values[key.strip().rstrip("+-")] = value.strip()
