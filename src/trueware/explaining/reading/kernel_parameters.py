"""The parameters of a kernel's command line, and those of them with which a start is less safe.

Parameters are separated by blanks; double quotes keep blanks within one; of a parameter that repeats the last counts, except for
``console`` and the like, and ``-`` is the same as ``_`` in names; what follows ``--`` is for init. Source: Linux ``lib/cmdline.c``
(``next_arg``), ``kernel/params.c`` (``dash2underscore``), ``Documentation/admin-guide/kernel-parameters.rst``;
systemd kernel-command-line(7); AOSP ``system/core/init``, ``androidboot.*``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from trueware.explaining.patterns import regex

_WORD = regex(r'(?:"[^"]*"?|[^\s"])+')


def read_parameters(line: str) -> dict[str, str]:
    """Return the values by name (``_`` for ``-``); nothing for one without a value, blanks between those of one that repeats."""
    found: dict[str, list[str]] = {}
    for word in _WORD.findall(line):
        if word == "--":
            break
        name, _, value = word.replace('"', "").partition("=")
        found.setdefault(name.replace("-", "_"), []).append(value)
    return {name: " ".join(values) for name, values in found.items()}


@dataclass(frozen=True, slots=True)
class Loosened:
    """One parameter that differs for the worse."""

    kind: str
    """``init``, ``mandatory-access``, ``verification``, ``hardening``, ``rescue`` or ``debugger``."""

    before: str | None
    """As written, None where it was not there."""

    after: str | None
    name: str


_OFF = frozenset({"0", "n", "no", "off", "false", "none", "permissive", "disabled", "logging", "ignore", "fix", "log"})
_ON = frozenset({"1", "y", "yes", "on", "true", "enforcing", "enforce", "integrity", "confidentiality"})

_MUST_STAY_ON = {
    "selinux": "mandatory-access",
    "enforcing": "mandatory-access",
    "androidboot.selinux": "mandatory-access",
    "apparmor": "mandatory-access",
    "module.sig_enforce": "verification",
    "lockdown": "verification",
    "ima_appraise": "verification",
    "androidboot.veritymode": "verification",
    "systemd.verity": "verification",
    "rd.systemd.verity": "verification",
    "roothash": "verification",
    "verity": "verification",
    "pti": "hardening",
    "kpti": "hardening",
    "mitigations": "hardening",
    "randomize_kstack_offset": "hardening",
    "init_on_alloc": "hardening",
    "slab_nomerge": "hardening",
}
"""What loosens when it is set to off; for the set below also when it goes."""

_LOSS_COUNTS = frozenset(
    {"module.sig_enforce", "lockdown", "ima_appraise", "roothash", "androidboot.veritymode", "enforcing"}
)
"""Parameters without which the kernel's own default is less safe."""

_LOOSENING = {
    "nokaslr": "hardening",
    "nosmep": "hardening",
    "nosmap": "hardening",
    "nopti": "hardening",
    "norandmaps": "hardening",
    "nospectre_v1": "hardening",
    "nospectre_v2": "hardening",
    "single": "rescue",
    "S": "rescue",
    "1": "rescue",
    "emergency": "rescue",
    "rescue": "rescue",
    "systemd.debug_shell": "rescue",
    "rd.break": "rescue",
    "failsafe": "rescue",
    "init_fatal_sh": "rescue",
    "kgdboc": "debugger",
    "kgdbwait": "debugger",
    "kdb": "debugger",
}
"""What loosens by being there."""

_RESCUE_UNITS = regex(r"(?:rescue|emergency|debug-shell|single)[\w.-]*")
_INIT = ("init", "rdinit", "systemd.unit", "rd.systemd.unit")


def loosened(before: str, after: str) -> Iterator[Loosened]:
    """Yield the parameters in which a command line is less safe than another."""
    old, new = read_parameters(before), read_parameters(after)
    for name in _INIT:
        if (value := new.get(name)) and value != old.get(name):
            if name in {"init", "rdinit"}:
                yield _made("init", name, old, new)
            elif _RESCUE_UNITS.fullmatch(value):
                yield _made("rescue", name, old, new)
    for name, kind in _MUST_STAY_ON.items():
        is_lost = name in _LOSS_COUNTS and name in old and name not in new and old[name].casefold() not in _OFF
        if (_is_off(new.get(name)) and not _is_off(old.get(name))) or is_lost:
            yield _made(kind, name, old, new)
    for name, kind in _LOOSENING.items():
        if name in new and name not in old and new[name].casefold() not in {"0", "off", "no"}:
            yield _made(kind, name, old, new)
    for name, value in old.items():
        if name in {"dm", "dm_mod.create"} and "verity" in value and "verity" not in new.get(name, ""):
            yield _made("verification", name, old, new)


def _is_off(value: str | None) -> bool:
    return value is not None and value.split(" ")[-1].casefold() in _OFF


def _made(kind: str, name: str, old: Mapping[str, str], new: Mapping[str, str]) -> Loosened:
    return Loosened(kind, _written(name, old), _written(name, new), name)


def _written(name: str, parameters: Mapping[str, str]) -> str | None:
    if name not in parameters:
        return None
    return f"{name}={parameters[name]}" if parameters[name] else name
