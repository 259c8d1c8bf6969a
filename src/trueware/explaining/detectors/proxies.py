"""Proxies through which the device, or its users without knowing, are led."""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.explaining.contract import Altered, Case
from trueware.explaining.patterns import regex
from trueware.explaining.reading.lines import excerpt
from trueware.explaining.reading.proxies import PATHS, Proxy, proxies_in, proxies_of_runs
from trueware.explaining.reading.runs import COULD_RUN, changed_runs, could_be_script
from trueware.explaining.reading.sides import both_sides
from trueware.explaining.reading.stated_url import read_url
from trueware.explaining.reading.urls import is_address, is_local
from trueware.model.finding import Evidence, Finding, Rule, Severity

SET = Rule(
    "proxy-set",
    "Programs of the device are told to send their requests through another machine",
    Severity.MEDIUM,
    help="Whoever has that machine sees what they ask for, and can change what is not encrypted, updates among it.",
    effect="traffic-intercepted",
)
TRANSPARENT = Rule(
    "transparent-proxy-set",
    "Other people's connections are taken in and led through a proxy",
    Severity.HIGH,
    help="Whoever runs the proxy sees who talks to whom. One that opens encrypted connections reads all of it.",
    effect="traffic-intercepted",
)

_FILES = regex(PATHS)


class Proxies:
    """Proxies."""

    subject: ClassVar[str] = "proxies"
    rules: ClassVar[tuple[Rule, ...]] = (SET, TRANSPARENT)
    wants: ClassVar[re.Pattern[str]] = COULD_RUN

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (a change shows it)
        if _FILES.fullmatch(altered.inner):
            if not could_be_script(altered) or (sides := both_sides(altered)) is None:
                return
            old, new = (list(proxies_in(altered.inner, side)) for side in sides)
        else:
            old, new = ([proxy for run in side for proxy in proxies_of_runs(run)] for side in changed_runs(altered))
        known, before = set(old), {each.name: each.target for each in old}
        for each in dict.fromkeys(new):
            if each not in known:
                yield _told(altered, each, before.get(each.name))


def _told(altered: Altered, proxy: Proxy, before: str | None) -> Finding:
    url = read_url(proxy.target)
    host = url.host if url is not None else proxy.target.rpartition(":")[0]
    is_here = host in {"localhost", ""} or (is_address(host) and is_local(host))
    evidence = Evidence(excerpt(proxy.name, 80), before and excerpt(before), excerpt(proxy.target))
    touches = () if is_here or " " in host else (f"host:{host}",)
    severity = Severity.LOW if altered.is_configuration or (is_here and not proxy.is_transparent) else None
    return altered.finding(
        TRANSPARENT if proxy.is_transparent else SET,
        excerpt(f"{proxy.name}: {proxy.target}"),
        evidence,
        touches=touches,
        severity=severity,
    )
