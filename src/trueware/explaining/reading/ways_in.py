"""Ways into a device that a program opens by how it is run: telnet, SSH, a shell on a port, a tunnel, adb, files for everybody.

=========  ==========================================================================================
shell      ``nc -l -e sh``, ``socat TCP-LISTEN:… EXEC:sh``, ``telnetd -l /bin/sh``, a shell that inetd runs
out        a shell is led to another machine: ``nc host 99 -e sh``, ``socat TCP:… EXEC:sh``, ``sh -i >& /dev/tcp/…``
telnet     telnetd that asks for a login
ssh        dropbear, sshd
tunnel     ``ssh -R``, ``autossh``, frpc, ngrok, chisel: another machine gets in through a connection that this one makes
adb        adbd
files      ``ftpd``, ``tftpd``, ``httpd`` that offer ``/`` or ``/etc``
service    any other program that inetd runs for whoever connects
console    a terminal that starts a shell and asks for no login (``::askfirst:-/bin/sh``, ``getty -n -l sh``)
=========  ==========================================================================================

Sources: manuals of busybox (telnetd, nc, httpd, tcpsvd, getty, init), socat(1), ncat(1), dropbear(8), sshd(8), ssh(1), bash(1)
on ``/dev/tcp``.
"""

import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from trueware.explaining.patterns import regex
from trueware.explaining.reading.invocations import SHELLS, Invocation
from trueware.explaining.reading.starters import Start, When, shell_script


class Way(Enum):
    """What kind of way in it is."""

    SHELL = "shell"
    OUT = "out"
    TELNET = "telnet"
    SSH = "ssh"
    SSH_OPEN = "ssh-open"
    """SSH that lets in accounts without a password."""
    TUNNEL = "tunnel"
    ADB = "adb"
    FILES = "files"
    SERVICE = "service"
    CONSOLE = "console"


class WayIn(NamedTuple):
    """One way in."""

    way: Way
    line: int
    text: str
    """The command, as it can be shown."""

    port: str = ""
    """Number or name where it is told, or is the usual one."""

    login: str = ""
    """For telnet: the program that asks for a login, where that is another than the usual one."""

    @property
    def same(self) -> tuple[Way, str]:
        """What two ways have in common that are the same."""
        return self.way, self.text


_TELNET = frozenset({"telnetd", "utelnetd", "in.telnetd", "telnetd.sh"})
_NETCAT = frozenset({"nc", "ncat", "netcat", "nc.traditional", "nc.openbsd"})
_TUNNELS = frozenset({"frpc", "ngrok", "chisel", "autossh", "rathole", "bore", "tunnelto", "gs-netcat"})
_SUPER = frozenset({"tcpsvd", "udpsvd", "tcpserver", "faketelnetd"})
_GETTYS = frozenset({"getty", "agetty", "mingetty"})
_SHELL_IN_ADDRESS = regex(r"(?:exec|system):['\"]?(?:\S*/)?(\w+)", re.IGNORECASE)
_LISTENS = regex(r"(?:tcp[46]?|udp[46]?|openssl|sctp)-l(?:isten)?:([^,\s]*)", re.IGNORECASE)
_CONNECTS = regex(r"(?:tcp[46]?|openssl|udp[46]?)(?:-connect)?:([^,]+:\w+)", re.IGNORECASE)
_DEV_TCP = regex(r"/dev/(?:tcp|udp)/[^/\s]+/(\w+)")


def ways_in(start: Start) -> Iterator[WayIn]:
    """Yield the ways in that one start opens."""
    run = start.run
    found = _of_program(run, start)
    if found is None and start.when is When.CONNECTION:
        found = (Way.SHELL if _is_shell(run.program) else Way.SERVICE), start.label.removeprefix("port ")
    if found is None and "::" in start.label and _is_console(start):
        found = Way.CONSOLE, ""
    if found is None and any(_DEV_TCP.search(each.target) for each in run.redirections) and _is_shell(run.program):
        found = Way.OUT, ""
    if found is not None:
        login = _value(run, "l") if found[0] is Way.TELNET and run.name in _TELNET else ""
        yield WayIn(found[0], run.line, run.text, found[1], "" if login.endswith("/login") else login)


def _of_program(run: Invocation, start: Start) -> tuple[Way, str] | None:
    name = run.name
    if name in _TELNET:
        port = start.label.removeprefix("port ") if start.when is When.CONNECTION else _value(run, "p") or "23"
        return (Way.SHELL if _is_shell(_value(run, "l")) else Way.TELNET), port
    if name in _NETCAT:
        return _netcat(run)
    if name == "socat":
        return _socat(run)
    if name in ("dropbear", "dropbearmulti"):
        return (Way.SSH_OPEN if _has(run, "B") else Way.SSH), _value(run, "p").rpartition(":")[2] or "22"
    if name in ("sshd", "in.sshd"):
        return None if _has(run, "t") or _has(run, "T") else (Way.SSH, _value(run, "p") or "22")
    if name in ("ssh", "dbclient"):
        return (Way.TUNNEL, _value(run, "R").partition(":")[0]) if _value(run, "R") else None
    if name in _TUNNELS:
        return Way.TUNNEL, ""
    if name == "adbd":
        return Way.ADB, ""
    if name in _GETTYS:
        return (Way.CONSOLE, "") if _has(run, "n") and _is_shell(_value(run, "l")) else None
    return _server(run)


def hands_out_shell(login: bytes) -> bool:
    """Tell whether a script that is to ask for a login only starts a shell."""
    runs = tuple(shell_script(login))
    asks = any(run.name in ("login", "grep", "passwd", "su", "read", "sulogin") for run in runs)
    return not asks and any(
        _is_shell(run.program) and not any(not word.startswith("-") for word in run.arguments) for run in runs
    )


def _netcat(run: Invocation) -> tuple[Way, str] | None:
    """Netcat that runs a shell for whoever is at the other end."""
    programs = (_value(run, "e"), _value(run, "c"), _long(run, "--exec", "--sh-exec") or "")
    if not any(map(_is_shell, programs)):
        return None
    if _has(run, "l") or _has(run, "L") or _long(run, "--listen") is not None:
        operands = [word for word in run.arguments if word.isdigit()]
        return Way.SHELL, _value(run, "p") or next(iter(operands), "")
    return Way.OUT, next((word for word in reversed(run.arguments) if word.isdigit()), "")


def _socat(run: Invocation) -> tuple[Way, str] | None:
    whole = " ".join(run.arguments)
    program = _SHELL_IN_ADDRESS.search(whole)
    if program is None or not (_is_shell(program[1]) or program[1] == "login"):
        return None
    if listens := _LISTENS.search(whole):
        return (Way.TELNET if program[1] == "login" else Way.SHELL), listens[1]
    return (Way.OUT, connects[1].rpartition(":")[2]) if (connects := _CONNECTS.search(whole)) else None


_EXPOSED = frozenset({"/", "/etc", "/etc/", "/root", "/proc", "/dev", "/mnt/jffs2", "/config"})


def _server(run: Invocation) -> tuple[Way, str] | None:
    """Servers of files, and those that run a program for each connection."""
    if run.name in _SUPER:
        words = run.arguments
        for at, word in enumerate(words[2:], 2):
            if _is_shell(word):
                return Way.SHELL, words[at - 1] if words[at - 1].isdigit() else ""
            if word.rpartition("/")[2] == "ftpd" and _EXPOSED.intersection(words[at + 1 :]):
                return Way.FILES, words[at - 1] if words[at - 1].isdigit() else ""
    elif run.name == "httpd" and _value(run, "h") in _EXPOSED:
        return Way.FILES, _value(run, "p").rpartition(":")[2] or "80"
    elif run.name in ("tftpd", "in.tftpd", "ftpd", "uhttpd") and _EXPOSED.intersection(run.arguments):
        return Way.FILES, _value(run, "p")
    return None


def _is_console(start: Start) -> bool:
    """Whether an inittab gives a shell to a terminal; a shell that runs a script is none, nor is one of another action."""
    action = start.label.rpartition(":")[2]
    arguments = [word for word in start.run.arguments if not word.startswith("-")]
    return action in ("respawn", "askfirst") and _is_shell(start.run.program) and not arguments


def _is_shell(program: str) -> bool:
    """Tell whether a program gives a command line to whoever starts it; ``login`` does not."""
    return program.partition(" ")[0].rpartition("/")[2].lstrip("-") in SHELLS


def _value(run: Invocation, letter: str) -> str:
    """Return the value of an option of one letter, written beside it or next; nothing where it is not there."""
    words = run.arguments
    for at, word in enumerate(words):
        if word.startswith("-") and not word.startswith("--") and letter in word:
            following = word.partition(letter)[2]
            return following if following and word[1] == letter else words[at + 1] if at + 1 < len(words) else ""
    return ""


def _has(run: Invocation, letter: str) -> bool:
    return any(word.startswith("-") and not word.startswith("--") and letter in word for word in run.arguments)


def _long(run: Invocation, *names: str) -> str | None:
    """Return the value of a long option, nothing where it has none, None where it is not there."""
    for at, word in enumerate(run.arguments):
        name, _, value = word.partition("=")
        if name in names:
            return value or "".join(run.arguments[at + 1 : at + 2])
    return None
