"""Builds signed FITs with U-Boot's mkimage and keys by openssl, for every digest and kind of signature that this mkimage knows.

Keys are the test's, and kept; so are the images, since ECDSA and PSS are random: delete one to have it made anew. Each is checked with
the public key that mkimage wrote (``-K``) being the one beside it only by hand: Debian has no ``fit_check_sign``.
"""

import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
FILES = {"kernel": b"not a kernel, but it could be one\n" * 3, "fdt": b"no tree\n", "other": b"another kernel\n"}
KINDS = {
    "rsa2048": ("-newkey", "rsa:2048"),
    "rsa4096": ("-newkey", "rsa:4096"),
    "ecdsa256": ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
}
CASES = {
    "sha256-rsa2048": ("sha256,rsa2048", "", ()),
    "sha1-rsa2048": ("sha1,rsa2048", "", ()),
    "sha512-rsa4096": ("sha512,rsa4096", "", ()),
    "sha256-rsa2048-pss": ("sha256,rsa2048", "pss", ()),
    "sha384-rsa4096-pss": ("sha384,rsa4096", "pss", ()),
    "sha256-ecdsa256": ("sha256,ecdsa256", "", ()),
    "external": ("sha256,rsa2048", "", ("-E",)),
    "external-at": ("sha256,rsa2048", "", ("-E", "-p", "0x2000")),
}
SOURCE = """/dts-v1/;
/ {{
    description = "Vector"; #address-cells = <1>;
    images {{
        kernel-1 {{
            data = /incbin/("kernel");
            type = "kernel"; arch = "arm"; os = "linux"; compression = "none"; load = <0x8000>; entry = <0x8000>;
            hash-1 {{ algo = "{digest}"; }};{image}
        }};
        fdt-1 {{
            data = /incbin/("fdt"); type = "flat_dt"; arch = "arm"; compression = "none";
            hash-1 {{ algo = "{digest}"; }};
        }};{more}
    }};
    configurations {{
        default = "conf-1";
        conf-1 {{ kernel = "kernel-1"; fdt = "fdt-1";{configuration} }};{others}
    }};
}};
"""


def _sign(name: str, kind: str, pad: str, options: tuple[str, ...], parts: dict[str, str]) -> None:
    if (HERE / f"{name}.itb").exists():
        return
    digest = kind.partition(",")[0]
    signature = f'signature-1 {{ algo = "{kind}"; key-name-hint = "{kind.partition(",")[2]}";'
    signature += (f' padding = "{pad}";' if pad else "") + " };"
    with tempfile.TemporaryDirectory() as folder:
        for file, data in FILES.items():
            Path(folder, file).write_bytes(data)
        filled = {key: value.replace("SIGNATURE", signature) for key, value in parts.items()}
        Path(folder, "source.its").write_text(SOURCE.format(digest=digest, **filled), "ascii")
        command = ("mkimage", *options, "-k", str(HERE), "-f", "source.its", "out.itb")
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        (HERE / f"{name}.itb").write_bytes(Path(folder, "out.itb").read_bytes())


for kind, options in KINDS.items():
    if not (HERE / f"{kind}.crt").exists():
        command = ("openssl", "req", "-x509", "-nodes", "-days", "7300", "-subj", f"/CN={kind}", *options)
        subprocess.run((*command, "-keyout", f"{kind}.key", "-out", f"{kind}.crt"), cwd=HERE, check=True)
    private = (HERE / f"{kind}.key").read_bytes()
    (HERE / f"{kind}.pem").write_bytes(private)  # where mkimage looks for ECDSA
NOTHING = {"image": "", "configuration": "", "more": "", "others": ""}
for name, (kind, pad, options) in CASES.items():
    _sign(name, kind, pad, options, {**NOTHING, "configuration": "SIGNATURE"})
_sign("image", "sha256,rsa2048", "", (), {**NOTHING, "image": "SIGNATURE"})
ANOTHER = """
        kernel-2 { data = /incbin/("other"); type = "kernel"; arch = "arm"; os = "linux"; compression = "none";
            load = <0x8000>; entry = <0x8000>; hash-1 { algo = "sha256"; }; };"""
_sign(
    "two",
    "sha256,rsa2048",
    "",
    (),
    {**NOTHING, "configuration": "SIGNATURE", "more": ANOTHER, "others": 'conf-2 { kernel = "kernel-2"; SIGNATURE };'},
)
for kind in KINDS:
    (HERE / f"{kind}.pem").unlink()
