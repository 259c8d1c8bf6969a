"""Texts in a changed program that the genuine one does not have: addresses, commands, keys, password hashes."""

import re
from collections.abc import Iterator

from trueware.explaining.contract import Altered
from trueware.explaining.naming import listing
from trueware.explaining.patterns import regex
from trueware.explaining.portraits.elf import text_digest
from trueware.explaining.portraits.elf_difference import How
from trueware.explaining.programs.pair import Pair
from trueware.explaining.reading.endpoints import Endpoint, find_endpoints
from trueware.explaining.reading.lines import excerpt
from trueware.explaining.reading.texts import COMMAND, ENDPOINT, HASH, KEY
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity

ENDPOINT_ADDED = Rule(
    "program-endpoint-added",
    "A program holds an address on the network that the genuine one does not",
    Severity.MEDIUM,
    Confidence.MEDIUM,
    help="What it sends there, or fetches from there, is not known. Ask whose address it is.",
    effect="data-sent-elsewhere",
)
ENDPOINT_REPLACED = Rule(
    "program-endpoint-replaced",
    "A program holds another address on the network in the place of the genuine one",
    Severity.HIGH,
    Confidence.MEDIUM,
    help="What went to the maker's server goes to the new one. Ask whose address it is.",
    effect="data-sent-elsewhere",
)
DOWNLOADS = Rule(
    "program-downloads-code",
    "A program holds a command that fetches something and runs it",
    Severity.HIGH,
    Confidence.MEDIUM,
    help="Whoever answers at that address decides what the device runs.",
    effect="code-downloaded",
)
OPENS = Rule(
    "program-opens-shell",
    "A program holds a command that gives a shell to the network",
    Severity.HIGH,
    Confidence.MEDIUM,
    help="It starts a server for shells, or connects a shell to somebody else's machine.",
    effect="remote-access",
)
COMMANDS = Rule(
    "program-command-added",
    "A program holds commands for a shell that the genuine one does not",
    Severity.LOW,
    Confidence.MEDIUM,
    help="That it holds them is certain; when and whether it runs them is not.",
    effect="program-altered",
)
KEY_ADDED = Rule(
    "program-key-added",
    "A program holds a key that the genuine one does not",
    Severity.HIGH,
    Confidence.MEDIUM,
    help="A public key decides whom the program trusts; a private one lets everybody with the same software pass for it.",
    effect="trust-anchor-added",
)
HASH_ADDED = Rule(
    "program-password-added",
    "A program holds the hash of a password that the genuine one does not",
    Severity.HIGH,
    Confidence.MEDIUM,
    help="A password built into a program cannot be changed by its owner.",
    effect="default-credential",
)

RULES = (ENDPOINT_ADDED, ENDPOINT_REPLACED, DOWNLOADS, OPENS, COMMANDS, KEY_ADDED, HASH_ADDED)

_READ = 512
"""Characters of a command that are looked at."""

_FETCHES = r"(?:wget|curl|tftp|ftpget|lwp-download|fetch)\b"
_SHELL = r"(?:/bin/)?(?:ba|a|da)?sh\b"
_DOWNLOADS = regex(
    rf"{_FETCHES}[^|;&]*\|\s*(?:sudo )?{_SHELL}"
    rf"|{_FETCHES}.*(?:[;&]|&&)\s*(?:chmod\s+(?:\+x|[0-7]{{3,4}})|(?:/bin/)?sh\s|\./|/tmp/)"
)
_OPENS = regex(
    r"\btelnetd\b.*-l\s*/bin/|\bnc\b.*\s-(?:e|c|le|lp)\b|\bnc(?:at)?\b.*/bin/(?:ba|a)?sh|/dev/tcp/"
    r"|\bsocat\b.*exec:|(?:ba|a)?sh -i\b.*[<>]&",
    re.IGNORECASE,
)


def compare_speech(altered: Altered, pair: Pair) -> Iterator[Finding]:
    """Yield what texts came, by kind."""
    if pair.difference.how is How.SAME:
        return
    new = [
        (kind, text)
        for kind, text in dict.fromkeys(pair.told)
        if kind != ENDPOINT and text_digest(kind, text) not in pair.old.texts
    ]
    commands = [text for kind, text in new if kind == COMMAND]
    downloads, opens = ([text for text in commands if pattern.search(text[:_READ])] for pattern in (_DOWNLOADS, _OPENS))
    told = {each.host for text in (*downloads, *opens) for each in find_endpoints(text, names=False)}
    yield from _endpoints(altered, pair, told)
    if downloads:
        yield _told(altered, pair, DOWNLOADS, downloads)
    if opens:
        yield _told(altered, pair, OPENS, opens)
    if (rest := [text for text in commands if text not in downloads and text not in opens]) and _is_compared(pair):
        yield _told(altered, pair, COMMANDS, rest)
    for kind, rule in ((KEY, KEY_ADDED), (HASH, HASH_ADDED)):
        if texts := [text for each, text in new if each == kind]:
            yield _told(altered, pair, rule, texts, secret=True)


def _is_compared(pair: Pair) -> bool:
    """Whether a new text says anything: of a program built anew from another version many texts are new."""
    return pair.difference.how not in (How.REBUILT, How.REPLACED)


def _told(altered: Altered, pair: Pair, rule: Rule, texts: list[str], *, secret: bool = False) -> Finding:
    at = [bytes(pair.elf.view).find(text.encode("ascii")) for text in texts[:6]]
    shown = [excerpt(text, 60 if secret else 200) for text in texts[:6]]
    evidence = [Evidence(pair.place(place), None, text) for place, text in zip(at, shown, strict=True)]
    touches = [touch for text in texts for each in find_endpoints(text, names=False) for touch in each.touches]
    return altered.finding(
        rule, listing((excerpt(text, 80) for text in texts), 3), *evidence, touches=touches[:16], offset=at[0]
    )


def _endpoints(altered: Altered, pair: Pair, told: set[str]) -> Iterator[Finding]:
    """Yield the endpoints that came; those in `told` stand in commands that are findings of their own."""
    old = {each.place: each for text in pair.old.endpoints for each in find_endpoints(text)}
    new = {each.place: each for text in pair.new.endpoints for each in find_endpoints(text)}
    hosts = {each.host for each in old.values()}
    came = [each for each in new.values() if each.host not in hosts | told]
    there = {each.host for each in new.values()}
    went = [each for each in old.values() if each.host not in there]
    if not came:
        return
    touches = [touch for each in came for touch in each.touches]
    if len(went) == len(came) <= 3 and _is_compared(pair):
        for expected, found in zip(went, came, strict=True):
            shown = Evidence(_at(pair, found), excerpt(expected.text), excerpt(found.text))
            detail = f"{excerpt(found.text, 80)} instead of {excerpt(expected.text, 80)}"
            yield altered.finding(ENDPOINT_REPLACED, detail, shown, touches=found.touches)
    else:
        evidence = [Evidence(_at(pair, each), None, excerpt(each.text)) for each in came[:6]]
        severity = None if _is_compared(pair) else Severity.LOW
        yield altered.finding(
            ENDPOINT_ADDED, listing(each.text for each in came), *evidence, touches=touches[:16], severity=severity
        )


def _at(pair: Pair, endpoint: Endpoint) -> str:
    at = bytes(pair.elf.view).find(endpoint.host.encode())
    return pair.place(at) if at >= 0 else ""
