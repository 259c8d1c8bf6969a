"""What verifying quotes of TPMs costs: structures, values of 30 PCRs and signature, beside the library's verification alone.

Quotes are real ones of the corpus (``attest/real``), each with the key loaded once, as an appraiser of a fleet has it.

    python bench/tpm_quotes.py [CORPUS]      the folder of the corpus, else TRUEWARE_CORPUS
"""

import os
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import clock
from report import Row
from trueware.attestation.tpm.pcrs import parse_pcr_file
from trueware.attestation.tpm.quote import verify_quote
from trueware.attestation.tpm.quote_key import load_quote_key
from trueware.attestation.tpm.signature import parse_signature

_RUNS, _QUOTES = 9, 500
TARGET = 5000.0
"""Quotes per core and second, ECDSA by P-256."""

_SETS = {
    "ecdsa p-256": ("open/a1_genuine_devA/t0_boot", "quote", "open/a1_genuine_devA/ak.pub"),
    "rsassa 2048": ("open/a1_genuine_devA/t0_boot", "quote_rsa", "open/a1_genuine_devA/ak_rsa.pub"),
    "rsapss 2048": ("swtpm-quote", "quote_rsapss", "swtpm-quote/ak_rsapss.pub"),
}


def rows(corpus: Path) -> Iterator[Row]:
    """Yield all figures."""
    real = corpus / "attest" / "real"
    for name, (folder, stem, key) in _SETS.items():
        message, signature, values = ((real / folder / f"{stem}.{end}").read_bytes() for end in ("msg", "sig", "pcrs"))
        nonce = bytes.fromhex((real / folder / "nonce.hex").read_text())
        public = (real / key).read_bytes()

        def appraise(
            message: bytes = message,
            signature: bytes = signature,
            values: bytes = values,
            nonce: bytes = nonce,
            public: bytes = public,
        ) -> object:
            return verify_quote(message, signature, load_quote_key(public), nonce, parse_pcr_file(values))

        loaded, parsed = load_quote_key(public), parse_signature(signature)
        rate = clock.rate(appraise, _QUOTES, _RUNS)
        wanted = TARGET if name == "ecdsa p-256" else None
        met = None if wanted is None else rate >= wanted
        yield Row(name=f"quote/{name}", value=round(rate, 1), unit="per core-second", target=wanted, met=met)
        floor = clock.rate(partial(loaded.verify, parsed, message), _QUOTES, _RUNS)
        yield Row(
            name=f"quote/{name} signature alone", value=round(floor, 1), unit="per core-second", target=None, met=None
        )


def main() -> None:
    """Print the rows."""
    given = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("TRUEWARE_CORPUS")
    if given is None:
        raise SystemExit("no corpus: give its folder, or set TRUEWARE_CORPUS")
    for row in rows(Path(given)):
        print(f"{row['name']:44} {row['value']:>10,.1f} {row['unit']}")


if __name__ == "__main__":
    main()
