"""All rules that say what a change does, with the subject of the detector that finds them."""

from functools import cache

from trueware.explaining import load_detectors
from trueware.explaining.explain import RULES
from trueware.model.finding import Rule


@cache
def catalogue() -> dict[str, tuple[Rule, str]]:
    """Return every rule by its id, and what the detector that finds it looks for."""
    rules = {rule.id: (rule, "what no detector explains") for rule in RULES}
    for detector in load_detectors():
        for rule in detector.rules:
            if rule.id in rules:
                raise ValueError(f"two detectors have a rule {rule.id!r}")
            rules[rule.id] = (rule, detector.subject)
    return rules
