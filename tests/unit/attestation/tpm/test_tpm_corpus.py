"""Quotes that TPMs made: every genuine one is verified, every forged one refused for the reason that its maker says."""

from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from trueware.attestation.contract import Endorsements
from trueware.attestation.tpm.attest import kind_of, parse_quote
from trueware.attestation.tpm.binding import bind_key
from trueware.attestation.tpm.clock import Course, compare
from trueware.attestation.tpm.pcrs import parse_pcr_file
from trueware.attestation.tpm.public import parse_public
from trueware.attestation.tpm.quote import Quoted, verify_quote
from trueware.attestation.tpm.quote_key import load_quote_key
from trueware.attestation.tpm.signature import parse_signature
from trueware.errors import EvidenceRefused, InputError
from trueware.model.check import Distrust, Outcome

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
def real(attest: Path) -> Path:
    return attest / "real"


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


def test_a_key_made_in_software_is_not_the_one_enrolled(real: Path) -> None:
    forged = real / "attacks" / "open" / "software_key_ak"
    quoted = verified(forged, "quote", forged / "ak.pub")  # all that a quote shows by itself is right
    enrolled = parse_public((real / "open" / "a1_genuine_devA" / "ak.pub").read_bytes())
    endorsements = Endorsements(enrolled={enrolled.name: "devA"})
    public, certificate = parse_public((forged / "ak.pub").read_bytes()), (forged / "ek_rsa_cert.der").read_bytes()
    assert quoted.key_name == public.name
    (check,) = bind_key(public, certificate, endorsements, device="devA")
    assert (check.outcome, check.distrust) == (Outcome.CONTRADICTS, Distrust.SIGNATURE)
    (alone,) = bind_key(public, certificate, Endorsements())
    assert alone.outcome is Outcome.NOT_SHOWN
    (right,) = bind_key(enrolled, certificate, endorsements, device="devA")
    assert right.outcome is Outcome.SUPPORTS


def test_snapshots_of_one_boot_follow_one_another(real: Path) -> None:
    seen = 0
    for folder in sorted((real / "open").iterdir()):
        clocks = [
            verified(each, "quote", folder / "ak.pub").clock for each in sorted(folder.glob("t*/")) if each.is_dir()
        ]
        for before, after in pairwise(clocks):
            assert compare(before, after) is Course.SAME_BOOT
            assert compare(after, before) is Course.WENT_BACKWARDS
            seen += 1
    assert seen >= 9


def test_damaged_evidence_is_refused_and_nothing_else_happens(real: Path) -> None:
    folder = real / "open" / "a1_genuine_devA"
    names = ("ak.pub", "t0_boot/quote.msg", "t0_boot/quote.sig", "t0_boot/quote.pcrs")
    genuine = [(folder / name).read_bytes() for name in names]
    nonce = bytes.fromhex((folder / "t0_boot" / "nonce.hex").read_text())
    random = Random(7)
    for _ in range(600):
        pieces = list(genuine)
        which = random.randrange(len(pieces))
        pieces[which] = damaged(random, pieces[which])
        try:
            quoted = verify_quote(pieces[1], pieces[2], load_quote_key(pieces[0]), nonce, parse_pcr_file(pieces[3]))
        except InputError:
            continue
        assert which == 3  # what is not covered by the quote: filling of the file
        assert quoted.values == parse_pcr_file(genuine[3]).banks
    for data in (bytes(1 << 21), b"\xff" * (1 << 21), genuine[3] * 900):
        for read in (load_quote_key, parse_pcr_file, parse_signature, parse_quote, kind_of):
            try:
                read(data)
            except InputError:
                continue
            assert read is kind_of


def damaged(random: Random, data: bytes) -> bytes:
    at, size = random.randrange(len(data)), random.randrange(1, 9)
    return random.choice(
        (
            data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :],
            data[:at] + random.randbytes(size) + data[at + size :],
            data[:at],
            data[:at] + data[at + size :],
            data[:at] + random.randbytes(size) + data[at:],
            data + random.randbytes(size),
            data[:at] + b"\xff" * size + data[at + size :],
        )
    )
