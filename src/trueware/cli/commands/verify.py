"""`trueware verify`: the main job."""

import sys
from argparse import Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING

from trueware.cli.answer import print_results
from trueware.cli.exit_code import ExitCode
from trueware.cli.options import (
    Subparsers,
    add_explain,
    add_fallback,
    add_limits,
    add_output,
    add_registry,
    add_time,
    add_watchlists,
    fallback_of,
    limits_of,
    positive,
    registry_location,
    watchlists_of,
)
from trueware.cli.results_out import add_ear, write_ear
from trueware.errors import SourceError
from trueware.model.result import Result

if TYPE_CHECKING:
    from trueware.fleet import Outcome
    from trueware.tlog.policy import Policy


def add(commands: Subparsers) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "verify",
        help="tell whether artefacts are genuine",
        description="Tell whether files and folders are genuine, and if not, exactly what was changed.",
    )
    parser.add_argument("artefacts", metavar="ARTEFACT", nargs="+", help="a file, or a folder as one artefact")
    parser.add_argument("--each", action="store_true", help="take every file in a folder as an artefact of its own")
    parser.add_argument(
        "--processes",
        metavar="N",
        type=positive,
        help="artefacts verified at a time, each in a process of its own (default: 1, with --each one for each core)",
    )
    add_time(parser)
    add_limits(parser)
    add_fallback(parser)
    add_watchlists(parser)
    add_registry(parser)
    parser.add_argument(
        "--log-policy",
        metavar="FILE",
        help="whose signatures make the registry's log believed (C2SP tlog-policy); by default the key that the log names itself",
    )
    parser.add_argument(
        "--log-state",
        metavar="FILE",
        help="with --log-policy: what was seen of the log; a registry that was cut, rewritten or put back since is refused",
    )
    add_output(parser)
    add_explain(parser)
    add_ear(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> ExitCode:
    """Verify and print; one artefact that cannot be opened does not keep the others from their answer."""
    failed: list[str] = []
    results = _results(options, failed)
    if options.ear is not None:
        import time

        kept = list(results)
        results = iter(kept)
        if failed:
            # what is said of the others must not be taken for all that was asked about
            sys.stderr.write("no attestation result is written: not all artefacts could be verified\n")
        else:
            write_ear(options, kept, int(time.time()) if options.at is None else options.at)
    worst = print_results(results, as_json=options.json, everything=options.all)
    return ExitCode.INTERNAL if failed else worst


def _results(options: Namespace, failed: list[str]) -> Iterator[Result]:
    from trueware.cli.complaint import complain

    for outcome in _outcomes(options):
        if outcome.error is not None:
            failed.append(outcome.path)
            complain(outcome.error)
        if outcome.result is not None:
            yield outcome.result


def _outcomes(options: Namespace) -> "Iterator[Outcome]":
    """Verify in this process, where one artefact has all cores and a bar of its own; of many, some at a time."""
    from trueware.cli.progress import count_progress, progress
    from trueware.fleet import verify_each

    registry, limits, watchlists = registry_location(options), limits_of(options), watchlists_of(options)
    policy = _policy(options)
    paths = _paths(options)
    with fallback_of(options) as fallback:
        if not options.each and len(options.artefacts) == 1:
            with progress(options.artefacts[0], wanted=not options.quiet) as report:
                yield from verify_each(
                    paths,
                    registry,
                    processes=1,
                    limits=limits,
                    report_bytes=report,
                    fallback=fallback,
                    now=options.at,
                    watchlists=watchlists,
                    policy=policy,
                )
            return
        # a fallback starts programs of its own, one at a time
        processes = 1 if fallback or not options.each else None
        with count_progress("artefacts", wanted=not options.quiet) as report:
            yield from verify_each(
                paths,
                registry,
                processes=options.processes if options.processes and not fallback else processes,
                limits=limits,
                report=report,
                fallback=fallback,
                now=options.at,
                watchlists=watchlists,
                policy=policy,
            )


def _policy(options: Namespace) -> "Policy | None":
    """Return the policy for the registry's log; with a state, the log is watched first."""
    if options.log_policy is None:
        if options.log_state is not None:
            raise SourceError(
                "--log-state needs --log-policy: what was seen of a log is worth as much as whose log it is"
            )
        return None
    from contextlib import closing
    from pathlib import Path

    from trueware.cli.commands.log import policy_of
    from trueware.cli.watching import watched
    from trueware.storage.opening import open_registry

    policy = policy_of(options.log_policy)
    if options.log_state is not None:
        with closing(open_registry(registry_location(options))) as store:
            watched(store, policy, Path(options.log_state))
    return policy


def _paths(options: Namespace) -> Iterator[str]:
    import os

    for path in options.artefacts:
        if options.each and os.path.isdir(path):
            for folder, folders, files in os.walk(path):
                folders.sort()
                yield from (os.path.join(folder, file) for file in sorted(files))
        else:
            yield path
