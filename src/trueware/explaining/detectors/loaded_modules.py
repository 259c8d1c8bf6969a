"""Kernel modules that are loaded when the device starts and are not in the genuine software, or are not loaded there.

Lists of modules hold one name a line, in which ``-`` and ``_`` are the same, and parameters behind it: ``etc/modules``,
``modules-load.d`` (modules-load.d(5)), ``etc/modules.d`` and ``etc/modules-boot.d`` (OpenWrt package/system/ubox, kmodloader). A
module that another list loads anyway is no news, and what parameters mean is another subject.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import ClassVar

from trueware.explaining.contract import Altered, Case
from trueware.explaining.patterns import regex
from trueware.explaining.reading.lines import Line, excerpt, meaningful_lines
from trueware.explaining.reading.sides import both_sides
from trueware.model.finding import Evidence, Finding, Rule, Severity
from trueware.model.part import Kind

OWN = Rule(
    "new-module-loaded",
    "A kernel module that was added or changed is loaded when the device starts",
    Severity.HIGH,
    help="It does in the kernel whatever it wants. The finding about the module itself says what it asks for.",
    effect="kernel-altered",
)
MORE = Rule(
    "module-loaded",
    "A kernel module is loaded when the device starts that the genuine software does not load",
    Severity.LOW,
    help="The module itself is the genuine one, or is not there. Owners load modules for hardware they add.",
    effect="start-up-persistence",
)

_LISTS = regex(
    r"(?:.*/)?(?:etc/modules|(?:etc|usr/lib|lib|run)/modules-load\.d/[^/]+\.conf|etc/modules(?:-boot)?\.d/[^/]+)"
)
_MODULE = regex(r"(?:.*/)?(?P<name>[\w-]+)\.ko(?:\.(?:gz|xz|zst))?(?:!/.*)?")
_NAME = regex(r"[\w-]{1,64}")
_MOST, _LARGEST = 256, 1 << 16
"""Other lists that are read, and bytes of one."""


class LoadedModules:
    """Lists of modules."""

    subject: ClassVar[str] = "kernel modules loaded at start"
    rules: ClassVar[tuple[Rule, ...]] = (OWN, MORE)
    wants: ClassVar[re.Pattern[str]] = _LISTS

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:
        sides = both_sides(altered, _LISTS)
        if sides is None or any(len(side) > _LARGEST for side in sides):
            return
        old, new = (_names(side) for side in sides)
        came = {name: line for name, line in new.items() if name not in old}
        if not came:
            return
        altered_too, anyway = _altered_modules(case), _loaded_anyway(altered, case)
        for name, line in came.items():
            if name in anyway:
                continue
            rule = OWN if name in altered_too else MORE
            if rule is OWN or line.text.split()[1:] == []:  # parameters for a genuine module are others' subject
                yield altered.finding(rule, name, Evidence(f"line {line.number}", None, excerpt(line.text)))


def _names(data: bytes) -> dict[str, Line]:
    found: dict[str, Line] = {}
    for line in meaningful_lines(data):
        name = line.text.split()[0]
        if _NAME.fullmatch(name):
            found.setdefault(name.replace("-", "_"), line)
    return found


def _altered_modules(case: Case) -> set[str]:
    """Return the names of the modules that were added, or whose content changed."""
    return {
        found["name"].replace("-", "_")
        for each in case.altered
        if not each.is_removed and (each.is_added or "content" in each.change.aspects)
        if (found := _MODULE.fullmatch(each.inner))
    }


def _loaded_anyway(altered: Altered, case: Case) -> set[str]:
    """Return what the other lists load that did not change."""
    others = (
        path for path in case.files if _LISTS.fullmatch(path) and path != altered.inner and case.find(path) is None
    )
    names = set[str]()
    for path in islice(others, _MOST):
        part = case.files[path]
        if part.kind is Kind.FILE and part.size <= _LARGEST:
            names.update(_names(case.read(path) or b""))
    return names
