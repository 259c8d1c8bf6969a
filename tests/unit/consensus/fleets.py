"""Fleets by hand: a router's files as a table of paths, what each device has of its own, and what an attacker does to some."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tests.unit.appraisal.parts import file, folder

from trueware.consensus.evidence import Device
from trueware.model.claim import Claim
from trueware.model.part import Part

Files = dict[str, tuple[bytes, int]]
"""Content and mode by path."""

SOFTWARE: Files = {
    **{f"bin/tool{number}": (b"tool %d" % number, 0o755) for number in range(20)},
    **{f"www/page{number}": (b"page %d" % number, 0o644) for number in range(20)},
    "etc/passwd": (b"root:x:0:0\n", 0o644),
    "etc/init.d/net": (b"#!/bin/sh\n", 0o755),
    "etc/os-release": (b"VERSION_ID=1.0\n", 0o644),
    "lib/libc.so": (b"libc", 0o644),
    "etc/serial": (b"0", 0o644),
    "log/boot": (b"0", 0o644),
}


def claims(version: str = "1.0") -> tuple[Claim, ...]:
    return (
        Claim("product", "Router", "os-release", "etc/os-release"),
        Claim("version", version, "os-release", "etc/os-release"),
    )


@dataclass(frozen=True)
class Box:
    """A device before it is measured."""

    name: str
    files: Files = field(default_factory=lambda: dict(SOFTWARE))
    version: str | None = "1.0"
    source: str = ""

    def having(self, changes: Mapping[str, tuple[bytes, int] | None]) -> "Box":
        """Return the device with other files; None: without."""
        files = dict(self.files)
        for path, value in changes.items():
            if value is None:
                files.pop(path, None)
            else:
                files[path] = value
        return replace(self, files=files)

    def measured(self) -> Device:
        said = claims(self.version) if self.version is not None else ()
        return Device(self.name, tree(self.name, self.files), said, self.source)


def genuine(number: int, version: str = "1.0") -> Box:
    """Return a device with a serial number and a log of its own."""
    own = {
        "etc/serial": (b"SN%d" % number, 0o644),
        f"log/{number}": (b"%d" % number, 0o644),
        "log/boot": (b"%d" % number, 0o644),
    }
    return Box(f"device {number:03}", {**SOFTWARE, **own}, version)


def fleet(count: int) -> list[Box]:
    return [genuine(number) for number in range(count)]


def tree(name: str, files: Files) -> Part:
    """Return the tree of a table of files."""
    children: dict[str, Files] = {}
    parts: list[Part] = []
    for path, value in files.items():
        head, slash, rest = path.partition("/")
        if slash:
            children.setdefault(head, {})[rest] = value
        else:
            parts.append(file(head, value[0], value[1]))
    parts += [tree(head, inner) for head, inner in children.items()]
    return folder(name, *sorted(parts, key=lambda part: part.name))
