r"""Android's debugging service on the network, and who may use it without being asked.

====================================  ================================================================
build.prop, default.prop, local.prop  ``service.adb.tcp.port``, ``persist.adb.tcp.port``, wireless debugging
\*.rc, shell scripts                   ``setprop`` of these
adb_keys                              keys of computers that are let in without the question on the screen
====================================  ================================================================

Over USB adb is what developers use, and the switch for it is the owner's. On a port, a command line is open to the network; that
the owner is asked (``ro.adb.secure``) belongs to what build.prop says else. Source: AOSP ``packages/modules/adb``
(``daemon/main.cpp``), ``system/core/libcutils/include/cutils/properties.h``.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.explaining.contract import Altered, Case
from trueware.explaining.patterns import regex
from trueware.explaining.reading.android_init import Order, read_init
from trueware.explaining.reading.lines import difference, excerpt, meaningful_lines
from trueware.explaining.reading.sides import both_sides
from trueware.explaining.reading.starters import LARGEST, shell_script
from trueware.model.finding import Evidence, Finding, Rule, Severity

PORT = Rule(
    "adb-on-network",
    "Android's debugging service answers on a network port",
    Severity.HIGH,
    help="Whoever reaches the port has a command line and installs apps; worms look for it. Switch it off in the options.",
    effect="remote-access",
)
KEY = Rule(
    "adb-key-added",
    "A certain computer may debug the device without its owner being asked",
    Severity.HIGH,
    help="The key came with the software: whoever holds it reads and changes everything over USB, or over the network.",
    effect="local-access",
)
_PROPERTIES = ("service.adb.tcp.port", "persist.adb.tcp.port", "persist.adb.tls_server.enable")
_FILE = regex(r"(?:.*/)?(?:(?:build|default|local|user|system|vendor|product|odm)\.prop|prop\.default)")
_KEYS = regex(r"(?:.*/)?adb_keys")
_SCRIPT = regex(r"(?:.*/)?[^/]+\.(?:sh|rc)|(?:.*/)?(?:init\.d|service\.d|post-fs-data\.d|su\.d)/[^/]+")


class AdbNetwork:
    """Debugging over the network."""

    subject: ClassVar[str] = "Android's debugging service"
    rules: ClassVar[tuple[Rule, ...]] = (PORT, KEY)
    wants: ClassVar[re.Pattern[str]] = re.compile("|".join(each.pattern for each in (_FILE, _KEYS, _SCRIPT)))

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (a change shows it)
        sides = both_sides(altered, AdbNetwork.wants)
        if sides is None or not sides.after or max(map(len, sides)) > LARGEST:
            return
        if _KEYS.fullmatch(altered.inner):
            for line in difference(*sides).added:
                evidence = Evidence(f"line {line.number}", None, excerpt(line.text, 80))
                yield altered.finding(KEY, excerpt(line.text.rpartition(" ")[2], 80), evidence)
            return
        old = {(name, value) for _, name, value in _settings(altered, sides.before)}
        for number, name, value in _settings(altered, sides.after):
            if (name, value) not in old and value not in ("", "0", "-1", "false"):
                before = next((each for known, each in old if known == name), None)
                port = value if value.isdigit() and name != _PROPERTIES[2] else ""
                touches = [f"port:{port}"] if port else ()
                evidence = Evidence(f"line {number}, {name}", before, excerpt(value))
                yield altered.finding(PORT, f"{name} is {excerpt(value, 40)}", evidence, touches=touches)


def _settings(altered: Altered, data: bytes) -> Iterator[tuple[int, str, str]]:
    """Yield line, name and value of each setting of these properties; of a file of properties, the one that counts."""
    if _FILE.fullmatch(altered.inner):
        found = {}
        for line in meaningful_lines(data):
            name, _, value = line.text.partition("=")
            if name.strip() in _PROPERTIES:
                found[name.strip()] = (line.number, name.strip(), value.strip())
        yield from found.values()
    elif altered.inner.endswith(".rc"):
        for each in read_init(data):
            if isinstance(each, Order) and len(each.words) > 2 and each.words[0] == "setprop":
                name, value = each.words[1:3]
                yield from [(each.line, name, value)] if name in _PROPERTIES else []
    elif b"setprop" in data:
        for run in shell_script(data):
            if run.name in ("setprop", "resetprop"):
                words = [word for word in run.arguments if not word.startswith("-")]
                if len(words) > 1 and words[0] in _PROPERTIES:
                    yield run.line, words[0], words[1]
