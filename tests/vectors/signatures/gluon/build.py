"""Builds the manifest with ecdsautils (Debian's package): an image listed by both digests, one by SHA-512 alone, two signatures.

ecdsautils signs with a random number, so signatures that verify are kept; the keys beside this file are the test's.
"""

import subprocess
from hashlib import sha256, sha512
from pathlib import Path

HERE = Path(__file__).resolve().parent
IMAGES = {
    "both.bin": b"an image, as far as this test is concerned\n",
    "long.bin": b"another image\n",
}
BODY = "".join(
    (
        "BRANCH=stable\nDATE=2026-11-01 12:00:00+00:00\nPRIORITY=1\n\n",
        f"model-1 1.0 {sha256(IMAGES['both.bin']).hexdigest()} {len(IMAGES['both.bin'])} both.bin\n",
        f"model-1 1.0 {sha512(IMAGES['both.bin']).hexdigest()} both.bin\n",
        f"model-2 1.0 {sha512(IMAGES['long.bin']).hexdigest()} long.bin\n",
    )
)


def _run(*command: str, text: str = "") -> str:
    return subprocess.run(command, cwd=HERE, input=text, capture_output=True, text=True, check=True).stdout


def _signature(number: int) -> str:
    secret, kept = HERE / f"{number}.sec", HERE / f"{number}.signature"
    if not secret.exists():
        secret.write_text(_run("ecdsautil", "generate-key"), "ascii")
    public = _run("ecdsautil", "show-key", text=secret.read_text("ascii")).strip()
    (HERE / f"{number}.pub").write_text(public + "\n", "ascii")
    (HERE / "body").write_text(BODY, "ascii")
    verified = kept.exists() and not subprocess.run(
        ("ecdsautil", "verify", "-s", kept.read_text("ascii").strip(), "-p", public, "body"), cwd=HERE, check=False
    ).returncode
    if not verified:
        kept.write_text(_run("ecdsautil", "sign", "body", text=secret.read_text("ascii")), "ascii")
    (HERE / "body").unlink()
    return kept.read_text("ascii")


for name, data in IMAGES.items():
    (HERE / name).write_bytes(data)
(HERE / "stable.manifest").write_text(f"{BODY}---\n{_signature(1)}{_signature(2)}", "ascii")
