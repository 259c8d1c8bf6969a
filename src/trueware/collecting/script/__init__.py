"""The script that runs on a device, with what was asked of it put before it."""

import re
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Wish:
    """What the script is asked to tell; the words of its head say the same."""

    root: str = "/"
    """Folder taken for the root of the device."""

    trees: tuple[str, ...] = ()
    """Mount points to list; none: those that hold software."""

    contents: bool = True
    running: bool = True
    arguments: bool = False
    partitions: bool = False
    max_content: int = 65_536
    max_seconds: int = 1_800


def script_text(wish: Wish, *, by_hand: bool = False) -> bytes:
    """Return the script, with the settings before it that make it so.

    Args:
        wish: what it is to tell.
        by_hand: leave out the settings that are the script's own, so that whoever runs it can give others.

    Raises:
        ValueError: a mount point with a space or an odd character, which the script could not tell from two.
    """
    script = files(__name__).joinpath("collect.sh").read_bytes()
    if any(not re.fullmatch(r"/[\w./+@-]*", tree) for tree in wish.trees):
        raise ValueError("mount points are absolute, of letters, digits and ./_+@-")
    settings, own = _settings(wish), _settings(Wish()) if by_hand else {}
    said = "".join(f"{name}={_quoted(value)}\n" for name, value in settings.items() if own.get(name) != value)
    return said.encode("utf-8", "surrogateescape") + script


def _settings(wish: Wish) -> dict[str, str]:
    return {
        "ROOT": wish.root,
        "TREES": " ".join(wish.trees),
        "CONTENTS": str(int(wish.contents)),
        "RUNNING": str(int(wish.running)),
        "ARGUMENTS": str(int(wish.arguments)),
        "PARTITIONS": str(int(wish.partitions)),
        "MAX_CONTENT": str(wish.max_content),
        "MAX_SECONDS": str(wish.max_seconds),
    }


def _quoted(value: str) -> str:
    """Return a value as a shell takes it literally."""
    if "\0" in value or "\n" in value:
        raise ValueError("a setting is one line")
    return "'" + value.replace("'", "'\\''") + "'"
