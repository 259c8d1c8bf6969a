"""Prints results, as text or JSON, and tells the exit code of the worst."""

import json
import sys
from collections.abc import Iterable
from typing import Any

from trueware.cli.exit_code import ExitCode, exit_code
from trueware.cli.text import render
from trueware.model.result import Result


def print_results(results: Iterable[Result], *, as_json: bool, everything: bool) -> ExitCode:
    """Print results as they come (text) or all together (JSON) and return the worst exit code."""
    worst = ExitCode.GENUINE
    told = []
    for result in results:
        worst = max(worst, exit_code(result))
        if as_json:
            told.append(result)
        else:
            if told:
                sys.stdout.write("\n")
            told.append(result)
            sys.stdout.write(render(result, colour=sys.stdout.isatty(), everything=everything))
            sys.stdout.flush()
    if as_json:
        from trueware.cli.wire import results_document

        print_json(results_document(told))
    return worst


def print_json(document: dict[str, Any]) -> None:
    """Print a JSON document."""
    json.dump(document, sys.stdout, indent=2)
    sys.stdout.write("\n")
