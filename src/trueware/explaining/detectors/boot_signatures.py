"""Signatures of FIT images and the keys by which U-Boot verifies them, in device trees.

::

    /signature/key-dev/          in U-Boot's own device tree
        required = "conf"        without it a signature by this key is looked at and not needed; "image" does not cover how
                                 images are combined
        rsa,modulus = <…>        the key
    /configurations/conf-1/signature-1, /images/kernel-1/signature-1        in a FIT image

A FIT image tells these as facts, any other device tree as files. Source: U-Boot ``doc/usage/fit/signature.rst`` (public key storage,
required keys), CVE-2018-1000205 on ``image``.
"""

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

from trueware.explaining.contract import Altered, Case
from trueware.explaining.patterns import regex
from trueware.explaining.reading.lines import excerpt
from trueware.explaining.reading.sides import both_sides
from trueware.model.finding import Evidence, Finding, Rule, Severity
from trueware.model.part import Part

NOT_REQUIRED = Rule(
    "boot-signature-not-required",
    "The boot loader no longer requires the signature that the genuine one requires",
    Severity.HIGH,
    help="It starts an image by anybody as if it were the maker's.",
    effect="verification-disabled",
)
UNSIGNED = Rule(
    "boot-image-unsigned",
    "An image that the boot loader starts has lost its signature",
    Severity.HIGH,
    help="A boot loader that requires none starts it all the same, and then anybody could have made it.",
    effect="verification-disabled",
)
KEY = Rule(
    "boot-key-replaced",
    "The boot loader accepts images signed by another key",
    Severity.HIGH,
    help="Whoever holds that key decides what the device starts.",
    effect="trust-anchor-added",
)

_KEY_FILE = regex(
    r"(?:.*/)?signature/(?P<key>[^/]+)/(?P<property>required|rsa,modulus|ecdsa,[xy]-point|rsa,n0-inverse)"
)
_SIGNATURE = regex(r"(?:(?P<place>.*)/)?signature(?:[-@]\w+)?/(?:value|algo|key-name-hint)")
_LARGEST = 4096
"""Bytes of a key."""


class BootSignatures:
    """Signatures of FIT images and keys in device trees."""

    subject: ClassVar[str] = "signatures of images that a boot loader starts"
    rules: ClassVar[tuple[Rule, ...]] = (NOT_REQUIRED, UNSIGNED, KEY)
    wants: ClassVar[re.Pattern[str]] = re.compile(r"[\s\S]*")  # FIT images tell it as facts, wherever they lie

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (a change shows it)
        expected, found = altered.change.expected, altered.change.found
        if expected is not None and found is not None:
            yield from _lost(altered, _facts(expected), _facts(found))
        if match := _KEY_FILE.fullmatch(altered.inner):
            yield from _key(altered, match["key"], match["property"])


def _facts(part: Part) -> Mapping[str, str]:
    return dict(part.facts)


def _lost(altered: Altered, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Finding]:
    """Yield which configurations or images of a FIT image are no longer signed."""
    before, after = (_signed(facts) for facts in (old, new))
    for place in sorted(before - after):
        words = place or altered.name
        yield altered.finding(
            UNSIGNED, f"{words} has no signature any more", Evidence(excerpt(words, 80), "signed", None)
        )


def _signed(facts: Mapping[str, str]) -> frozenset[str]:
    return frozenset(match["place"] or "" for name in facts if (match := _SIGNATURE.fullmatch(name)))


def _key(altered: Altered, key: str, name: str) -> Iterator[Finding]:
    part = altered.change.found or altered.change.expected
    sides = both_sides(altered) if part is not None and part.size <= _LARGEST else None
    if sides is None:
        return
    before, after = sides
    if name == "required":
        old, new = (side.rstrip(b"\0").decode("utf-8", "backslashreplace") for side in sides)
        if old and (not new or (old == "conf" and new == "image")):
            evidence = Evidence(f"required of {key}", excerpt(old), excerpt(new) or None)
            yield altered.finding(
                NOT_REQUIRED,
                f"a signature by {key} is not required{' of how images are combined' if new else ''}",
                evidence,
            )
    elif name in {"rsa,modulus", "ecdsa,x-point"} and after and before != after:
        evidence = Evidence(f"{name} of {key}", excerpt(before.hex(), 80) or None, excerpt(after.hex(), 80))
        yield altered.finding(KEY, f"{key} is {'another key' if before else 'new'}", evidence)
