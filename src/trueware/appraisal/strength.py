"""What a verdict is worth where the evidence is not ours: the same verdict, and never better than a warning.

A compromised device can lie, so that what it says affirms nothing: what AR4SI would have affirmed is left unsaid, and `sourced-data`
is 32, which the draft has for data from sources nobody vouches for (draft-ietf-rats-ar4si §2.3.4; our reading, which no vector
confirms). What speaks against the software stands: who lies hides a change and does not invent one.
"""

from dataclasses import replace

from trueware.model.finding import Finding
from trueware.model.result import Result
from trueware.model.rules import RULES
from trueware.model.strength import Strength
from trueware.model.verdict import Verdict

_AFFIRMED, _UNPROVEN = range(2, 32), 32

_WORDS = {
    Verdict.GENUINE: "nothing was measured: a compromised device can say the same",
    Verdict.TAMPERED: "nothing was measured: a device that lies hides a change and does not invent one, "
    "but whoever hands in a listing can",
    Verdict.COUNTERFEIT: "nothing was measured: whoever hands in a listing can have made it up",
    Verdict.UNKNOWN: "nothing was measured",
}


def weakened(result: Result, strength: Strength) -> Result:
    """Return the result as evidence of that strength supports it."""
    if strength is not Strength.SELF_REPORTED:
        return replace(result, evidence=strength)
    vector, tier = result.vector, result.tier
    if result.verdict is not Verdict.UNKNOWN:
        kept = {name: 0 if getattr(vector, name) in _AFFIRMED else getattr(vector, name) for name in vector.__slots__}
        vector = type(vector)(**{**kept, "sourced_data": _UNPROVEN})
        tier = vector.tier
    rule = RULES["self-reported"]
    note = Finding(rule.id, "", _WORDS[result.verdict], rule.severity, rule.confidence)
    return replace(result, evidence=strength, vector=vector, tier=tier, findings=(note, *result.findings))
