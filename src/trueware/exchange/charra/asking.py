"""What a device is asked: bodies of RESTCONF operations (RFC 8040 §3.6.1) with the inputs of RFC 9684, in JSON.

::

    POST {+restconf}/operations/ietf-tpm-remote-attestation:tpm20-challenge-response-attestation
    POST {+restconf}/operations/ietf-tpm-remote-attestation:log-retrieval
"""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence

from trueware.exchange.charra.hashes import IDENTITIES
from trueware.exchange.charra.logs import LogKind

MODULE = "ietf-tpm-remote-attestation"
ALGORITHMS = "ietf-tcg-algs"
CHALLENGE = f"{MODULE}:tpm20-challenge-response-attestation"
RETRIEVAL = f"{MODULE}:log-retrieval"
MEDIA_TYPE = "application/yang-data+json"


def challenge_body(nonce: bytes, registers: Mapping[str, Sequence[int]], certificates: Sequence[str] = ()) -> bytes:
    """Return the body that asks for quotes.

    Args:
        nonce: a TPM takes as many bytes as its largest digest has; more are cut, and fewer may be padded (RFC 9684, nonce-value),
            so that the answer does not hold what was sent. 32 fit.
        registers: PCRs by bank (hashlib's names).
        certificates: names of the keys that are to sign; none: all of the device's.

    Raises:
        ValueError: a bank or a PCR that there is not.
    """
    selection = []
    for bank, indices in registers.items():
        if bank not in IDENTITIES or not all(0 <= index <= 31 for index in indices):
            raise ValueError(f"no PCRs: {bank} {list(indices)}")
        chosen = {"tpm20-hash-algo": f"{ALGORITHMS}:{IDENTITIES[bank]}", "pcr-index": sorted(set(indices))}
        selection.append(chosen)
    asked: dict[str, object] = {"nonce-value": b64encode(nonce).decode(), "tpm20-pcr-selection": selection}
    if certificates:
        asked["certificate-name"] = list(certificates)
    return _body({"tpm20-attestation-challenge": asked})


def retrieval_body(kind: LogKind, nodes: Sequence[str] = (), after: int = 0) -> bytes:
    """Return the body that asks for a log.

    Args:
        kind: which.
        nodes: names of the TPMs whose logs they are; none: all.
        after: number of the last event that is known; 0: from the beginning.
    """
    selector: dict[str, object] = {"last-index-number": str(after)}  # 64 bits are text (RFC 7951 §6.1)
    if nodes:
        selector["name"] = list(nodes)
    return _body({"log-type": f"{MODULE}:{kind.value}", "log-selector": [selector]})


def _body(asked: dict[str, object]) -> bytes:
    return json.dumps({f"{MODULE}:input": asked}).encode()
