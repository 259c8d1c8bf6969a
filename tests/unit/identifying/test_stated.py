"""Files that state the digests of others, and others that have another digest."""

import contextlib
import io
import json
import tarfile
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from tests.promises.vectors import FOLDER, Vector

from trueware.artefact import measure_artefact
from trueware.errors import MalformedInput
from trueware.identifying.stated import MAX_MISMATCHES, STATEMENTS, Statement
from trueware.model.kept import is_kept

LAYER = b"layer of an image" * 40


def hexed(data: bytes) -> str:
    return sha256(data).hexdigest()


def tar(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return packed.getvalue()


def oci(layer: bytes = LAYER) -> dict[str, bytes]:
    """An OCI layout; `layer` lies under the name of the genuine one."""
    manifest = json.dumps({"schemaVersion": 2, "layers": [{"digest": f"sha256:{hexed(LAYER)}"}]}).encode()
    index = {"schemaVersion": 2, "manifests": [{"digest": f"sha256:{hexed(manifest)}", "size": len(manifest)}]}
    blobs = {f"blobs/sha256/{hexed(data)}": data for data in (manifest,)}
    return {
        "oci-layout": b"{}",
        "index.json": json.dumps(index).encode(),
        **blobs,
        f"blobs/sha256/{hexed(LAYER)}": layer,
    }


def docker(layer: bytes = LAYER, config_name: str = "") -> dict[str, bytes]:
    config = json.dumps({"rootfs": {"type": "layers", "diff_ids": [f"sha256:{hexed(LAYER)}"]}}).encode()
    config_name = config_name or f"{hexed(config)}.json"
    manifest = [{"Config": config_name, "RepoTags": ["a:1"], "Layers": ["0a/layer.tar"]}]
    return {config_name: config, "0a/layer.tar": layer, "manifest.json": json.dumps(manifest).encode()}


def described(image: bytes = LAYER) -> dict[str, bytes]:
    text = f"""software = {{
    version = "1.0"; // an "image" {{ of a comment
    images: ( {{ filename = "rootfs.ext4"; properties: {{ a = "}}"; }}; sha256 = "{hexed(LAYER)}"; }},
              {{ filename = "unstated.bin"; }}, {{ filename = "gone.bin"; sha256 = "{hexed(b"")}"; }} );
}}"""
    return {"sw-description": text.encode(), "rootfs.ext4": image, "unstated.bin": b"?"}


def package(image: bytes = LAYER) -> dict[str, bytes]:
    lines = f"# of a package\ncontents/contents.iso sha256={hexed(LAYER)} uid=0 mode=444\n"
    lines += f"old.bin sha1={'0' * 40}\n./gone sha256={'0' * 64}\n"
    return {"manifest": lines.encode(), "contents/contents.iso": image, "old.bin": b"?"}


def wrong(path: Path) -> list[tuple[str, str]]:
    findings = measure_artefact(path).measurement.findings
    return [(finding.part, finding.detail) for finding in findings if finding.rule == "checksum-mismatch"]


@pytest.mark.parametrize(
    ("make", "stating"),
    [(oci, "index.json"), (docker, "manifest.json"), (described, "sw-description"), (package, "manifest")],
)
def test_a_file_has_the_digest_that_is_stated(
    make: Callable[..., dict[str, bytes]], stating: str, tmp_path: Path
) -> None:
    """Where everything fits nothing is said; a file that was changed is named at the file that states its digest."""
    image = tmp_path / "image.tar"
    image.write_bytes(tar(make()))
    assert wrong(image) == []

    image.write_bytes(tar(make(LAYER.replace(b"layer", b"Layer", 1))))
    ((part, detail),) = wrong(image)
    assert part == stating
    assert detail.endswith(f"stated {hexed(LAYER)}")


def test_in_folders_and_in_containers(tmp_path: Path) -> None:
    """An image that was unpacked, or lies within another archive, is checked alike."""
    for name, data in oci(b"other").items():
        (tmp_path / "image" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "image" / name).write_bytes(data)
    outer = tmp_path / "outer.tar"
    outer.write_bytes(tar({"nos/image.tar": tar(oci(b"other"))}))

    assert [part for part, _ in wrong(tmp_path / "image")] == ["index.json"]
    assert [part for part, _ in wrong(outer)] == ["nos/image.tar!/index.json"]


def test_the_configuration_has_a_name_too(tmp_path: Path) -> None:
    """A configuration that was changed has another digest than its name says."""
    image = tmp_path / "image.tar"
    image.write_bytes(tar(docker(config_name=f"{hexed(b'genuine')}.json")))

    assert [part for part, _ in wrong(image)] == ["manifest.json"]


def test_a_bundle_of_rauc(tmp_path: Path) -> None:
    """What rauc 1.8 stated is so; the image it stated is another one under another manifest."""
    bundle = tmp_path / "plain.raucb"
    bundle.write_bytes(Vector(FOLDER / "rauc" / "plain").data)
    assert wrong(bundle) == []

    manifest = f"[update]\ncompatible=a\n\n[image.rootfs]\nsha256={hexed(LAYER)}\nsize=1\nfilename=rootfs.img\n"
    (tmp_path / "unpacked").mkdir()
    (tmp_path / "unpacked" / "manifest.raucm").write_text(manifest)
    (tmp_path / "unpacked" / "rootfs.img").write_bytes(b"other")
    assert [part for part, _ in wrong(tmp_path / "unpacked")] == ["manifest.raucm"]


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b"[" * 5000, b"\xff\xfe", b'[{"Config": 1}]', b'{"schemaVersion": 2}', b"}{" * 999]
)
def test_files_that_state_nothing(content: bytes, tmp_path: Path) -> None:
    """A file of such a name that is something else states nothing."""
    image = tmp_path / "image.tar"
    image.write_bytes(tar({statement.file: content for statement in STATEMENTS} | {"blobs/sha256/00": b"1"}))

    assert wrong(image) == []


@pytest.mark.parametrize("statement", STATEMENTS)
@pytest.mark.parametrize(
    "piece", ['"\\\\"', "/*", "{", "[", "sha256 = ", "filename=\t", "[image.", " ", '"filename":"']
)
def test_statements_that_are_made_to_cost_much(statement: type[Statement], piece: str) -> None:
    """As much as is kept of one file is read in no time, whatever it repeats."""
    began = time.process_time()
    with contextlib.suppress(MalformedInput):
        list(statement.read((f"[update]\nsha256={piece}" + piece * 65_536)[:65_536].encode(), (), {}))

    assert time.process_time() - began < 0.5


def test_findings_are_bounded(tmp_path: Path) -> None:
    """Of a thousand wrong digests so many are told."""
    image = tmp_path / "image.tar"
    names = {f"blobs/sha256/{number:064x}": b"" for number in range(1000)}
    image.write_bytes(tar({"index.json": oci()["index.json"], **names}))

    assert len(wrong(image)) == MAX_MISMATCHES


def test_statements_are_kept() -> None:
    """The engine keeps the content of what states, and of Docker's configurations."""
    assert all(is_kept(statement.file) for statement in STATEMENTS)
    assert is_kept(f"{'0' * 64}.json")
    assert not is_kept(f"etc/{'0' * 64}.json")
