"""What a changed program can do that the genuine one cannot, by the functions it now asks of libraries.

A name that a program imports is one that its code calls, or passes on. That it gained an ability says what was added can do, not
that it does it for ill; so the confidence is never high, and an ability the genuine program has already is never told.
"""

from collections.abc import Iterator

from trueware.explaining.contract import Altered
from trueware.explaining.naming import listing
from trueware.explaining.portraits.elf_difference import How
from trueware.explaining.programs.pair import Pair
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity

REMOTE = Rule(
    "program-serves-commands",
    "A program can now take connections and run other programs",
    Severity.HIGH,
    Confidence.MEDIUM,
    help="The two together are what a back door needs. Find out what port it listens on and what it runs.",
    effect="remote-access",
)
LISTENS = Rule(
    "program-listens",
    "A program can now take connections from the network",
    Severity.MEDIUM,
    Confidence.MEDIUM,
    help="The genuine one asks for no function that waits for connections. Find out what port it listens on and what it answers.",
    effect="remote-access",
)
EXECUTES = Rule(
    "program-executes",
    "A program can now run other programs",
    Severity.MEDIUM,
    Confidence.MEDIUM,
    help="The genuine one asks for no function that starts a program or a shell.",
    effect="program-altered",
)
CONNECTS = Rule(
    "program-connects",
    "A program can now contact other machines",
    Severity.MEDIUM,
    Confidence.LOW,
    help="The genuine one asks for no function that opens a connection or sends to an address.",
    effect="data-sent-elsewhere",
)
CAPTURES = Rule(
    "program-captures-traffic",
    "A program can now read the traffic that passes by",
    Severity.HIGH,
    Confidence.MEDIUM,
    help="It asks for functions that capture packets of others, which the genuine one does not.",
    effect="traffic-intercepted",
)
TRACES = Rule(
    "program-traces",
    "A program can now look into other programs while they run",
    Severity.HIGH,
    Confidence.MEDIUM,
    help="What another program holds in memory, passwords and keys among it, is within its reach.",
    effect="program-altered",
)
LOADS = Rule(
    "program-loads-code",
    "A program can now load further code while it runs",
    Severity.LOW,
    Confidence.MEDIUM,
    help="What it loads cannot be told from its list of libraries.",
    effect="program-altered",
)

RULES = (REMOTE, LISTENS, EXECUTES, CONNECTS, CAPTURES, TRACES, LOADS)

LISTEN = frozenset(("listen", "accept", "accept4"))
EXECUTE = frozenset(
    (
        "system", "popen", "execl", "execle", "execlp", "execv", "execve", "execvp", "execvpe", "execveat", "fexecve", "posix_spawn",
        "posix_spawnp", "do_system", "_system", "_popen",
    )
)  # fmt: skip
CONNECT = frozenset(
    (
        "connect",
        "sendto",
        "getaddrinfo",
        "gethostbyname",
        "gethostbyname_r",
        "res_query",
        "curl_easy_perform",
        "SSL_connect",
    )
)
CAPTURE = frozenset(
    (
        "pcap_open_live", "pcap_create", "pcap_loop", "pcap_dispatch", "pcap_next", "pcap_next_ex", "pcap_compile", "nflog_open",
        "nfq_open", "nfq_create_queue", "nflog_bind_group",
    )
)  # fmt: skip
TRACE = frozenset(("ptrace", "process_vm_readv", "process_vm_writev"))
LOAD_CODE = frozenset(("dlopen", "dlmopen", "android_dlopen_ext"))


def compare_abilities(altered: Altered, pair: Pair) -> Iterator[Finding]:
    """Yield abilities gained. Nothing of a program whose names cannot be read on one side."""
    found = pair.difference
    if found.how is How.SAME or not pair.old.imports or not pair.new.imports:
        return

    def told(rule: Rule, *groups: frozenset[str], severity: Severity | None = None) -> Finding:
        gained = [name for group in groups for name in found.gained(group)]
        evidence = Evidence("functions it asks for", None, listing(gained, 8))
        touches = [f"call:{name}" for group in groups for name in sorted(pair.new.imports & group)]
        return altered.finding(rule, f"asks for {listing(gained, 8)}", evidence, touches=touches, severity=severity)

    def gains(group: frozenset[str]) -> bool:
        return bool(found.gained(group)) and not found.asked(group)

    listens, executes = gains(LISTEN), gains(EXECUTE)
    if (listens or executes) and pair.new.imports & LISTEN and pair.new.imports & EXECUTE:
        yield told(REMOTE, LISTEN, EXECUTE, severity=None if listens and executes else Severity.MEDIUM)
    elif listens:
        yield told(LISTENS, LISTEN)
    elif executes:
        yield told(EXECUTES, EXECUTE)
    if gains(CONNECT) and not listens and not found.asked(LISTEN):
        yield told(CONNECTS, CONNECT)
    if gains(CAPTURE):
        yield told(CAPTURES, CAPTURE)
    if gains(TRACE):
        yield told(TRACES, TRACE)
    if gains(LOAD_CODE):
        yield told(LOADS, LOAD_CODE)
