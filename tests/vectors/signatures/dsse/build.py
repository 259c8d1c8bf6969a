"""Builds the vectors of DSSE: openssl makes the keys and signs the encoding that the protocol states.

Run it again and nothing changes, but for signatures by ECDSA, which are only made where there are none. The keys are for nothing else.
"""

import base64
import hashlib
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
KEYS = HERE / "keys"
ARTEFACT = b"a release\n"
KINDS = {"ec": ("EC", "ec_paramgen_curve:P-256"), "rsa": ("RSA", "rsa_keygen_bits:2048"), "ed25519": ("ED25519", "")}


def run(*command: str) -> bytes:
    return subprocess.run(command, check=True, capture_output=True).stdout


def keys() -> None:
    if KEYS.is_dir():
        return
    KEYS.mkdir()
    for name, (kind, option) in KINDS.items():
        options = ("-pkeyopt", option) if option else ()
        run("openssl", "genpkey", "-algorithm", kind, *options, "-out", str(KEYS / f"{name}.key.pem"))
        (KEYS / f"{name}.pub.pem").write_bytes(run("openssl", "pkey", "-in", str(KEYS / f"{name}.key.pem"), "-pubout"))


def sign(name: str, data: bytes) -> bytes:
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        if name == "ed25519":
            return run("openssl", "pkeyutl", "-sign", "-rawin", "-inkey", str(KEYS / f"{name}.key.pem"), "-in", file.name)
        return run("openssl", "dgst", "-sha256", "-sign", str(KEYS / f"{name}.key.pem"), file.name)


def envelope(key: str, kind: str = "https://slsa.dev/provenance/v1", payload_type: str = "application/vnd.in-toto+json") -> bytes:
    digest = hashlib.sha256(ARTEFACT).hexdigest()
    statement = {"_type": "https://in-toto.io/Statement/v1", "subject": [{"name": "release.bin", "digest": {"sha256": digest}}], "predicateType": kind, "predicate": {}}
    payload = json.dumps(statement).encode()
    signed = f"DSSEv1 {len(payload_type)} {payload_type} {len(payload)} ".encode() + payload
    made = {"payload": base64.b64encode(payload).decode(), "payloadType": payload_type, "signatures": [{"keyid": key, "sig": base64.b64encode(sign(key, signed)).decode()}]}
    return json.dumps(made).encode() + b"\n"


def write(case: str, make: bytes, why: str, outcome: str, *, vouches: bool = False, anew: bool = True) -> None:
    folder = HERE / case
    file = folder / "release.intoto.jsonl"
    data = make if anew or not file.exists() else file.read_bytes()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    file.write_bytes(data)
    (folder / "expected.json").write_text(json.dumps({"outcome": outcome, "vouches": vouches}, indent=1) + "\n")
    (folder / "README.md").write_text(why + "\n")


keys()
write("rsa", envelope("rsa"), "Provenance signed by RSA.", "valid", vouches=True)
write("ed25519", envelope("ed25519"), "Provenance signed by Ed25519.", "valid", vouches=True)
write("ecdsa", envelope("ec"), "Provenance signed by ECDSA.", "valid", vouches=True, anew=False)
write("report", envelope("rsa", "https://in-toto.io/attestation/vulns/v0.1"), "A report about a release, which vouches for nothing.", "valid")
write("other", envelope("rsa", payload_type="text/plain"), "A payload that is no statement.", "valid")
write("changed", envelope("rsa").replace(b'"payload": "ey', b'"payload": "ez', 1), "The payload was changed.", "not-checkable")
write("type", envelope("rsa").replace(b"in-toto+json", b"in-toto+yaml"), "The type was changed.", "not-checkable")
write("twice", envelope("rsa").replace(b'{"payload"', b'{"payload": "", "payload"', 1), "A name stands twice.", "not-checkable")
