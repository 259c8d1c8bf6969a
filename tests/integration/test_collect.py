"""From a device to a verdict: the root of the demo's router, unpacked, listed by the script, verified from the listing alone."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from tests.unit.collecting.listings import file_lines, summed
from tests.unit.collecting.shells import SHELLS, shell
from trueware import demo
from trueware.cli import ExitCode, main
from trueware.collecting.script import Wish, script_text
from trueware.errors import UntrustedStatement
from trueware.model.change import ChangeKind
from trueware.model.result import Result
from trueware.model.strength import Strength
from trueware.model.verdict import Tier, Verdict
from trueware.registry.lookup import Registry
from trueware.releasing import Naming, take_in
from trueware.storage.memory import MemoryStore
from trueware.storage.sqlite import SqliteStore
from trueware.verify import diff, verify

SAMPLES = Path(demo.__file__).parent / "samples"


def unpacked(image: str, folder: Path) -> Path:
    """Unpack the root file system of a demo image; the test is skipped, visibly, without the tool."""
    if shutil.which("unsquashfs") is None:
        pytest.skip("no unsquashfs here")
    data = (SAMPLES / image).read_bytes()
    packed = folder / f"{image}.squashfs"
    packed.write_bytes(data[data.index(b"hsqs") :])
    root = folder / f"{image}.root"
    subprocess.run(["unsquashfs", "-q", "-n", "-d", str(root), str(packed)], check=True, stdout=subprocess.DEVNULL)
    return root


def verified(path: Path) -> Result:
    with SqliteStore.open_read_only(SAMPLES / "registry.sqlite") as store:
        return verify(path, Registry(store), now=1_800_000_000)


def collected(root: Path, folder: Path, name: str = "debian") -> Path:
    listing = folder / f"{root.name}.twl"
    listing.write_bytes(shell(name, folder / "applets").run(Wish(root=str(root))))
    return listing


def effects(result: Result) -> list[tuple[object, ...]]:
    """Return what is told of changes, without where the file system lies in the image."""
    return [
        (
            each.effect.id,
            each.severity,
            finding.rule,
            finding.part.rpartition("!/")[2],
            finding.detail,
            finding.evidence,
        )
        for each in result.explanations
        for finding in each.findings
    ]


@pytest.mark.parametrize("name", SHELLS)
def test_a_listing_is_judged_like_the_image(name: str, tmp_path: Path) -> None:
    """Whatever the device's shell: the same verdicts, changes and explanations as from the image, and never more than a warning."""
    for kind, verdict in (("", Verdict.GENUINE), ("-configured", Verdict.GENUINE), ("-tampered", Verdict.TAMPERED)):
        image = f"router-1.0{kind}.bin"
        told = verified(collected(unpacked(image, tmp_path), tmp_path, name))
        shutil.rmtree(tmp_path / "applets", ignore_errors=True)
        seen = verified(SAMPLES / image)
        assert (told.verdict, seen.verdict) == (verdict, verdict)
        assert (told.evidence, seen.evidence) == (Strength.SELF_REPORTED, Strength.MEASURED)
        assert told.tier is (Tier.WARNING if verdict is Verdict.GENUINE else Tier.CONTRAINDICATED)
        assert told.tier is told.vector.tier
        assert [finding.rule for finding in told.findings].count("self-reported") == 1
        assert effects(told) == effects(seen)
        assert sorted((each.kind.value, each.path, each.aspects) for each in told.changes) == sorted(
            (each.kind.value, each.path.rpartition("!/")[2], each.aspects) for each in seen.changes
        )
    assert len(told.explanations) == 6


def test_the_command_line_says_who_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listing = collected(unpacked("router-1.0.bin", tmp_path), tmp_path)
    registry = ["--registry", str(SAMPLES / "registry.sqlite"), "--quiet"]
    assert main(["verify", str(listing), *registry]) == ExitCode.WARNINGS
    assert "the device says so itself; a compromised device can lie" in capsys.readouterr().out
    assert main(["verify", "--json", str(listing), *registry]) == ExitCode.WARNINGS
    document = json.loads(capsys.readouterr().out)
    schema = json.loads((files("trueware.schema") / "results.json").read_text("utf-8"))
    jsonschema.validate(document, schema, jsonschema.Draft202012Validator)
    assert document["results"][0]["evidence"] == "self-reported"


def test_a_listing_equal_in_tree_is_weak_too(tmp_path: Path) -> None:
    """A registered folder, listed: its tree is known, and still nobody measured it."""
    root = unpacked("router-1.0.bin", tmp_path)
    store = MemoryStore()
    take_in(store, root, Naming("Acme", "Router", "1", "openwrt"), 1_800_000_000)
    result = verify(collected(root, tmp_path), Registry(store), now=1_800_000_000)
    assert (result.verdict, result.tier, result.evidence) == (Verdict.GENUINE, Tier.WARNING, Strength.SELF_REPORTED)


def test_no_release_rests_on_a_listing(tmp_path: Path) -> None:
    listing = collected(unpacked("router-1.0.bin", tmp_path), tmp_path)
    with pytest.raises(UntrustedStatement, match="what a device says"):
        take_in(MemoryStore(), listing, Naming("Acme", "Router", "1", "openwrt"), 1_800_000_000)


def test_a_listing_that_was_changed_or_cut_off_convicts_nobody(tmp_path: Path) -> None:
    whole = collected(unpacked("router-1.0.bin", tmp_path), tmp_path).read_bytes()
    path = tmp_path / "x.twl"
    path.write_bytes(whole.replace(b"./etc/passwd", b"./etc/passwq"))
    changed = verified(path)
    assert (changed.verdict, changed.evidence) == (Verdict.UNKNOWN, Strength.MEASURED)
    assert "the sum made on the device" in " ".join(finding.detail for finding in changed.findings)
    lines = whole.splitlines(keepends=True)
    for kept in range(0, len(lines) - 1, 3):
        path.write_bytes(b"".join(lines[:kept]))
        assert verified(path).verdict is not Verdict.TAMPERED, kept
    without = [line for line in lines if not (line.startswith(b"f ") and line.endswith(b"./usr/sbin/netd\n"))]
    body = b"".join(without[1 : [line[:2] for line in without].index(b"z ")])
    path.write_bytes(summed(*body.split(b"\n")[:-1]))
    undigested = verified(path)
    assert undigested.verdict is Verdict.UNKNOWN
    assert ("listing-incomplete", "usr/sbin/netd") in {(finding.rule, finding.part) for finding in undigested.findings}


def _as_layers(over: bytes, under: bytes) -> bytes:
    """Return a listing of a device with the root of the one listing over the image of the other, as OpenWrt has them."""

    def records(data: bytes) -> list[bytes]:
        lines = data.split(b"\n")
        return [line for line in lines[1:-1] if line[:2] in (b"s ", b"f ", b"l ")]

    return summed(b"h root /", b"t overlay\t/", *records(over), b"t squashfs\t/rom", *records(under))


def test_the_image_below_a_layer_is_judged_too(tmp_path: Path) -> None:
    """OpenWrt's ``/rom``: changes over it are the owner's or an attacker's, changes in it are in the flash."""
    said = {
        kind: collected(unpacked(f"router-1.0{kind}.bin", tmp_path), tmp_path).read_bytes()
        for kind in ("", "-configured", "-tampered")
    }
    path = tmp_path / "device.twl"
    for over, under, verdict, where in (
        ("-configured", "", Verdict.GENUINE, "over"),
        ("-tampered", "", Verdict.TAMPERED, "over"),
        ("", "-tampered", Verdict.TAMPERED, "below"),
    ):
        data = _as_layers(said[over], said[under])
        path.write_bytes(data)
        result = verified(path)
        told = [finding.detail for finding in result.findings if finding.rule == "listing-layer"]
        assert result.verdict is verdict, (over, under)
        if over:
            assert "over" in told[0].split(";")[0], where
            assert "the one below it is GENUINE" in told[0]


def test_packages_are_known_by_their_digest(tmp_path: Path) -> None:
    """A file that a release has looked into is the same file in a listing, where nobody can look into it."""
    import io
    import zipfile

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("classes.txt", "a" * 5000)
        archive.writestr("b.txt", "b" * 5000)
    genuine, suspect = tmp_path / "genuine", tmp_path / "suspect"
    for root in (genuine, suspect):
        for name in ("app/a.zip", "bin/y", *(f"etc/{number}" for number in range(40))):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(packed.getvalue() if name.endswith("zip") else name.encode() * 100)
    result = diff(genuine, collected(suspect, tmp_path))
    assert (result.verdict, result.changes, result.tier) == (Verdict.GENUINE, (), Tier.WARNING)
    (suspect / "app/a.zip").write_bytes(packed.getvalue() + b"x")
    result = diff(genuine, collected(suspect, tmp_path))
    assert [(each.kind, each.path) for each in result.changes] == [(ChangeKind.CHANGED, "app/a.zip")]
    assert result.verdict is Verdict.TAMPERED


def test_what_a_device_does_not_say_about_passwords_is_no_change(tmp_path: Path) -> None:
    """The genuine side is redacted like the listed one: an account whose hash is the same is not told of."""
    genuine, suspect = tmp_path / "genuine", tmp_path / "suspect"
    line = "root:$1$saltsalt$abcdefghijklmnopqrstuv:1:0:99999:7:::\n"
    for root in (genuine, suspect):
        for name, text in (
            ("etc/shadow", line),
            ("etc/passwd", "root:x:0:0::/:/bin/sh\n"),
            ("bin/y", "y" * 99),
            ("lib/z", "z" * 99),
        ):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
    (suspect / "etc/shadow").write_text(line + "support:$1$other$abcdefghijklmnopqrstuv:1:::::\n")
    result = diff(genuine, collected(suspect, tmp_path), policy="package")
    assert [change.path for change in result.changes] == ["etc/shadow"]
    assert "password-replaced" not in {finding.rule for each in result.explanations for finding in each.findings}


def test_the_script_is_printed_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["collect", "script"]) == ExitCode.GENUINE
    assert capsys.readouterr().out.encode() == script_text(Wish(), by_hand=True)
    assert script_text(Wish(), by_hand=True).startswith(b"#!/bin/sh\n")


def test_the_commands_collect(tmp_path: Path) -> None:
    """Over SSH, as a user calls it: nobody is there, so the answer is an error for that device, as JSON by its schema."""
    pytest.importorskip("asyncssh")
    call = [
        sys.executable,
        "-m",
        "trueware",
        "collect",
        "ssh",
        "--json",
        "127.0.0.1:1",
        "--into",
        str(tmp_path / "out"),
    ]
    done = subprocess.run(call, capture_output=True, text=True, check=False, env={**os.environ, "HOME": str(tmp_path)})
    document = json.loads(done.stdout)
    schema = json.loads((files("trueware.schema") / "collected.json").read_text("utf-8"))
    jsonschema.validate(document, schema, jsonschema.Draft202012Validator)
    assert done.returncode == ExitCode.INTERNAL
    (device,) = document["devices"]
    assert (device["device"], device["path"], device["complete"]) == ("127.0.0.1:1", None, False)
    assert "refused" in device["error"].lower() or "connect" in device["error"].lower()
    assert main(["collect", "adb", "--server", "127.0.0.1:1"]) == ExitCode.INTERNAL
    assert main(["collect", "ssh"]) == ExitCode.INTERNAL


def test_evidence_of_our_own_is_as_it_was() -> None:
    result = verified(SAMPLES / "router-1.0.bin")
    assert result == replace(result, evidence=Strength.MEASURED)
    assert result.tier is Tier.AFFIRMING


def test_lines_of_hand_made_listings_are_those_of_the_format() -> None:
    assert file_lines("a")[0] == "s 81a4 0 0 1 1 0 0\t./a"
