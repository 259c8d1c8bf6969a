"""`trueware consensus`: what most devices of one model agree on, without any maker's help."""

import sys
from argparse import ArgumentTypeError, Namespace
from typing import TYPE_CHECKING

from trueware.cli.exit_code import ExitCode
from trueware.cli.options import Subparsers, add_limits, limits_of, positive
from trueware.cli.writing import add_written_registry, written_registry

if TYPE_CHECKING:
    from fractions import Fraction

    from trueware.agreeing import Fleet

_EXPLAINED = 20
"""Devices whose differences are explained, the first by name."""


def add(commands: Subparsers) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "consensus",
        help="tell what the devices of one model agree on, and which differ",
        description="Tell what most devices of one model agree on, which differ from it and in what, and where there is no "
        "majority. Each path is the evidence of one device: a file, a folder, or a document of `measure --json`. Exits with 0 if all "
        "agree, with 9 if some do so on another version than most, with 10 otherwise.",
    )
    parser.add_argument("evidence", metavar="PATH", nargs="+")
    parser.add_argument("--each", action="store_true", help="take everything in a folder as a device of its own")
    rule = parser.add_argument_group("the vote")
    rule.add_argument(
        "--quorum", metavar="SHARE", type=_quorum, default="2/3",
        help="share of the votes that must be exceeded, from 1/2 (default: 2/3)",
    )  # fmt: skip
    rule.add_argument(
        "--min-devices", metavar="N", type=positive, default=5, help="fewer of one version decide nothing (default: 5)"
    )
    rule.add_argument(
        "--distinct", action="store_true",
        help="identical evidence was read out of devices of their own: each counts (default: copies count once)",
    )  # fmt: skip
    rule.add_argument(
        "--by-folder",
        action="store_true",
        help="evidence in one folder came through one hand: the folder is its source",
    )
    rule.add_argument(
        "--most-per-source", metavar="N", type=positive, default=0,
        help="devices that one source may speak for; of more, each has a part of a vote",
    )  # fmt: skip
    rule.add_argument("--policy", metavar="NAME", help="class of product (default: by what the devices look like)")
    rule.add_argument(
        "--may-vary", metavar="PATTERN", action="append", default=[],
        help="a path (in the root file system, or of the evidence) that these devices change in service; may be repeated",
    )  # fmt: skip
    learn = parser.add_argument_group("keeping it")
    learn.add_argument(
        "--learn", action="store_true", help="store what the leading group agrees on as a release (fleet-consensus)"
    )
    learn.add_argument("--publisher", metavar="NAME", help="who is believed to have made it")
    learn.add_argument("--product", metavar="NAME")
    learn.add_argument("--version", metavar="VERSION")
    add_written_registry(parser)
    output = parser.add_argument_group("output")
    output.add_argument("--json", action="store_true", help="answer as JSON, by the published schema")
    output.add_argument("--all", action="store_true", help="show every path and device")
    output.add_argument("--html", metavar="FILE", help="also write a page with a picture")
    output.add_argument("--svg", metavar="FILE", help="also write the picture alone")
    output.add_argument(
        "--explain-outliers", action="store_true", help=f"tell what the differences do, of at most {_EXPLAINED} devices"
    )
    output.add_argument("--quiet", action="store_true", help="no progress bar")
    parser.add_argument(
        "--processes", metavar="N", type=positive, help="devices measured at a time (default: one for each core)"
    )
    add_limits(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> ExitCode:
    """Ask the fleet, print, and keep what is to be kept."""
    from trueware.agreeing import Wish, ask_fleet
    from trueware.cli.progress import count_progress
    from trueware.consensus.told import Standing
    from trueware.errors import InputError

    if options.learn and not (options.publisher and options.product and options.version):
        raise InputError("--learn needs --publisher, --product and --version")
    wish = Wish(
        options.quorum,
        options.min_devices,
        options.distinct,
        options.most_per_source,
        options.by_folder,
        options.policy,
        tuple(options.may_vary),
    )
    try:
        with count_progress("devices", wanted=not options.quiet) as report:
            fleet = ask_fleet(
                _paths(options), wish, processes=options.processes, limits=limits_of(options), report=report
            )
    except ValueError as error:
        raise InputError(str(error)) from error
    _print(fleet, options)
    _draw(fleet, options)
    if options.explain_outliers:
        _explain(fleet, options)
    if options.learn:
        _learn(fleet, options)
    if fleet.failed:
        return ExitCode.INTERNAL
    said = {told.standing for told in fleet.consensus.devices}
    if said <= {Standing.AGREES, Standing.OTHER_VERSION}:
        return ExitCode.WARNINGS if Standing.OTHER_VERSION in said else ExitCode.GENUINE
    return ExitCode.UNKNOWN


def _quorum(text: str) -> "Fraction":
    from fractions import Fraction

    try:
        share = Fraction(text)
    except (ValueError, ZeroDivisionError):
        share = Fraction(0)
    if not Fraction(1, 2) <= share < 1 or share.denominator > 1_000_000:
        raise ArgumentTypeError(f"{text!r} is no share from 1/2 to less than 1")
    return share


def _paths(options: Namespace) -> list[str]:
    import os

    from trueware.errors import SourceError

    paths: list[str] = []
    for path in options.evidence:
        if options.each and os.path.isdir(path):
            try:
                paths += (os.path.join(path, name) for name in sorted(os.listdir(path)))
            except OSError as error:
                raise SourceError(f"cannot read {path!r}: {error.strerror}") from error
        else:
            paths.append(path)
    return paths


def _print(fleet: "Fleet", options: Namespace) -> None:
    if options.json:
        from trueware.cli.answer import print_json
        from trueware.cli.fleet_wire import consensus_document

        print_json(consensus_document(fleet))
        return
    from trueware.cli.fleet_text import fleet_lines

    sys.stdout.writelines(f"{line}\n" for line in fleet_lines(fleet, everything=options.all))


def _draw(fleet: "Fleet", options: Namespace) -> None:
    from pathlib import Path

    from trueware.cli.fleet_picture import fleet_page, fleet_picture

    if options.svg:
        Path(options.svg).write_text(fleet_picture(fleet), "utf-8")
    if options.html:
        Path(options.html).write_text(fleet_page(fleet), "utf-8")


def _explain(fleet: "Fleet", options: Namespace) -> None:
    """Print what verifying says of the devices that differ; beside a JSON answer, to stderr."""
    import time

    from trueware.agreeing import explain_outliers
    from trueware.cli.text import render

    out = sys.stderr if options.json else sys.stdout
    for _, result in explain_outliers(fleet, _EXPLAINED, int(time.time()), limits=limits_of(options)):
        out.write("\n" + render(result, colour=out.isatty(), everything=options.all))


def _learn(fleet: "Fleet", options: Namespace) -> None:
    import time

    from trueware.agreeing import learn_consensus
    from trueware.cli.printable import printable
    from trueware.releasing import Naming

    naming = Naming(options.publisher, options.product, options.version)
    with written_registry(options) as store:
        release = learn_consensus(store, fleet, naming, int(time.time()), limits=limits_of(options))
    out = sys.stderr if options.json else sys.stdout
    out.write(
        f"learnt {release.id[:16]}  {release.authority.value}  {printable(release.title)}: {printable(release.source)}\n"
    )
