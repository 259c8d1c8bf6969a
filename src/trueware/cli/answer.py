"""Prints results, as text or JSON, and tells the exit code of the worst."""

import json
import sys
from collections.abc import Iterable, Iterator
from itertools import repeat
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
    """Print a JSON document: indented, but for what is small, or deep inside, which has a line of its own.

    An iterator in it, not deep inside, becomes an array, the values of which are made and forgotten one by one: a long list
    need never be whole.
    """
    sys.stdout.writelines(_indented(document, ""))
    sys.stdout.write("\n")


_NESTED = (dict, list, Iterator)
_DEEP = 2 * 4
"""Spaces before what gets one line, whatever is in it: a part of a manifest, a change or a finding of a result."""


def _indented(value: Any, margin: str) -> Iterator[str]:
    """Yield the text of `value`, the lines of which begin with `margin`.

    The standard library indents in Python, value by value, and does the rest in C.
    """
    inner = margin + "  "
    streamed = isinstance(value, Iterator)
    held = value.values() if isinstance(value, dict) else value if streamed or isinstance(value, list) else ()
    if not streamed and (len(margin) >= _DEEP or (margin and not any(isinstance(each, _NESTED) for each in held))):
        yield json.dumps(value)
        return
    keys = [f"{json.dumps(key)}: " for key in value] if isinstance(value, dict) else repeat("")
    begin, end = "{}" if isinstance(value, dict) else "[]"
    for key, each in zip(keys, held, strict=False):
        yield f"{begin}\n{inner}{key}"
        yield from _indented(each, inner)
        begin = ","
    yield f"\n{margin}{end}" if begin == "," else f"{begin}{end}"
