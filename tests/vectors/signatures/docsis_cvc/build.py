"""Builds code files with openssl: CVCs below a root, CMS signed data by manufacturer and co-signer, the content behind it.

Keys, certificates and signatures are the test's, and kept where they are there: signing times are those of the day they were made.
"""

import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
CONTENT = bytes.fromhex("1c0000") + b"the code of a modem, as far as this test is concerned\n"


def run(*command: str) -> None:
    subprocess.run(command, cwd=HERE, check=True, capture_output=True)


def issue(name: str, organisation: str, extensions: str, *by: str) -> None:
    if (HERE / f"{name}.crt").exists():
        return
    subject = f"/O={organisation}/CN=Code Verification Certificate"
    run("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", subject, "-keyout", f"{name}.key", "-out", "csr")
    (HERE / "ext").write_text(extensions)
    signed = ("-CA", f"{by[0]}.crt", "-CAkey", f"{by[0]}.key") if by else ("-signkey", f"{name}.key")
    run("openssl", "x509", "-req", "-in", "csr", *signed, "-days", "7300", "-extfile", "ext", "-out", f"{name}.crt")
    for each in ("csr", "ext"):
        (HERE / each).unlink()


def sign(name: str, *signers: str) -> None:
    if (HERE / f"{name}.cdf").exists():
        return
    (HERE / "content").write_bytes(CONTENT)
    options = [option for each in signers for option in ("-signer", f"{each}.crt", "-inkey", f"{each}.key")]
    run("openssl", "cms", "-sign", "-binary", "-nosmimecap", "-md", "sha256", "-in", "content", *options,
        "-outform", "DER", "-out", "p7")  # fmt: skip
    (HERE / f"{name}.cdf").write_bytes((HERE / "p7").read_bytes() + CONTENT)
    for each in ("content", "p7"):
        (HERE / each).unlink()


CODE = "basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=critical,codeSigning"
issue("root", "Test Labs", "basicConstraints=critical,CA:TRUE")
issue("manufacturer", "Maker of Modems", CODE, "root")
issue("operator", "Operator", CODE, "root")
issue("server", "Maker of Modems", CODE.replace("codeSigning", "serverAuth"), "root")
sign("one", "manufacturer")
sign("two", "manufacturer", "operator")
sign("server", "server")
