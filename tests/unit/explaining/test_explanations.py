"""From changes to explanations: grouped by effect, ordered by gravity, rendered as text and as JSON that fits its schema."""

import json
from dataclasses import replace
from importlib.resources import files

import jsonschema
import pytest
from tests.unit.explaining.axml import manifest
from tests.unit.explaining.cases import case

from trueware.cli.text import render
from trueware.cli.wire import result_value, results_document
from trueware.explained import held, signed_changes, with_explanations
from trueware.explaining.assemble import assemble
from trueware.explaining.contract import Case
from trueware.model.explanation import (
    Action,
    Assessment,
    Effect,
    Harm,
    Scenario,
    Stakeholder,
)
from trueware.model.finding import Evidence, Finding, Rule, Severity
from trueware.model.limits import Limits
from trueware.model.part import Kind, Part
from trueware.model.result import Result
from trueware.model.signature import Judged, Outcome, Signature, Standing
from trueware.model.verdict import Tier, TrustVector, Verdict

_RULES = {
    "door": Rule("door", "A door", Severity.HIGH, effect="remote-access"),
    "paint": Rule("paint", "Paint", Severity.LOW, effect="appearance-changed"),
}
_HARM = Harm(Stakeholder.USER, 3, "because", "a study")
_ACTION = Action(Stakeholder.USER, "isolate", "Unplug it.")


def _effect(id_: str) -> Effect:
    return Effect(id_, f"About {id_}", "For owners.", "For others.", (Scenario.OTHER,), ("CAPEC-1",))


def _assess(effect: str, findings: tuple[Finding, ...], scenario: Scenario, *, configured: bool) -> Assessment:
    assert scenario is Scenario.OTHER
    assert findings
    grave = effect == "remote-access" and not configured
    return Assessment(("Password",), ("Location",), (_HARM,) * grave, (_ACTION,) * grave, ("harm/x",))


def _finding(rule: str, part: str) -> Finding:
    given, evidence = _RULES[rule], (Evidence("line 2", None, "x\x1b[2J"),)
    return Finding(rule, part, f"{rule} at {part}", given.severity, evidence=evidence, effect=given.effect)


def _changed(mutable: tuple[str, ...] = ()) -> Case:
    return case({"a": b"1", "b": b"1", "c": b"1"}, {"a": b"2", "b": b"2", "c": b"2"}, mutable=mutable)


def test_findings_of_one_effect_are_one_explanation_and_the_gravest_stands_first() -> None:
    told = assemble(
        [_finding("paint", "a"), _finding("door", "b"), _finding("door", "c")], _changed(), _effect, _assess
    )
    assert [(each.effect.id, [finding.part for finding in each.findings]) for each in told] == [
        ("remote-access", ["b", "c"]),
        ("appearance-changed", ["a"]),
    ]


def test_what_shows_in_settings_alone_is_configured_and_stands_last() -> None:
    told = assemble([_finding("door", "b"), _finding("paint", "a")], _changed(("b",)), _effect, _assess)
    assert [(each.effect.id, each.configured) for each in told] == [
        ("appearance-changed", False),
        ("remote-access", True),
    ]


def test_a_rebuild_stands_before_what_it_frames() -> None:
    rebuilt = Finding("rebuilt", "a", "", Severity.MEDIUM, effect="rebuilt-by-another")
    slight = replace(rebuilt, severity=Severity.LOW)
    for finding, first in ((rebuilt, "rebuilt-by-another"), (slight, "remote-access")):
        told = assemble([_finding("door", "b"), finding], _changed(), _effect, _assess)
        assert told[0].effect.id == first


def _result() -> Result:
    told = assemble([_finding("door", "b"), _finding("paint", "a")], _changed(), _effect, _assess)
    return Result(
        "suspect", 3, b"\0" * 32, Verdict.TAMPERED, Tier.CONTRAINDICATED, TrustVector(), "changed", explanations=told
    )


def test_the_text_has_effects_first_then_evidence_then_what_to_do() -> None:
    assert (
        render(_result())
        == """\
TAMPERED  suspect
  changed

  what the changes do
    1. About remote-access  (remote-access, high)
       For owners.
       - b: door at b
           line 2: x\\x1b[2J
       data it handles: passwords
       data it could reach: places where you are, live there or have been
       harm, 0 to 4: user 3
    2. About appearance-changed  (appearance-changed, low)
       For owners.
       - a: paint at a
           line 2: x\\x1b[2J
       data it handles: passwords
       data it could reach: places where you are, live there or have been

  what to do
    user:           Unplug it.
    more:           trueware explain remote-access appearance-changed
""".replace("places where you are, live there or have been", _words("Location"))
    )


def _words(category: str) -> str:
    from trueware.knowledge.impact import load_words

    return load_words()[category]


def test_the_json_has_all_and_fits_its_schema() -> None:
    document = results_document([_result()])
    schema = json.loads(files("trueware.schema").joinpath("results.json").read_text("utf-8"))
    jsonschema.validate(json.loads(json.dumps(document)), schema)
    first = result_value(_result())["explanations"][0]
    assert first["data"] == {"reached": ["Password"], "could_reach": ["Location"]}
    assert first["harms"] == [{"stakeholder": "user", "level": 3, "reason": "because", "source": "a study"}]
    assert first["findings"][0]["evidence"] == [{"where": "line 2", "expected": None, "found": "x\x1b[2J"}]


@pytest.mark.parametrize(("severity", "tier"), [(Severity.HIGH, Tier.WARNING), (Severity.MEDIUM, Tier.AFFIRMING)])
def test_settings_that_do_what_they_should_not_make_a_genuine_result_a_warning(
    monkeypatch: pytest.MonkeyPatch, severity: Severity, tier: Tier
) -> None:
    import trueware.explained as module

    finding = replace(_finding("door", "a"), severity=severity)
    monkeypatch.setattr(module, "explain", lambda *_: (finding,))
    genuine = Result("x", 1, None, Verdict.GENUINE, Tier.AFFIRMING, TrustVector(executables=2), "equals it")
    told = with_explanations(genuine, case({"a": b"1"}, {"a": b"2"}, mutable=("a",)), Limits())
    assert (told.verdict, told.tier) == (Verdict.GENUINE, tier)
    assert ("unsafe-configuration" in [each.rule for each in told.findings]) is (tier is Tier.WARNING)


def test_a_broken_signature_tells_what_changed() -> None:
    files_ = tuple(Part(name, Kind.FILE, b"", 1, bytes([number]) * 32) for number, name in enumerate("abc"))
    root = Part("app", Kind.FILE, b"", 3, b"r" * 32, format="zip", children=files_)
    signature = Signature("apk-v1", "", Outcome.BROKEN, "not as signed", altered=("a", "gone"), added=("b",))
    told = signed_changes([Judged(signature, Standing.NONE, "")], root)
    assert [(each.path, each.kind.value, each.expected is None) for each in told] == [
        ("a", "changed", False),
        ("b", "added", True),
    ]
    assert told[0].expected is not None
    assert told[0].expected.sha256 is None, "nobody knows what stood there"


def test_a_broken_signature_over_everything_is_one_change_and_valid_ones_are_none() -> None:
    root = Part("app", Kind.FILE, b"", 3, b"r" * 32)
    broken = Judged(Signature("apk-v2", "", Outcome.BROKEN, ""), Standing.NONE, "")
    valid = Judged(Signature("apk-v2", "", Outcome.VALID, ""), Standing.UNKNOWN_KEY, "")
    assert [each.path for each in signed_changes([broken, broken], root)] == [""]
    assert signed_changes([valid], root) == ()


def test_a_broken_signature_tells_what_it_was_made_over() -> None:
    root = Part("vbmeta.img", Kind.FILE, b"", 3, b"r" * 32, format="vbmeta", facts=(("flags", "off"), ("key", "k")))
    signature = Signature("avb", "", Outcome.BROKEN, "", as_signed=(("flags", "none"),))
    (change,) = signed_changes([Judged(signature, Standing.NONE, "")], root)
    assert change.expected is not None
    assert change.expected.facts == (("flags", "none"), ("key", "k"))


def test_an_app_reaches_what_its_manifest_asks_for() -> None:
    asked = manifest(permissions=("android.permission.READ_SMS",))
    app = replace(case({}, {"AndroidManifest.xml": asked}), scenario=Scenario.APP)
    assert held(app) == ("android.permission.READ_SMS",)
    assert held(replace(app, scenario=Scenario.PHONE)) is None
    assert held(replace(case({}, {"AndroidManifest.xml": b"none"}), scenario=Scenario.APP)) is None


def test_everything_has_technical_words_and_the_reason_of_each_harm() -> None:
    told = render(_result(), everything=True)
    assert "       Technically: For others. (CAPEC-1)\n" in told
    assert "       harm, 0 to 4: user 3\n         user 3: because [a study]\n" in told
