"""Forward error correction of dm-verity: whether parity belongs to the data, by Reed-Solomon codes over GF(2^8).

Data, filled up with zeros, is cut into as many equal runs of whole blocks as a code word has symbols of data (255 less the roots).
Code word number i has byte i of each run, the first run first, and then `roots` bytes of parity, which are stored one word after the
other. The field is made by x^8 + x^4 + x^3 + x^2 + 1, and the roots are powers of x from the 0th on. A word is one if it is zero at
each root (Horner). Sources: Linux ``drivers/md/dm-verity-fec.c``, AOSP ``system/extras/libfec``; veritysetup makes the parity of the
vectors.

All words are computed at once: a run is one large number, and what is done to it is done to each of its bytes.
"""

from trueware.formats.contract import Buffer

BLOCK = 4096
MOST_ROOTS = 24
_SYMBOLS = 255
_POLYNOMIAL = 0x1D


def parity_size(size: int, roots: int) -> int:
    """Return the bytes of parity of `size` bytes of data."""
    return _run(size, roots) * roots


def _run(size: int, roots: int) -> int:
    words = -(-size // BLOCK)
    return -(-words // (_SYMBOLS - roots)) * BLOCK


class ParityCheck:
    """Takes data in pieces of any size, and tells whether parity belongs to it."""

    def __init__(self, size: int, roots: int) -> None:
        if not 2 <= roots <= MOST_ROOTS:
            raise ValueError(f"{roots} roots")
        self._run, self._roots = _run(size, roots), roots
        self._left = self._run * (_SYMBOLS - roots)
        self._low = int.from_bytes(b"\x7f" * self._run)
        self._one = int.from_bytes(b"\x01" * self._run)
        self._powers = [_multiples(power) for power in range(2, roots)]
        self._sums = [0] * roots
        self._rest = bytearray()

    def feed(self, piece: Buffer) -> None:
        """Take in the next bytes of data."""
        view, run = memoryview(piece), self._run
        self._left -= len(view)
        if self._rest:
            missing = run - len(self._rest)
            self._rest += view[:missing]
            view = view[missing:]
            if len(self._rest) < run:
                return
            self._symbol(self._rest)
            self._rest.clear()
        whole = len(view) - len(view) % run
        for at in range(0, whole, run):
            self._symbol(view[at : at + run])
        self._rest += view[whole:]

    def fits(self, parity: Buffer) -> bool:
        """Tell whether this is the parity of all that was taken in."""
        if len(parity) != self._run * self._roots or self._left < 0:
            return False
        self.feed(bytes(self._left))
        parity = bytes(parity)
        for number in range(self._roots):
            self._symbol(parity[number :: self._roots])
        return not any(self._sums)

    def _symbol(self, data: Buffer) -> None:
        """Take one symbol of all words."""
        taken = int.from_bytes(data)
        sums = self._sums
        sums[0] ^= taken
        double = (sums[1] & self._low) << 1
        sums[1] = double ^ ((sums[1] >> 7 & self._one) * _POLYNOMIAL) ^ taken
        for number, multiples in enumerate(self._powers, 2):
            sums[number] = int.from_bytes(sums[number].to_bytes(self._run).translate(multiples)) ^ taken


def _multiples(power: int) -> bytes:
    """Return what each byte is times x to the `power`."""
    made = bytearray(range(256))
    for _ in range(power):
        made = bytearray(each << 1 & 0xFF ^ (_POLYNOMIAL if each & 0x80 else 0) for each in made)
    return bytes(made)
