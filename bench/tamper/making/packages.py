"""Android packages: small ones of our own, and real ones signed anew with a key of the bench by AOSP's `apksigner`."""

import shutil
import subprocess
import zipfile
from collections.abc import Mapping, Sequence
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from tamper.genuine.form import Missing
from tamper.making.dex import program
from tamper.making.keys import write_signer
from tamper.making.manifests import Element, manifest

_DATE = (2024, 1, 2, 3, 4, 6)


def zipped(members: Mapping[str, bytes], date: tuple[int, int, int, int, int, int] = _DATE, level: int = 6) -> bytes:
    """Return a zip archive of members in their order; folders have names that end in a slash."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            entry = zipfile.ZipInfo(name, date)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data, compresslevel=level)
    return out.getvalue()


@cache
def signed(package: bytes, signer: str) -> bytes:
    """Return a package signed by schemes v2 and v3 with a key of the bench; a signature it has is replaced.

    Raises:
        Missing: there is no apksigner.
    """
    if shutil.which("apksigner") is None:
        raise Missing("apksigner")
    with TemporaryDirectory() as name:
        folder = Path(name)
        key, certificate = write_signer(signer, folder)
        (folder / "in.apk").write_bytes(package)
        command: list[str | Path] = [
            "apksigner",
            "sign",
            "--key",
            key,
            "--cert",
            certificate,
            "--v1-signing-enabled",
            "false",
        ]
        command += ["--v4-signing-enabled", "false", "--min-sdk-version", "24"]
        command += ["--in", folder / "in.apk", "--out", folder / "out.apk"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"apksigner failed: {done.stderr}")
        return (folder / "out.apk").read_bytes()


def app(
    package: str,
    signer: str,
    inside: Sequence[Element] = (),
    application: Sequence[Element] = (),
    members: Mapping[str, bytes] | None = None,
    version: int = 3,
) -> bytes:
    """Return a small signed app of our own, with one class that does nothing.

    Raises:
        Missing: there is no apksigner.
    """
    code = program(f"L{package.replace('.', '/')}/App;", above="Landroid/app/Application;")
    files = {"AndroidManifest.xml": manifest(package, version, inside, application), "classes.dex": code}
    return signed(zipped({**files, **(members or {})}), signer)
