"""`trueware demo`: a genuine, a configured and a tampered router image, made by us, against a signed release."""

import sys
from argparse import Namespace

from trueware.cli.exit_code import ExitCode
from trueware.cli.options import Subparsers

_IMAGES = ("router-1.0.bin", "router-1.0-configured.bin", "router-1.0-tampered.bin")

_WORDS = (
    "1. The image as its maker published it: its digest is registered, nothing needs to be unpacked.",
    "2. The same router after its owner changed the settings: only what a device may change in service differs.",
    "3. The same router with a back door: what was added, changed and switched off.",
)


def add(commands: Subparsers) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "demo",
        help="see it work on sample images",
        description="Verify three sample images of a small router, made by us.",
    )
    parser.set_defaults(run=run)


def run(options: Namespace) -> ExitCode:  # noqa: ARG001 (the form of a command)
    """Verify the samples and print what a user would see."""
    from importlib.resources import as_file, files

    from trueware.cli.text import render
    from trueware.registry.lookup import Registry
    from trueware.storage.sqlite import SqliteStore
    from trueware.verify import verify

    samples = files("trueware.demo") / "samples"
    colour = sys.stdout.isatty()
    with as_file(samples / "registry.sqlite") as path, SqliteStore.open_read_only(path) as store:
        registry = Registry(store)
        for words, image in zip(_WORDS, _IMAGES, strict=True):
            with as_file(samples / image) as artefact:
                result = verify(artefact, registry)
            sys.stdout.write(f"{words}\n$ trueware verify {image}\n{render(result, colour=colour)}\n")
    return ExitCode.GENUINE
