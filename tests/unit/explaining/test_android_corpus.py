"""Altered and re-signed packages of the corpus: what is said of each, and that nothing alarming is said beside it."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from trueware.verify import diff

QUIET = {
    "android-signed-anew",
    "app-entry-rights-changed",
    "app-code-repacked",
    "app-build-notes-changed",
    "app-resources-changed",
}
OTHERS = {"change-unexplained", "change-removed", "signature-taken-off"}
"""What other detectors say, or nobody can say."""

TAMPERED = "mobile/apk-tampered/open"
GENUINE, CLOCK = "02b97a52e3e5f2be", "897486e1f857c6c0"

PAIRS: Mapping[tuple[str, str], set[str]] = {
    (GENUINE, "520b75e80c973571"): {"android-signer-replaced"},
    (GENUINE, "eb5a5a66c83dad3e"): {"app-code-patched", "android-signature-scheme-removed"},
    (GENUINE, "1bdbeee49ff49873"): {"android-signature-removed", "android-signature-scheme-removed"},
    (GENUINE, "d0f6667dfb29b23d"): {"android-signature-scheme-removed"},
    (GENUINE, "d4034a5ac5a49c57"): {"android-signing-block-added-to"},
    (CLOCK, "d4dfdb8faef933b4"): {"android-signer-replaced"},
    (CLOCK, "9521e6f68971ceaa"): {"app-meta-inf-added"},
}


def rules(corpus: Path, genuine: str, suspect: str) -> set[str]:
    result = diff(corpus / genuine, corpus / suspect)
    return {finding.rule for each in result.explanations for finding in each.findings}


@pytest.mark.corpus
@pytest.mark.parametrize("pair", PAIRS, ids=[suspect for _, suspect in PAIRS])
def test_altered_packages(corpus: Path, pair: tuple[str, str]) -> None:
    """By what was done to each, as their labels tell it."""
    found = rules(corpus, *(f"{TAMPERED}/{name}.apk" for name in pair))

    assert found - QUIET - OTHERS == PAIRS[pair]


@pytest.mark.corpus
def test_one_app_in_two_releases_by_two_signers(corpus: Path) -> None:
    """Both certificates are for debugging and have the same name; they are two all the same."""
    folder = "corpus/open/apk-settings"
    found = rules(corpus, f"{folder}/io.appium.settings-7.0.0.apk", f"{folder}/io.appium.settings-8.0.10.apk")

    assert "android-signer-replaced" in found
    assert "android-signer-public-key" not in found
    assert not found & OTHERS
