"""What an Android device says of how it was started: whether its boot loader checks what it starts, and SELinux is enforced.

=================================  ========================================================================================
``ro.boot.verifiedbootstate``      ``green`` checked with the maker's key, ``yellow`` with another, ``orange`` not, ``red`` failed
``ro.boot.flash.locked``           ``0``: anything can be written
``ro.boot.veritymode``             ``enforcing``, or blocks that changed are read all the same
``ro.debuggable``                  ``1``: a build on which ADB gives root
``getenforce``                     ``Enforcing``, or what SELinux forbids is only logged
=================================  ========================================================================================

Source: Android Verified Boot, "Boot flow" and "Communicating boot state" (source.android.com/docs/security/features/verifiedboot).
A changed system can change these words too: a good one proves nothing, a bad one is worth knowing.
"""

import re
from collections.abc import Iterator, Mapping

from trueware.model.finding import Finding
from trueware.model.rules import RULES

_PROPERTY = re.compile(rb"\[([\w.]{1,120})\]: \[([^\]\n]{0,120})\]")

_GOOD: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("ro.boot.verifiedbootstate", ("green",), "what was started is not checked with the maker's key"),
    ("ro.boot.flash.locked", ("1",), "the boot loader lets anything be written"),
    ("ro.boot.veritymode", ("enforcing",), "changed blocks of the system are read all the same"),
    ("ro.debuggable", ("0",), "a build for developers, on which ADB gives root"),
)


def properties(texts: Mapping[str, bytes]) -> dict[str, str]:
    """Return the properties that a listing has, by name."""
    return {
        found[1].decode(): found[2].decode("utf-8", "replace")
        for found in _PROPERTY.finditer(texts.get("getprop", b""))
    }


def boot_state(texts: Mapping[str, bytes]) -> Iterator[Finding]:
    """Yield what a device says of itself that a device in the maker's state does not say."""
    told = properties(texts)
    for name, good, meaning in _GOOD:
        if (value := told.get(name, "")) and value not in good:
            yield _finding(f"{name} is {value}: {meaning}")
    if texts.get("getenforce", b"").strip() == b"Permissive":
        yield _finding("SELinux is permissive: what it forbids is only logged")


def _finding(detail: str) -> Finding:
    rule = RULES["listing-boot-state"]
    return Finding(rule.id, "", detail, rule.severity, rule.confidence)
