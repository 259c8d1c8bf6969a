"""What a script does that matters: fetches code and runs it, sends something away, gives a shell to the network, verifies something.

Actions are read from the programs that a shell script runs (`trueware.explaining.reading.invocations`), in other languages from the
commands they hand to a shell and from what they evaluate. Two scripts are compared by their actions, so that order, layout, comments
and names of variables never differ.

===========  ======================================================================================================
download     a fetched file is run, made executable or read by a shell; what is fetched is piped into a shell or evaluated
shell        a shell is connected to the network (``nc -e``, ``/dev/tcp``, ``socat exec:``, ``telnetd -l /bin/sh``)
send         a file or output goes to another machine (``nc host``, ``curl -d``, ``wget --post-file``, ``tftp -p``, ``scp``)
contact      another machine is asked for something (``wget``, ``curl``), which by itself sends nothing
verify       a digest or signature is checked (``sha256sum -c``, ``usign -V``, ``gpg --verify``, ``verify-image``, …)
===========  ======================================================================================================

Sources: manuals of curl(1), wget(1), nc(1), socat(1), tftp and ftpput of busybox, scp(1), rsync(1), logger(1), usign and ucert of
OpenWrt, openssl-dgst(1), gpg(1), sha256sum(1).
"""

import re
from collections.abc import Iterable, Iterator
from enum import Enum
from itertools import pairwise
from typing import NamedTuple

from trueware.explaining.patterns import regex
from trueware.explaining.reading.endpoints import Endpoint, find_endpoints
from trueware.explaining.reading.invocations import SHELLS, Invocation, invocations, script_runs
from trueware.explaining.reading.lines import excerpt
from trueware.explaining.reading.shell import commands
from trueware.explaining.reading.urls import is_host


class Kind(Enum):
    """What is done."""

    DOWNLOAD = "fetches and runs"
    SHELL = "gives a shell to the network"
    SEND = "sends away"
    CONTACT = "contacts"
    VERIFY = "verifies"


class Action(NamedTuple):
    """One thing that a script does."""

    kind: Kind
    line: int
    text: str
    """The command, as it can be shown."""

    hosts: tuple[str, ...] = ()
    """Where it leads, as far as that is written down."""

    @property
    def same(self) -> tuple[object, ...]:
        """What two actions have in common that are the same."""
        return self.kind, self.text if self.kind is not Kind.CONTACT else self.hosts


_FETCHERS = frozenset({"wget", "curl", "uclient-fetch", "ftpget", "tftp", "fetch", "lwp-download", "aria2c", "axel"})
_VERIFIERS = {
    "usign": ("-V",),
    "ucert": ("-V",),
    "signify": ("-V",),
    "minisign": ("-V",),
    "gpg": ("--verify",),
    "gpgv": (),
    "openssl": ("-verify", "verify", "dgst"),
    "fwtool": (),
    "validate_firmware_image": (),
    "fwu_verify": (),
    "verify_image": (),
    "rauc": ("info", "verify"),
    "opkg-key": ("verify",),
    "md5sum": ("-c", "-sc", "-cs", "--check"),
    "sha1sum": ("-c", "-sc", "-cs", "--check"),
    "sha256sum": ("-c", "-sc", "-cs", "--check"),
    "sha512sum": ("-c", "-sc", "-cs", "--check"),
    "veritysetup": ("verify", "open", "create"),
}
"""Programs that check something, and the arguments one of which says that they do."""

_SAYS_SO = regex(
    r"(?:verify|validate|check|chk)[-_]?(?:the[-_])?(?:\w+[-_])?(?:sig(?:nature)?s?|image|firmware|fw|digest|checksum|hash|md5|sha\d*)"
    r"|(?:sig(?:nature)?|image|firmware|fw|checksum)[-_]?(?:verify|validate|check)",
    re.IGNORECASE,
)
"""Names of programs and functions of the makers' own that say that they verify something."""

_RUNNERS = frozenset({".", "source", "insmod", "opkg", "ipkg", "dpkg", "apk", "pm", "sysupgrade"})
_EXECUTABLE = regex(r".*x.*|[0-7]*[1357][0-7]*")
_ROW = 4096
"""Characters of a row that are looked at."""

_NAME = 64
"""Characters of a program's name."""

_NEAR = 3
"""Lines that a pipe may be folded over."""

_SENDS = {
    "curl": re.compile(r"-(?:[a-zA-Z]*[dFT]|-data[\w-]*|-form|-upload-file|-json)(?:=.*|$)"),
    "wget": re.compile(r"--(?:post|body)-(?:data|file)(?:=.*|$)|--method=P(?:OS|U)T"),
    "uclient-fetch": re.compile(r"--post-(?:data|file)(?:=.*|$)"),
    "tftp": re.compile(r"-[a-z]*p[a-z]*$|put$"),
    "logger": re.compile(r"-n.*|--server.*"),
}
_ALWAYS_SENDS = frozenset({"ftpput", "sendmail", "msmtp", "nc", "ncat", "netcat", "telnet", "mosquitto_pub"})
_COPIERS = frozenset({"scp", "rsync", "sftp"})
_REMOTE = regex(r"(?:[\w.-]+@)?([\w.-]+\.[\w.-]+|\[[0-9a-f:]+\]):")
_NETCAT = frozenset({"nc", "ncat", "netcat"})
_DEVICE = regex(r"/dev/(?:tcp|udp)/([^/\s]+)/(\d+)")

_CALLS = regex(
    r"(?:os\.(?:system|popen|execute)|io\.popen|subprocess\.\w+|commands\.getoutput|(?:luci\.)?sys\.(?:exec|call)|util\.exec|fork_exec"
    r"|(?<![\w.])(?:system|exec|popen|shell_exec|passthru|qx)|child_process\.\w+)\s*\(?\s*(?P<quote>[\"'{])(?P<command>[^\"'}]{1,2000})"
)
_EVALUATES = regex(
    r"(?:(?<![\w.])(?:exec|eval|loadstring|load|dofile)\s*\(?.{0,200}(?:urlopen|requests\.(?:get|post)|urllib|http\.request|LWP::Simple|"
    r"file_get_contents\s*\(\s*[\"']https?:|httpget))"
)
_WORDS = (
    *("system", "popen", "exec", "subprocess.", "getoutput", "sys.call", "passthru", "qx", "child_process."),
    *("eval", "load", "dofile"),
)
"""What a row has in it in which either is found; most have none of them, and to look for these is far quicker."""


def actions_in_shell(data: bytes) -> tuple[Action, ...]:
    """Return what a shell script does, by lines."""
    return tuple(_actions(list(script_runs(data))))


def actions_of(runs: Iterable[Invocation]) -> tuple[Action, ...]:
    """Return what programs do that are run one after another."""
    return tuple(_actions(list(runs)))


def actions_in_text(data: bytes) -> tuple[Action, ...]:
    """Return what a script in another language does through a shell, and what it evaluates."""
    found: list[Action] = []
    for number, whole in enumerate(data.decode("utf-8", "replace").split("\n"), 1):
        row = whole[:_ROW]
        if row.lstrip().startswith(("#", "--", "//")) or not any(word in row for word in _WORDS):
            continue
        if _EVALUATES.search(row):
            found.append(Action(Kind.DOWNLOAD, number, excerpt(row.strip()), _hosts(row)))
        for match in _CALLS.finditer(row):
            found += _actions(list(invocations(commands(match["command"], number))))
    return tuple(found)


def _actions(run: list[Invocation]) -> Iterator[Action]:
    executed = _executed(run)
    evaluated = {each.line for each in run if _evaluates_fetched(each)}
    for index, each in enumerate(run):
        text = excerpt(each.text)
        if index in executed:
            yield Action(Kind.DOWNLOAD, each.line, excerpt(executed[index]), _hosts(each.text))
        elif _evaluates_fetched(each):
            yield Action(Kind.DOWNLOAD, each.line, text, _hosts(each.text))
        elif _is_shell_on_network(each):
            yield Action(Kind.SHELL, each.line, excerpt(_with_redirections(each)), _destinations(each))
        elif _sends(each):
            yield Action(Kind.SEND, each.line, excerpt(_with_redirections(each)), _destinations(each))
        elif each.name in _FETCHERS and each.line not in evaluated:
            yield Action(Kind.CONTACT, each.line, text, _hosts(each.text))
        elif _verifies(each):
            yield Action(Kind.VERIFY, each.line, text)


def _executed(run: list[Invocation]) -> dict[int, str]:
    """Return which of the programs fetch something that is then run, with what runs it."""
    executed: dict[int, str] = {}
    fetched: dict[str, int] = {}
    for index, each in enumerate(run):
        if each.name in _FETCHERS:
            following = run[index + 1] if index + 1 < len(run) else None
            if following is not None and _reads_script(following) and following.line - each.line < _NEAR:
                executed[index] = f"{each.text} | {following.text}"
            for target in _targets(each):
                fetched[target] = index
        elif (source := _runs_one_of(each, fetched)) is not None:
            executed.setdefault(source, f"{run[source].text}; {each.text}")
    return executed


def _reads_script(run: Invocation) -> bool:
    """Whether it is a shell that reads its script from a pipe."""
    return run.name in SHELLS and all(word.startswith("-") for word in run.arguments) and not run.redirections


def _targets(fetch: Invocation) -> Iterator[str]:
    """Yield the files a fetched thing may be put into."""
    words = fetch.arguments
    for word, value in pairwise(words):
        if word in ("-O", "-o", "--output", "--output-document", "-l") or re.fullmatch(r"-[a-zA-Z]*[oO]", word):
            yield value
    for word in words:
        if word.startswith(("--output=", "--output-document=")):
            yield word.partition("=")[2]
        if "://" in word and not re.search(r"(?:^|\s)-[a-zA-Z]*[oO]\b", fetch.text):
            yield word.split("?")[0].rpartition("/")[2]
    if fetch.name == "ftpget" and len(words) > 1:
        yield words[-2]
    for redirection in fetch.redirections:
        if redirection.operator in (">", ">|", ">>"):
            yield redirection.target


def _runs_one_of(run: Invocation, fetched: dict[str, int]) -> int | None:
    """Return the number of what fetched the file that is run here, or made executable, or installed."""
    if not fetched:
        return None
    words = {run.program, run.program.removeprefix("./")}
    if run.name in SHELLS or run.name in _RUNNERS or _makes_executable(run):
        words |= set(run.arguments)
    return next((fetched[word] for word in words if word and word in fetched and word not in ("-", "/dev/null")), None)


def _makes_executable(run: Invocation) -> bool:
    return run.name == "chmod" and any(_EXECUTABLE.fullmatch(word) for word in run.arguments[:1])


def _is_shell_on_network(run: Invocation) -> bool:
    if run.name in _NETCAT:
        return any(re.fullmatch(r"-[a-z]*[ec]|--(?:exec|sh-exec)", word) for word in run.arguments)
    if run.name == "socat":
        return re.search(r"(?i)(?:exec|system):", run.text) is not None
    if run.name == "telnetd":
        return any(re.fullmatch(r"(?:/bin/|/system/bin/)?(?:ba|a|mk)?sh", word) for word in run.arguments)
    return run.name in SHELLS and _DEVICE.search(_with_redirections(run)) is not None


def _with_redirections(run: Invocation) -> str:
    return " ".join((run.text, *(f"{each.operator}{each.target}" for each in run.redirections)))


def _evaluates_fetched(run: Invocation) -> bool:
    """Whether what a substitution fetches is a command, or the script of a shell."""
    words = (run.program, *run.arguments) if run.name in SHELLS else (run.program,)
    return any(program in _FETCHERS for program in _inside(words))


def _inside(words: Iterable[str]) -> Iterator[str]:
    """Yield the programs that words run in a substitution."""
    for word in words:
        if word.startswith(("<(", "$(", "`")):
            yield word.lstrip("<$(` ").partition(" ")[0].rpartition("/")[2]


def _sends(run: Invocation) -> bool:
    if _DEVICE.search(_with_redirections(run)):
        return True
    if run.name in _ALWAYS_SENDS or run.name == "socat":
        return bool(_destinations(run))
    if run.name in _COPIERS:
        return _REMOTE.match(run.arguments[-1]) is not None if run.arguments else False
    pattern = _SENDS.get(run.name)
    return pattern is not None and any(pattern.match(word) for word in run.arguments)


def _verifies(run: Invocation) -> bool:
    wanted = _VERIFIERS.get(run.name)
    if wanted is None:
        return len(run.name) <= _NAME and _SAYS_SO.fullmatch(run.name.partition(".")[0]) is not None
    return not wanted or any(word in wanted for word in run.arguments)


def _destinations(run: Invocation) -> tuple[str, ...]:
    """Return the hosts that the arguments name, local ones included: a netcat to the next machine is one all the same."""
    found = list(_hosts(_with_redirections(run)))
    found += [match[1] for match in _DEVICE.finditer(_with_redirections(run))]
    for word in run.arguments:
        host = word.rpartition("@")[2].partition(":")[0]
        if not word.startswith("-") and is_host(host) and "/" not in word and host not in ("0.0.0.0", "127.0.0.1"):  # noqa: S104
            found.append(host)
        elif match := _REMOTE.match(word):
            found.append(match[1])
    return tuple(dict.fromkeys(found))


def _hosts(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.host for each in endpoints(text)))


def endpoints(text: str) -> Iterator[Endpoint]:
    """Yield the endpoints that a command names."""
    return find_endpoints(text, names=False)
