"""`trueware consensus` end to end: folders and documents in; text, JSON by its schema, a page, and a release that verifies."""

import json
import os
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from trueware.cli import main
from trueware.cli.exit_code import ExitCode

OS_RELEASE = 'NAME="Acme Router OS"\nID=acme-router\nVERSION_ID="1.0"\n'


def make(folder: Path, number: int) -> Path:
    """Lay out the root file system of a device with a serial number, settings and a log of its own."""
    device = folder / f"device-{number}"
    contents = {
        "bin/busybox": "program",
        "bin/uhttpd": "web server",
        "etc/os-release": OS_RELEASE,
        "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
        "etc/serial": f"SN{number:06}\n",
        "etc/rc.local": "exit 0\n",
        f"srv/log/{number * 977}.log": f"booted {number}\n",
    }
    for path, text in contents.items():
        place = device / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")
        place.chmod(0o755 if path.startswith("bin/") else 0o644)
    return device


@pytest.fixture
def fleet(tmp_path: Path) -> list[Path]:
    return [make(tmp_path / "fleet", number) for number in range(6)]


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    alone = ("--processes", 1) if arguments[0] == "consensus" and "--processes" not in arguments else ()
    code = main([str(each) for each in (*arguments, *alone)])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_devices_that_agree_and_one_that_does_not(fleet: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    """The whole answer, with the device that has one more account."""
    assert run(capsys, "consensus", *fleet)[0] == ExitCode.GENUINE
    (fleet[2] / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\nsupport::0:0::/:/bin/sh\n")
    code, out, err = run(capsys, "consensus", "--each", fleet[0].parent, "--processes", 2)
    assert (code, err) == (ExitCode.UNKNOWN, "")
    assert out == (
        "6 devices: 5 agree, 1 outlier\n"
        "rule: more than 2/3 of the votes, at least 5 devices, policy generic\n"
        "note: all came from one source, for all that is known: whoever had it in hand could have altered all of them\n"
        "\n"
        "group 1 (leading): 6 devices, acme-router 1.0\n"
        "  the most votes\n"
        "  agreed: 4 parts alike on all, 1 path by a majority; 2 differ by device, 0 have no majority\n"
        "  with at most 1 of 6 tampered, each is found wherever untampered ones agree; "
        "5 or more tampered alike would be what is agreed on, which nothing here can tell\n"
        "  by a majority:\n"
        "    etc/passwd: 5 of 6\n"
        "  differ by device:\n"
        "    etc/serial (content): 6 different ones, up to 9 bytes\n"
        "    srv/log (members): 6 different ones\n"
        "\n"
        "devices that do not agree:\n"
        "  device-2  outlier: differs from what most agree on in etc/passwd\n"
        "      changed (content) etc/passwd\n"
        "      where devices may differ:\n"
        "        changed (content) etc/serial\n"
        "        added srv/log/1954.log\n"
    )


def test_json_follows_its_schema(fleet: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    """Also where devices are divided, and where a path could not be read."""
    for device in fleet[:3]:
        (device / "etc/passwd").write_text("root::0:0:root:/root:/bin/sh\n")
    code, out, _ = run(capsys, "consensus", *fleet, fleet[0] / "missing", "--json")
    document = json.loads(out)
    schema = json.loads((files("trueware.schema") / "consensus.json").read_text("utf-8"))
    jsonschema.validate(document, schema, jsonschema.Draft202012Validator)
    assert code == ExitCode.INTERNAL
    assert {each["standing"] for each in document["devices"]} == {"no-majority"}
    (contested,) = document["groups"][0]["contested"]
    assert (contested["path"], [len(camp) for camp in contested["camps"]]) == ("etc/passwd", [3, 3])
    assert "missing" in document["failed"][0]["path"]


def test_agreement_is_learnt_and_verifies_with_its_authority(
    fleet: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A seventh device: genuine with a warning if it agrees, tampered with the reason if not; nobody's own files are kept."""
    registry = tmp_path / "registry.sqlite"
    assert run(capsys, "registry", "init", "--registry", registry)[0] == 0
    naming = ("--publisher", "Acme", "--product", "Router", "--version", "1.0", "--registry", registry)
    code, out, _ = run(capsys, "consensus", *fleet, "--learn", *naming)
    assert code == ExitCode.GENUINE
    assert "fleet-consensus  Router 1.0 of Acme: 6 of 6 devices from one source, quorum 2/3" in out

    seventh = make(tmp_path, 7)
    code, out, _ = run(capsys, "verify", seventh, "--json", "--registry", registry)
    (result,) = json.loads(out)["results"]
    assert (code, result["verdict"], result["authority"]) == (ExitCode.WARNINGS, "GENUINE", "fleet-consensus")
    assert "weak-authority" in [finding["rule"] for finding in result["findings"]]

    (seventh / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\nsupport::0:0::/:/bin/sh\n")
    code, out, _ = run(capsys, "verify", seventh, "--json", "--registry", registry)
    (result,) = json.loads(out)["results"]
    assert (code, result["verdict"], result["authority"]) == (ExitCode.TAMPERED, "TAMPERED", "fleet-consensus")
    assert "privileged-account" in [each["effect"] for each in result["explanations"]]

    (seventh / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (seventh / "etc/serial").chmod(0o755)
    assert run(capsys, "verify", seventh, "--registry", registry)[0] == ExitCode.TAMPERED
    assert b"SN000003" not in registry.read_bytes()


def test_divided_fleet_is_not_learnt(fleet: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is not agreed on is no reference, and nothing is stored."""
    registry = tmp_path / "registry.sqlite"
    run(capsys, "registry", "init", "--registry", registry)
    for device in fleet[:3]:
        (device / "etc/passwd").write_text("root::0:0:root:/root:/bin/sh\n")
    naming = ("--publisher", "Acme", "--product", "Router", "--version", "1.0", "--registry", registry)
    code, _, err = run(capsys, "consensus", *fleet, "--learn", *naming)
    assert code == ExitCode.USAGE
    assert "do not agree: divided at etc/passwd (content: 3 against 3)" in err
    assert run(capsys, "release", "list", "--registry", registry)[1] == ""


def test_documents_of_measure_count_as_devices(
    fleet: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was measured elsewhere says the same as what is measured here, and that it is somebody's word."""
    document = tmp_path / "elsewhere.json"
    document.write_text(run(capsys, "measure", "--json", *fleet[:3])[1])
    code, out, _ = run(capsys, "consensus", document, *fleet[3:], "--json")
    told = json.loads(out)
    assert code == ExitCode.GENUINE
    assert (told["groups"][0]["stated"], len(told["devices"])) == (3, 6)
    assert told["groups"][0]["tree"] == json.loads(run(capsys, "consensus", *fleet, "--json")[1])["groups"][0]["tree"]


@pytest.mark.parametrize(
    "harm",
    [
        lambda text: text.replace('"tree": "', '"tree": "0', 1),
        lambda text: text.replace("etc/passwd", "etc/../passwd"),
        lambda text: text.replace('"mode": "0644"', '"mode": "644"'),
        lambda text: text.replace('"file"', '"files"'),
        lambda text: text.replace('"uid": 0', '"uid": -1').replace('"size": 7', '"size": 1e3'),
        lambda text: text[: len(text) // 2],
        lambda text: text.replace("busybox", "\\ud800"),
    ],
)
def test_document_that_does_not_add_up_is_refused(
    harm: Callable[[str], str], fleet: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing it says is believed: digests are computed anew, and a device that lies about them is not counted."""
    document = tmp_path / "elsewhere.json"
    document.write_text(harm(run(capsys, "measure", "--json", fleet[0])[1]))
    code, out, _ = run(capsys, "consensus", document, *fleet[1:], "--json")
    told = json.loads(out)
    assert code == ExitCode.INTERNAL
    assert len(told["failed"]) == 1
    assert len(told["devices"]) == 5


def test_sources_are_folders_and_have_a_ceiling(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nine devices out of one folder, tampered, against six of six: with a ceiling they are outvoted."""
    honest = [make(tmp_path / f"shop{number}", number) for number in range(6)]
    flood = [make(tmp_path / "one", number) for number in range(10, 19)]
    for device in flood:
        (device / "bin/uhttpd").write_text("another web server")
    code, out, _ = run(capsys, "consensus", *honest, *flood, "--by-folder", "--most-per-source", 1, "--json")
    told = json.loads(out)
    assert code == ExitCode.UNKNOWN
    assert told["groups"][0]["sources"] == 7
    outliers = [each["device"] for each in told["devices"] if each["standing"] == "outlier"]
    assert outliers == [f"one/device-{number}" for number in range(10, 19)]


def test_page_shows_hostile_names_as_text(
    fleet: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a device calls its files is data."""
    (fleet[0] / "etc/<script>alert(1)<").write_text("x")
    page, picture = tmp_path / "page.html", tmp_path / "picture.svg"
    run(capsys, "consensus", *fleet, "--html", page, "--svg", picture)
    for text in (page.read_text("utf-8"), picture.read_text("utf-8")):
        assert "<script" not in text
        assert "&lt;script&gt;alert(1)&lt;" in text
    assert page.read_text("utf-8").count("<tr>") == 7


def test_outliers_are_explained(fleet: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    """What the difference does is told as verifying tells it, without a registry."""
    (fleet[2] / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\nsupport::0:0::/:/bin/sh\n")
    _, out, _ = run(capsys, "consensus", *fleet, "--explain-outliers")
    assert "An account with full power over the device was added or opened" in out


@pytest.mark.parametrize("share", ["1/3", "1", "0.4", "x", "1/0"])
def test_quorum_of_no_majority_is_refused(share: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "consensus", "x", "--quorum", share)[0] == ExitCode.USAGE


def test_names_that_no_path_holds(fleet: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    """A file whose name is no text is compared and told like any other."""
    for device in fleet[1:]:
        Path(os.fsdecode(os.fsencode(device / "etc") + b"/\xff!")).write_bytes(b"x")
    code, out, _ = run(capsys, "consensus", *fleet)
    assert code == ExitCode.UNKNOWN
    assert "removed etc/\\xff%21" in out


def test_what_the_caller_says_varies_is_open_later_on(
    fleet: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Half of the fleet was configured, in a file no policy knows: said to vary, it divides nobody, now or when verifying."""
    registry = tmp_path / "registry.sqlite"
    run(capsys, "registry", "init", "--registry", registry)
    for device in (*fleet, seventh := make(tmp_path, 7)):
        (device / "nvram.bin").write_bytes(b"on" if device in fleet[:3] else b"off")
    assert run(capsys, "consensus", *fleet)[0] == ExitCode.UNKNOWN
    naming = ("--publisher", "Acme", "--product", "Router", "--version", "1.0", "--registry", registry)
    assert run(capsys, "consensus", *fleet, "--may-vary", "nvram.bin", "--learn", *naming)[0] == ExitCode.GENUINE
    (seventh / "nvram.bin").write_bytes(b"of its own")
    assert run(capsys, "verify", seventh, "--registry", registry)[0] == ExitCode.WARNINGS
    (seventh / "nvram.bin").chmod(0o755)
    assert run(capsys, "verify", seventh, "--registry", registry)[0] == ExitCode.TAMPERED
