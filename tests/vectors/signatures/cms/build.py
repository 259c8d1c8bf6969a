"""Builds CMS signed data with openssl: detached and not, with and without attributes, by every algorithm; and modules as sign-file has them.

Keys and signatures are random and kept where they are there: delete a file to have it made anew. ``content`` is what is signed.
"""

import subprocess
from pathlib import Path
from struct import pack

HERE = Path(__file__).resolve().parent
CONTENT = b"\x7fELF, as far as this test is concerned\n" * 3
KEYS = {
    "rsa": ("-newkey", "rsa:2048"),
    "p256": ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
    "p384": ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"),
}
PSS = ("-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:32")
CASES = {
    "rsa": ("rsa", "-md", "sha256"),
    "rsa-sha1": ("rsa", "-md", "sha1"),
    "rsa-pss": ("rsa", "-md", "sha256", *PSS),
    "rsa-keyid": ("rsa", "-md", "sha512", "-keyid"),
    "rsa-plain": ("rsa", "-md", "sha256", "-noattr", "-nocerts"),
    "rsa-attached": ("rsa", "-md", "sha384", "-nodetach"),
    "p256": ("p256", "-md", "sha256"),
    "p384-plain": ("p384", "-md", "sha384", "-noattr", "-nocerts", "-keyid"),
    "other-type": ("p256", "-md", "sha256", "-nodetach", "-econtent_type", "1.2.3.4"),
}
MODULES = ("rsa-plain", "p384-plain")


def _run(*command: str) -> None:
    subprocess.run(command, cwd=HERE, check=True, capture_output=True)


(HERE / "content").write_bytes(CONTENT)
for name, options in KEYS.items():
    if not (HERE / f"{name}.crt").exists():
        _run(
            "openssl", "req", "-x509", "-nodes", "-days", "7300", "-subj", f"/O=Test/CN={name}", *options,
            "-keyout", f"{name}.key", "-outform", "DER", "-out", f"{name}.crt",
        )  # fmt: skip
for name, (key, *options) in CASES.items():
    if not (HERE / f"{name}.p7s").exists():
        _run(
            "openssl", "cms", "-sign", "-binary", "-in", "content", "-signer", f"{key}.crt", "-inkey", f"{key}.key",
            *options, "-outform", "DER", "-out", f"{name}.p7s",
        )  # fmt: skip
for name in MODULES:
    signature = (HERE / f"{name}.p7s").read_bytes()
    trailer = pack(">5B3sI", 0, 0, 2, 0, 0, bytes(3), len(signature)) + b"~Module signature appended~\n"
    (HERE / f"{name}.ko").write_bytes(CONTENT + signature + trailer)
