"""The engine: nothing is lost, whatever detectors do."""

import re
from collections.abc import Iterator

import pytest
from tests.unit.explaining.cases import File, case

import trueware.explaining.explain as engine
from trueware.errors import MalformedInput
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
