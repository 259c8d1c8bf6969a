"""Devices of one model for `make consensus`: dumps of four partitions, each with what every device has of its own.

The software is real: a router image of the corpus (OpenWrt 15.05.1 for the TL-WR841N v9), another version of it (Gluon 2016.2.7.1,
which is made of it), and the router of the demo. What a device has of its own is made up from its number: serial number, host key,
calibration, settings, passwords, seed, logs, and how its root file system is packed. What attackers do is made up too.
"""

import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from random import Random

from corpus_edits import Edit, Places, tampering
from corpus_subjects import SUBJECTS
from remake import Item, Tree, lay_out_tplink, read_squashfs, tplink_regions, write_squashfs, write_tar

_ART = 65_536
_OPENWRT = "open/tl-wr841n-five-builders/openwrt-15.05.1-ar71xx-generic-tl-wr841n-v9-squashfs-sysupgrade.bin"
_GLUON = "open/ffnord-gluon/gluon-ffnord-2016.2.7.1-tp-link-tl-wr841n-nd-v9-sysupgrade.bin"
_BLOCKS = ("1M", "512K", "256K")
_SERIAL = "etc/serial-number"

Change = Callable[["Dump", int], None]
"""Alters a dump; the number is that of the device."""


@dataclass(slots=True)
class Dump:
    """What was read out of one device, before it is written."""

    root: Tree
    overlay: Tree
    changed: set[str] = field(default_factory=set)
    """Where it was tampered with, within the partition."""


class Model:
    """A model of router, whose devices are made on demand and kept in a folder."""

    def __init__(self, corpus: Path, folder: Path) -> None:
        self._folder, self._corpus = folder, corpus
        folder.mkdir(parents=True, exist_ok=True)
        self._images = {"15.05.1": (corpus / _OPENWRT).read_bytes(), "gluon": (corpus / _GLUON).read_bytes()}
        self._roots = {name: read_squashfs(tplink_regions(data)[1], folder) for name, data in self._images.items()}
        self._packed: dict[object, bytes] = {}

    def device(self, number: int, attack: str = "", version: str = "15.05.1") -> Path:
        """Return the folder with the dumps of one device."""
        place = self._folder / f"{version}-{attack or 'genuine'}" / f"device-{number:02}"
        if place.exists():
            return place
        dump = Dump(dict(self._roots[version]), own(number))
        if attack:
            ATTACKS[attack](dump, number)
        place.mkdir(parents=True)
        block = _BLOCKS[number % len(_BLOCKS)]
        same = tuple((path, item) for path, item in dump.root.items() if self._roots[version].get(path) is not item)
        key = version, block, same, tuple(self._roots[version].keys() - dump.root.keys())
        if key not in self._packed:
            packed = write_squashfs(dump.root, self._folder, "-comp", "xz", "-b", block)
            self._packed[key] = lay_out_tplink(self._images[version], root=packed)
        (place / "firmware.bin").write_bytes(self._packed[key])
        (place / "u-boot.bin").write_bytes(_random(841).randbytes(_ART))
        (place / "art.bin").write_bytes(_random(f"art {number}").randbytes(_ART))
        (place / "overlay.tar").write_bytes(write_tar(dump.overlay))
        return place


def _random(seed: int | str) -> Random:
    """Return a source of what is made up, the same each time."""
    return Random(seed)  # noqa: S311 (nothing is secret here)


def own(number: int) -> Tree:
    """Return what lies over the root file system of a device in service."""
    dice = _random(f"device {number}")
    texts = {
        _SERIAL: f"2216{dice.randrange(10**9):09}\n",
        "etc/config/system": f"config system\n\toption hostname 'router-{dice.randrange(10**6):06}'\n\toption timezone 'UTC'\n",
        "etc/config/network": (
            "config interface 'lan'\n\toption ifname 'eth1'\n\toption proto 'static'\n"
            f"\toption ipaddr '192.168.{dice.randrange(1, 200)}.1'\n\toption netmask '255.255.255.0'\n"
        ),
        "etc/shadow": f"root:$1${dice.randbytes(4).hex()}$G0tY0uW0ndering.N0thing0:17000:0:99999:7:::\n",
        f"srv/log/{1_500_000_000 + dice.randrange(10**7)}": f"booted {dice.randrange(1000)} times\n",
        f"srv/log/{1_510_000_000 + dice.randrange(10**7)}": f"link up {dice.randrange(1000)}\n",
    }
    texts["usr/lib/opkg/status"] = ""
    if number % 2:
        texts["etc/config/wireless"] = "config wifi-device 'radio0'\n\toption disabled '0'\n"
    blobs = {"etc/dropbear/dropbear_rsa_host_key": dice.randbytes(279), "etc/urandom.seed": dice.randbytes(512)}
    tree: Tree = {"": Item(tarfile.DIRTYPE, 0o755)}
    for path, data in sorted({**{path: text.encode() for path, text in texts.items()}, **blobs}.items()):
        folder = ""
        for step in path.split("/")[:-1]:
            folder = f"{folder}/{step}".lstrip("/")
            tree.setdefault(folder, Item(tarfile.DIRTYPE, 0o755))
        tree[path] = Item(tarfile.REGTYPE, 0o600 if "shadow" in path or "key" in path else 0o644, data=data)
    return tree


# --- attacks ------------------------------------------------------------------------------------------------------------


def _places() -> Places:
    places = next(subject.places for subject in SUBJECTS if subject.path == _OPENWRT)
    assert places is not None
    return places


def _edits() -> list[tuple[str, Edit]]:
    return [each for each in tampering(_places()) if "among settings" not in each[0] and "another owner" not in each[0]]


def _alike(dump: Dump, _number: int) -> None:
    for name, edit in _edits():
        if name in ("account added", "program patched by one byte"):
            dump.root, paths = edit(dump.root)
            dump.changed |= paths


def _each_its_own(dump: Dump, number: int) -> None:
    edits = _edits()
    dump.root, dump.changed = edits[number % len(edits)][1](dump.root)
    if number >= len(edits):  # the second round is made unlike the first
        _add(dump.root, f"usr/sbin/.{number}", b"#!/bin/sh\n", 0o755)
        dump.changed.add(f"usr/sbin/.{number}")


def _own_accounts(dump: Dump, number: int) -> None:
    passwd = dump.root["etc/passwd"]
    line = b"s%d:$1$%d$xyz:0:0::/:/bin/ash\n" % (number, number)
    dump.root["etc/passwd"] = replace(passwd, data=passwd.data + line)
    dump.changed.add("etc/passwd")


def _in_noise(dump: Dump, number: int) -> None:
    serial = dump.overlay[_SERIAL]
    dump.overlay[_SERIAL] = replace(serial, data=serial.data + b"$(telnetd -l /bin/ash -p %d)\n" % (4000 + number))
    dump.changed.add(_SERIAL)


def _program_in_noise(dump: Dump, number: int) -> None:
    _add(dump.overlay, f"srv/log/.{number}", b"#!/bin/sh\ntelnetd -l /bin/ash\n", 0o755)
    dump.changed.add(f"srv/log/.{number}")


def _named_a_version(dump: Dump, number: int) -> None:
    _alike(dump, number)
    for path in ("etc/openwrt_release", "etc/openwrt_version", "etc/banner"):
        item = dump.root[path]
        dump.root[path] = replace(item, data=item.data.replace(b"15.05.1", b"15.05.2"))
        dump.changed.add(path)


def _made_like_a_version(dump: Dump, number: int) -> None:
    _named_a_version(dump, number)
    pages = [path for path, item in dump.root.items() if item.type == tarfile.REGTYPE and path.startswith("usr/lib/")][
        :60
    ]
    for path in pages:
        dump.root[path] = replace(dump.root[path], data=dump.root[path].data + b"\n")
        dump.changed.add(path)


def _nameless(dump: Dump, number: int) -> None:
    _alike(dump, number)
    for path in ("etc/openwrt_release", "etc/openwrt_version", "etc/banner", "etc/device_info"):
        dump.root.pop(path, None)
        dump.changed.add(path)


def _add(tree: Tree, path: str, data: bytes, mode: int) -> None:
    tree[path] = Item(tarfile.REGTYPE, mode, data=data)


ATTACKS: dict[str, Change] = {
    "one back door on all": _alike,
    "each tampered otherwise": _each_its_own,
    "each an account of its own": _own_accounts,
    "back door, name and version removed": _nameless,
    "back door, called 15.05.2": _named_a_version,
    "program among the logs": _program_in_noise,
    "command in the serial number": _in_noise,
    "built to look like a release": _made_like_a_version,
}


def demo_devices(folder: Path, tampered: int, count: int = 30) -> Iterator[Path]:
    """Yield dumps of the demo's router, the first `tampered` of them with its back door."""
    samples = Path(str(files("trueware.demo") / "samples"))
    for number in range(count):
        bad = number < tampered
        place = folder / f"demo-{'tampered' if bad else 'genuine'}" / f"device-{number:02}"
        if not place.exists():
            place.mkdir(parents=True)
            image = samples / f"router-1.0{'-tampered' if bad else ''}.bin"
            (place / "firmware.bin").write_bytes(image.read_bytes())
            (place / "art.bin").write_bytes(_random(f"art {number}").randbytes(_ART))
            (place / "overlay.tar").write_bytes(write_tar(own(number)))
        yield place
