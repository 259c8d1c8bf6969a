"""Epochs: one handle for all devices, changed at intervals (RFC 9334 §10.3).

For devices that cannot be asked one by one: the handle is broadcast, and evidence that holds it is no older than it is. Within its
epoch the same evidence can be shown again, which a challenge would not allow.
"""

from trueware.attestation.freshness.epoch import Epochs
from trueware.attesters.challenge import LEAST, MOST
from trueware.attesters.ports import AttesterStore

OVERLAP = 60
"""Seconds for which the epoch before still counts, for answers that are under way."""


def announce(store: AttesterStore, handle: bytes, now: int, overlap: int = OVERLAP) -> Epochs:
    """Begin an epoch, and return those that count; the handle may be broadcast then.

    Args:
        store: where it is kept.
        handle: `LEAST` to `MOST` random bytes, never used before.
        now: seconds since 1970.
        overlap: seconds for which the epoch before still counts.

    Raises:
        ValueError: the handle is too short or long, or counts already; or somebody else began an epoch just now.
        StoreError: it could not be kept; it must not be broadcast then.
    """
    if not LEAST <= len(handle) <= MOST or overlap < 0:
        raise ValueError(f"a handle of {LEAST} to {MOST} bytes, and an overlap of 0 s or more, are needed")
    before = store.epochs()
    if before is None:
        epochs = Epochs(handle, now, overlap=overlap)
    else:
        after = before.next(handle, now)
        epochs = Epochs(after.current, after.since, after.previous, overlap)
    if not store.announce(epochs, before):
        raise ValueError("another epoch was begun just now")
    return epochs
