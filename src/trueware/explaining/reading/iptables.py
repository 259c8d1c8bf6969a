"""Rules of iptables, ip6tables and ebtables: as arguments of the command, and as iptables-save(8) writes them.

An option's values are the words up to the next option; a ``!`` before or behind it negates it, and a negated match counts as none.
Long options may be cut where that leaves no doubt (getopt_long(3)). Source: iptables(8), iptables-extensions(8), ebtables(8),
iptables-save(8).
"""

from collections.abc import Iterator, Sequence

from trueware.explaining.patterns import regex
from trueware.explaining.reading.lines import meaningful_lines
from trueware.explaining.reading.packets import Kind, PacketRule, hook_of

PROGRAM = regex(r"(?:ip6?|eb)tables(?:-legacy|-nft)?|\$\{?\w*(?:IP6?T(?:ABLES)?|ip6?t(?:ables)?)\w*\}?")
"""Names of the command, and of variables that scripts put it in."""

RESTORE = regex(r"ip6?tables(?:-legacy|-nft)?-restore")

_SHORT = {
    "-t": "--table",
    "-A": "--append",
    "-I": "--insert",
    "-R": "--replace",
    "-D": "--delete",
    "-P": "--policy",
    "-F": "--flush",
    "-j": "--jump",
    "-g": "--goto",
    "-p": "--protocol",
    "-s": "--source",
    "-d": "--destination",
    "-i": "--in-interface",
    "-o": "--out-interface",
    "-m": "--match",
    "--dport": "--destination-port",
    "--dports": "--destination-ports",
    "--sport": "--source-port",
    "--sports": "--source-ports",
    "--proto": "--protocol",
    "--src": "--source",
    "--dst": "--destination",
    "--ip-dport": "--destination-port",
    "--ip-destination-port": "--destination-port",
}
_LONG = frozenset(
    (
        *_SHORT.values(), "--destination-port", "--destination-ports", "--to-destination", "--to-source", "--to-ports", "--gateway",
        "--state", "--ctstate", "--on-port", "--on-ip", "--string", "--hex-string", "--comment", "--new-chain", "--delete-chain",
        "--zero", "--list", "--verbose", "--wait", "--line-numbers", "--numeric",
    )
)  # fmt: skip
_VERDICTS = {
    "ACCEPT": "accept",
    "DROP": "drop",
    "REJECT": "reject",
    "DNAT": "dnat",
    "REDIRECT": "redirect",
    "TPROXY": "tproxy",
    "TEE": "copy",
}
_WORD = regex(r'"((?:[^"\\]|\\.)*)"|(\S+)')
_PLACES = ("--append", "--insert", "--replace")


def read_command(words: Sequence[str], line: int, table: str = "") -> PacketRule | None:
    """Return what the arguments of the command say; None where they set nothing (they list, delete, make a chain)."""
    options = _options(words)
    table = _first(options, "--table") or table
    if values := options.get("--policy"):
        chain, *rest = (*values, "")
        return _made(Kind.POLICY, table, chain, line, verdict=_VERDICTS.get(rest[0], rest[0].lower()))
    if (values := options.get("--flush")) is not None:
        return _made(Kind.FLUSH, table, _first(options, "--flush"), line)
    place = next((each for each in _PLACES if each in options), None)
    if place is None:
        return None
    target = _first(options, "--jump", "--goto")
    states = {
        word.upper() for value in options.get("--state", options.get("--ctstate", ())) for word in value.split(",")
    }
    said = " ".join(_normal(words))
    return PacketRule(
        Kind.RULE,
        f"-t {table} {said}" if table and table != "filter" and "-t " not in said else said,
        line,
        chain=_first(options, place),
        hook=hook_of(_first(options, place)),
        verdict=_VERDICTS.get(target, target),
        to=_first(options, "--to-destination", "--to-ports", "--gateway", "--on-ip", "--on-port"),
        protocol=_first(options, "--protocol"),
        ports=_first(options, "--destination-ports", "--destination-port"),
        source=_first(options, "--source"),
        destination=_first(options, "--destination"),
        interface=_first(options, "--in-interface"),
        is_answer=bool(states) and "NEW" not in states and "INVALID" not in states,
        names=_first(options, "--string"),
    )


def read_saved(data: bytes) -> Iterator[PacketRule]:
    """Yield the rules of a file as iptables-save writes it; lines that are none of its are passed over."""
    table = ""
    for line in meaningful_lines(data):
        text = line.text.partition("] ")[2] if line.text.startswith("[") else line.text
        words = [quoted.replace("\\", "") or bare for quoted, bare in _WORD.findall(text)]
        if not words:
            continue
        if words[0].startswith("*"):
            table = words[0][1:]
        elif words[0].startswith(":") and len(words) > 1:
            if words[1] != "-":
                verdict = _VERDICTS.get(words[1], words[1].lower())
                yield _made(Kind.POLICY, table, words[0][1:], line.number, verdict=verdict)
        elif words[0].startswith("-") and (rule := read_command(words, line.number, table)):
            yield rule


def _made(kind: Kind, table: str, chain: str, line: int, verdict: str = "") -> PacketRule:
    text = " ".join(filter(None, (kind.value, table if table != "filter" else "", chain, verdict)))
    return PacketRule(
        kind, text, line, chain=chain, hook=hook_of(chain) if table in {"", "filter"} else "", verdict=verdict
    )


def _options(words: Sequence[str]) -> dict[str, list[str]]:
    """Return the values by option in its long form; of a negated one, none."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    negated = False
    for word in words:
        if word == "!":
            negated = True
            current = []
        elif word.startswith("-") and len(word) > 1:
            current = [] if negated else found.setdefault(_long(word), [])
            negated = False
        elif negated:  # the older place of the sign: behind the option
            negated = False
        else:
            current.append(word)
    return found


def _long(word: str) -> str:
    if word in _SHORT or word in _LONG:
        return _SHORT.get(word, word)
    if not word.startswith("--"):
        return word
    whole = {_SHORT.get(each, each) for each in (*_LONG, *_SHORT) if each.startswith(word)}
    return whole.pop() if len(whole) == 1 else word


def _normal(words: Sequence[str]) -> Iterator[str]:
    """Yield the words that make the rule what it is: without comments, waiting, counting and numbers of rules."""
    skipping = False
    for word in words:
        if word.startswith("-"):
            skipping = _long(word) in {"--comment", "--wait", "-w"}
        if not skipping and word not in {"-v", "-n", "--verbose", "--numeric"}:
            yield word


def _first(options: dict[str, list[str]], *names: str) -> str:
    return next((options[name][0] for name in names if options.get(name)), "")
