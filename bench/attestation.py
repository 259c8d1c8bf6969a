"""`make attestation`: what is answered about real boots and forged sets beside what is known of them, and what appraising costs.

Rows go to build/attestation.json, tables to stdout. The exit code is 1 where an answer is false or a set has another reason than the
right one; what misses a target of speed is told. The corpus is found as bench/corpus.py finds it.

    --answers-only  without the costs
    --write-docs    also write docs/attestation.md

Costs are CPU seconds of one core, the quickest of some runs; beside them in the same run stand the physical floor (the hashes and the
one signature check alone) and Keylime's library, from PyPI into an environment of its own.
"""

import argparse
import json
import os
import subprocess
import sys
import tracemalloc
import venv
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from time import process_time

import attestation_public
import attestation_rig as rig
from corpus import find_corpus
from report import Row
from trueware.appraising import Fleet, Wish, appraise
from trueware.attestation.android_key import link as android_link
from trueware.attestation.android_key.verifying import verify_attestation
from trueware.attestation.certificate_files import encodings
from trueware.attestation.contract import Question
from trueware.attestation.ima.baseline import Baseline
from trueware.attestation.ima.entries import entries, fields_of
from trueware.attestation.ima.walking import ImaState, Memo, replay, walk
from trueware.attestation.recognise import Piece
from trueware.attestation.tpm.pcrs import parse_pcr_file
from trueware.attestation.tpm.quote import verify_quote
from trueware.attestation.tpm.quote_key import load_quote_key
from trueware.attestation.tpm.signature import parse_signature
from trueware.knowledge.android_roots import load_android_roots
from trueware.model.attested import Appraisal
from trueware.model.verdict import Tier, Verdict

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "build/bench/keylime"
KEYLIME = "keylime==7.14.3"
_NEEDS = (
    *("cryptography", "pyyaml", "sqlalchemy", "jsonschema", "lark", "packaging", "requests", "psutil", "pyasn1"),
    *("pyasn1-modules", "tornado", "jinja2", "typing_extensions", "alembic"),
)

TARGETS = {
    "quote": 5000.0,
    "quote and boot log": 3000.0,
    "IMA, 10,000 entries, cold": 45.0,
    "IMA, 10,000 entries, fleet": 100.0,
    "quote and 100 new entries": 2500.0,
}
"""Per core and second, set on another machine, on which ECDSA by P-256 takes 67 microseconds: the ratios are what compares."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One set, and what was answered."""

    case: rig.Case
    appraisal: Appraisal
    is_right: bool
    told: str


def answers(corpus: Path) -> Iterator[Answered]:
    """Yield all answers, each of a fleet of its own, as one device alone is appraised."""
    registry = rig.registry(corpus)
    for case in rig.cases(corpus):
        appraisal = appraise(case.pieces, registry, case.wish)
        yield Answered(case, appraisal, *_judged(case, appraisal))


def _judged(case: rig.Case, appraisal: Appraisal) -> tuple[bool, str]:
    if case.expected == "GENUINE":
        right = appraisal.verdict is Verdict.GENUINE and appraisal.tier is Tier.AFFIRMING
        return right, ", ".join(each.release.title for each in appraisal.matches)
    against = [each for each in appraisal.checks if each.outcome.value == "contradicts"]
    places = {each.place for each in against}
    rules = {each.rule for each in (*against, *appraisal.not_shown)}
    if case.kind == "forged":
        right = appraisal.verdict is Verdict.UNKNOWN and case.expected in rules
    else:
        right = appraisal.verdict is Verdict.TAMPERED and case.expected in places
    return right, appraisal.reason


def costs(corpus: Path) -> Iterator[Row]:
    """Yield what appraising costs."""
    real = corpus / "attest/real/open"
    device, moment = real / "a1_genuine_devA", real / "a1_genuine_devA/t1_service"
    message, signature, values = ((moment / f"quote.{end}").read_bytes() for end in ("msg", "sig", "pcrs"))
    public, log = (device / "ak.pub").read_bytes(), (device / "binary_bios_measurements").read_bytes()
    nonce = bytes.fromhex((moment / "nonce.hex").read_text())
    wish = Wish(Question(rig.NOW, nonce), rig.endorsements(corpus), excluded=rig.KEPT_OUT)
    quote = [
        Piece("ak.pub", public),
        Piece("quote.msg", message),
        Piece("quote.sig", signature),
        Piece("quote.pcrs", values),
    ]
    boot = [*quote, Piece("binary_bios_measurements", log)]
    fleet = rig.fleet(corpus)
    key, parsed = load_quote_key(public), parse_signature(signature)
    floor = _seconds(lambda: key.verify(parsed, message), 500)
    yield _row("floor: one signature by P-256", 1 / floor)
    bare = _seconds(
        lambda: verify_quote(message, signature, load_quote_key(public), nonce, parse_pcr_file(values)), 300
    )
    yield _row("quote", 1 / bare)
    yield _row("quote, to the floor", bare / floor, "times")
    whole = _seconds(lambda: appraise(quote, fleet.registry, wish, fleet), 200)
    yield _row("quote, appraised to a verdict", 1 / whole)
    booted = _seconds(lambda: appraise(boot, fleet.registry, wish, fleet), 200)
    yield _row("quote and boot log", 1 / booted)
    yield _row("quote and boot log, to the floor", booted / floor, "times")
    alone = _seconds(lambda: appraise(boot, fleet.registry, wish, Fleet(fleet.registry, wish.endorsements)), 30)
    yield _row("quote and boot log, a device alone", 1 / alone)
    yield from _files(real, quote, wish, fleet, floor)
    yield from _android(corpus)


def _files(real: Path, quote: list[Piece], wish: Wish, fleet: Fleet, signature: float) -> Iterator[Row]:
    data = (real / "a5_big_log/t3_big/binary_runtime_measurements").read_bytes()
    each = list(entries(data))
    share = 10_000 / len(each)
    end = replay(data, "sha256")
    files = {fields_of(one.template, one.data).path: fields_of(one.template, one.data).digest for one in each}
    baseline = Baseline.of([files])
    start = ImaState.start("sha256")

    def hashes() -> None:
        value = bytes(32)
        for one in each:
            value = sha256(value + sha256(one.data).digest()).digest()

    floor = _seconds(hashes, 3) * share
    cold = _seconds(lambda: walk(data, start, end, baseline.judge, Memo("sha256")), 3) * share
    memo: Memo[object] = Memo("sha256")
    walk(data, start, end, baseline.judge, memo)
    warm = _seconds(lambda: walk(data, start, end, baseline.judge, memo), 3) * share
    yield _row("floor: two hashes for each of 10,000 entries", 1 / floor)
    yield _row("IMA, 10,000 entries, cold", 1 / (cold + signature))
    yield _row("IMA, cold, to the floor", cold / floor, "times")
    yield _row("IMA, 10,000 entries, fleet", 1 / (warm + signature))
    yield _row("IMA, fleet, to the floor", warm / floor, "times")
    before = each[-101]
    value = replay(data[: before.end], "sha256")
    state = ImaState("sha256", value, before.end, len(each) - 100)
    new = _seconds(lambda: walk(data, state, end, baseline.judge, memo), 100)
    bare = _seconds(lambda: appraise(quote, fleet.registry, wish, fleet), 100)
    yield _row("quote and 100 new entries", 1 / (bare + new))
    tracemalloc.start()
    twice = data + data[: len(data) * 2 // 3]
    with suppress(Exception):
        walk(twice, start, b"", baseline.judge, Memo("sha256"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    count = round(peak / 1e6, 1)
    yield Row(name="memory, 20,000 entries", value=count, unit="MB", target=64.0, met=count < 64)


def _android(corpus: Path) -> Iterator[Row]:
    path = corpus / "attest/public/android__keyattestation/open/testdata/caiman/sdk36/TEE_EC_RKP.pem"
    certificates = encodings(path.read_bytes())
    roots = tuple(load_android_roots().values())
    question = Question(max(android_link.read_link(each).since for each in certificates) + 60)

    def cold() -> None:
        android_link.shared_link.cache_clear()
        android_link._is_signed_shared.cache_clear()  # noqa: SLF001 (nothing may be remembered)
        verify_attestation(certificates, roots, question)

    yield _row("Android chain, nothing remembered", 1 / _seconds(cold, 60))
    # the phone's own certificate is read anew each time, those above it are its batch's
    yield _row("Android chain", 1 / _seconds(lambda: verify_attestation(certificates, roots, question), 60))


def _row(name: str, value: float, unit: str = "per core-second") -> Row:
    target = TARGETS.get(name)
    met = None if target is None else value >= target
    return Row(name=name, value=round(value, 2), unit=unit, target=target, met=met)


def _seconds(work: Callable[[], object], count: int) -> float:
    """Return CPU seconds of one piece of work: of seven runs of `count`, the quickest."""
    best = float("inf")
    work()
    for _ in range(7):
        start = process_time()
        for _ in range(count):
            work()
        best = min(best, (process_time() - start) / count)
    return best


def peer(corpus: Path) -> Iterator[Row]:
    """Yield what Keylime's library takes for the same quote and the same list."""
    python = _installed()
    if python is None:
        print("Keylime could not be installed: its rows are left out", file=sys.stderr)
        return
    moment = corpus / "attest/real/open/a5_big_log/t3_big"
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, to in (("quote.msg", "quote.msg"), ("quote.sig", "quote.sig"), ("quote.pcrs", "quote.pcrs")):
        (FOLDER / to).write_bytes((moment / name).read_bytes())
    (FOLDER / "ak.pem").write_bytes((moment.parent / "ak.pem").read_bytes())
    (FOLDER / "ima.txt").write_bytes((moment / "ascii_runtime_measurements").read_bytes())
    (FOLDER / "nonce.b64").write_text(b64encode(bytes.fromhex((moment / "nonce.hex").read_text())).decode())
    data = (moment / "binary_runtime_measurements").read_bytes()
    (FOLDER / "pcr10.hex").write_text(replay(data, "sha256").hex())
    digests: dict[str, list[str]] = {}
    for one in entries(data):
        fields = fields_of(one.template, one.data)
        digests.setdefault(fields.path, []).append(fields.digest.hex())
    policy = {
        "meta": {"version": 1, "generator": 0, "timestamp": "2026-01-01 00:00:00"},
        "release": 0,
        "digests": digests,
        "excludes": [],
        "keyrings": {},
        "ima": {"ignored_keyrings": [], "log_hash_alg": "sha1", "dm_policy": None},
        "ima-buf": {},
        "verification-keys": "",
    }
    (FOLDER / "policy.json").write_text(json.dumps(policy))
    done = subprocess.run(
        [python, ROOT / "bench/attestation_peer.py", FOLDER], capture_output=True, text=True, timeout=600, check=False
    )
    if done.returncode:
        print(f"Keylime could not be run: {done.stderr[-400:]}", file=sys.stderr)
        return
    told = json.loads(done.stdout.splitlines()[-1])
    yield _row("Keylime: checkquote", 1 / told["quote"])
    yield _row("Keylime: IMA, 10,000 entries", 1 / (told["ima"] * 10_000 / told["entries"]))


def _installed() -> Path | None:
    """Return a Python that has Keylime; None where it cannot be had."""
    python = FOLDER / "venv/bin/python"
    if not python.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        venv.create(FOLDER / "venv", with_pip=True)
        done = subprocess.run([python, "-m", "pip", "install", "-q", KEYLIME, *_NEEDS], check=False, timeout=900)
        if done.returncode:
            return None
    packages = next((FOLDER / "venv/lib").glob("python3*/site-packages"))
    (packages / "gpg.py").write_text("")  # it is imported, and not used for what is measured here
    sections = ("verifier", "tenant", "registrar", "ca", "agent", "general")
    (FOLDER / "keylime.conf").write_text(_LOGGING + "".join(f"[{each}]\nversion = 2.5\n" for each in sections))
    return python


_LOGGING = """[logging]
version = 2.5
[loggers]
keys = root
[handlers]
keys = console
[formatters]
keys = plain
[formatter_plain]
format = %(message)s
[logger_root]
level = CRITICAL
handlers = console
[handler_console]
class = StreamHandler
level = CRITICAL
formatter = plain
args = (sys.stderr,)
"""


def main() -> int:
    """Run everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers-only", action="store_true")
    parser.add_argument("--write-docs", action="store_true")
    options = parser.parse_args()
    corpus = find_corpus().parent
    before = os.getloadavg()[0]
    told = list(answers(corpus))
    lines = [
        f"| {each.case.name} | {each.case.kind} | {each.case.expected} | {each.appraisal.verdict.value}, {each.appraisal.tier.value} "
        f"| {each.told[:160].replace('|', '/')} | {'yes' if each.is_right else 'NO'} |"
        for each in told
    ]
    head = ["| set | what it is | expected | answered | why, or what it runs | right |", "|---|---|---|---|---|---|"]
    right = sum(each.is_right for each in told)
    accepted = [each for each in told if each.appraisal.verdict is Verdict.GENUINE and each.case.expected != "GENUINE"]
    rejected = [
        each for each in told if each.appraisal.verdict is not Verdict.GENUINE and each.case.expected == "GENUINE"
    ]
    print("\n".join([*head, *lines]))
    print(f"\n{right} of {len(told)} right, {len(accepted)} false accepts, {len(rejected)} false rejects")
    rows = [
        Row(name="answers right", value=right, unit=f"of {len(told)}", target=len(told), met=right == len(told)),
        Row(name="false accepts", value=len(accepted), unit="sets", target=0, met=not accepted),
        Row(name="false rejects", value=len(rejected), unit="sets", target=0, met=not rejected),
    ]
    if not options.answers_only:
        rows += [*costs(corpus), *peer(corpus)]
    table = [
        "| what | value | unit | target | met |",
        "|---|---|---|---|---|",
        *(f"| {r['name']} | {r['value']:,} | {r['unit']} | {r['target'] or ''} | {_word(r['met'])} |" for r in rows),
    ]
    print("\n" + "\n".join(table))
    public = attestation_public.table(corpus)
    print("\n" + "\n".join(public))
    build = ROOT / "build"
    build.mkdir(exist_ok=True)
    (build / "attestation.json").write_text(json.dumps(rows, indent=2) + "\n")
    if options.write_docs:
        page = _PAGE.format(
            answers="\n".join([*head, *lines]),
            public="\n".join(public),
            costs="\n".join(table),
            load=before,
            cores=os.cpu_count(),
        )
        (ROOT / "docs/attestation.md").write_text(page)
    return 0 if right == len(told) else 1


def _word(met: bool | None) -> str:  # noqa: FBT001 (a row's)
    return "" if met is None else "yes" if met else "**no**"


_PAGE = """# Live evidence: answers and costs

Made by `make attestation`; the answers alone by `python bench/attestation.py --answers-only`. What the words mean:
[a verifier that explains](concepts/attestation.md).

## Real boots and forged sets

Boots of Debian under OVMF with a software TPM, measured by IMA, and sets that were forged or damaged from them. The registry knows
two genuine boots by their logs and the files of the root by their list. Expected is GENUINE, the place of the first difference, or
the rule by which the set must be refused. The program that ran from a tmpfs (`a3_rogue_exec`) is in no list, and cannot be seen: the
answer says that such programs are not measured.

{answers}

## Evidence of other projects

Files that other projects publish for tests and examples, each with the reader that it is taken for. What is expected is the
corpus' own reading of them, which for those *by a name* is of the file's name and no statement of its project. *As expected* is
that a file is read, or refused where it should be: signatures are verified by the tests of each kind, with the keys that lie
beside the files. *Not read*, by the ending of the name: decodings to compare with, keys and recipes, and forms that are not taken
for evidence here. CoRIM and CoSERV are counted by `make interchange`.

{public}

## Costs

CPU seconds of one core; {cores} cores, load {load:.1f} before the run. The targets were set on another machine, on which one
signature check by P-256 takes 67 microseconds; the ratios to the floor are what compares. Keylime's rows are its library's calls on
the same evidence in the same run, without HTTP and database.

{costs}
"""


if __name__ == "__main__":
    sys.exit(main())
