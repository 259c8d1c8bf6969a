"""YARA: rules match what changed and not what was there; files that do not compile are told with their line."""

import pickle
from dataclasses import replace
from pathlib import Path

import pytest

from trueware.errors import SourceError
from trueware.explaining.contract import Case
from trueware.explaining.detectors.yara import YaraRules
from trueware.model.finding import Confidence
from trueware.model.watchlists import Scanned, Watchlists, YaraMatch
from trueware.sources.yara_rules import CompiledRules, RuleFile, load_yara_rules

from .cases import Tree, case, findings, rules

yara_x = pytest.importorskip("yara_x", reason="the extra yara is not installed")

RULES = """
rule Marked : example {
  meta:
    description = "a mark of ours"
    author = "us"
  strings:
    $mark = "a mark of ours"
  condition:
    $mark
}
"""


def watched(genuine: Tree, suspect: Tree, *, at_hand: bool = True) -> Case:
    matcher = CompiledRules([RuleFile("dir/ours.yar", RULES)])
    return replace(case(genuine, suspect, at_hand=at_hand), watchlists=Watchlists(matcher=matcher))


def test_a_rule_matches_what_was_changed() -> None:
    (found,) = findings(YaraRules, watched({"bin/x": b"before"}, {"bin/x": b"with a mark of ours"}))
    assert (found.rule, found.confidence) == ("yara-match", Confidence.MEDIUM)
    assert found.detail == "Marked: a mark of ours; us"
    assert [(each.where, each.found) for each in found.evidence] == [
        ("rule", "Marked of ours.yar"),
        ("offset 0x5", "$mark"),
    ]
    (unsure,) = findings(YaraRules, watched({"bin/x": b"before"}, {"bin/x": b"a mark of ours"}, at_hand=False))
    assert unsure.confidence is Confidence.LOW


def test_what_the_genuine_matches_too_is_none() -> None:
    assert rules(YaraRules, watched({"bin/x": b"a mark of ours"}, {"bin/x": b"a mark of ours!"})) == []
    assert rules(YaraRules, watched({"bin/x": b"a mark of ours"}, {"bin/y": b"a mark of ours"})) == []
    assert rules(YaraRules, watched({}, {"bin/x": b"a mark of theirs"})) == []
    assert rules(YaraRules, case({}, {"bin/x": b"a mark of ours"})) == []


def test_too_little_time_is_said() -> None:
    class Slow:
        def scan(self, data: bytes) -> Scanned:
            assert data
            return Scanned((), finished=False)

    one = replace(case({}, {"bin/x": b"x"}), watchlists=Watchlists(matcher=Slow()))
    assert rules(YaraRules, one) == ["yara-unfinished"]


def test_rules_in_a_folder_each_with_its_own_names(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    for name in ("a.yar", "more/b.YARA", "more/no.txt"):
        (tmp_path / name).write_text(RULES)
    loaded = load_yara_rules([tmp_path])
    assert [each.file for each in loaded.scan(b"a mark of ours").matches] == ["a.yar", "b.YARA"]
    again = pickle.loads(pickle.dumps(loaded))  # noqa: S301 (our own)
    assert again.scan(b"a mark of ours") == loaded.scan(b"a mark of ours")
    assert isinstance(loaded.scan(b"a mark of ours").matches[0], YaraMatch)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("rule a {\n condition:\n  $b }\n", "bad.yar:3: unknown pattern `$b`"),
        ('include "/etc/passwd"\n', "bad.yar:1: include statements not allowed"),
        ("rule", "bad.yar:1: "),
    ],
)
def test_rules_that_do_not_compile_are_told_with_their_line(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "bad.yar").write_text(text)
    (tmp_path / "good.yar").write_text(RULES)
    with pytest.raises(SourceError) as raised:
        load_yara_rules([tmp_path])
    assert told in str(raised.value)


def test_no_rules_are_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no file of YARA rules"):
        load_yara_rules([tmp_path])
    with pytest.raises(SourceError, match="cannot read"):
        load_yara_rules([tmp_path / "none.yar"])
