r"""What a cosignature covers (C2SP tlog-cosignature v1.0.1): that its cosigner saw a tree, at a time.

In a note, the value of a cosignature is a time and a signature. By key type:

0x04  Ed25519     time[8] || signature[64]      over ``cosignature/v1\ntime <time>\n`` and the whole text of the checkpoint
0x06  ML-DSA-44   time[8] || signature[2420]    over the structure below; FIPS 204 without a context

::

    "subtree/v1\n\0"    [12]
    cosigner name       after its length in one byte
    time                [8]   0: nothing is said of the tree being the largest seen; must be 0 where start is not
    log origin          after its length in one byte
    start, end          [8] each: of the leaves; 0 and the size where it is a checkpoint
    root                [32]

All integers are big-endian. Extension lines of a checkpoint are covered by the Ed25519 kind only, and nothing here reads them. A log
may sign its own checkpoints with the ML-DSA-44 kind.

Confirmed: 0x06 by a checkpoint that litewitness of torchwood accepts, signed by a log with time 0 (tests). For 0x04 the
specification's text and the form of its examples were read; no signature with a public key to verify it was at hand.
"""

from trueware.errors import MalformedInput, UntrustedStatement
from trueware.tlog.tree_head import parse

LATEST_TIME = (1 << 63) - 1
LABEL = b"subtree/v1\n\0"


def split_time(value: bytes) -> tuple[int, bytes]:
    """Return time and signature of a cosignature.

    Raises:
        UntrustedStatement: there is no time, or it is later than any may be.
    """
    time = int.from_bytes(value[:8], "big")
    if len(value) < 8 or time > LATEST_TIME:
        raise UntrustedStatement("a cosignature at a time that is none")
    return time, value[8:]


def ed25519_message(text: str, time: int) -> bytes:
    """Return what an Ed25519 cosignature of a text covers."""
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def checkpoint_message(cosigner: str, time: int, text: str) -> bytes:
    """Return what an ML-DSA-44 cosignature of a checkpoint covers.

    Raises:
        UntrustedStatement: the text is that of no checkpoint, or cannot be covered.
    """
    try:
        at = parse(text)
        return subtree_message(cosigner, time, at.origin, 0, at.size, at.root)
    except (MalformedInput, ValueError) as error:
        raise UntrustedStatement(f"a cosignature of what is no checkpoint ({error})") from error


def subtree_message(cosigner: str, time: int, origin: str, start: int, end: int, root: bytes) -> bytes:
    """Return what an ML-DSA-44 cosignature of the leaves `start` to `end` - 1 covers.

    Raises:
        ValueError: one of the values cannot stand in it.
    """
    names = cosigner.encode(), origin.encode()
    if not all(0 < len(each) < 256 for each in names):
        raise ValueError("a cosigner or origin of no byte or more than 255")
    if not 0 <= start <= end <= LATEST_TIME or not 0 <= time <= LATEST_TIME or (start and time):
        raise ValueError("leaves or a time that cannot be cosigned")
    if len(root) != 32:
        raise ValueError("a root that is no hash")
    name, log = (bytes([len(each)]) + each for each in names)
    return LABEL + name + time.to_bytes(8, "big") + log + start.to_bytes(8, "big") + end.to_bytes(8, "big") + root
