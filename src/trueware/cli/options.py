"""Options that several commands share, and the places trueware looks by default."""

import os
from argparse import ArgumentParser, Namespace, _SubParsersAction
from pathlib import Path
from typing import TypeAlias

Subparsers: TypeAlias = "_SubParsersAction[ArgumentParser]"

REGISTRY_VARIABLE = "TRUEWARE_REGISTRY"


def add_registry(parser: ArgumentParser) -> None:
    """Add `--registry`."""
    parser.add_argument(
        "--registry",
        metavar="FILE",
        help=f"the registry (default: ${REGISTRY_VARIABLE}, else registry.sqlite in the user's data folder)",
    )


def add_output(parser: ArgumentParser) -> None:
    """Add the options on how to answer."""
    group = parser.add_argument_group("output")
    group.add_argument("--json", action="store_true", help="answer as JSON, by the published schema")
    group.add_argument("--all", action="store_true", help="show every change, finding and claim")
    group.add_argument("--quiet", action="store_true", help="no progress bar")


def registry_path(options: Namespace) -> Path:
    """Return where the registry is."""
    given = options.registry or os.environ.get(REGISTRY_VARIABLE)
    if given:
        return Path(given)
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "trueware" / "registry.sqlite"
