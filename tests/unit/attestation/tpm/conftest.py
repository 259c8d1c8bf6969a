"""Where the attestation data of the corpus lies."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def attest(corpus: Path) -> Path:
    """Evidence, keys and certificates; the test is skipped, visibly, where there are none."""
    folder = corpus / "attest"
    if not folder.exists():
        pytest.skip("the corpus has no attestation data")
    return folder
