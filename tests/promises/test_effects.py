"""What is known of effects is complete: texts, references, reach, harms with sources, actions, for every effect, now and to come."""

import csv
import re
from importlib.resources import files
from itertools import product

import pytest

from trueware.explaining import load_detectors
from trueware.explaining.explain import RULES
from trueware.explaining.impact import assess, component_of
from trueware.knowledge.effects import effect_ids, load_effect
from trueware.knowledge.guidelines import ALL, OWNER, PROFESSIONAL, load_guideline
from trueware.knowledge.impact import load_impact, load_words
from trueware.knowledge.shipped import names_in, read_yaml
from trueware.model.explanation import Scenario, Stakeholder
from trueware.model.finding import Confidence, Finding, Rule, Severity

EFFECTS = effect_ids()
DETECTED = [(detector.subject, rule) for detector in load_detectors() for rule in detector.rules]
DETECTED += [("nothing", rule) for rule in RULES]

VOCABULARY = """
privileged-account default-credential remote-access local-access start-up-persistence trust-anchor-added update-redirected
update-blocked names-redirected traffic-intercepted defence-weakened logging-disabled verification-disabled privilege-opened
kernel-altered boot-altered identity-rewritten radio-altered provenance-falsified anti-theft-removed content-protection-bypassed
illicit-content-source app-injected data-sent-elsewhere communications-read surveillance credential-capture bandwidth-abused
code-downloaded program-altered hardening-lost downgraded signer-replaced known-malicious rebuilt-by-another appearance-changed
component-removed configuration-altered unexplained-change
""".split()  # noqa: SIM905 (read as a text)
"""Ids on the wire: none may ever go."""

REFERENCE = re.compile(
    r"ATT&CK T\d{4}(\.\d{3})?|CAPEC-\d+|CWE-\d+|EMB3D TID-\d{3}|RFC 9124 THREAT\.(IMG|NET|UPD|KEY|MFST)\.[A-Z_]+"
)
MERELY_CAREFUL = {"ask-whose-doing", "ask-management", "confirm-first", "get-advice-first", "keep-result", "watch"}
"""Actions that put nothing right."""

every_effect = pytest.mark.parametrize("id_", EFFECTS)


def _finding(severity: Severity = Severity.HIGH, confidence: Confidence = Confidence.HIGH, *touches: str) -> Finding:
    return Finding("rule", "image!/etc/x", "", severity, confidence, touches=touches)


def test_no_id_of_the_vocabulary_goes() -> None:
    assert set(VOCABULARY) <= set(EFFECTS)


@pytest.mark.parametrize("rule", [rule for _, rule in DETECTED], ids=[rule.id for _, rule in DETECTED])
def test_what_is_detected_has_an_effect(rule: Rule) -> None:
    assert rule.effect in EFFECTS


@every_effect
def test_texts_are_there(id_: str) -> None:
    """Every text is a sentence or more in plain characters; an owner's are short ones."""
    effect = load_effect(id_)
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", id_)
    assert effect.title
    assert not effect.title.endswith(".")
    assert effect.scenarios
    assert effect.references
    for text in (effect.owner, effect.technical):
        assert text.endswith(".")
        assert text.isascii()
    sentences = re.split(r"(?<=[.!?:;]) ", effect.owner)
    assert max(len(sentence.split()) for sentence in sentences) <= 30


@every_effect
def test_references_are_of_the_reviewed_table(id_: str) -> None:
    text = files("trueware.knowledge").joinpath("catalogues.csv").read_text("utf-8")
    reviewed = {row["reference"] for row in csv.DictReader(text.splitlines())}
    for reference in load_effect(id_).references:
        assert REFERENCE.fullmatch(reference)
        assert reference in reviewed


def test_the_reviewed_table_holds_nothing_else() -> None:
    text = files("trueware.knowledge").joinpath("catalogues.csv").read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert [row["reference"] for row in rows] == sorted({ref for id_ in EFFECTS for ref in load_effect(id_).references})
    for row in rows:
        number = row["reference"].rpartition(" ")[2].removeprefix("CAPEC-").removeprefix("CWE-").replace(".", "/")
        assert row["link"].startswith("https://")
        assert number in row["link"] or row["reference"].startswith("RFC")


@every_effect
def test_harm_is_a_vector_with_reasons_and_sources(id_: str) -> None:
    rules = load_impact()
    for scenario in load_effect(id_).scenarios:
        harms = assess(id_, (_finding(),), scenario, configured=False, rules=rules).harms
        assert [harm.stakeholder for harm in harms] == list(Stakeholder)
        for harm in harms:
            assert 0 <= harm.level <= 4
            assert harm.reason.endswith(".")
            assert "judged by the trueware authors" in harm.source
        assert max(harm.level for harm in harms) > 0
    assert set(rules.harms[id_]) <= {None, *load_effect(id_).scenarios}


@every_effect
def test_who_is_harmed_has_something_to_do(id_: str) -> None:
    """Whoever comes to noticeable harm is told how to put it right, whatever the severity; nobody is told more than five things."""
    rules = load_impact()
    for scenario, severity, confidence, configured in product(
        load_effect(id_).scenarios, Severity, Confidence, (False, True)
    ):
        told = assess(id_, (_finding(severity, confidence),), scenario, configured=configured, rules=rules)
        for harm in told.harms:
            actions = [action.id for action in told.actions if action.stakeholder is harm.stakeholder]
            assert len(actions) == len(set(actions)) <= 5
            assert bool(actions) is bool(harm.level)
            if harm.level >= 2:
                assert set(actions) - MERELY_CAREFUL
        if configured:
            assert told.actions[0].id == "ask-whose-doing"


def test_rules_speak_of_what_exists() -> None:
    """Effects, actions and categories that a rule names exist, and nothing that exists is named by none."""
    rules = load_impact()
    assert set(rules.reaches) == set(rules.harms) == set(EFFECTS)
    named = {effect for row in rules.table for effect in row.effects}
    assert named == set(EFFECTS)
    ids = [row.id for row in (*rules.table, rules.otherwise)]
    assert len(ids) == len(set(ids))
    assert set(rules.texts) == {each for row in (*rules.table, rules.otherwise) for each in row.then}
    for texts in rules.texts.values():
        assert texts
        assert all(text.endswith(".") and text.isascii() for text in texts.values())


def test_categories_are_of_the_reviewed_list() -> None:
    rules, words = load_impact(), load_words()
    used = {term for component in rules.components for term in component.may}
    used |= {term for patterns in rules.touches.values() for _, data in patterns for term in data}
    used |= {term for reach in rules.reaches.values() for term in reach.reached | reach.reachable}
    assert used == set(words)
    assert all(words.values())
    assert set(rules.touches) <= {"permission", "file", "call", "api", "host", "port", "service"}
    assert all(re.compile(pattern) for patterns in rules.touches.values() for pattern, _ in patterns)
    sources = read_yaml("impact", "sources")
    assert isinstance(sources, dict)
    assert set(sources["level"]) == {who.value for who in Stakeholder}


@pytest.mark.parametrize("scenario", Scenario, ids=lambda scenario: scenario.value)
@pytest.mark.parametrize("path", ["", "a", "fw.bin!/rootfs!/etc/x\ny", "x" * 5000, "/" * 5000 + "a" * 5000])
def test_every_path_is_a_component(path: str, scenario: Scenario) -> None:
    assert component_of(path, scenario, load_impact()).may is not None


@pytest.mark.parametrize("scenario", Scenario, ids=lambda scenario: scenario.value)
@every_effect
def test_more_touches_never_reach_less(id_: str, scenario: Scenario) -> None:
    """A token more adds to what is reached, and never brings up what could be reached."""
    rules = load_impact()
    tokens = (
        "permission:android.permission.READ_SMS",
        "file:etc/shadow",
        "call:pcap_next",
        "api:android.location.Location",
    )
    before = assess(id_, (_finding(),), scenario, configured=False, rules=rules)
    for end in range(1, len(tokens) + 1):
        touches = tokens[:end]
        after = assess(
            id_, (_finding(Severity.HIGH, Confidence.HIGH, *touches),), scenario, configured=False, rules=rules
        )
        assert set(before.reached) <= set(after.reached)
        assert set(after.reachable) <= set(before.reachable) | set(before.reached)
        before = after


@every_effect
def test_guidelines_are_complete(id_: str) -> None:
    """Both readers are told every section; what differs by product is of a product in which the effect is met."""
    guideline = load_guideline(id_)
    assert set(guideline.general.owner) == set(OWNER) - {"first"}
    assert set(guideline.general.professional) == set(PROFESSIONAL)
    assert set(guideline.special) <= set(load_effect(id_).scenarios)
    for advice in (guideline.general, *guideline.special.values()):
        for texts in (*advice.owner.values(), *advice.professional.values()):
            assert texts
            assert all(text and text.isascii() for text in texts)


@every_effect
def test_owners_are_told_in_plain_words(id_: str) -> None:
    """No command, no abbreviation that a child would not know, no sentence over thirty words; at most six steps."""
    guideline = load_guideline(id_)
    for advice in (guideline.general, *guideline.special.values()):
        for text in (text for texts in advice.owner.values() for text in texts):
            assert "`" not in text
            assert not re.search(r"\b(TLS|CA|RPC|ELF|API|SDK|ACS|DRM|CAS|NV|HDCP|uid|root file)\b", text)
            assert max(len(sentence.split()) for sentence in re.split(r"(?<=[.!?:;]) ", text)) <= 30
    assert len(guideline.general.owner["do"]) <= 6


def test_there_is_a_guideline_for_nothing_else() -> None:
    assert set(names_in("guidelines")) == {*EFFECTS, ALL}
    every = load_guideline(ALL)
    assert every.general.owner["first"]
    assert every.general.professional["evidence"]
