"""Files and folders of files, as what signatures stand in."""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from trueware.formats.contract import Entry, Held, Reading
from trueware.measuring import measure, measure_reading
from trueware.model.part import Kind
from trueware.model.signature import Signature
from trueware.signatures import Signatures
from trueware.signatures.contract import Context, Key, Keyring

NOW = 1_800_000_000


def signatures_in(files: Mapping[str, bytes], keys: tuple[Key, ...] = (), now: int = NOW) -> tuple[Signature, ...]:
    """Return the signatures in a folder of `files`, with `keys` at hand."""
    reading = Reading([Entry(name, Kind.FILE, Held(data), len(data)) for name, data in files.items()])
    with ThreadPoolExecutor(1) as pool:
        verifier = Signatures(Context(Keyring(keys), now))
        return measure_reading("folder", reading, size=1, pool=pool, clock=time.monotonic, verify=verifier).signatures


def signatures_of(data: bytes, keys: tuple[Key, ...] = (), name: str = "artefact", now: int = NOW) -> list[Signature]:
    """Return the signatures of an artefact, with `keys` at hand."""
    with ThreadPoolExecutor(1) as pool:
        verifier = Signatures(Context(Keyring(keys), now))
        return list(measure(name, memoryview(data), pool=pool, clock=time.monotonic, verify=verifier).signatures)
