"""What a vote costs: fleets made in memory, each in a process of its own. Run as a program, it prints one cost as JSON.

Arguments: the kind of fleet, how many devices, how many files of each.
"""

import gc
import json
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

from trueware.consensus.agree import agree
from trueware.consensus.evidence import Device, Sharing
from trueware.consensus.rule import Rule
from trueware.model.claim import Claim
from trueware.model.merkle import folder_digest, leaf_digest
from trueware.model.part import Kind, Part

_FLEETS = {
    "one version, 40 files of each device's own, 27 tampered": "alike",
    "two versions, a third of the files differ": "versions",
    "no two devices have a file in common": "strangers",
    "each file is on half of the devices another": "halves",
}
_SIZES = (("alike", 100, 20_000), ("alike", 1000, 20_000), ("versions", 1000, 20_000))
_HOSTILE = (("strangers", 1000, 2_000), ("halves", 1000, 2_000))


def costs() -> list[dict[str, Any]]:
    """Return the cost of each fleet."""
    rows = []
    names = {kind: name for name, kind in _FLEETS.items()}
    for kind, devices, paths in (*_SIZES, *_HOSTILE):
        command = (sys.executable, __file__, kind, str(devices), str(paths))
        told = subprocess.run(command, capture_output=True, check=True, text=True).stdout
        rows.append({"fleet": names[kind], "devices": devices, "paths": paths, **json.loads(told)})
        sys.stderr.write(f"{rows[-1]}\n")
    return rows


class _Maker:
    """Makes devices whose folders are shared as far as they are alike."""

    def __init__(self, kind: str, paths: int) -> None:
        self._kind, self._folders = kind, paths // 100
        self._made: dict[tuple[object, ...], Part] = {}

    def device(self, number: int) -> Device:
        version = 1 + (number % 3 == 0) if self._kind == "versions" else 1
        salt: tuple[object, ...] = (version,)
        if self._kind == "strangers":
            salt = (number,)
        folders = [self._folder(f"d{at:03}", (*salt, self._half(number, at))) for at in range(self._folders)]
        own = [_file(f"own{each}", f"{number} {each}") for each in range(30)]
        logs = [_file(f"{number}-{each}", f"{number} {each}") for each in range(10)]
        tampered = [_file("back-door", "", 0o755)] if number % 37 == 0 else []
        root = _folder("device", [*folders, _folder("etc", [*own, *tampered]), _folder("log", logs)])
        claims = (
            Claim("product", "Router", "os-release", "etc/os-release"),
            Claim("version", str(version), "os-release", "etc/os-release"),
        )
        return Device(f"device {number:05}", root, claims)

    def _half(self, number: int, at: int) -> int:
        """Return on which side of a folder's divide a device is."""
        return sha256(b"%d %d" % (number, at)).digest()[0] & 1 if self._kind == "halves" else 0

    def _folder(self, name: str, salt: tuple[object, ...]) -> Part:
        key = (name, *salt)
        if key not in self._made:
            alone = self._kind in ("strangers", "halves")
            files = [_file(f"f{at}", f"{at} {salt if alone or at % 3 == 0 else ''} {name}") for at in range(100)]
            made = _folder(name, files)
            if self._kind == "strangers":
                return made
            self._made[key] = made
        return self._made[key]


def _file(name: str, content: str, mode: int = 0o644) -> Part:
    digest = sha256(content.encode()).digest()
    return Part(name, Kind.FILE, leaf_digest(Kind.FILE, digest, mode, 0, 0), len(content), digest, mode, 0, 0)


def _folder(name: str, children: list[Part]) -> Part:
    tree = folder_digest(children, 0o755, 0, 0)
    return Part(name, Kind.DIRECTORY, tree, mode=0o755, uid=0, gid=0, children=tuple(children))


def _peak() -> float:
    """Return the most resident memory of this process in MB; what the system tells of its beginning is its parent's."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


def main() -> int:
    """Make a fleet, ask it, print what that cost."""
    gc.set_threshold(100_000)  # as the command line does
    kind, devices, paths = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    maker, sharing = _Maker(kind, paths), Sharing()
    fleet = []
    for number in range(devices):
        device = maker.device(number)
        fleet.append(Device(device.name, sharing.share(device.root), device.claims))
    start = time.process_time()
    agree(fleet, Rule())
    seconds = time.process_time() - start
    sys.stdout.write(json.dumps({"seconds": round(seconds, 2), "peak": _peak()}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
