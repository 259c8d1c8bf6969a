"""Fuzzes one reader, guided by the coverage of its code; `bench/fuzz.py` runs it where atheris is installed, in a process of its own.

    python bench/guided.py FORMAT CPU-SECONDS ANSWER

Half of the mutations are ours, which know of lengths and of other formats; half are libFuzzer's, which know what was compared. What
reached new code is kept in build/fuzz/corpus and is where the next run begins. The costs are written to ANSWER as JSON.
"""

import gc
import json
import os
import sys
from dataclasses import asdict
from hashlib import sha1
from pathlib import Path
from random import Random

import atheris

FORMAT, CPU, ANSWER = sys.argv[1], float(sys.argv[2]), Path(sys.argv[3])

with atheris.instrument_imports(include=["trueware.formats"]):
    from trueware.formats.announced import ANNOUNCED
    from trueware.formats.lazy import load

    for path, (name, _) in ANNOUNCED.items():
        if name == FORMAT:
            load(path)

from mutations import mutate, read_vectors  # noqa: E402 (instrumented modules come first)
from trial import KEPT, Tally, attempt, prepare  # noqa: E402 (as above)

_LARGEST = 1 << 16
"""Bytes of an input; larger vectors are cut."""


def main() -> None:
    """Fuzz until the time is used up."""
    prepare()
    gc.set_threshold(100_000)
    tally, vectors = Tally(), [vector for vector in read_vectors() if len(vector.data) <= _LARGEST]
    corpus = KEPT / "corpus" / FORMAT
    corpus.mkdir(parents=True, exist_ok=True)
    for vector in read_vectors():
        if vector.format == FORMAT:
            (corpus / f"vector-{vector.case}").write_bytes(vector.data[:_LARGEST])

    def test_one(data: bytes) -> None:
        attempt(tally, f"{FORMAT}/guided/{sha1(data, usedforsecurity=False).hexdigest()}", data)
        if tally.cpu >= CPU:
            ANSWER.write_text(json.dumps(asdict(tally)), "utf-8")
            os._exit(0)

    def mutate_one(data: bytes, most: int, seed: int) -> bytes:
        random = Random(seed)  # noqa: S311 (to be had again)
        if seed & 1:
            return bytes(atheris.Mutate(data, most))
        return mutate(data, random, random.choice(vectors).data)[:most]

    # its own clock would ring the alarm that ends a trial
    options = ("-timeout=0", "-rss_limit_mb=0", f"-max_len={_LARGEST}", "-len_control=0", "-verbosity=0")
    atheris.Setup([sys.argv[0], *options, str(corpus)], test_one, custom_mutator=mutate_one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
