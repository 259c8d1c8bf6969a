"""Rules of nftables: as blocks of tables and chains, as commands (``add rule …``), and as bare rules of a chain that is known.

Source: nft(8); OpenWrt firewall4, which includes files of bare rules from ``chain-pre/<chain>/`` and ``chain-post/<chain>/``.
"""

from collections.abc import Iterator, Sequence

from trueware.explaining.patterns import regex
from trueware.explaining.reading.packets import Kind, PacketRule, hook_of

_TOKEN = regex(r'#[^\n]*|\\\r?\n|"(?P<quoted>[^"\n]*)"?|(?P<sign>[{};\n])|(?P<word>[^\s{};"#\\]+|\\)')
_FAMILIES = frozenset({"ip", "ip6", "inet", "arp", "bridge", "netdev"})
_BLOCKS = frozenset(
    {"table", "chain", "set", "map", "flowtable", "counter", "quota", "limit", "secmark", "synproxy", "ct"}
)
_VERBS = frozenset({"add", "create", "insert", "replace"})
_PROTOCOLS = frozenset({"tcp", "udp", "sctp", "dccp", "udplite", "icmp", "icmpv6"})
_VERDICTS = frozenset({"accept", "drop", "reject", "masquerade", "return", "queue", "continue"})
_DIVERTING = {"dnat": "dnat", "redirect": "redirect", "tproxy": "tproxy", "dup": "copy"}
_MOST_BLOCKS = 16
"""Blocks within each other."""

_INCLUDED = regex(r"(?:.*/)?chain-(?:pre|post)/([^/]+)/[^/]+")


def chain_of_include(path: str) -> str:
    """Return the chain that a file of bare rules belongs to by its path; empty for a file of blocks."""
    found = _INCLUDED.fullmatch(path)
    return found[1] if found else ""


def read_nft(data: bytes, chain: str = "") -> Iterator[PacketRule]:
    """Yield the rules of a file; `chain` is the one that bare rules belong to."""
    reader = _Reader(chain)
    for line, words in reader.statements(data.decode("utf-8", "backslashreplace")):
        yield from reader.rules(line, words)


class _Reader:
    """Goes through the statements, and knows in which chain it is."""

    def __init__(self, chain: str) -> None:
        self._chains = [chain]
        self._hooks: dict[str, str] = {}

    def statements(self, text: str) -> Iterator[tuple[int, list[str]]]:
        """Yield each statement with its line; braces within a rule are words of it."""
        words: list[str] = []
        line, first, depth = 1, 1, 0
        for token in _TOKEN.finditer(text):
            sign = token["sign"]
            if sign is None:
                if token["word"] is not None or token["quoted"] is not None:
                    first = line if not words else first
                    words.append(token["word"] or token["quoted"] or "")
            elif sign == "{" and not depth and _opens_block(words):
                yield first, [*words, "{"]
                words = []
            elif sign == "{":
                depth += 1
                words.append("{")
            elif sign == "}" and depth:
                depth -= 1
                words.append("}")
            elif not depth:
                if words:
                    yield first, words
                words = []
                if sign == "}":
                    yield line, ["}"]
            line += token[0].count("\n")
        if words:
            yield first, words

    def rules(self, line: int, words: list[str]) -> Iterator[PacketRule]:
        """Yield the rules that a statement makes."""
        verb = words[0] if words[0] in _VERBS else ""
        rest = words[1:] if verb else words
        if words == ["}"]:
            if len(self._chains) > 1:
                self._chains.pop()
        elif words[-1] == "{":
            if len(self._chains) < _MOST_BLOCKS:
                self._chains.append(_named(rest[1:-1], "chain") if rest[:1] == ["chain"] else "")
        elif words[0] == "flush":
            yield PacketRule(Kind.FLUSH, " ".join(words), line)
        elif rest[:1] == ["rule"]:
            chain, said = _of_command(rest[1:])
            yield _rule(line, chain, said, self._hooks)
        elif rest[:1] == ["chain"] or words[0] in {"delete", "include", "define", "list", "destroy", "table", "add"}:
            return
        elif words[0] == "type" and "hook" in words[:-1]:
            self._hooks[self._chains[-1]] = words[words.index("hook") + 1]
        elif words[0] == "policy" and len(words) > 1:
            chain = self._chains[-1]
            hook = self._hooks.get(chain, hook_of(chain))
            yield PacketRule(Kind.POLICY, f"policy {chain} {words[1]}", line, chain, hook, words[1])
        elif self._chains[-1]:
            yield _rule(line, self._chains[-1], words, self._hooks)


def _opens_block(words: Sequence[str]) -> bool:
    rest = words[1:] if words and words[0] in _VERBS else words
    return bool(rest) and rest[0] in _BLOCKS and len(rest) < 6 and rest[1:2] not in (["state"], ["mark"], ["status"])


def _named(words: Sequence[str], kind: str) -> str:
    """Return the name of what is declared: the last word."""
    return words[-1] if words else kind


def _of_command(words: Sequence[str]) -> tuple[str, list[str]]:
    """Return the chain and the rule of ``[family] table chain [handle n | position n | index n] rule``."""
    rest = list(words[1:] if words and words[0] in _FAMILIES else words)
    chain, said = (rest[1] if len(rest) > 1 else ""), rest[2:]
    return chain, said[2:] if said and said[0] in {"handle", "position", "index"} else said


def _rule(line: int, chain: str, words: Sequence[str], hooks: dict[str, str]) -> PacketRule:
    said = _without_comment(words)
    verdict, to = _verdict(said)
    protocol = next((word for word in said if word in _PROTOCOLS), "")
    return PacketRule(
        Kind.RULE,
        " ".join(said),
        line,
        chain,
        hooks.get(chain, hook_of(chain)),
        verdict,
        to,
        protocol=protocol,
        ports=_value(said, "dport"),
        source=_value(said, "saddr"),
        destination=_value(said, "daddr"),
        interface=_value(said, "iifname") or _value(said, "iif"),
        is_answer="state" in said and "established" in _value(said, "state") and "new" not in _value(said, "state"),
    )


def _without_comment(words: Sequence[str]) -> list[str]:
    commented = {at + more for at, word in enumerate(words) if word == "comment" for more in (0, 1)}
    return [word for at, word in enumerate(words) if at not in commented and word != "counter"]


def _value(words: Sequence[str], name: str) -> str:
    """Return what stands behind a word: one word, or a set in braces; nothing where it is negated."""
    if name not in words[:-1]:
        return ""
    at = words.index(name) + 1
    if words[at] == "!=":
        return ""
    if words[at] == "==":
        at += 1
    if at < len(words) and words[at] == "{":
        end = words.index("}", at) if "}" in words[at:] else len(words)
        return " ".join(words[at + 1 : end])
    return words[at] if at < len(words) else ""


def _verdict(words: Sequence[str]) -> tuple[str, str]:
    for at, word in enumerate(words):
        if word in _DIVERTING:
            rest = [each for each in words[at + 1 :] if each not in {"to", "ip", "ip6"}]
            return _DIVERTING[word], rest[0] if rest else ""
        if word in {"jump", "goto"} and at + 1 < len(words):
            return words[at + 1], ""
    return next((word for word in reversed(words) if word in _VERDICTS), ""), ""
