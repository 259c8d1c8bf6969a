"""Tools that open root on a phone, and those that put code into apps: su, SuperSU, Magisk, KernelSU, APatch, Xposed, Frida.

They are known by where a file lies together with what it is and what is written in it (`trueware.explaining.known.root_tools`). What
the genuine software has too is none that was added.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.explaining.contract import Altered, Case
from trueware.explaining.known.root_tools import ROOT_TOOLS, RootTool
from trueware.explaining.patterns import regex
from trueware.explaining.reading.sides import both_sides
from trueware.model.finding import Evidence, Finding, Rule, Severity
from trueware.model.part import Kind

ROOT = Rule(
    "root-tool-added",
    "A tool that opens root to apps is in the software",
    Severity.HIGH,
    help="Apps can take over everything, also the data of other apps. Owners do that on purpose; sellers do it unseen.",
    effect="privilege-opened",
)
HOOKS = Rule(
    "hooking-tool-added",
    "A tool that puts code into running apps is in the software",
    Severity.HIGH,
    help="It sees and changes what apps do, banking apps among them.",
    effect="app-injected",
)
_LINKS = regex(r"(?:.*/)?(?:s?bin|xbin)/(?:su|resetprop|supolicy|magiskpolicy|magiskhide)")
_TARGETS = regex(r"(?:.*/)?(?:magisk(?:32|64|policy)?|ksud|apd|daemonsu)")


class RootTools:
    """Tools that open root, or put code into apps."""

    subject: ClassVar[str] = "tools that open root"
    rules: ClassVar[tuple[Rule, ...]] = (ROOT, HOOKS)
    wants: ClassVar[re.Pattern[str]] = re.compile(
        "|".join(dict.fromkeys((*(f"(?:{tool.paths.pattern})" for tool in ROOT_TOOLS), _LINKS.pattern)))
    )

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (a change shows it)
        found = altered.change.found
        if found is None:
            return
        if found.kind is Kind.SYMLINK:
            if found.link and _LINKS.fullmatch(altered.inner) and _TARGETS.fullmatch(found.link):
                yield altered.finding(ROOT, found.link, Evidence("link", None, found.link[:200]))
            return
        tools = [tool for tool in ROOT_TOOLS if tool.paths.fullmatch(altered.inner)]
        if not tools or (after := altered.after()) is None:
            return
        first = next(((tool, mark) for tool in tools if (mark := _sign(tool, after)) is not None), None)
        sides = None if first is None else both_sides(altered)
        if first is None or sides is None:
            return
        tool, mark = first
        if not altered.is_added and _sign(tool, sides.before) is not None:
            return
        told = f"a program that says {mark.decode('latin-1')!r}" if mark else "a program of that name in that place"
        yield altered.finding(HOOKS if tool.hooks else ROOT, tool.tool, Evidence("file", None, told))


def _sign(tool: RootTool, data: bytes) -> bytes | None:
    """Return the mark by which a file is this tool's, nothing where its place and kind are; None where it is not."""
    if tool.begins and not data.startswith(tool.begins):
        return None
    if not tool.marks:
        return b""
    return next((mark for mark in tool.marks if mark in data), None)
