"""The awareness guidelines: for each effect one for owners and one for professionals, one file each, read when asked for.

::

    owner:                 # every section is one text or a list of texts; see OWNER for the sections
      what: What it is
      how: How it happens
      see: [How to see it]
      do: [What to do]
    professional:          # see PROFESSIONAL
      what: ...
    scenarios:             # what comes in addition in one kind of product
      phone: {owner: {see: [...]}, professional: {see: [...]}}

``all.yaml`` has what holds for every effect. Text is ours; clauses of ITU-T Recommendations are cited by their titles.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from trueware.knowledge.shipped import read_yaml
from trueware.model.explanation import Scenario

OWNER = {
    "first": "First of all",
    "what": "What it is",
    "how": "How it happens",
    "see": "How to see it",
    "do": "What to do",
}
PROFESSIONAL = {
    "what": "What it is",
    "how": "How it happens",
    "see": "How to see it",
    "contain": "Contain",
    "eradicate": "Eradicate",
    "evidence": "Keep evidence",
    "report": "Report",
    "conformity": "Conformity and law",
}
"""Sections in order, with their headings."""

ALL = "all"

Sections = Mapping[str, tuple[str, ...]]
"""Texts by section."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What is said to the two kinds of readers."""

    owner: Sections
    professional: Sections


@dataclass(frozen=True, slots=True)
class Guideline:
    """What is said of one effect, or of all."""

    id: str
    general: Advice
    special: Mapping[Scenario, Advice]
    """What comes in addition in one kind of product."""


@cache
def load_guideline(id_: str) -> Guideline:
    """Return the guideline of an effect, or what holds for every one (`ALL`).

    Raises:
        KeyError: there is none, or it has an unknown section (a defect of this package).
    """
    data: Any = read_yaml("guidelines", id_)
    special = data.get("scenarios", {})
    return Guideline(id_, _advice(data), {Scenario(name): _advice(each) for name, each in special.items()})


def _advice(data: dict[str, Any]) -> Advice:
    return Advice(_sections(data.get("owner", {}), OWNER), _sections(data.get("professional", {}), PROFESSIONAL))


def _sections(data: dict[str, Any], known: Mapping[str, str]) -> Sections:
    if unknown := data.keys() - known.keys():
        raise KeyError(*sorted(unknown))
    return {name: (text,) if isinstance(text, str) else tuple(text) for name, text in data.items()}
