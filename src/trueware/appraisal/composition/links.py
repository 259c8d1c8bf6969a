"""Links that installing packages makes.

alternatives        ``/etc/alternatives/<name>`` and links to it: the target is brought by an installed package whose script has the
                    name in it (update-alternatives(1)), or is a manual
start-up            ``etc/rcN.d/S01<name>`` to a script that a package brings; ``*.wants`` and aliases of systemd where the unit that
                    a package brings asks for them in ``[Install]`` (systemd.unit(5)), and a script of that package names it
authorities         that ``ca-certificates`` brings, and by their hashes links to such links
others              known by name (`Makings`), and ``bin`` and the like into ``usr``
"""

import re

from trueware.appraisal.composition.makings import Makings
from trueware.appraisal.composition.system import System
from trueware.appraisal.composition.union import MERGED
from trueware.model.part import Kind

AUTHORITIES = "usr/share/ca-certificates"
"""Where ``ca-certificates`` brings them."""

_ALTERNATIVES = "etc/alternatives"
_CERTIFICATES = "etc/ssl/certs"
_MANUALS = "usr/share/man/"
_HASHED = re.compile(r"[0-9a-f]{8}\.\d{1,2}")
_RC = re.compile(r"etc/rc[0-6S]\.d/[SK]\d\d([\w.+-]+)", re.ASCII)
_SYSTEMD = re.compile(r"etc/systemd/(?:system|user)/(?:([\w.@:\\-]+)\.(wants|requires)/)?([\w.@:\\-]+)", re.ASCII)
_UNITS = ("lib/systemd/system/", "usr/lib/systemd/system/", "lib/systemd/user/", "usr/lib/systemd/user/")
_INSTANCE = re.compile(r"@[^.]*\.")


def is_made(path: str, link: str, system: System, makings: Makings) -> bool:
    """Tell whether a link at `path` is one that installing the packages of `system` makes."""
    folder, _, name = path.rpartition("/")
    if path in MERGED:
        return link in (f"usr/{path}", f"/usr/{path}")
    if makings.links.get(path) == link:
        return True
    target = system.target(path, link)
    if path == "etc/localtime":
        return target.startswith("usr/share/zoneinfo/") and system.brings(target)
    if folder == _ALTERNATIVES:
        return _is_alternative(name, target, system)
    if link.startswith(f"/{_ALTERNATIVES}/"):
        return _leads_to_alternative(path, link.removeprefix(f"/{_ALTERNATIVES}/"), system)
    if folder == _CERTIFICATES:
        return _is_authority(path, link, system)
    if folder == "etc/runit/runsvdir/default":
        return link == f"/etc/sv/{name}" and system.brings(target)
    if match := _RC.fullmatch(path):
        return link == f"../init.d/{match[1]}" and system.brings(target)
    if match := _SYSTEMD.fullmatch(path):
        return _is_wanted(match, target, system)
    return False


def _is_alternative(name: str, target: str, system: System) -> bool:
    return system.brings(target) and (target.startswith(_MANUALS) or system.owner_mentions(target, name))


def _leads_to_alternative(path: str, name: str, system: System) -> bool:
    """Tell whether a link leads to an alternative that is one, and stands where a script says."""
    found = system.found(f"{_ALTERNATIVES}/{name}") if "/" not in name else None
    if found is None or found.kind is not Kind.SYMLINK:
        return False
    target = system.target(f"{_ALTERNATIVES}/{name}", found.link or "")
    if not _is_alternative(name, target, system):
        return False
    return path.startswith(_MANUALS) or system.owner_mentions(target, path.rpartition("/")[2])


def _is_wanted(match: re.Match[str], target: str, system: System) -> bool:
    by, how, name = match.groups()
    unit = target.rpartition("/")[2]
    brought = system.union.paths.get(target, ())
    if not target.startswith(_UNITS) or not brought:
        return False
    asked = _install(system.text(brought[-1].part))
    if by is None:
        asks = name in asked.get("Alias", ())
    else:
        wanted = asked.get("WantedBy" if how == "wants" else "RequiredBy", ())
        asks = by in wanted and unit in (name, _INSTANCE.sub("@.", name))
    return asks and any(system.mentions(each, unit, name) for each in brought)


def _install(unit: str) -> dict[str, tuple[str, ...]]:
    """Return what ``[Install]`` of a unit asks for."""
    found: dict[str, tuple[str, ...]] = {}
    section = ""
    for line in unit.split("\n"):
        if line.startswith("["):
            section = line.strip()
        elif section == "[Install]":
            name, _, value = line.partition("=")
            found[name.strip()] = (*found.get(name.strip(), ()), *value.split())
    return found


def _is_authority(path: str, link: str, system: System) -> bool:
    target = system.target(path, link)
    if _HASHED.fullmatch(path.rpartition("/")[2]) and "/" not in link:
        beside = system.found(f"{_CERTIFICATES}/{link}")
        target = system.target(path, beside.link or "") if beside is not None and beside.kind is Kind.SYMLINK else ""
    return target.startswith(f"{AUTHORITIES}/") and system.brings(target)
