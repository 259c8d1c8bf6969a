"""What verifying Android key attestation costs: chains of real phones, parsed, verified and told, beside the signatures alone.

A fleet's certificates above the attesting keys are the same for all: those are kept. Attesting keys are of one phone each where they
are provisioned remotely, so that two certificates are read and verified each time; a factory's are of a batch of phones. *Cold* rows
have nothing kept.

    python bench/android_chains.py [CORPUS]      the folder of the corpus, else TRUEWARE_CORPUS
"""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import clock
from report import Row
from trueware.attestation.android_key import link
from trueware.attestation.android_key.verifying import verify_attestation
from trueware.attestation.certificate_files import encodings
from trueware.attestation.contract import Question
from trueware.knowledge.android_roots import load_android_roots

_RUNS, _CHAINS = 9, 200
TARGET = 800.0
"""Chains per core and second."""

_SETS = {
    "factory, 4 certificates": "sony-xperia10-iii__sdk33__TEE_EC.pem",
    "remote, 5 certificates, root RSA 4096": "caiman__sdk36__TEE_EC_RKP.pem",
    "remote, 5 certificates, root P-384": "tegu__sdk36__TEE_EC_2026_ROOT.pem",
    "remote, 5 certificates, key ML-DSA": "tokay__sdk37__TEE_MLDSA_RKP.pem",
}


def rows(corpus: Path) -> Iterator[Row]:
    """Yield all figures."""
    roots = tuple(load_android_roots().values())
    for name, file in _SETS.items():
        chain = encodings((corpus / "mobile/key-attestation/open" / file).read_bytes())
        links = [link.read_link(each) for each in chain]
        question = Question(max(each.since for each in links) + 3600)

        def appraise(chain: list[bytes] = chain, question: Question = question) -> object:
            return verify_attestation([bytes(bytearray(each)) for each in chain], roots, question)

        def cold(appraise: Callable[[], object] = appraise) -> object:
            forget()
            return appraise()

        def fleet(
            appraise: Callable[[], object] = appraise, chain: list[bytes] = chain, above: bytes = links[2].spki
        ) -> object:
            link.read_link(bytes(bytearray(chain[1]))).is_signed_by(
                above, shared=False
            )  # what is kept of it and would not be
            return appraise()

        is_batch = not any(each.is_provisioned for each in links)  # of 100,000 phones
        for kept, work in (("", appraise if is_batch else fleet), (", cold", cold)):
            rate = clock.rate(work, _CHAINS, _RUNS)
            target = TARGET if not kept else None
            met = None if target is None else rate >= target
            yield Row(
                name=f"android/{name}{kept}", value=round(rate, 1), unit="per core-second", target=target, met=met
            )


def forget() -> None:
    """Forget the certificates that are kept."""
    for kept in (link.shared_link, link._is_signed_shared, link._key):  # noqa: SLF001 (to measure without)
        kept.cache_clear()


def main() -> None:
    """Print the rows."""
    given = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("TRUEWARE_CORPUS")
    if given is None:
        raise SystemExit("no corpus: give its folder, or set TRUEWARE_CORPUS")
    for row in rows(Path(given)):
        print(f"{row['name']:56} {row['value']:>10,.1f} {row['unit']}")


if __name__ == "__main__":
    main()
