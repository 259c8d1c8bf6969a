"""The digest of the whole image, as a download page has it."""

import time
from hashlib import sha256
from pathlib import Path

from tamper.trial import Peer


def ask(genuine: bytes, suspect: Path) -> Peer:
    """Tell whether the image is another than that with the digest `genuine`."""
    start = time.perf_counter()
    other = sha256(suspect.read_bytes()).digest()
    seconds = time.perf_counter() - start
    return Peer(other != genuine, frozenset(), seconds, "names no path")
