"""Where a verifier's memory is: challenges, devices, and how they were."""

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path

STATE_VARIABLE = "TRUEWARE_STATE"


def add_state(parser: ArgumentParser) -> None:
    """Add `--state`."""
    parser.add_argument(
        "--state",
        metavar="FILE",
        help=f"what the verifier remembers of challenges and devices (default: ${STATE_VARIABLE}, "
        "else attesters.sqlite in the user's data folder)",
    )


def state_of(options: Namespace) -> Path:
    """Return where it is."""
    given = options.state or os.environ.get(STATE_VARIABLE)
    if given:
        return Path(given)
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "trueware" / "attesters.sqlite"
