"""Traffic that is copied, recorded or listened to, other than by rules for packets (`packet_filter`).

====================  ==============================================================================================================
mirroring             ``tc … action mirred``, ports of a switch (swconfig, OpenWrt's settings), Open vSwitch, ERSPAN; the package
                      port-mirroring, which sends copies in TZSP
recording             tcpdump, dumpcap, tshark and the like that are started
interception tools    programs that pose as the other side (mitmproxy, sslsplit, ettercap), that unpack copies, or that providers
                      use for lawful interception
reporting             exporters of flows: who talks to whom, when and how much (NetFlow, sFlow, IPFIX)
====================  ==============================================================================================================

Source: tc-mirred(8), tcpdump(1), dumpcap(1), ovs-vsctl(8), ip-link(8); OpenWrt swconfig and port-mirroring; OpenLI; softflowd(8).
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.explaining.contract import Altered, Case
from trueware.explaining.patterns import regex
from trueware.explaining.reading.invocations import Invocation
from trueware.explaining.reading.lines import difference, excerpt
from trueware.explaining.reading.runs import COULD_RUN, changed_runs
from trueware.explaining.reading.sides import both_sides
from trueware.explaining.reading.uci import Pairing, differences
from trueware.explaining.reading.urls import is_address, is_local
from trueware.model.finding import Evidence, Finding, Rule, Severity

MIRRORED = Rule(
    "traffic-mirrored",
    "Traffic is copied to another port or machine",
    Severity.HIGH,
    help="Whoever is there sees what the network's users do, as lawful interception does.",
    effect="traffic-intercepted",
)
RECORDED = Rule(
    "traffic-recorded",
    "A program that records traffic is started",
    Severity.HIGH,
    help="What is not encrypted can be read in the record, and of the rest who talks to whom.",
    effect="traffic-intercepted",
)
TOOL = Rule(
    "interception-tool-started",
    "A program made for listening to other people's connections is started",
    Severity.HIGH,
    help="Such programs pose as the other side, or hand copies of traffic on.",
    effect="traffic-intercepted",
)
REPORTED = Rule(
    "traffic-reported",
    "Who talks to whom, when and how much is reported to a collector",
    Severity.MEDIUM,
    help="Providers do that for their own network. Ask whose collector it is.",
    effect="data-sent-elsewhere",
)

_RECORDERS = frozenset(
    {
        "tcpdump",
        "tcpdump-mini",
        "dumpcap",
        "tshark",
        "daemonlogger",
        "netsniff-ng",
        "ngrep",
        "pktcap",
        "snort",
        "wlandump",
    }
)
_TOOLS = frozenset(
    (
        *(
            "mitmproxy",
            "mitmdump",
            "mitmweb",
            "sslsplit",
            "sslstrip",
            "sslsniff",
            "ettercap",
            "bettercap",
            "arpspoof",
            "dnsspoof",
        ),
        *(
            "dsniff",
            "urlsnarf",
            "mailsnarf",
            "msgsnarf",
            "webspy",
            "responder",
            "evilginx",
            "hostapd-wpe",
            "karma",
            "airodump-ng",
        ),
        *(
            "tzsp2pcap",
            "trafr",
            "openliprovisioner",
            "openlimediator",
            "openlicollector",
            "wifiphisher",
            "driftnet",
            "mitm6",
        ),
    )
)
_EXPORTERS = frozenset(
    {"softflowd", "fprobe", "fprobe-ulog", "pmacctd", "nprobe", "hsflowd", "yaf", "ipt_netflow", "pfflowd", "sflowtool"}
)
_LISTS = frozenset({"-D", "-L", "-h", "--help", "--version", "-V"})
_MIRROR_LINK = regex(r"\btype\s+(?:erspan|ip6erspan)\b|\bmirror\b")
_COLLECTOR = regex(r"(?:^|[\s=,\"'])((?:\d{1,3}\.){3}\d{1,3}|[\w-]+(?:\.[\w-]+)+):\d{1,5}\b")
_SETTINGS = regex(r"etc/config/(?:network|port[-_]mirroring|softflowd)|etc/port-mirroring/.+\.conf")
_MIRROR_OPTION = regex(r"enable_mirror_[rt]x|mirror_(?:monitor|source)_port")


class Eavesdropping:
    """Copies and records of traffic."""

    subject: ClassVar[str] = "copies and records of traffic"
    rules: ClassVar[tuple[Rule, ...]] = (MIRRORED, RECORDED, TOOL, REPORTED)
    wants: ClassVar[re.Pattern[str]] = COULD_RUN

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (a change shows it)
        if _SETTINGS.fullmatch(altered.inner):
            yield from _settings(altered)
            return
        told: set[tuple[str, str]] = set()
        for run in changed_runs(altered)[1]:
            rule = _rule(run)
            if rule is not None and (rule.id, run.text) not in told:
                told.add((rule.id, run.text))
                evidence = Evidence(f"line {run.line}", None, excerpt(run.text))
                yield altered.finding(rule, excerpt(run.text), evidence, touches=_touches(run))


def _rule(run: Invocation) -> Rule | None:
    """Return what it means that a program is run; None where it means nothing here."""
    text = run.text
    if run.name == "tc" and "mirred" in run.arguments and ("mirror" in run.arguments or "redirect" in run.arguments):
        is_to_ifb = re.search(r"\bdev\s+ifb\d", text[text.find("mirred") :]) is not None
        return None if is_to_ifb else MIRRORED  # ifb: how queues for incoming packets are made (tc-mirred(8))
    if (
        run.name == "swconfig"
        and any(_MIRROR_OPTION.fullmatch(word) for word in run.arguments)
        and "get" not in run.arguments
    ):
        return MIRRORED if run.arguments[-1] != "0" else None
    if run.name == "ip" and run.arguments[:1] == ("link",) and "add" in run.arguments and _MIRROR_LINK.search(text):
        return MIRRORED
    if run.name == "ovs-vsctl" and re.search(r"\bcreate\s+mirror\b", text, re.IGNORECASE):
        return MIRRORED
    if run.name == "ovs-vsctl" and re.search(r"\bcreate\s+(?:netflow|sflow|ipfix)\b", text, re.IGNORECASE):
        return REPORTED
    if run.name in _RECORDERS and not _LISTS.intersection(run.arguments):
        return RECORDED
    if run.name in _TOOLS:
        return TOOL
    return REPORTED if run.name in _EXPORTERS else None


def _touches(run: Invocation) -> tuple[str, ...]:
    hosts = (found[1] for found in _COLLECTOR.finditer(run.text))
    return tuple(f"host:{host}" for host in hosts if not (is_address(host) and is_local(host)))


def _settings(altered: Altered) -> Iterator[Finding]:
    sides = both_sides(altered)
    if sides is None:
        return
    if not altered.inner.startswith("etc/config/"):
        for line in difference(*sides).added:
            if re.match(r"target\s*=", line.text):
                yield altered.finding(
                    MIRRORED, excerpt(line.text), Evidence(f"line {line.number}", None, excerpt(line.text))
                )
        return
    for pair in differences(*sides):
        if (found := _setting(altered, pair)) is not None:
            yield found


def _setting(altered: Altered, pair: Pairing) -> Finding | None:
    now = pair.after
    if now is None or not now.is_on("enabled", default=True):
        return None
    if now.type == "switch":
        option = next(
            (each for each in ("enable_mirror_rx", "enable_mirror_tx") if now.is_on(each, default=False)), None
        )
        if option is None or pair.changed(option) is None:
            return None
        evidence = Evidence(option, pair.before.get(option) or None if pair.before else None, now.get(option))
        return altered.finding(
            MIRRORED, f"packets are copied to port {now.get('mirror_monitor_port') or 'of the switch'}", evidence
        )
    for option, rule in (("target", MIRRORED), ("host_port", REPORTED)):
        is_of_package = now.type in {"port-mirroring", "softflowd"} or altered.name.startswith("port")
        if is_of_package and now.get(option) and pair.changed(option) is not None:
            evidence = Evidence(
                option, pair.before.get(option) or None if pair.before else None, excerpt(now.get(option))
            )
            host = now.get(option).partition(":")[0]
            return altered.finding(rule, f"copies go to {now.get(option)}", evidence, touches=(f"host:{host}",))
    return None
