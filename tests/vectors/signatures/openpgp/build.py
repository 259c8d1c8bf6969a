"""Builds the OpenPGP vectors with GnuPG: keys of several kinds (made once, kept beside this file), and what they signed.

With the time given and an algorithm that needs no random numbers, signing again changes nothing; what is signed over NIST P-256 is
kept as it was first made. The secret keys are the test's own and protect nothing.
"""

import os
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TEXT = b"- a dash first\nblanks at the end  \t\nFrom here on\n\n-----BEGIN something\nlast line\n"
KEYS = {
    "rsa": ("rsa3072", "cert,sign", "never"),
    "ed25519": ("ed25519", "cert", "never"),
    "nistp256": ("nistp256", "cert,sign", "never"),
    "short": ("rsa3072", "cert,sign", "20260201T000000"),
    "revoked": ("rsa3072", "cert,sign", "never"),
    "small": ("rsa1024", "cert,sign", "never"),
}
FORMS = {
    ".sig": ("--detach-sign",),
    ".asc": ("--detach-sign", "--armor", "--textmode"),
    ".signed": ("--clearsign",),
}


def gpg(home: str, *arguments: str, time: str = "20260115T000000") -> bytes:
    """Run GnuPG in a home of its own and return what it prints."""
    quiet = ("--batch", "--quiet", "--no-tty", "--yes", "--passphrase", "", "--pinentry-mode", "loopback")
    command = ("gpg", "--homedir", home, *quiet, "--faked-system-time", time, *arguments)
    return subprocess.run(command, check=True, capture_output=True, env={**os.environ, "LC_ALL": "C"}).stdout


def fingerprint_of(home: str, name: str) -> str:
    """Return the fingerprint of a primary key."""
    listed = gpg(home, "--with-colons", "--list-keys", name).decode()
    return next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr"))


def make_key(home: str, name: str) -> None:
    """Make a key and write both halves; the one of Ed25519 signs with a subkey, one is taken back by its owner."""
    kind, use, expires = KEYS[name]
    gpg(home, "--quick-generate-key", f"{name} <{name}@example.org>", kind, use, expires, time="20260101T000000")
    fingerprint = fingerprint_of(home, name)
    if name == "ed25519":
        gpg(home, "--quick-add-key", fingerprint, "ed25519", "sign", "never", time="20260102T000000")
    (HERE / f"{name}.sec").write_bytes(gpg(home, "--export-secret-keys", name))
    if name == "revoked":
        revocation = Path(home) / "openpgp-revocs.d" / f"{fingerprint}.rev"
        revocation.write_bytes(revocation.read_bytes().replace(b":-----", b"-----"))
        gpg(home, "--import", str(revocation))
    (HERE / f"{name}.pub").write_bytes(gpg(home, "--export", name))


(HERE / "text").write_bytes(TEXT)
with tempfile.TemporaryDirectory() as made:
    for each in KEYS:
        if not (HERE / f"{each}.sec").exists():
            make_key(made, each)
with tempfile.TemporaryDirectory() as signing:

    def sign(name: str, *options: str, time: str = "20260115T000000") -> None:
        """Sign the text, by the options, into a file."""
        gpg(signing, "--output", str(HERE / name), *options, str(HERE / "text"), time=time)

    for each in KEYS:
        gpg(signing, "--import", str(HERE / f"{each}.sec"))
        for ending, form in FORMS.items():
            if each != "nistp256" or not (HERE / f"{each}{ending}").exists():
                sign(f"{each}{ending}", "--local-user", each, *form)
    rsa = ("--local-user", "rsa")
    sign("sha1.sig", *rsa, "--digest-algo", "SHA1", "--detach-sign")
    sign("early.sig", *rsa, "--ignore-time-conflict", "--detach-sign", time="20251201T000000")
    sign("void.sig", *rsa, "--default-sig-expire", "20260201T000000", "--detach-sign")
    if not (HERE / "demanding.sig").exists():  # GnuPG gives notations a place of its own choice
        sign("demanding.sig", *rsa, "--sig-notation", "!demand@example.org=yes", "--detach-sign")
    sign("two.signed", *rsa, "--local-user", "ed25519", "--clearsign")
