"""Builds metadata as LVFS publishes it, signed by openssl and gpg, the signatures put together by libjcat's jcat-tool (Debian's jcat).

Keys and signatures have times in them and are made only where there are none. The OpenPGP key is that of the vectors beside.
"""

import gzip
import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
GPG = HERE.parents[1] / "signatures/openpgp/ed25519.sec"
PAYLOAD = b"firmware of a webcam, as far as this test is concerned\n" * 40
ARCHIVE = b"\x1f\x8b" + b"not a cabinet, and kept as it is\n" * 20


def digest(data: bytes, name: str = "sha256") -> str:
    return hashlib.new(name, data).hexdigest()


def metadata(version: str) -> bytes:
    return f"""<?xml version="1.0" encoding="utf-8"?>
<components origin="lvfs" version="0.9">
  <component type="firmware">
    <id>com.acme.webcam.firmware</id>
    <name>Webcam</name>
    <developer_name>ACME Corp</developer_name>
    <provides>
      <firmware type="flashed">b585990a-003e-5270-89d5-3705a17f9a43</firmware>
    </provides>
    <releases>
      <release version="{version}" timestamp="1700000000" urgency="high">
        <location>https://fwupd.org/downloads/acme-webcam.cab</location>
        <checksum type="sha1" filename="acme-webcam.cab" target="container">{digest(ARCHIVE, "sha1")}</checksum>
        <checksum type="sha256" filename="acme-webcam.cab" target="container">{digest(ARCHIVE)}</checksum>
        <checksum type="sha256" filename="webcam.bin" target="content">{digest(PAYLOAD)}</checksum>
        <checksum type="sha256" target="device">{digest(b"what the device measures")}</checksum>
        <size type="installed">{len(PAYLOAD)}</size>
        <size type="download">{len(ARCHIVE)}</size>
        <issues>
          <issue type="cve">CVE-2023-12345</issue>
        </issues>
        <description><p>It mends a hole.</p></description>
      </release>
      <release version="1.0.0" timestamp="1600000000" urgency="low">
        <checksum type="sha1" filename="old.cab" target="container">{digest(b"old", "sha1")}</checksum>
      </release>
    </releases>
  </component>
  <component type="desktop-application">
    <id>com.acme.viewer</id>
  </component>
</components>
""".encode()


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, cwd=HERE)


def keys() -> None:
    subject = "/CN=Test of an LVFS CA/O=trueware"
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "20000",
        "-subj", subject, "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-addext", "basicConstraints=critical,CA:TRUE")
    run("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", "signer.key", "-out", "signer.csr", "-subj", "/CN=Test of a signer")
    run("openssl", "x509", "-req", "-in", "signer.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "19000", "-out", "signer.pem",
        "-set_serial", "0x5a6b862b226cff3c90fd3b")
    for name in ("signer.csr", "ca.srl"):
        (HERE / name).unlink(missing_ok=True)


def sign(folder: str, data: bytes) -> None:
    made = HERE / folder / "firmware.xml.gz"
    made.parent.mkdir()
    made.write_bytes(data)
    with tempfile.TemporaryDirectory() as temporary:
        pem, armour, home = f"{temporary}/firmware.xml.gz.p7b", f"{temporary}/firmware.xml.gz.asc", f"{temporary}/gpg"
        run("openssl", "cms", "-sign", "-binary", "-in", str(made), "-signer", "signer.pem", "-inkey", "signer.key", "-outform", "PEM",
            "-md", "sha256", "-out", pem)
        Path(pem).write_text(Path(pem).read_text().replace("CMS-----", "PKCS7-----"))
        Path(home).mkdir(mode=0o700)
        gpg = ("gpg", "--homedir", home, "--batch", "--yes")
        run(*gpg, "--import", str(GPG))
        run(*gpg, "--armor", "--detach-sign", "--output", armour, str(made))
        jcat = f"{made}.jcat"
        run("jcat-tool", "--basename", "self-sign", jcat, str(made))
        run("jcat-tool", "--basename", "import", jcat, str(made), pem)
        run("jcat-tool", "--basename", "import", jcat, str(made), armour)
        subprocess.run(("gpgconf", "--homedir", home, "--kill", "all"), check=False)


(HERE / "acme-webcam.cab").write_bytes(ARCHIVE)
if not (HERE / "ca.pem").exists():
    keys()
for number, version in (("first", "1.2.3"), ("second", "1.2.4")):
    if not (HERE / number / "firmware.xml.gz.jcat").exists():
        shutil.rmtree(HERE / number, ignore_errors=True)
        sign(number, gzip.compress(metadata(version), mtime=0))
