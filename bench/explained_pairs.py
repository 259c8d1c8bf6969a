"""`make explained`: the real pairs of the corpus, explained; what a user sees, beside what is known of each.

Prints the page; `--write-docs` writes it to docs/explanations.md. Needs the corpus (TRUEWARE_CORPUS).
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TRUEWARE = Path(sys.executable).with_name("trueware")
_LINES = 70


@dataclass(frozen=True, slots=True)
class Pair:
    """A genuine artefact and one made from it, or one with a broken signature alone."""

    title: str
    known: str
    """What is known of it from elsewhere."""

    genuine: str
    suspect: str
    effects: tuple[str, ...]
    """What must be named, by what is known."""


OPEN = "corpus/open"
AS_SIGNED = "spotify-as-signed"
"""The TV app as it was signed, made of H03 and H04."""

PAIRS = (
    Pair(
        "A modified optical terminal (C01 and C02)",
        "A community's modification of V-SOL's V2801F: the same version and kernel; `bin/boa` patched, `bin/tftpd` added and "
        "started by inetd, ten web pages and the icon changed, `md5.txt` made anew so that the terminal takes it.",
        f"{OPEN}/gpon-onu/V2801F_V1.9.0-201104.tar",
        f"{OPEN}/gpon-onu/V2801F_201104-ftpd-modified.tar",
        ("remote-access", "appearance-changed"),
    ),
    Pair(
        "A TV app with code of somebody else (H03 beside H04)",
        "Spotify's app for Tizen: one line that loads a script was written into `index.html`, and `script/mod.js` was put beside. "
        "H04 is that page as it was signed; beside it stand the app's other files as they were signed.",
        AS_SIGNED,
        f"{OPEN}/tizen-spotify-mod/tampered",
        ("app-injected",),
    ),
    Pair(
        "The same TV app by its signatures alone (H03)",
        "Neither signature covers `index.html` as it is, and `script/mod.js` is signed by nobody.",
        "",
        f"{OPEN}/tizen-spotify-mod/tampered",
        ("app-injected",),
    ),
    Pair(
        "One router, two builders (A05 and A07)",
        "OpenWrt 15.05.1 for the TL-WR841N and a rebuild of it by somebody else under the same version, with another `wpad`, "
        "more packages, and the builder's own package key.",
        f"{OPEN}/tl-wr841n-five-builders/openwrt-15.05.1-ar71xx-generic-tl-wr841n-v9-squashfs-factory.bin",
        f"{OPEN}/tl-wr841n-five-builders/kukulo2011-wr841n-v9-factory.bin",
        ("rebuilt-by-another", "trust-anchor-added"),
    ),
    Pair(
        "Verified Boot switched off (G02)",
        "A vbmeta structure of a custom system: flags 3 were written into it after it was signed.",
        "",
        f"{OPEN}/vbmeta/lineage-oneplus-sdm845-vbmeta.img",
        ("verification-disabled",),
    ),
)
APKS = "mobile/apk-tampered/open"


def main() -> int:
    """Print or write the page; 1 where an effect that must be named is not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write-docs", action="store_true")
    options = parser.parse_args()
    corpus = Path(os.environ.get("TRUEWARE_CORPUS", ""))
    if not (corpus / OPEN).is_dir():
        sys.stderr.write("needs the corpus: set TRUEWARE_CORPUS\n")
        return 2
    missing: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        registry = Path(folder) / "registry.sqlite"
        _run("registry", "init", "--registry", registry)
        _make_as_signed(corpus / OPEN / "tizen-spotify-mod", Path(folder) / AS_SIGNED)
        text = "".join(_page(corpus, registry, missing))
    if options.write_docs:
        Path("docs/explanations.md").write_text(text, "utf-8")
    else:
        sys.stdout.write(text)
    for each in missing:
        sys.stderr.write(f"missing: {each}\n")
    return bool(missing)


def _page(corpus: Path, registry: Path, missing: list[str]) -> Iterator[str]:
    yield "# Real pairs, explained\n\nMade by `make explained` from the open corpus: what a user sees, beside what is known.\n"
    for pair in PAIRS:
        yield f"\n## {pair.title}\n\n{pair.known}\n"
        yield from _shown(pair, corpus, registry, missing)
    yield from _apks(corpus, registry)


def _shown(pair: Pair, corpus: Path, registry: Path, missing: list[str]) -> Iterator[str]:
    suspect = corpus / pair.suspect
    command: tuple[str | Path, ...] = ("verify", "--registry", registry, suspect)
    named = f"trueware verify {suspect.name}"
    if pair.genuine:
        genuine = registry.with_name(AS_SIGNED) if pair.genuine == AS_SIGNED else corpus / pair.genuine
        command = ("diff", genuine, suspect)
        named = f"trueware diff {genuine.name} {suspect.name}"
    (result,) = json.loads(_run(*command, "--json", "--quiet"))["results"]
    found = [each["effect"] for each in result["explanations"]]
    absent = [effect for effect in pair.effects if effect not in found]
    missing += [f"{pair.title}: {effect}" for effect in absent]
    told = f"named: {', '.join(found)}" + (f"; **not named: {', '.join(absent)}**" if absent else "")
    lines = _run(*command, "--quiet").splitlines()
    more = f"\n… {len(lines) - _LINES} lines more" if len(lines) > _LINES else ""
    yield f"\nEffects that must be named: {', '.join(pair.effects)}; {told}.\n"
    yield f"\n```console\n$ {named}\n" + "\n".join(lines[:_LINES]) + f"{more}\n```\n"


def _apks(corpus: Path, registry: Path) -> Iterator[str]:
    """Yield the table of altered APKs: by kind of alteration, without any release in the registry."""
    cases: dict[str, Counter[tuple[str, str]]] = {}
    for line in (corpus / APKS / "labels.jsonl").read_text("utf-8").splitlines():
        label = json.loads(line)
        told = _run("verify", "--registry", registry, corpus / APKS / label["file"], "--json", "--quiet")
        (result,) = json.loads(told)["results"]
        effects = ", ".join(each["effect"] for each in result["explanations"]) or "none"
        cases.setdefault(label["kind"], Counter())[result["verdict"], effects] += 1
    yield "\n## Altered APKs (apk-tampered)\n\nNo release is registered: all that is known is what the signatures in them say.\n\n"
    yield "| kind | cases | verdict | effects named |\n|---|---|---|---|\n"
    for kind, outcomes in sorted(cases.items()):
        for (verdict, effects), count in outcomes.most_common():
            yield f"| {kind} | {count} | {verdict} | {effects} |\n"


def _make_as_signed(items: Path, folder: Path) -> None:
    shutil.copytree(items / "tampered", folder)
    shutil.copy(items / "as-signed/index.html", folder)
    (folder / "script/mod.js").unlink()


def _run(*arguments: str | Path) -> str:
    """Run trueware and return what it prints; its exit code tells the verdict."""
    return subprocess.run((TRUEWARE, *arguments), check=False, capture_output=True, text=True).stdout


if __name__ == "__main__":
    raise SystemExit(main())
