"""Keys that updates and packages must be signed with: whose came, and whose went.

=====================  ========================================================================================
opkg                   ``etc/opkg/keys/<key id>``, usign
apt                    ``trusted.gpg``, ``trusted.gpg.d/``, keyrings that ``signed-by`` names (apt-secure(8), sources.list(5))
apk-tools              ``etc/apk/keys/`` (apk(5)), ``usr/share/apk/keys/``
rpm, pacman, flatpak   ``rpm-gpg/``, ``pacman/keyrings/``, ``ostree/trusted.gpg.d/``
fwupd                  ``etc/pki/fwupd/``, ``etc/pki/fwupd-metadata/``
image updaters         Android's ``otacerts.zip`` and recovery's ``res/keys``, update_engine, RAUC, SWUpdate, Mender
=====================  ========================================================================================

All keys are taken as one set, so that a renamed or regrouped keyring is no new trust.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.explaining.contract import Altered, Case
from trueware.explaining.patterns import regex
from trueware.explaining.reading.lines import excerpt
from trueware.explaining.reading.sides import both_sides, gathered, lacks_genuine
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity
from trueware.signatures.contract import Key
from trueware.signatures.keys import read_keys, strong_names_of

ADDED = Rule(
    "update-key-added",
    "Updates or packages signed by a key that the genuine software does not know are accepted",
    Severity.HIGH,
    help="Whoever holds the key can install any program. Compare its id with those that the maker publishes.",
    effect="trust-anchor-added",
)
REMOVED = Rule(
    "update-key-removed",
    "Updates or packages signed by a key of the genuine software are no longer accepted",
    Severity.MEDIUM,
    help="Updates of whoever holds that key are refused from now on, security updates among them.",
    effect="update-blocked",
)
_OTA = regex(r"(?:.*/)?otacerts\.zip!/[^/]+")
_NO_KEY = regex(r"(?:.*/)?(?:README[^/]*|[^/]+-revoked|[^/]+-trusted|\.[^/]*)")


class UpdateKeys:
    """Keys that updates and packages must be signed with."""

    subject: ClassVar[str] = "keys that updates and packages are signed with"
    rules: ClassVar[tuple[Rule, ...]] = (ADDED, REMOVED)
    wants: ClassVar[re.Pattern[str]] = re.compile(
        r"""etc/opkg/keys/[^/]+|etc/apk/keys/[^/]+|usr/share/apk/keys/.+
        |etc/apt/(?:trusted\.gpg|trusted\.gpg\.d/[^/]+\.(?:gpg|asc)|keyrings/[^/]+)|usr/share/keyrings/[^/]+
        |etc/pki/rpm-gpg/[^/]+|usr/share/(?:pacman/keyrings|distribution-gpg-keys)/.+|usr/share/ostree/trusted\.gpg\.d/[^/]+
        |etc/ostree/trusted\.gpg\.d/[^/]+|etc/pki/fwupd(?:-metadata)?/[^/]+
        |etc/(?:rauc|swupdate|mender|sysupgrade)/[^/]+\.(?:pem|crt|cert|der|pub|asc|gpg)
        |(?:.*/)?etc/update_engine/[^/]+\.pem|(?:.*/)?[^/]+\.x509\.pem""",
        re.VERBOSE,
    )

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (a change shows it)
        """Read the keys, so that what is none is told; they are one set and looked at together."""
        for side in both_sides(altered, UpdateKeys.wants) or ():
            _keys(altered, side)
        return iter(())

    @staticmethod
    def conclude(case: Case, findings: tuple[Finding, ...]) -> Iterator[Finding]:  # noqa: ARG004 (asks nobody else)
        was, now = gathered(case.matching(UpdateKeys.wants), UpdateKeys.wants, _keys)
        old = {strong_names_of(key)[0]: (key, altered) for key, altered in was}
        new = {strong_names_of(key)[0]: (key, altered) for key, altered in now}
        doubt = Confidence.LOW if lacks_genuine(case.matching(UpdateKeys.wants), UpdateKeys.wants) else None
        for name, (key, altered) in new.items():
            if name not in old:
                evidence = Evidence(key.id, None, excerpt(_told(key)))
                yield altered.finding(ADDED, f"what {_told(key)} signs is accepted", evidence, confidence=doubt)
        for name, (key, altered) in old.items():
            if name not in new:
                evidence = Evidence(key.id, excerpt(_told(key)), None)
                yield altered.finding(REMOVED, f"what {_told(key)} signs is refused", evidence)


def _keys(altered: Altered, data: bytes) -> tuple[Key, ...]:
    """Return the keys in a file.

    Raises:
        InputError: it should hold some, and does not.
    """
    if not data or _NO_KEY.fullmatch(altered.inner):
        return ()
    if altered.name.endswith(".x509.pem") and "/" not in altered.inner and not _OTA.fullmatch(altered.path):
        return ()
    return read_keys(data, altered.name)


def _told(key: Key) -> str:
    """Return whose key it is."""
    return excerpt(f"{key.name} ({key.id})" if key.name and key.name not in key.id else key.id)
