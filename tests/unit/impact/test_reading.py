"""How a study is written down: what is read, and what is refused in words that name the place."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.impact.studies import STUDY, changed

from trueware.errors import MalformedInput
from trueware.impact import Beta, Constant, Pert, read_study
from trueware.model.explanation import Stakeholder


def test_study_is_read_as_it_is_written() -> None:
    study = read_study(STUDY.encode())
    inputs = {each.name: each for each in study.inputs}

    assert (study.title, study.currency, study.year) == ("Routers with a back door", "EUR", 2026)
    assert inputs["lines"].distribution == Constant(200_000)
    assert inputs["altered"].distribution == Beta(12.5, 388.5)
    assert inputs["altered"].sample == (12, 400)
    assert inputs["rented"].distribution == Pert(0.1, 0.3, 0.9, 2)
    assert [name for name, each in inputs.items() if each.illustrative] == ["rented"]
    assert (inputs["lines"].source, inputs["lines"].date) == ("inventory", "2026-10-01")
    assert [(each.name, each.devices, each.within) for each in study.populations] == [
        ("altered routers", "lines", None),
        ("proxies", None, "altered routers"),
    ]
    assert study.scenarios[1].losses == ((Stakeholder.USER, "price"), (Stakeholder.OPERATOR, "call"))
    assert study.scenarios[1].rate is None


def test_numbers_may_be_written_as_people_do() -> None:
    study = read_study(changed("constant: 200000", "constant: 2e5"))
    assert study.inputs[0].distribution == Constant(200_000)
    study = read_study(changed("constant: 200000", "constant: 0200_000"))
    assert study.inputs[0].distribution == Constant(200_000)


def test_whoever_says_so_is_asked_for_everywhere_at_once() -> None:
    data = changed("constant: 200000, source: inventory, date: 2026-10-01", "constant: 200000")
    data = data.replace(b"source: census, ", b"")

    with pytest.raises(MalformedInput, match="lines has no source and no date; people has no source") as caught:
        read_study(data)
    assert "inputs (line 4)" in str(caught.value)


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("low: 4, likely: 6, high: 12", "low: 4, likely: 60, high: 12", r"inputs\.call\.pert \(line 16\): low, likely"),
        ("low: 4, likely: 6, high: 12", "low: 12, likely: 6, high: 4", "must not fall"),
        ("low: 4, likely: 6, high: 12", "low: 6, likely: 6, high: 6", "is a constant"),
        ("low: 4, likely: 6, high: 12", "low: 4, high: 12", "lacks likely"),
        ("low: 4, likely: 6, high: 12", "low: -4, likely: 6, high: 12", r"low must be a number from 0"),
        ("low: 4, likely: 6, high: 12", "low: .nan, likely: 6, high: 12", r"pert\.low \(line 16\): a number is needed"),
        ("low: 4, likely: 6, high: 12", "low: 4, likely: 6, high: .inf", "a number is needed, found '.inf'"),
        ("low: 4, likely: 6, high: 12", "low: 4, likely: 6, high: 1e999", "high must be a number"),
        ("low: 4, likely: 6, high: 12", "low: 4, likely: six, high: 12", "found 'six'"),
        ("low: 4, likely: 6, high: 12", "low: 4, likely: [6], high: 12", "text is needed, found a list"),
        ("high: 0.9, lambda: 2", "high: 0.9, lambda: 1000", "lambda must be from 0 to 100"),
        ("high: 0.9, lambda: 2", "high: 0.9, shape: 2", "known are low, likely, high, lambda"),
        ("high: 0.9, lambda: 2", "high: 1.1, lambda: 2", "a share is at most 1"),
        ("{found: 12, of: 400}", "{found: 412, of: 400}", "412 found of 400 is no sample"),
        ("{found: 12, of: 400}", "{found: -12, of: 400}", "a whole number"),
        ("{found: 12, of: 400}", "{found: 0.1, of: 400}", "a whole number"),
        ("constant: 60", "constant: 60, beta: {a: 1, b: 2}", "found constant and beta"),
        (", constant: 60", "", "found none"),
        ("date: 2022", "date: last year", "a date"),
        ("date: 2022", "date: 2022-13", "a date"),
        ("illustrative: true", "illustrative: maybe", "true or false"),
        ("code: EUR", "code: euro", "three letters"),
        ("year: 2026", "year: 26", "a whole number"),
        ("devices: lines", "devices: boxes", "there is no input 'boxes'; there are altered"),
        ("devices: lines", "within: proxies", "stands before this one"),
        ("{within: altered routers, ", "{", "either `devices`"),
        ("{within: altered routers, ", "{within: altered routers, devices: lines, ", "either `devices`"),
        (", people: people", "", "how many people use a device"),
        ("in: proxies", "in: boxes", "there is no population 'boxes'"),
        ("{user: price, operator: call}", "{owner: price, operator: call}", "there is no stakeholder 'owner'"),
        ("effect: remote-access\n    in: altered routers", "effect: bandwidth-abused\n    in: proxies", "is there twice"),
        ("effect: remote-access", "effect: Remote Access", "an effect's id"),
        ("    losses: {operator: call}\n    data: [Password]\n", "", "or `data` that is within reach"),
        ("data: [Password]\n", "data: [pass word]\n", "a category of data"),
        ("    rate: calls\n", "", r"inputs\.calls .*nothing uses this input"),
        ("  - effect: bandwidth-abused\n    in: proxies", "  - effect: bandwidth-abused\n    in: altered routers", "no scenario"),
        ("title: Routers with a back door", 'title: "a\\eb"', "printable"),
        ("title: Routers with a back door", 'title: "a\\u202Eb"', "printable"),
        ("title: Routers with a back door", "title: x\ntitle: y", "is there twice"),
        ("  lines:\n", "  lines:\n    {title: a, unit: b, constant: 1, source: c, date: 2026}\n  lines:\n", "is there twice"),
        ("  price:\n", "  Price:\n", "lower-case"),
        ("title: Routers with a back door", "title: &a x", "anchors"),
        ("title: Routers with a back door", "title: *a", "aliases"),
        ("title: Routers with a back door", "title: [[[[[[[[[]]]]]]]]]", "deeper than 8"),
        ("title: Routers with a back door", "title: {", "is no YAML"),
        ("title: Routers with a back door", "title: x\n--- ", "is no YAML"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_place(before: str, after: str, reason: str) -> None:
    with pytest.raises(MalformedInput, match=reason):
        read_study(changed(before, after))


def test_effects_are_those_there_are() -> None:
    read_study(STUDY.encode(), {"remote-access", "bandwidth-abused"})
    with pytest.raises(MalformedInput, match="there is no effect 'bandwidth-abused'"):
        read_study(STUDY.encode(), {"remote-access"})


def test_categories_are_those_there_are() -> None:
    read_study(STUDY.encode(), None, ["Password", "IPAddress"])
    with pytest.raises(MalformedInput, match="there is no category 'IPAddress'; there are Password"):
        read_study(STUDY.encode(), None, ["Password"])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"[" * 250_000,
        b"{" * 250_000,
        b"- " * 120_000,
        b"a: " * 80_000,
        b"x" * 300_000,
        b"? " * 100_000,
        b"!!python/object/apply:os.system [true]",
        b"a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]",
        b"inputs: {" + b",".join(b"i%d: {}" % each for each in range(20_000)) + b"}",
        b"%YAML 9.9\n---\na",
        b"\x00",
    ],
    ids=lambda data: repr(data[:12]),
)
def test_hostile_files_are_refused_soon(data: bytes) -> None:
    started = time.process_time()
    with pytest.raises(MalformedInput):
        read_study(data)
    assert time.process_time() - started < 2


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with pytest.raises(MalformedInput):
        read_study(data)


@given(st.data())
def test_a_study_with_one_damage_is_read_or_refused(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(STUDY) - 1))
    end = data.draw(st.integers(start, min(start + 12, len(STUDY))))
    text = data.draw(st.text("abc019.:-{}[]&*!\"'\n #,", max_size=6))
    try:
        study = read_study((STUDY[:start] + text + STUDY[end:]).encode())
    except MalformedInput:
        return
    assert all(each.source and each.date for each in study.inputs)
