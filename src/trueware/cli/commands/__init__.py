"""One file for each command: `add` tells the parser about it, and what it sets as `run` does it."""

from trueware.cli.commands import (
    certificate,
    collect,
    consensus,
    corim,
    demo,
    diff,
    explain,
    formats,
    impact,
    inspect,
    log,
    measure,
    publisher,
    registry,
    release,
    signatures,
    trust,
    verify,
)

COMMANDS = (
    verify,
    diff,
    explain,
    measure,
    inspect,
    consensus,
    signatures,
    collect,
    registry,
    log,
    publisher,
    trust,
    release,
    corim,
    certificate,
    impact,
    formats,
    demo,
)
"""In the order of the help page."""
