"""Options that several commands share, and the places trueware looks by default."""

import os
import sys
from argparse import Action, ArgumentParser, ArgumentTypeError, Namespace, _SubParsersAction
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from trueware.measuring import Fallback
    from trueware.model.limits import Limits
    from trueware.model.watchlists import Watchlists
    from trueware.storage.opening import Location

Subparsers: TypeAlias = "_SubParsersAction[ArgumentParser]"

REGISTRY_VARIABLE = "TRUEWARE_REGISTRY"

_LONGEST_REASON = 512

_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def add_registry(parser: ArgumentParser) -> None:
    """Add `--registry`."""
    parser.add_argument(
        "--registry",
        metavar="FILE|URL",
        help="the registry, a file or postgresql://… "
        f"(default: ${REGISTRY_VARIABLE}, else registry.sqlite in the user's data folder)",
    )


def add_output(parser: ArgumentParser) -> None:
    """Add the options on how to answer."""
    group = parser.add_argument_group("output")
    group.add_argument("--json", action="store_true", help="answer as JSON, by the published schema")
    group.add_argument("--all", action="store_true", help="show every change, finding and claim")
    group.add_argument("--quiet", action="store_true", help="no progress bar")


def add_limits(parser: ArgumentParser) -> None:
    """Add `--limit`."""
    parser.add_argument(
        "--limit",
        metavar="NAME=VALUE",
        dest="limits",
        action="append",
        default=[],
        type=_limit,
        help="another ceiling, e.g. max_depth=40 or max_unpacked=200G; may be given several times (names: docs, limits)",
    )


def add_fallback(parser: ArgumentParser) -> None:
    """Add `--fallback`."""
    parser.add_argument(
        "--fallback",
        choices=("unblob",),
        help="have another program, confined, read what trueware does not; what it finds is marked and proves nothing",
    )
    parser.add_argument(
        "--unconfined", action="store_true", help="let the fallback run where nothing can confine it (hostile input!)"
    )


def fallback_of(options: Namespace) -> "AbstractContextManager[Fallback | None]":
    """Return the fallback asked for, or a context manager for none."""
    from contextlib import nullcontext

    if options.fallback is None:
        return nullcontext()
    from trueware.fallback import Unblob

    return Unblob(unconfined=options.unconfined)


def add_watchlists(parser: ArgumentParser) -> None:
    """Add `--indicators` and `--yara`."""
    parser.add_argument(
        "--indicators",
        metavar="FILE",
        action="append",
        default=[],
        help="look in changes for known malicious files, paths and hosts: a list as CSV, STIX, MISP or plain; may be repeated",
    )
    parser.add_argument(
        "--yara",
        metavar="PATH",
        action="append",
        default=[],
        help="look in changes with YARA rules, a file or a folder of *.yar; may be repeated (needs trueware[yara])",
    )


def watchlists_of(options: Namespace) -> "Watchlists":
    """Return what to look for.

    Raises:
        SourceError: a list cannot be read, or is none.
    """
    from trueware.sources.watchlists import load_watchlists

    return load_watchlists(options.indicators, options.yara)


def limits_of(options: Namespace) -> "Limits":
    """Return the ceilings asked for."""
    from dataclasses import replace

    from trueware.model.limits import Limits

    return replace(Limits(), **dict(options.limits))


def reason(text: str) -> str:
    """Return a reason that can stand on one line."""
    if not 0 < len(text) <= _LONGEST_REASON or not text.isprintable():
        raise ArgumentTypeError(f"a reason of 1 to {_LONGEST_REASON} printable characters is needed")
    return text


def positive(text: str) -> int:
    """Return a number above 0; the type of an argument."""
    number = int(text)
    if number <= 0:
        raise ArgumentTypeError(f"{text} is not above 0")
    return number


def _limit(text: str) -> tuple[str, float]:
    from trueware.model.limits import Limits

    name, _, value = text.partition("=")
    default = getattr(Limits(), name, None) if name in Limits.__slots__ else None
    if default is None:
        raise ArgumentTypeError(f"no limit {name!r}; there are {', '.join(Limits.__slots__)}")
    digits, unit = (value[:-1], _UNITS[value[-1].upper()]) if value[-1:].upper() in _UNITS else (value, 1)
    try:
        number = type(default)(digits) * unit
    except ValueError:
        number = 0
    if not 0 < number < 1 << 62:
        raise ArgumentTypeError(f"{value!r} is no {'number' if isinstance(default, float) else 'whole number'} above 0")
    return name, number


def registry_location(options: Namespace) -> "Location":
    """Return where the registry is."""
    from trueware.storage.opening import is_server

    given = options.registry or os.environ.get(REGISTRY_VARIABLE)
    if given:
        return given if is_server(given) else Path(given)
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "trueware" / "registry.sqlite"


def add_time(parser: ArgumentParser) -> None:
    """Add `--at`."""
    parser.add_argument(
        "--at", type=day, metavar="YYYY-MM-DD", help="judge keys and certificates as of that day, not of today (UTC)"
    )


def day(text: str) -> int:
    """Return the first second of a day in UTC, since 1970."""
    from datetime import UTC, datetime

    try:
        return int(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp())
    except ValueError as error:
        raise ArgumentTypeError(f"expected YYYY-MM-DD, found {text!r}") from error


def claim_pattern(text: str) -> tuple[str, str]:
    """Return name and pattern of a claim, from ``CLAIM=PATTERN``."""
    name, equals, pattern = text.partition("=")
    if not equals or not name or not pattern:
        raise ArgumentTypeError(f"expected CLAIM=PATTERN, found {text!r}")
    return name, pattern


class _Explain(Action):
    """Prints the page of a rule and ends, whatever else is asked for, as `--help` does."""

    def __call__(
        self,
        parser: ArgumentParser,
        namespace: Namespace,  # noqa: ARG002 (the form of an action)
        values: object,
        option_string: str | None = None,  # noqa: ARG002
    ) -> None:
        from trueware.cli.rule_page import page_of

        try:
            sys.stdout.write(page_of(str(values)))
        except KeyError as error:
            parser.error(error.args[0])
        parser.exit()


def add_explain(parser: ArgumentParser) -> None:
    """Add `--explain`."""
    parser.add_argument(
        "--explain", action=_Explain, metavar="RULE", help="print what a rule or an effect means, and do nothing else"
    )
