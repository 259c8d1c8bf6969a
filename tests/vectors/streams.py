"""The vectors every compressed format has: whole, two in a row, followed by something else, cut short, damaged, no stream at all."""

from collections.abc import Callable, Iterable

from case import gap, patched, region, write

TEXT = b"".join(b"line %d of a file that is worth compressing\n" % number for number in range(60))
MORE = b"and what the second stream holds\n" * 9
TAIL = b"something that belongs to no stream"


def write_all(
    compress: Callable[[bytes], bytes],
    damaged: tuple[int, Iterable[str]] | None,
    refused: tuple[bytes, Iterable[str]],
    *,
    in_a_row: bool = True,
    trailing: Iterable[str] = ("unread-bytes",),
) -> None:
    """Write the cases.

    Args:
        compress: the format's own tool.
        damaged: offset of a byte of the stream to change (from the end where negative), and what that leads to; None where the
            format carries no checksum.
        refused: bytes with the format's magic that are no stream, and what is reported of them.
        in_a_row: whether streams may follow each other.
        trailing: what comes of bytes behind the stream.
    """
    stream = compress(TEXT)
    write("whole", stream, "One stream, as the format's own tool writes it.", parts={"data": region(TEXT)})
    if in_a_row:
        parts = {"data": region(TEXT + MORE)}
        write("two-streams", stream + compress(MORE), "Two streams in a row are one content to the format's own tool.", parts=parts)
    if trailing:
        parts = {"data": region(TEXT), "gap-0": gap(TAIL)}
        write("trailing", stream + TAIL, "Bytes behind the stream are kept apart and reported.", parts=parts, findings=trailing)
    if damaged is not None:
        at, rules = damaged
        at %= len(stream)
        changed = patched(stream, at, bytes([stream[at] ^ 0x01]))
        write("damaged", changed, f"Bit 0 of byte {at} is flipped.", parts={"data": {"kind": "region"}}, findings=rules)
    data, rules = refused
    write("refused", data, "The magic, and then nothing that could be a stream.", findings=rules)


def write_truncated(stream: bytes, rules: Iterable[str]) -> None:
    """Write the case of a stream that ends early."""
    cut = stream[: len(stream) * 2 // 3]
    write("truncated", cut, "The last third of the stream is missing.", parts={"data": {"kind": "region"}}, findings=rules)
