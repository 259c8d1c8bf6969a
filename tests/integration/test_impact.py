"""`trueware impact` end to end: the text whole, JSON by its schema, the picture, and what it refuses."""

import json
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from defusedxml import ElementTree

from tests.unit.impact.studies import STUDY, changed
from trueware.cli import main
from trueware.cli.exit_code import ExitCode

EXAMPLES = sorted((Path(__file__).resolve().parents[2] / "docs" / "impact").glob("*.yaml"))
SVG = "{http://www.w3.org/2000/svg}"

TEXT = """\
Routers with a back door

  Of 100 draws, 5 lie below the first number, 50 below the second and 95 below the third.
  * rests on inputs that nobody has measured (1 of 7); replace them by your own before you quote it.

  loss in a year, EUR of 2026                                                5 %           50 %           95 %
    user *                                                                49,000        140,000        300,000
    operator *                                                            18,000         41,000         88,000

  by effect

    A way in over the network was added or opened (remote-access), in altered routers
      events                                                               1,500          3,900          8,900
      loss of the operator                                                 9,400         25,000         62,000

    Your connection is used by strangers (bandwidth-abused), in proxies
      loss of the user *                                                  49,000        140,000        300,000
      loss of the operator *                                               5,000         15,000         35,000
      loss of all *                                                       54,000        150,000        330,000

  devices
    altered routers                                                        3,700          6,100          9,300
    proxies *                                                                820          2,300          5,000
    affected, each counted once                                            3,700          6,100          9,300

  people whose data is within reach
    internet address *                                                     1,600          5,000         13,000
    passwords                                                              6,600         14,000         26,000

  what to measure next: how much of the spread each input explains
    user            rented 75 %, altered 25 %
    operator        calls 34 %, altered 33 %, call 20 %, rented 12 %

  inputs
    lines: routers in service
      200,000 devices
      inventory (2026-10-01)
    altered: share that was altered
      12 found in a sample of 400, of routers
      own sample (2026-10)
    people: people
      1 to 5, likely 2 per router
      census (2022)
    rented *: share that is rented out
      0.1 to 0.9, likely 0.3 (lambda 2) of them
      a guess (2026)
    calls: calls for help
      0.2 to 2, likely 0.5 per router and year
      service desk (2026)
    call: cost of a call
      4 to 12, likely 6 EUR
      service desk (2026)
    price: a new router
      60 EUR
      price list (2026-10-01)

  100,000 draws, seed 1. Because only so many were made, the ends of an interval may be off by 0.8 % of its
  width (95 % confidence). Inputs are taken as independent of each other.
"""


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    path = tmp_path / "inputs.yaml"
    path.write_text(STUDY, "utf-8")
    return path


def test_text_is_what_a_ministry_reads(inputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["impact", str(inputs)]) == ExitCode.GENUINE
    assert capsys.readouterr().out == TEXT


def test_json_follows_its_schema_and_repeats(inputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["impact", "--json", "--draws", "2000", "--seed", "9", str(inputs)]
    assert main(command) == ExitCode.GENUINE
    first = capsys.readouterr().out
    assert main(command) == ExitCode.GENUINE
    assert capsys.readouterr().out == first

    document = json.loads(first)
    schema = json.loads((files("trueware.schema") / "impact.json").read_text("utf-8"))
    jsonschema.validate(document, schema, jsonschema.Draft202012Validator)
    assert (document["draws"], document["seed"]) == (2000, 9)
    assert document["generator"].startswith("PCG64, NumPy ")
    assert document["inputs"][1]["observed"] == {"found": 12, "of": 400}
    assert {each["name"] for each in document["inputs"] if each["illustrative"]} == {"rented"}
    assert [each["stakeholder"] for each in document["stakeholders"]] == ["user", "operator"]
    assert document["stakeholders"][0]["loss"]["inputs"] == ["lines", "altered", "rented", "price"]


def test_picture_stands_alone_and_speaks(inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inputs.write_bytes(changed("title: Routers with a back door", "title: Routers & <switches>"))
    picture = tmp_path / "impact.svg"
    assert main(["impact", str(inputs), "--svg", str(picture)]) == ExitCode.GENUINE
    assert capsys.readouterr().out.startswith("Routers & <switches>\n")
    assert main(["impact", str(inputs), "--svg", "-"]) == ExitCode.GENUINE
    assert capsys.readouterr().out == picture.read_text("utf-8")

    root = ElementTree.fromstring(picture.read_text("utf-8"))
    assert {each.tag.removeprefix(SVG) for each in root.iter()} == {"svg", "title", "desc", "rect", "path", "text"}
    assert root.get("role") == "img"
    title, described = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert described is not None
    assert title.text == "Routers & <switches>: loss in a year"
    assert described.text is not None
    assert described.text.count("half of the draws below") == 4
    bars = [each for each in root.iter(f"{SVG}rect") if each.get("stroke")]
    assert len(bars) == 4
    view = [float(each) for each in (root.get("viewBox") or "").split()]
    for bar in bars:
        x, width = float(bar.get("x", "")), float(bar.get("width", ""))
        assert 430 <= x <= x + width <= view[2] - 270


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--draws", "10"], "--draws takes 1,000 to 1,000,000"),
        (["--draws", "many"], "no whole number"),
        (["--seed", "-1"], "argument --seed"),
        (["--seed", str(1 << 64)], "--seed takes 0 to"),
    ],
)
def test_options_have_bounds(
    inputs: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["impact", str(inputs), *arguments]) == ExitCode.USAGE
    assert words in capsys.readouterr().err


def test_missing_source_is_an_error_of_usage(inputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inputs.write_bytes(changed(", source: census", ""))
    assert main(["impact", str(inputs)]) == ExitCode.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert "people has no source" in err
    assert "line 4" in err


def test_missing_file_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["impact", str(tmp_path / "nothing.yaml")]) == ExitCode.INTERNAL
    assert "cannot read" in capsys.readouterr().err


def test_a_study_without_losses_counts_people_and_draws_nothing(
    inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = STUDY[: STUDY.index("  rented:")] + (
        "populations:\n  altered routers: {devices: lines, prevalence: altered, people: people}\n"
        "scenarios:\n  - {effect: remote-access, in: altered routers, data: [Password]}\n"
    )
    inputs.write_text(text, "utf-8")
    assert main(["impact", str(inputs)]) == ExitCode.GENUINE
    out = capsys.readouterr().out
    assert "none is given" in out
    assert "passwords" in out
    assert main(["impact", str(inputs), "--svg", "-"]) == ExitCode.GENUINE
    assert "None is given" in capsys.readouterr().out


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: each.stem)
def test_examples_are_read_and_say_what_is_made_up(example: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["impact", "--json", "--draws", "1000", str(example)]) == ExitCode.GENUINE
    document = json.loads(capsys.readouterr().out)
    for each in document["inputs"]:
        made_up = each["source"].startswith(("made up", "nobody", "no public figure"))
        assert each["illustrative"] or not made_up, each["name"]
        assert each["illustrative"] or "http" in each["source"] or each["source"].startswith("by definition"), each[
            "name"
        ]


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 3
