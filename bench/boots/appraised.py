"""Appraises what the machines sent, by the command as a user has it, and holds each answer against what is expected."""

import json
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boots.expected import CONTRADICTS, EXPECTED, Expected
from boots.scenarios import OLDER_REFERENCE, REFERENCE
from trueware.attesters.challenge import issue
from trueware.storage.attesters_sqlite import SqliteAttesters

TRUEWARE = (sys.executable, "-m", "trueware")
LOG = "binary_bios_measurements"


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered to one question."""

    expected: Expected
    verdict: str
    where: str
    """The check that says so, and of what; else the reason."""

    met: bool
    seconds: float


def answers(made: Path, evidence: Path) -> Iterator[Answer]:
    """Give the answers to all questions whose boots are there."""
    there = {path.parent.name: path.stat().st_mtime for path in evidence.glob("*/console.txt")}
    registries = {
        known: _registry(made, evidence, older_known=known)
        for known in (False, True)
        if not known or OLDER_REFERENCE in there
    }
    for each in EXPECTED:
        named = {each.boot, each.nonce_of or each.boot, each.enrolled or each.boot, each.before or each.boot}
        if each.older_known:
            named.add(OLDER_REFERENCE)
        if named <= there.keys() and (not each.before or there[each.before] <= there[each.boot]):
            yield _asked(each, made, evidence, registries[each.older_known])


def _registry(made: Path, evidence: Path, *, older_known: bool) -> Path:
    """Make a registry that knows the files of the root, and the boot that is for reference."""
    registry = made / ("both.sqlite" if older_known else "newest.sqlite")
    for each in registry.parent.glob(f"{registry.name}*"):
        each.unlink()
    _trueware("registry", "init", "--registry", registry)
    known = [("root", "1", made / "genuine"), ("boot", "newest", evidence / REFERENCE / LOG)]
    if older_known:
        known.insert(1, ("boot", "older", evidence / OLDER_REFERENCE / LOG))
    for product, version, artefact in known:
        names = ("--publisher", "Rig", "--product", product, "--version", version, "--registry", registry)
        _trueware("release", "learn", artefact, *names, "--quiet")
        time.sleep(1.1)  # the later release is the one that was learnt in a later second
    return registry


def _asked(question: Expected, made: Path, evidence: Path, registry: Path) -> Answer:
    """Ask one question."""
    authority = made / "authority"
    options: list[object] = ["--device", "rig", "--file-signer", made / "ima/cert.pem", "--registry", registry]
    for each in ("issuercert", "swtpm-localca-rootca-cert.pem"):
        options += ["--trust", authority / each]
    enrolled = evidence / (question.enrolled or question.boot) / "ak.pub"
    nonce = _nonce(evidence / (question.nonce_of or question.boot) / question.snapshot)
    if question.before:
        state = made / "state.sqlite"
        before = evidence / question.before / "1_service"
        _remember(state, enrolled, dict.fromkeys((_nonce(before), nonce)))
        options += ["--state", state]
        _appraise(before, _nonce(before), options)
    else:
        options += ["--enrolled", enrolled]
    start = time.monotonic()
    said = _appraise(evidence / question.boot / question.snapshot, nonce, options)
    seconds = time.monotonic() - start
    appraisal = json.loads(said)["appraisals"][0]
    verdict = str(appraisal["verdict"])
    found = _found(question, appraisal["checks"])
    against = [each for each in appraisal["checks"] if each["outcome"] == CONTRADICTS]
    met = verdict in question.verdicts and (found is not None if question.rule else not against)
    told = found or (against[0] if against else None)
    where = f"{told['rule']}: {told['place'] or told['detail']}" if told is not None else str(appraisal["reason"])
    return Answer(question, verdict, where, met, seconds)


def _nonce(snapshot: Path) -> str:
    return (snapshot / "nonce.hex").read_text().strip()


def _remember(state: Path, key: Path, nonces: Iterable[str]) -> None:
    """Make a memory in which the device is enrolled and its challenges were sent."""
    for each in state.parent.glob(f"{state.name}*"):
        each.unlink()
    _trueware("device", "enrol", "rig", "--ak", key, "--state", state)
    with closing(SqliteAttesters.open(state)) as store:
        for nonce in nonces:
            issue(store, bytes.fromhex(nonce), int(time.time()) - 1, device="rig")


def _appraise(snapshot: Path, nonce: str, options: Iterable[object]) -> str:
    """Return what is answered to a snapshot and what its boot sent with it."""
    sent = snapshot.parent
    pieces = [sent / "ak.pub", sent / "ek.pub", sent / LOG, *sorted(sent.glob("*.der")), snapshot]
    return _trueware("appraise", *pieces, *options, "--nonce", nonce, "--json", "--quiet")


def _found(question: Expected, checks: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the check that is expected, if it is there."""
    for each in checks:
        said = f"{each['place'] or ''} {each['detail'] or ''}"
        if (each["rule"], each["outcome"]) == (question.rule, question.outcome) and question.place in said:
            return each
    return None


def _trueware(*arguments: object) -> str:
    """Run the command.

    Raises:
        SystemExit: it failed for a reason that is no verdict.
    """
    done = subprocess.run([*TRUEWARE, *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode in (1, 2):
        raise SystemExit(f"trueware {arguments[0]}: {done.stderr}")
    return done.stdout
