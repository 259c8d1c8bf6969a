"""Android's property files as a device takes them, and the build fingerprint taken apart.

A fingerprint is ``brand/name/device:release/id/incremental:type/tags``. Source: AOSP ``build/make/tools/buildinfo.sh``,
``system/core/init/property_service.cpp`` (LoadProperties).
"""

from dataclasses import dataclass

from trueware.explaining.patterns import regex
from trueware.identifying.assignments import properties

PATHS = r"(?:[^/]+/){0,3}(?:etc/)?(?:[\w.]+[-_])?(?:build\.prop|default\.prop|prop\.default|local\.prop)"
"""Inner paths of property files, in any partition and in a ram disk."""

_FINGERPRINT = regex(r"([^/:\s]+)/([^/:\s]+)/([^/:\s]+):([^/:\s]+)/([^/:\s]+)/([^/:\s]+):([^/:\s]+)/([^/:\s]+)")
_PARTITIONS = r"(?:bootimage|odm|odm_dlkm|product|system|system_dlkm|system_ext|vendor|vendor_dlkm)"
_BUILD = regex(
    rf"ro\.(?:{_PARTITIONS}\.build|build\.{_PARTITIONS}|{_PARTITIONS}|build|build\.{_PARTITIONS}\.build)\.fingerprint"
)


def read_properties(content: bytes) -> dict[str, str]:
    """Return values by name; of several for a name that begins with ``ro.`` the first, as older systems take it, else the last."""
    found: dict[str, str] = {}
    for name, value in properties(content):
        if not (name.startswith("ro.") and name in found):
            found[name] = value
    return found


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """One build of one product, as a fingerprint names it."""

    brand: str
    name: str
    device: str
    release: str
    id: str
    incremental: str
    type: str
    tags: str


def read_fingerprint(value: str) -> Fingerprint | None:
    """Return a fingerprint taken apart, None for what is none."""
    match = _FINGERPRINT.fullmatch(value)
    return None if match is None else Fingerprint(*match.groups())


def fingerprints(values: dict[str, str]) -> dict[str, Fingerprint]:
    """Return the fingerprints among properties by the name of the property."""
    found = ((name, read_fingerprint(value)) for name, value in values.items() if _BUILD.fullmatch(name))
    return {name: each for name, each in found if each is not None}


def contradictions(values: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Return what properties of the build say otherwise than its fingerprint.

    By property: what the fingerprint has, and its value.
    """
    fingerprint = read_fingerprint(values.get("ro.build.fingerprint", ""))
    if fingerprint is None:
        return {}
    pairs = (
        ("ro.build.version.release", fingerprint.release),
        ("ro.build.id", fingerprint.id),
        ("ro.build.version.incremental", fingerprint.incremental),
        ("ro.build.type", fingerprint.type),
        ("ro.build.tags", fingerprint.tags),
        ("ro.product.device", fingerprint.device),
        ("ro.product.name", fingerprint.name),
        ("ro.product.brand", fingerprint.brand),
    )
    return {name: (said, values[name]) for name, said in pairs if name in values and values[name] != said}
