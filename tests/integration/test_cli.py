"""The command line end to end: answers, exit codes, JSON by its schema, and what it leaves alone."""

import json
import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from trueware.cli import main
from trueware.cli.answer import print_json
from trueware.cli.exit_code import ExitCode

SAMPLES = Path(str(files("trueware.demo") / "samples"))
GENUINE, CONFIGURED, TAMPERED = (SAMPLES / f"router-1.0{kind}.bin" for kind in ("", "-configured", "-tampered"))


def schema(name: str) -> dict[str, object]:
    loaded: dict[str, object] = json.loads((files("trueware.schema") / f"{name}.json").read_text("utf-8"))
    return loaded


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty registry that commands find by themselves."""
    path = tmp_path / "registry.sqlite"
    monkeypatch.setenv("TRUEWARE_REGISTRY", str(path))
    assert main(["registry", "init"]) == ExitCode.GENUINE
    return path


def learn(image: Path, version: str = "1.0") -> int:
    return main(["release", "learn", "--publisher", "Acme", "--product", "Router", "--version", version, str(image)])


def test_learnt_image_is_genuine_and_its_twins_are_judged(registry: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The way of a laboratory: learn a golden sample, verify three images, get three answers and the worst exit code."""
    assert learn(GENUINE) == ExitCode.GENUINE
    capsys.readouterr()

    code = main(["verify", "--json", str(GENUINE), str(CONFIGURED), str(TAMPERED)])
    document = json.loads(capsys.readouterr().out)

    jsonschema.validate(document, schema("results"), jsonschema.Draft202012Validator)
    assert [result["verdict"] for result in document["results"]] == ["GENUINE", "GENUINE", "TAMPERED"]
    assert code == ExitCode.TAMPERED
    tampered = document["results"][2]
    assert [change["path"] for change in tampered["changes"]] == [
        "partition-1!/bin/acme-update",
        "partition-1!/bin/hello",
        "partition-1!/etc/init.d/remote",
        "partition-1!/etc/opkg/keys/66b3d02c9e1fa745",
        "partition-1!/etc/passwd",
        "partition-1!/etc/rc.d/S99remote",
    ]
    assert tampered["match"]["policy"] == "openwrt"
    assert tampered["authority"] == "golden-sample"
    assert registry.exists()


def test_published_release_is_signed_and_rests_on_its_publisher(
    registry: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A publisher with a key publishes; the result names that authority, and fsck proves the registry."""
    key = Ed25519PrivateKey.generate()
    private, public = tmp_path / "key.pem", tmp_path / "key.pub.pem"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    assert main(["publisher", "add", "Acme", "--key", str(public), "--entitle", "product=Acme Router*"]) == 0
    publish = ["release", "publish", "--key", str(private), "--publisher", "Acme", "--product", "Acme Router"]
    assert main([*publish, "--version", "1.0", str(GENUINE)]) == 0
    assert main(["registry", "fsck"]) == 0
    capsys.readouterr()

    code = main(["verify", "--json", str(GENUINE)])
    (result,) = json.loads(capsys.readouterr().out)["results"]

    assert code == ExitCode.GENUINE
    assert (result["authority"], result["tier"], result["findings"]) == ("publisher-signed", "affirming", [])
    assert result["vector"] == {"executables": 2, "file-system": 2}
    assert registry.exists()


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["release", "list"], "releases"),
        (["publisher", "list"], "publishers"),
        (["registry", "show"], "registry"),
    ],
)
def test_listings_follow_their_schemas(
    arguments: list[str], name: str, registry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is listed as JSON follows a published schema, and so does one release with its manifest."""
    assert main(["publisher", "add", "Acme", "--entitle", "vendor=Acme*"]) == 0
    learn(GENUINE)
    capsys.readouterr()

    assert main([*arguments, "--json"]) == 0
    jsonschema.validate(json.loads(capsys.readouterr().out), schema(name), jsonschema.Draft202012Validator)
    assert main(["release", "list", "--json"]) == 0
    (release,) = json.loads(capsys.readouterr().out)["releases"]
    assert main(["release", "show", "--json", release["id"][:12]]) == 0
    jsonschema.validate(json.loads(capsys.readouterr().out), schema("release"), jsonschema.Draft202012Validator)
    assert registry.exists()


def test_withdrawn_release_is_genuine_with_warnings(registry: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A withdrawn release stays recognisable, with its reason, and exit code 9."""
    learn(GENUINE)
    release = capsys.readouterr().out.splitlines()[-1].split()[0]
    assert main(["release", "withdraw", release, "--reason", "CVE-2026-0001"]) == 0
    capsys.readouterr()

    code = main(["verify", str(GENUINE)])

    assert code == ExitCode.WARNINGS
    assert "CVE-2026-0001" in capsys.readouterr().out
    assert registry.exists()


def test_index_of_digests_vouches_as_a_third_party(
    registry: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sha256sums line is enough for GENUINE, and the result says that it rests on an index."""
    from hashlib import sha256

    listing = tmp_path / "sha256sums"
    listing.write_text(f"{sha256(GENUINE.read_bytes()).hexdigest()} *{GENUINE.name}\n")
    assert main(["registry", "import", "--publisher", "Acme", str(listing)]) == 0
    capsys.readouterr()

    code = main(["verify", "--json", str(GENUINE)])
    (result,) = json.loads(capsys.readouterr().out)["results"]

    assert (code, result["authority"]) == (ExitCode.GENUINE, "third-party-index")
    assert registry.exists()


def test_unknown_says_what_would_settle_it(registry: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Against an empty registry nothing is known, and the way out is named."""
    code = main(["verify", str(GENUINE)])
    out = capsys.readouterr().out

    assert code == ExitCode.UNKNOWN
    assert out.startswith("UNKNOWN  router-1.0.bin\n  nothing in the registry resembles it\n")
    assert "what would settle it" in out
    assert registry.exists()


def test_diff_needs_no_registry(capsys: pytest.CaptureFixture[str]) -> None:
    """The rendered answer for a tampered image, but for its effects, which have a test of their own."""
    code = main(["diff", str(GENUINE), str(TAMPERED)])
    head, _, tail = capsys.readouterr().out.partition("  what the changes do\n")

    assert code == ExitCode.TAMPERED
    assert (
        head + "".join(tail.rpartition("  changes\n")[1:])
        == """\
TAMPERED  router-1.0-tampered.bin
  comes from router-1.0.bin and was changed in 6 places

  compared with router-1.0.bin (comparison): 75.3% in common

  changes
    added    partition-1!/etc/init.d/remote  (file, mode 0755, 83 bytes)
    added    partition-1!/etc/opkg/keys/66b3d02c9e1fa745  (file, mode 0644, 91 bytes)
    added    partition-1!/etc/rc.d/S99remote  (symlink, to ../init.d/remote)
    changed  partition-1!/bin/acme-update  (content, 53 bytes -> 21 bytes)
    changed  partition-1!/bin/hello  (mode 0755 -> 4755)
    changed  partition-1!/etc/passwd  (content, 110 bytes -> 145 bytes)
"""
    )


def test_diff_of_equal_artefacts_is_genuine(capsys: pytest.CaptureFixture[str]) -> None:
    """An artefact is equal to itself."""
    code = main(["diff", str(GENUINE), str(GENUINE)])

    assert code == ExitCode.GENUINE
    assert "GENUINE" in capsys.readouterr().out


def test_measure_prints_every_part(capsys: pytest.CaptureFixture[str]) -> None:
    """The manifest validates against its schema and holds the digest of a known file."""
    assert main(["measure", "--json", str(GENUINE)]) == 0
    document = json.loads(capsys.readouterr().out)

    jsonschema.validate(document, schema("manifests"), jsonschema.Draft202012Validator)
    parts = {part["path"]: part for part in document["manifests"][0]["parts"]}
    assert parts["partition-1!/etc/shadow"]["mode"] == "0600"
    assert parts["partition-0!/payload!/data"]["size"] == 4161


def test_folder_is_an_artefact_or_many(registry: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder is verified as one tree; with --each, every file in it by itself."""
    folder = tmp_path / "dump"
    folder.mkdir()
    (folder / "a.bin").write_bytes(GENUINE.read_bytes())
    (folder / "b.bin").write_bytes(TAMPERED.read_bytes())
    learn(GENUINE)
    capsys.readouterr()

    assert main(["verify", "--each", "--json", str(folder)]) == ExitCode.TAMPERED
    verdicts = [result["verdict"] for result in json.loads(capsys.readouterr().out)["results"]]
    learn(folder, "folder")
    assert main(["verify", str(folder)]) == ExitCode.GENUINE

    assert verdicts == ["GENUINE", "TAMPERED"]
    assert registry.exists()


def test_missing_artefact_is_an_error_and_the_rest_is_answered(
    registry: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One file that is not there does not keep the others from their answer."""
    learn(GENUINE)
    capsys.readouterr()

    code = main(["verify", str(tmp_path / "absent"), str(GENUINE)])
    captured = capsys.readouterr()

    assert code == ExitCode.INTERNAL
    assert captured.out.startswith("GENUINE")
    assert captured.err.startswith("error: cannot open")
    assert registry.exists()


def test_missing_registry_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Verifying against a registry that is not there is no verdict."""
    code = main(["verify", "--registry", str(tmp_path / "absent.sqlite"), str(GENUINE)])

    assert code == ExitCode.INTERNAL
    assert "there is no registry at" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [[], ["verify"], ["frobnicate"], ["diff", "one"], ["publisher", "add", "X", "--entitle", "y"]]
)
def test_misuse_is_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """What is not understood is said in one line, with the usage."""
    assert main(arguments) == ExitCode.USAGE
    assert "error: " in capsys.readouterr().err


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    """Both answer on stdout with exit code 0."""
    assert main(["--help"]) == 0
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.endswith("trueware 0.1.0\n")


def test_demo_shows_three_cases(capsys: pytest.CaptureFixture[str]) -> None:
    """The demo prints a genuine, a configured and a tampered image."""
    assert main(["demo"]) == 0
    out = capsys.readouterr().out

    assert out.count("GENUINE  ") == 2
    assert out.count("TAMPERED  ") == 1


def test_formats_lists_all(capsys: pytest.CaptureFixture[str]) -> None:
    """Every format is listed."""
    from trueware.formats import FORMATS

    assert main(["formats"]) == 0
    out = capsys.readouterr().out

    assert all(f"{format_.name} " in out for format_ in FORMATS)


def test_module_runs_and_starts_without_heavy_imports() -> None:
    """`python -m trueware --help` imports none of what only some commands need."""
    code = "import sys, trueware.cli.run as run; run.parser(); print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())

    assert not loaded & {
        "cryptography",
        "cbor2",
        "yaml",
        "rich",
        "sqlite3",
        "zstandard",
        "isal",
        "trueware.formats",
    }
    helped = subprocess.run([sys.executable, "-m", "trueware", "--help"], capture_output=True, text=True, check=True)
    assert helped.stdout.startswith("usage: trueware")


def test_verifying_writes_nothing_and_opens_no_socket(registry: Path, tmp_path: Path) -> None:
    """An audit hook sees every file opened for writing and every socket while artefacts are measured and verified."""
    program = """
import sys
touched = []
def hook(event, args):
    if event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+"):
        touched.append(args[0])
    if event.startswith("socket.") or event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.fork", "os.mkdir", "os.rename"):
        touched.append(event)
sys.addaudithook(hook)
from trueware.cli import main
main(["verify", *sys.argv[1:]])
main(["measure", *sys.argv[1:]])
sys.stderr.write(repr(touched))
"""
    learn(GENUINE)
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program, str(GENUINE), str(TAMPERED)],
        capture_output=True, text=True, check=True, env=environment, cwd=tmp_path,
    )  # fmt: skip

    assert done.stderr == "[]"
    assert registry.exists()


@pytest.mark.parametrize("values", [[], [{"b": 1}, {"c": [2]}]])
def test_what_is_printed_one_by_one_is_printed_as_a_list_is(
    values: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    print_json({"a": [{"parts": values}]})
    whole = capsys.readouterr().out
    print_json({"a": [{"parts": iter(values)}]})

    assert capsys.readouterr().out == whole


@pytest.mark.parametrize("arguments", [["explain"], ["verify", "--explain"], ["diff", "--explain"]], ids=" ".join)
def test_explain_prints_the_page_of_a_rule(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The page says what the rule means and what its effect does, and nothing is verified."""
    code = main([*arguments, "packed-by-another"])
    out = capsys.readouterr().out

    assert code == ExitCode.GENUINE
    assert out.startswith("# packed-by-another\n\nModes or owners differ all over in one and the same way.\n")
    assert "- effect: rebuilt-by-another\n" in out
    assert "## Whom it harms, 0 to 4" in out


def test_explain_knows_effects_and_the_rules_of_readers(capsys: pytest.CaptureFixture[str]) -> None:
    """Every id that stands in a result has a page."""
    assert main(["explain", "remote-access", "malformed"]) == ExitCode.GENUINE
    out = capsys.readouterr().out
    assert "# remote-access\n" in out
    assert "# malformed\n" in out


def test_explain_tells_owners_and_professionals_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    """Each in their own words; what is special to a kind of product says so."""
    assert main(["explain", "identity-rewritten"]) == ExitCode.GENUINE
    told = capsys.readouterr().out
    owners, _, professionals = told.partition("## What it is, for professionals")
    assert "## What to do, for owners\n\n- Before you buy" in owners
    assert "## How to see it, for owners, receiver" in owners
    assert "## Eradicate, for professionals" in professionals


@pytest.mark.parametrize("arguments", [["explain"], ["verify", "--explain"]], ids=" ".join)
def test_explain_names_what_is_near_a_wrong_id(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A slip of the pen is answered with what was meant."""
    assert main([*arguments, "packed-by-anoter"]) == ExitCode.USAGE
    assert "near it are packed-by-another" in capsys.readouterr().err


def test_explain_lists_every_rule_by_effect(capsys: pytest.CaptureFixture[str]) -> None:
    """Without an id: all effects, each with its rules."""
    from trueware.explaining.catalogue import catalogue

    assert main(["explain"]) == ExitCode.GENUINE
    out = capsys.readouterr().out
    assert all(f"  {rule} " in out for rule in catalogue())
