"""Builds the vectors of Authenticode: openssl makes keys and certificates, osslsigncode and sbsign (Debian) sign.

Run it again and nothing changes: what has chance or the time of the day in it (ECDSA, time stamps, what sbsign makes) is only made
where there is none, or with ``--anew``. The keys are for nothing else.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from struct import pack, unpack_from

HERE = Path(__file__).resolve().parent
KEYS = HERE / "keys"
WHEN = "1796000000"


def run(*command: str) -> bytes:
    return subprocess.run(command, check=True, capture_output=True).stdout


def keys() -> None:
    """Make an authority, a signer of RSA and one of ECDSA below it, and a time stamp authority."""
    if KEYS.is_dir():
        return
    KEYS.mkdir()
    usages = {"signer": "codeSigning", "elliptic": "codeSigning", "stamper": "critical,timeStamping"}
    subject = "/O=Trueware vectors/CN="
    days = ("-days", "7300", "-nodes")
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", *days, "-subj", subject + "authority", "-keyout", str(KEYS / "authority.key.pem"), "-out", str(KEYS / "authority.pem"))
    for name, usage in usages.items():
        kind = ("ec", "-pkeyopt", "ec_paramgen_curve:P-256") if name == "elliptic" else ("rsa:2048",)
        below = ("-CA", str(KEYS / "authority.pem"), "-CAkey", str(KEYS / "authority.key.pem"))
        more = ("-addext", f"extendedKeyUsage={usage}", "-addext", "basicConstraints=critical,CA:FALSE")
        out = ("-keyout", str(KEYS / f"{name}.key.pem"), "-out", str(KEYS / f"{name}.pem"))
        run("openssl", "req", "-x509", "-newkey", *kind, *days, *below, "-subj", subject + name, *more, *out)


def program(*, gap: int = 0) -> bytes:
    """Return a program of two sections, with so many bytes between them."""
    text, data = b"code " * 100, b"data" * 100
    optional = bytearray(240)
    optional[:2] = pack("<H", 0x20B)
    optional[16:20] = pack("<I", 4096)
    optional[32:40] = pack("<II", 4096, 512)
    optional[56:64] = pack("<II", 12288, 512)
    optional[68:70] = pack("<H", 10)
    optional[108:112] = pack("<I", 16)
    head = b"MZ".ljust(60, b"\0") + pack("<I", 64)
    head += pack("<4sHHIIIHH", b"PE\0\0", 0x8664, 2, 0, 0, 0, len(optional), 0x206) + optional
    head += pack("<8sIIII12xI", b".text", len(text), 4096, 512, 512, 0x60000020)
    head += pack("<8sIIII12xI", b".data", len(data), 8192, 512, 1024 + gap, 0xC0000040)
    return head.ljust(512, b"\0") + text.ljust(512, b"\0") + bytes(gap) + data.ljust(512, b"\0")


def signed(data: bytes, *options: str, key: str = "signer", digest: str = "sha256", tool: str = "osslsigncode") -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder, "in.efi"), Path(folder, "out.efi")
        source.write_bytes(data)
        pair = str(KEYS / f"{key}.pem"), str(KEYS / f"{key}.key.pem")
        if tool == "sbsign":
            run("sbsign", "--cert", pair[0], "--key", pair[1], "--output", str(out), str(source))
        else:
            run("osslsigncode", "sign", "-certs", pair[0], "-key", pair[1], "-h", digest, "-time", WHEN, *options, "-in", str(source), "-out", str(out))
        return out.read_bytes()


def without_checksum(data: bytes) -> bytes:
    return data[: 64 + 88] + bytes(4) + data[64 + 92 :]


def write(case: str, data: bytes, why: str, *expected: dict[str, object], name: str = "input.bin") -> None:
    folder = HERE / case
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / name).write_bytes(data)
    (folder / "expected.json").write_text(json.dumps(expected, indent=1, sort_keys=True) + "\n")
    (folder / "README.md").write_text(why + "\n")


def found(outcome: str, signer: str = "signer", **more: object) -> dict[str, object]:
    certificate = run("openssl", "x509", "-in", str(KEYS / f"{signer}.pem"), "-outform", "DER")
    return {"outcome": outcome, "signer": hashlib.sha256(certificate).hexdigest() if outcome == "valid" else None, **more}


def flat(data: bytes) -> str:
    """Return what osslsigncode says is the SHA-256 of a signed program."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        said = subprocess.run(["osslsigncode", "verify", file.name], check=False, capture_output=True, text=True).stdout
    return next(line.split(":")[1].strip().lower() for line in said.splitlines() if line.startswith("Calculated message digest"))


def main(arguments: Sequence[str]) -> None:
    keys()
    plain = program()
    once = signed(plain)
    subject = flat(once)
    write("rsa", once, "As osslsigncode signs it.", found("valid", sha256=subject))

    def kept(case: str, make: Callable[[], bytes]) -> bytes:
        path = HERE / case / "input.bin"
        return path.read_bytes() if path.exists() and "--anew" not in arguments else make()

    write("ecdsa", kept("ecdsa", lambda: signed(plain, key="elliptic")), "Signed by ECDSA.", found("valid", "elliptic"))
    write("sha1", signed(plain, digest="sha1"), "Signed with SHA-1.", found("valid"))
    write("sha384", signed(plain, digest="sha384"), "Signed with SHA-384.", found("valid"))
    write("md5", signed(plain, digest="md5"), "Signed with MD5, which is not taken.", found("not-checkable"))
    write("nested", signed(once, "-nest", digest="sha384"), "A second signature within the first.", found("valid"), found("valid"))
    sbsigned = kept("sbsign", lambda: signed(plain, tool="sbsign"))
    write("sbsign", sbsigned, "As sbsign signs it.", found("valid"))
    write("twice", kept("twice", lambda: signed(sbsigned, tool="sbsign")), "Two certificates in the table.", found("valid"), found("valid"))
    write("changed", without_checksum(once.replace(b"code code", b"c0de code", 1)), "A byte of the code was changed.", found("broken"))
    write("header", without_checksum(once.replace(b".text\0", b".t3xt\0", 1)), "The name of a section was changed.", found("broken"))
    write("behind", without_checksum(once) + b"more bytes", "Bytes behind the certificate table.", found("not-checkable"))
    (start,) = unpack_from("<I", once, 64 + 24 + 144)
    stuffed = bytearray(without_checksum(once) + b"stuffing")
    stuffed[start : start + 4] = pack("<I", len(stuffed) - start)
    stuffed[64 + 24 + 148 : 64 + 24 + 152] = pack("<I", len(stuffed) - start)
    write("stuffed", bytes(stuffed), "Bytes behind the signature within its certificate, which nobody signs.", found("valid", excludes=1))
    gap = signed(program(gap=512))
    write("gap", gap, "A gap between the sections that osslsigncode signs.", found("valid"))
    write("gap-changed", without_checksum(gap[:1030] + b"x" + gap[1031:]), "Something in that gap was changed: UEFI does not hash it.", found("not-checkable"))
    pair = ("-TSA-certs", str(KEYS / "stamper.pem"), "-TSA-key", str(KEYS / "stamper.key.pem"), "-TSA-time", WHEN)
    data = kept("stamped", lambda: signed(plain, *pair))
    write("stamped", data, "With a time stamp of RFC 3161.", found("valid", stamped="2026-11-30T00:53:20Z by O=Trueware vectors, CN=stamper"))


main(sys.argv[1:])
