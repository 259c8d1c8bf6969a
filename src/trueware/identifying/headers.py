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
_NO_VERSION = re.compile(r"[0._-]*")
_NUMBERED = re.compile(r"(?<![\w.])[vV]?(\d+(?:\.\d+)+)")
"""A version within a text, such as ``soft_ver:2.0.0 Build 2024``."""

_Facts = Mapping[str, str]


def header_claims(path: str, part: Part) -> Iterator[Claim]:
    """Yield what the header of `part`, read by its format, claims."""
    facts, source = dict(part.facts), part.format or ""
    for name, fact in _PLAIN.get(source, ()):
        yield from claim(name, facts.get(fact, ""), source, path)
    if reader := _READERS.get(source):
        for name, value in reader(facts):
            yield from claim(name, value, source, path)


def _tplink_v1(facts: _Facts) -> Iterator[tuple[str, str]]:
    """The text called version is ``ver. 1.0`` in the vendor's every image and a revision in OpenWrt's: a build, no version."""
    yield "vendor", facts.get("vendor", "")
    yield "hardware", facts.get("hardware", "")
    yield "build", facts.get("version", "")
    if not _NO_VERSION.fullmatch(version := facts.get("firmware-version", "")):
        yield "version", version


def _tplink_v2(facts: _Facts) -> Iterator[tuple[str, str]]:
    yield "hardware", facts.get("hardware", "")
    yield "build", facts.get("version", "")
    if not _NO_VERSION.fullmatch((version := facts.get("firmware-version", "")).partition("-")[0]):
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


def _safeloader(facts: _Facts) -> Iterator[tuple[str, str]]:
    """The support list names every product the image fits; the version is told in numbers or in a text."""
    for product in facts.get("products", "").split():
        yield "product", product
    if version := _NUMBERED.search(facts.get("soft-version", "").replace(":", " ")):
        yield "version", version[1]


def _netgear_dni(facts: _Facts) -> Iterator[tuple[str, str]]:
    yield "version", facts.get("version", "").removeprefix("V")


def _ubnt(facts: _Facts) -> Iterator[tuple[str, str]]:
    """A version reads ``XM.ar7240.v5.6.2.27929.150716.1201``: board, chip, version, build, date, time."""
    board, found, rest = facts.get("version", "").partition(".v")
    yield "build", facts.get("version", "")
    if found:
        yield "board", board
        yield "version", rest


def _bcm63xx(facts: _Facts) -> Iterator[tuple[str, str]]:
    """The signature is the vendor's, or that of the maker of the chip, whom the field is one byte too short for."""
    if not (signature := facts.get("signature", "")).startswith("Broadcom Corporatio"):
        yield "vendor", signature


def _senao(facts: _Facts) -> Iterator[tuple[str, str]]:
    """Vendor and product are numbers; the version of a combined image is that of its further header."""
    yield "product", facts.get("model", "")
    yield "hardware", " ".join(facts[name] for name in ("vendor-id", "product-id") if name in facts)
    yield "version", facts.get("firmware-version", "") or facts.get("version", "")


def _rpm(facts: _Facts) -> Iterator[tuple[str, str]]:
    yield "package", facts.get("name", "")
    yield "version", "-".join(facts[name] for name in ("version", "release") if facts.get(name))
    yield "architecture", facts.get("arch", "")
    yield "vendor", facts.get("vendor", "")


_PLAIN: dict[str, tuple[tuple[str, str], ...]] = {
    "adb": (("package", "name"), ("version", "version"), ("architecture", "arch"), ("vendor", "maintainer")),
    "bcm63xx": (("board", "board"), ("hardware", "chip")),
    "cisco-phone": (("build", "file"),),
    "cybertan": (("board", "pattern"), ("version", "version")),
    "dz": (("product", "device"), ("version", "version")),
    "dlink-encimg": (("product", "device"),),
    "dlink-fpkg": (("product", "model"),),
    "econet-trx": (("board", "board"), ("hardware", "chip"), ("version", "customer-version"), ("build", "version")),
    "edimax": (("product", "model"),),
    "gemtek": (("hardware", "product"), ("build", "version")),
    "h3c": (("hardware", "product"),),
    "hwnp": (("hardware", "products"),),
    "iptime": (("product", "model"), ("version", "version")),
    "jboot": (("hardware", "device"),),
    "jcg": (("version", "version"), ("build", "text")),
    "imagewty": (("hardware", "hardware"), ("build", "firmware")),
    "linksys-trailer": (("product", "model"), ("build", "version")),
    "moxa-frm": (("product", "device"),),
    "luxul": (("board", "board"), ("version", "release")),
    "netgear-chk": (("board", "board"), ("version", "version")),
    "netgear-dni": (("product", "device"), ("hardware", "hd_id")),
    "nfi": (("product", "machine"),),
    "npk": (("package", "name"), ("version", "version"), ("architecture", "architecture")),
    "odin-tar": (("build", "name"),),
    "pac": (("product", "product"), ("version", "release")),
    "program-store": (("build", "file"), ("version", "revision")),
    "qnap": (("product", "device"), ("version", "version"), ("build", "date")),
    "rauc": (("hardware", "compatible"), ("version", "version"), ("build", "build")),
    "rkaf": (("product", "model"),),
    "ruckus": (("product", "product"), ("version", "version")),
    "rkfw": (("build", "version"), ("hardware", "chip")),
    "samsung-signer": (("product", "product"), ("build", "build")),
    "seama": (("board", "signature"), ("version", "version")),
    "sercomm": (("hardware", "hardware"), ("build", "software")),
    "tplink-safeloader": (("hardware", "vendor-text"),),
    "trx": (("product", "product"), ("version", "asus-version")),
    "wrgg": (("board", "signature"), ("product", "model"), ("version", "version"), ("build", "build")),
    "xiaomi-hdr": (("hardware", "device"),),
    "zyfwinfo": (("product", "product"), ("version", "version")),
    "zynos": (("build", "version"),),
    "zyxel-ras": (("product", "model"), ("version", "version")),
    "zyxel-trx": (("board", "board"), ("hardware", "chip"), ("version", "version")),
    "zyxel-zld": (("product", "model"), ("hardware", "models")),
}
"""By format: claims whose value is that of a fact."""

_READERS: dict[str, Callable[[_Facts], Iterator[tuple[str, str]]]] = {
    "bcm63xx": _bcm63xx,
    "netgear-dni": _netgear_dni,
    "rpm": _rpm,
    "senao": _senao,
    "tplink-safeloader": _safeloader,
    "tplink-v1": _tplink_v1,
    "tplink-v2": _tplink_v2,
    "ubnt": _ubnt,
    "uimage": _uimage,
    "fit": _fit,
    "vbmeta": _vbmeta,
}

HEADERS = frozenset(_READERS) | frozenset(_PLAIN)
"""Sources that speak for the wrapping."""
