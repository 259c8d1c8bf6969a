"""What the headers of images say: claims made from the facts their readers found.

These speak for the wrapping: what a boot loader or an upgrade page looks at before it accepts an image. Whoever packs an image
writes them as they need them, so they are worth comparing with what the content says (`trueware.identifying.contradiction`).
"""

import re
from collections.abc import Callable, Iterator, Mapping

from trueware.identifying.contract import claim
from trueware.model.claim import Claim
from trueware.model.part import Part

_FINGERPRINT = re.compile(r"com\.android\.build\.\w{1,32}\.fingerprint")
_KIND_OF_PAYLOAD = re.compile(r"\b(?:Linux|kernel|u-?boot|rootfs|ramdisk|initrd|script|fdt|fit)\b", re.IGNORECASE)
_NO_VERSION = re.compile(r"[0.]*")

_Facts = Mapping[str, str]


def header_claims(path: str, part: Part) -> Iterator[Claim]:
    """Yield what the header of `part`, read by its format, claims."""
    reader = _READERS.get(part.format or "")
    if reader is not None:
        for name, value in reader(dict(part.facts)):
            yield from claim(name, value, part.format or "", path)


def _tplink_v1(facts: _Facts) -> Iterator[tuple[str, str]]:
    """The text called version is ``ver. 1.0`` in the vendor's every image and a revision in OpenWrt's: a build, no version."""
    yield "vendor", facts.get("vendor", "")
    yield "hardware", facts.get("hardware", "")
    yield "build", facts.get("version", "")
    if not _NO_VERSION.fullmatch(version := facts.get("firmware-version", "")):
        yield "version", version


def _uimage(facts: _Facts) -> Iterator[tuple[str, str]]:
    """The name is the vendor's to choose; one that only tells what kind of payload it is names no product."""
    name = facts.get("name", "")
    yield "build" if _KIND_OF_PAYLOAD.search(name) else "product", name
    for name, fact in (("os", "os"), ("architecture", "arch")):
        if facts.get(fact, "invalid") != "invalid":
            yield name, facts[fact]


def _fit(facts: _Facts) -> Iterator[tuple[str, str]]:
    description = facts.get("description", "")
    yield "build" if _KIND_OF_PAYLOAD.search(description) else "product", description


def _vbmeta(facts: _Facts) -> Iterator[tuple[str, str]]:
    for name, value in facts.items():
        if _FINGERPRINT.fullmatch(name):
            yield "fingerprint", value


_READERS: dict[str, Callable[[_Facts], Iterator[tuple[str, str]]]] = {
    "tplink-v1": _tplink_v1,
    "uimage": _uimage,
    "fit": _fit,
    "vbmeta": _vbmeta,
}

HEADERS = frozenset(_READERS)
"""Sources that speak for the wrapping."""
