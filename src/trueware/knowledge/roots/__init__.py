"""Loads what installing packages makes beside their files: one YAML file for each package manager, every entry with its reason.

::

    copies:      - {path: etc/profile, of: usr/share/base-files/profile, reason: …}
    links:       - {path: var/run, to: /run, reason: …}
    devices:     - {path: dev/null, device: "1:3", mode: "0666", reason: …}
    folders:     - {path: run/lock, mode: "1777", group: root, reason: …}
    empty:       - {path: etc/environment, reason: …}
    unprovable:  - {path: boot/initrd.img-*, what: …}
    mirrors:     - {host: debian.org, reason: …}
"""

from functools import cache
from importlib.resources import files
from typing import Any

from trueware.appraisal.composition.makings import Makings


@cache
def load_makings(manager: str) -> Makings:
    """Return what is known of installing with a package manager; nothing where there is no such file.

    Raises:
        ValueError: the file does not have the shape above (a defect of this package).
    """
    import yaml  # noqa: PLC0415 (only an artefact with packages in it pays for it)

    file = files(__name__) / f"{manager}.yaml"
    if not file.is_file():
        return Makings()
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    data: Any = yaml.load(file.read_text("utf-8"), loader)  # noqa: S506 (a safe loader)
    try:
        return Makings(
            {row["path"]: row["of"] for row in data["copies"]},
            {row["path"]: row["to"] for row in data["links"]},
            {row["path"]: (_device(row["device"]), int(row["mode"], 8)) for row in data["devices"]},
            {row["path"]: (int(row["mode"], 8), row["group"]) for row in data["folders"]},
            frozenset(row["path"] for row in data["empty"]),
            tuple((row["path"], row["what"]) for row in data["unprovable"]),
            tuple(row["host"] for row in data["mirrors"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"what {manager} makes: {error!r}") from error


def _device(text: str) -> tuple[int, int]:
    major, minor = text.split(":")
    return int(major), int(minor)
