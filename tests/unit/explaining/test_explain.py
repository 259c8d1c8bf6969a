"""The engine: nothing is lost, whatever detectors do."""

import re
from collections.abc import Iterator

import pytest
from tests.unit.explaining.cases import File, case

import trueware.explaining.explain as engine
from trueware.errors import LimitExceeded, MalformedInput
from trueware.explaining.contract import Altered, Case
from trueware.explaining.places import Places
from trueware.model.finding import Evidence, Finding, Rule, Severity

_RULE = Rule("word-added", "A word was added", Severity.HIGH, effect="configuration-altered")


class _Words:
    subject = "words"
    rules = (_RULE,)
    wants = re.compile(r"etc/.*")

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004
        before, after = altered.before() or b"", altered.after() or b""
        if b"\0" in after:
            raise MalformedInput("words", 0, "a NUL")
        for word in sorted(set(after.split()) - set(before.split())):
            yield altered.finding(_RULE, f"{word.decode()} is new", Evidence("", None, word.decode()))


@pytest.fixture(autouse=True)
def _only_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "detectors_for", lambda _: (_Words,))


def test_a_detector_is_given_both_sides() -> None:
    (found,) = engine.explain(case({"etc/a": b"one two"}, {"etc/a": b"two three"}))
    assert (found.rule, found.part, found.detail) == ("word-added", "etc/a", "three is new")


def test_what_no_detector_explains_is_told() -> None:
    found = engine.explain(case({"bin/a": b"1", "bin/b": b""}, {"bin/a": b"2", "bin/c": b"3"}))
    assert [(each.rule, each.part, each.detail) for each in found] == [
        ("change-unexplained", "bin/a", "content of the file changed"),
        ("part-removed", "bin/b", "a file of the release is missing"),
        ("change-unexplained", "bin/c", "file added"),
    ]


def test_a_detector_that_fails_on_one_change_keeps_its_word_on_others() -> None:
    found = engine.explain(case({"etc/a": b"", "etc/b": b""}, {"etc/a": b"x\0", "etc/b": b"y"}))
    assert [(each.rule, each.part) for each in found] == [("word-added", "etc/b"), ("change-unreadable", "etc/a")]


def test_what_a_device_may_change_needs_no_explanation() -> None:
    assert engine.explain(case({"var/a": b"1"}, {"var/a": b"2"}, mutable=("var/**",))) == ()


def test_a_tree_below_folders_has_the_same_inner_paths() -> None:
    tree = {f"dump/rootfs/{name}/a": b"" for name in ("etc", "bin", "usr")}
    made = case(tree, tree | {"dump/rootfs/etc/b": File(b"1"), "dump/readme": b""})
    assert {each.path: each.inner for each in made.altered} == {
        "dump/rootfs/etc/b": "etc/b",
        "dump/readme": "dump/readme",
    }
    assert "etc/b" in made.files
    assert made.read("etc/b") == b"1"


def test_inner_paths_begin_in_the_innermost_container() -> None:
    places = Places(case({}, {"a.apk": b""}).suspect)
    assert places.inner("system.img!/app/a.apk!/classes.dex") == "classes.dex"


def test_the_artefact_itself_goes_by_its_name() -> None:
    root = case({}, {}).suspect._replace(name="index.html")
    assert Places(root).inner("") == "index.html"


def test_a_program_that_nobody_can_compare_is_named_as_one() -> None:
    program = File(b"1", format="dex")
    (found,) = engine.explain(case({"a.dex": program}, {"a.dex": File(b"2", format="dex")}, at_hand=False))
    assert (found.rule, found.effect) == ("code-not-as-signed", "program-altered")


def test_detectors_that_want_anything_are_asked_without_a_change() -> None:
    from trueware.explaining import detectors_for

    assert "signatures that do not hold" in [detector.subject for detector in detectors_for(())]
    assert "accounts" not in [detector.subject for detector in detectors_for(())]


class _Mistaken:
    subject = "mistakes"
    rules = (_RULE,)
    wants = re.compile(r"etc/.*")

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004
        yield altered.finding(_RULE, "one is new")
        raise IndexError(altered.path)

    @staticmethod
    def conclude(case: Case, findings: tuple[Finding, ...]) -> Iterator[Finding]:  # noqa: ARG004
        raise KeyError


def test_a_mistake_in_a_detector_takes_no_answer_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "detectors_for", lambda _: (_Mistaken, _Words))
    found = engine.explain(case({"etc/a": b""}, {"etc/a": b"two"}))
    assert [(each.rule, each.part, each.detail) for each in found] == [
        ("word-added", "etc/a", "one is new"),
        ("word-added", "etc/a", "two is new"),
        ("change-unreadable", "", "mistakes: a mistake of trueware itself (KeyError)"),
        ("change-unreadable", "etc/a", "mistakes: a mistake of trueware itself (IndexError)"),
    ]


def test_a_ceiling_is_told_whatever_else_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class _Large(_Mistaken):
        @staticmethod
        def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004
            raise LimitExceeded("max_explained_file", 16)

    monkeypatch.setattr(engine, "detectors_for", lambda _: (_Large, _Words))
    rules = [each.rule for each in engine.explain(case({"etc/a": b""}, {"etc/a": b"two"}))]
    assert rules == ["word-added", "change-unreadable", "change-unreadable"]


def test_a_flood_is_told_in_few_words() -> None:
    """A file with many accounts, or many files that nobody can explain, is no flood of findings."""
    words = b" ".join(b"w%d" % number for number in range(5_000))
    found = engine.explain(case({"etc/a": b""}, {"etc/a": words, **{f"x/{n}": b"" for n in range(4_000)}}), most=100)
    assert [each.rule for each in found] == [
        *["word-added"] * 100,
        *["change-unexplained"] * 100,
        "word-added",
        "change-unexplained",
    ]
    assert found[-2].part == "etc/a"
    assert found[-2].detail == "5000 in all, 100 shown: this is one of the others"
    assert found[-1].detail.startswith("4000 in all")


def test_what_a_flood_leaves_out_is_no_setting_where_something_else_is() -> None:
    files = {f"etc/{name}": name.encode() for name in "abcdef"}
    (*_, last) = engine.explain(case({}, files, mutable=tuple(f"etc/{name}" for name in "abcef")), most=2)
    assert (last.part, last.detail) == ("etc/d", "6 in all, 2 shown: this is one of the others")
