"""`trueware explain`: the page of a rule or an effect."""

import sys
from argparse import Namespace

from trueware.cli.exit_code import ExitCode
from trueware.cli.options import Subparsers


def add(commands: Subparsers) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "explain",
        help="say what a rule or an effect means",
        description="Print the page of a rule or an effect: what it means, whom it harms, what to do. Without one, list them all.",
    )
    parser.add_argument("ids", metavar="ID", nargs="*", help="as in a result, such as telnet-added or remote-access")
    parser.set_defaults(run=run)


def run(options: Namespace) -> ExitCode:
    """Print the pages, or the list."""
    from trueware.cli.rule_page import page_of

    if not options.ids:
        _list()
    for number, id_ in enumerate(options.ids):
        try:
            page = page_of(id_)
        except KeyError as error:
            sys.stderr.write(f"error: {error.args[0]}\n")
            return ExitCode.USAGE
        sys.stdout.write("\n" * bool(number) + page)
    return ExitCode.GENUINE


def _list() -> None:
    from trueware.explaining.catalogue import catalogue
    from trueware.knowledge.effects import effect_ids, load_effect

    rules = [rule for rule, _ in catalogue().values()]
    for effect in effect_ids():
        sys.stdout.write(f"{effect}  {load_effect(effect).title}\n")
        sys.stdout.writelines(f"  {rule.id:<34} {rule.title}\n" for rule in rules if rule.effect == effect)
