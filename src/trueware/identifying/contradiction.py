"""Contradictions: the outer header names one maker, the software inside names another.

An image needs the header of the device's maker to be accepted by the device, whoever made what is inside; the software itself
has no such need. So the two are put side by side. A header that names nobody listed, or a system that makers build upon,
contradicts nothing, and neither do names of which only one side is known.
"""

from collections.abc import Iterable

from trueware.identifying.headers import HEADERS
from trueware.identifying.makers import maker_of
from trueware.model.claim import Claim
from trueware.model.finding import Finding
from trueware.model.rules import RULES

_SAYS_WHO = ("vendor", "product", "os")


def contradictions(claims: Iterable[Claim]) -> tuple[Finding, ...]:
    """Return a finding for each other maker the software inside names, at the part that names it."""
    claims = tuple(claims)
    outer = {
        maker: claim
        for claim in reversed(claims)
        if claim.name == "vendor" and claim.source in HEADERS and (maker := maker_of(claim.value))
    }
    inner = {
        maker: claim
        for claim in reversed(claims)
        if claim.name in _SAYS_WHO and claim.source not in HEADERS and (maker := maker_of(claim.value))
    }
    if not outer:
        return ()
    rule = RULES["identity-contradiction"]
    header = next(iter(outer.values()))
    return tuple(
        Finding(
            rule.id,
            claim.part,
            f"the {header.source} header names {header.value!r}, the software inside names {claim.value!r} ({claim.source})",
            rule.severity,
            rule.confidence,
        )
        for maker, claim in sorted(inner.items())
        if maker not in outer
    )
