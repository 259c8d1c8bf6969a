"""Who is entitled to which claim: publishers' entitlements against what an artefact says of itself."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

from trueware.model.claim import Claim
from trueware.model.release import Publisher


def is_entitled(publisher: Publisher, claim: Claim) -> bool:
    """Tell whether one of the publisher's entitlements covers the claim."""
    value = claim.value.casefold()
    return any(
        entitlement.name == claim.name and fnmatchcase(value, entitlement.pattern.casefold())
        for entitlement in publisher.entitlements
    )


def entitled_publishers(publishers: Iterable[Publisher], claims: Iterable[Claim]) -> dict[str, list[Claim]]:
    """Return, by publisher's name, the claims only they may make; publishers without one are left out."""
    claims = tuple(claims)
    found = {}
    for publisher in publishers:
        covered = [claim for claim in claims if is_entitled(publisher, claim)]
        if covered:
            found[publisher.name] = covered
    return found
