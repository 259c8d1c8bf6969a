"""Quotes that TPMs made: every genuine one is verified, every forged one refused for the reason that its maker says."""

from pathlib import Path

import pytest

from trueware.attestation.tpm.pcrs import parse_pcr_file
from trueware.attestation.tpm.quote import Quoted, verify_quote
from trueware.attestation.tpm.quote_key import load_quote_key
from trueware.errors import EvidenceRefused
from trueware.model.check import Outcome

GENUINE_SETS = 45
"""Quotes in `real`: two keys for each snapshot of nine boots, and three of a bare TPM."""

REFUSED = {
    "replayed_nonce": "quote-nonce",
    "quote_sig_flipped": "quote-signature",
    "attest_wrong_magic": "quote-magic",
    "pcr_values_forged": "quote-pcr-digest",
    "unrestricted_key_forged_quote": "attestation-key-attributes",
    "time_attestation_as_quote": "quote-type",
}


@pytest.fixture(scope="module")
def real(corpus: Path) -> Path:
    folder = corpus / "attest" / "real"
    if not folder.exists():
        pytest.skip("the corpus has no attestation data")
    return folder


def verified(folder: Path, stem: str, public: Path) -> Quoted:
    nonce = bytes.fromhex((folder / "nonce.hex").read_text())
    message, signature = (folder / f"{stem}.msg").read_bytes(), (folder / f"{stem}.sig").read_bytes()
    key = load_quote_key(public.read_bytes())
    quoted = verify_quote(message, signature, key, nonce, parse_pcr_file((folder / f"{stem}.pcrs").read_bytes()))
    assert quoted.key_name == public.with_suffix(".name").read_bytes()
    return quoted


def test_genuine_quotes_are_verified(real: Path) -> None:
    seen = 0
    for message in sorted(real.glob("open/*/t*/quote*.msg")):
        public = message.parents[1] / ("ak_rsa.pub" if "rsa" in message.stem else "ak.pub")
        quoted = verified(message.parent, message.stem, public)
        assert all(check.outcome is Outcome.SUPPORTS for check in quoted.checks)
        seen += 1
    # one of the bare TPM is by RSAPSS, which tpm2_checkquote 5.4 rejects and which is valid
    for message in sorted((real / "swtpm-quote").glob("*.msg")):
        verified(message.parent, message.stem, message.with_name(message.stem.replace("quote", "ak") + ".pub"))
        seen += 1
    assert seen >= GENUINE_SETS


@pytest.mark.parametrize("attack", REFUSED)
def test_forged_sets_are_refused_for_the_right_reason(real: Path, attack: str) -> None:
    folder = real / "attacks" / "open" / attack
    with pytest.raises(EvidenceRefused) as caught:
        verified(folder, "quote", folder / "ak.pub")
    assert caught.value.rule == REFUSED[attack]


def test_a_quote_of_the_sha1_bank_alone_contradicts_the_policy(real: Path) -> None:
    folder = real / "attacks" / "open" / "quote_sha1_bank_only"
    quoted = verified(folder, "quote", folder / "ak.pub")
    assert {check.rule for check in quoted.checks if check.outcome is Outcome.CONTRADICTS} == {"quote-bank-weak"}
