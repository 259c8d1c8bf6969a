"""Keylime's library on the same evidence; run by a Python that has it (`bench/attestation.py` makes one under build/bench).

    python attestation_peer.py FOLDER      prints one JSON object: seconds of CPU for each piece of work

What it is asked for is what its verifier does for each answer of an agent, without HTTP and database: `checkquote`, and
`process_measurement_list` with a policy that has all files.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time

FOLDER = Path(sys.argv[1])
for name in ("LOGGING", "VERIFIER", "TENANT", "REGISTRAR", "CA", "AGENT"):
    os.environ[f"KEYLIME_{name}_CONFIG"] = os.fspath(FOLDER / "keylime.conf")

from keylime.agentstates import AgentAttestState  # noqa: E402 (its configuration is read when it is imported)
from keylime.common.algorithms import Hash  # noqa: E402
from keylime.ima import ima  # noqa: E402
from keylime.tpm import tpm_util  # noqa: E402


def best(work: Callable[[], None], runs: int) -> float:
    """Return CPU seconds of the quickest of some runs."""
    costs = []
    for _ in range(runs):
        start = process_time()
        work()
        costs.append(process_time() - start)
    return min(costs)


def main() -> None:
    """Measure and print."""
    key, message, signature, values, text = (
        (FOLDER / name).read_bytes() for name in ("ak.pem", "quote.msg", "quote.sig", "quote.pcrs", "ima.txt")
    )
    nonce = (FOLDER / "nonce.b64").read_text()
    register = (FOLDER / "pcr10.hex").read_text()
    policy = json.loads((FOLDER / "policy.json").read_text())
    lines = text.decode("utf-8", "surrogateescape").splitlines()

    def quote() -> None:
        for _ in range(50):
            tpm_util.checkquote(key, nonce, signature, message, values, "sha256")

    def measure() -> None:
        state = AgentAttestState("bench")
        _, failure = ima.process_measurement_list(state, lines, policy, register, None, None, Hash.SHA256)
        if failure:
            raise SystemExit(f"Keylime does not accept the list: {[event.event_id for event in failure.events][:5]}")

    told = {"quote": best(quote, 5) / 50}
    told["ima"] = best(measure, 3)
    told["entries"] = len([line for line in lines if line])
    print(json.dumps(told))


main()
