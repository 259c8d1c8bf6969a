"""The vocabulary of effects: what changes do. One file each, read when that effect is met.

::

    title: What is so, one sentence without a full stop
    scenarios: [network-device, phone]   # in which products it is met
    owner: What that means, for somebody who owns such a device and is no technician
    technical: What that means, for a professional
    references: [ATT&CK T1136.001, CAPEC-441]   # ids only, each listed in catalogues.csv beside this folder

Ids are on the wire and never change. Text is ours; of the catalogues, only ids are cited.
"""

from functools import cache

from trueware.knowledge.shipped import names_in, read_yaml
from trueware.model.explanation import Effect, Scenario


def effect_ids() -> tuple[str, ...]:
    """Return the ids of all effects, in order."""
    return names_in("effects")


@cache
def load_effect(id_: str) -> Effect:
    """Return one effect.

    Raises:
        KeyError: there is none of that id.
        ValueError: its file does not have the shape above (a defect of this package).
    """
    match read_yaml("effects", id_):
        case {
            "title": str(title),
            "scenarios": list(scenarios),
            "owner": str(owner),
            "technical": str(technical),
            "references": list(references),
        }:
            met = tuple(Scenario(each) for each in scenarios)
            return Effect(id_, title, owner, technical, met, tuple(str(each) for each in references))
    raise ValueError(f"effect {id_}: expected title, scenarios, owner, technical and references")
