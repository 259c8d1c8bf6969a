"""`trueware impact`: what tampered software costs a population, from open inputs with their sources."""

import sys
from argparse import ArgumentTypeError, Namespace

from trueware.cli.exit_code import ExitCode
from trueware.cli.options import Subparsers


def add(commands: Subparsers) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "impact",
        help="estimate what tampered software costs a population",
        description="Estimate, for each stakeholder, what tampered software costs a population in a year: intervals from "
        "open inputs, each with its source and date. How to write the inputs: docs/impact.md.",
    )
    parser.add_argument("inputs", metavar="INPUTS.yaml", help="the study's inputs")
    parser.add_argument(
        "--draws", metavar="N", type=_number, default=100_000, help="how often every input is drawn (default: 100,000)"
    )
    parser.add_argument(
        "--seed", metavar="S", type=_number, default=1, help="where the drawing starts: the same seed, the same answer"
    )
    group = parser.add_argument_group("output")
    group.add_argument("--json", action="store_true", help="answer as JSON, by the published schema")
    group.add_argument("--svg", metavar="FILE", help="also draw the intervals (- for stdout, instead of the text)")
    parser.set_defaults(run=run)


def run(options: Namespace) -> ExitCode:
    """Read, draw, and print."""
    from trueware.cli.keys import read_file
    from trueware.impact.reading import LARGEST_FILE, read_study
    from trueware.knowledge.effects import effect_ids, load_effect
    from trueware.knowledge.impact import load_words

    study = read_study(read_file(options.inputs, LARGEST_FILE), effect_ids(), load_words())

    from trueware.impact.simulate import FEWEST_DRAWS, LARGEST_DRAWS, LARGEST_SEED, simulate

    if not FEWEST_DRAWS <= options.draws <= LARGEST_DRAWS:
        sys.stderr.write(f"error: --draws takes {FEWEST_DRAWS:,} to {LARGEST_DRAWS:,}\n")
        return ExitCode.USAGE
    if options.seed > LARGEST_SEED:
        sys.stderr.write(f"error: --seed takes 0 to {LARGEST_SEED}\n")
        return ExitCode.USAGE
    estimate = simulate(study, options.draws, options.seed)
    titles = {each.effect: load_effect(each.effect).title for each in study.scenarios}
    if options.svg:
        from trueware.cli.interval_picture import interval_picture

        picture = interval_picture(study, estimate, titles)
        if options.svg == "-":
            sys.stdout.write(picture)
            return ExitCode.GENUINE
        with open(options.svg, "w", encoding="utf-8") as file:
            file.write(picture)
    if options.json:
        from trueware.cli.answer import print_json
        from trueware.cli.impact_wire import impact_document

        print_json(impact_document(study, estimate))
    else:
        from trueware.cli.impact_text import render_impact

        sys.stdout.write(render_impact(study, estimate, titles, load_words()))
    return ExitCode.GENUINE


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 20:
        raise ArgumentTypeError(f"{text!r} is no whole number")
    return int(text)
