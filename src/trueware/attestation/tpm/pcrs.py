"""Which PCRs a quote covers, and the values that are sent beside it.

::

    TPML_PCR_SELECTION  UINT32 count, then each: UINT16 hash, BYTE sizeofSelect, BYTE[sizeofSelect] select (PCR n: byte n/8, bit n%8)

    file of tpm2-tools  TPML_PCR_SELECTION as it lies in memory, little-endian: UINT32 count, 16 of (UINT16 hash, BYTE sizeofSelect,
    (``quote.pcrs``)    BYTE[4] select, 1 byte of padding); UINT32 count; that many TPML_DIGEST of 532 bytes: UINT32 count,
                        8 of (UINT16 size, BYTE[64])

Source: TCG TPM 2.0 Library Part 2 §10.6.2, §10.9.7; Part 1 §17.5 (values in a digest: banks in the order of the selection, PCRs
ascending). The file: tpm2-tools, ``lib/pcr.c`` and ``tools/tpm2_quote.c``, which write the structures of tpm2-tss as they
are; Keylime's agents write the same. What fills the unused slots is not looked at.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from struct import Struct

from trueware.attestation.tpm.algorithms import HASHES, NUMBERS, SIZES
from trueware.attestation.tpm.fields import Fields
from trueware.errors import MalformedInput

Selection = tuple[tuple[str, tuple[int, ...]], ...]
"""Banks in their order with the PCRs of each, ascending."""

_MOST_BANKS = 16
_LONGEST_SELECT = 4
"""Bytes of a bit map: PCR_SELECT_MAX of tpm2-tss, 32 PCRs."""

_FILE = "tpm2-tools-pcrs"
_FILE_SELECTION, _FILE_BANK, _FILE_DIGESTS, _FILE_DIGEST = 132, 8, 532, 66
_COUNT = Struct("<I")
_BANK = Struct("<HB4s")
_PER_LIST = 8
_LIST = Struct("<I" + "H64s" * _PER_LIST)
_LONGEST_DIGEST = 64
_MOST_LISTS = 64


@dataclass(frozen=True, slots=True)
class PcrValues:
    """Values of PCRs as somebody says they are; a quote proves them or not."""

    banks: Mapping[str, Mapping[int, bytes]]
    """By hash (hashlib's names) and index."""

    def selected(self, selection: Selection) -> dict[str, dict[int, bytes]]:
        """Return the values of a selection, in its order.

        Raises:
            KeyError: (bank, index) of one that is missing.
        """
        found: dict[str, dict[int, bytes]] = {}
        for bank, indices in selection:
            values = self.banks.get(bank, {})
            try:
                part = {index: values[index] for index in indices}
            except KeyError as missing:
                raise KeyError(bank, missing.args[0]) from None
            if bank in found:  # a TPM takes one bank in several parts
                found[bank].update(part)
            elif part:
                found[bank] = part
        return found


def joined(values: Mapping[str, Mapping[int, bytes]], selection: Selection) -> bytes:
    """Return values one behind the other in the order of a selection, all of which they have."""
    return b"".join([values[bank][index] for bank, indices in selection for index in indices])


def read_selection(fields: Fields) -> Selection:
    """Return the TPML_PCR_SELECTION that comes next.

    Raises:
        MalformedInput: it is none.
    """
    start = fields.at
    count = fields.u32("count of banks")
    if count > _MOST_BANKS:
        fields.refuse(f"a selection of {count} banks, {_MOST_BANKS} is the most", start)
    banks = []
    for _ in range(count):
        name = fields.hash("hash of a bank")
        size = fields.take(1, "sizeofSelect")[0]
        if size > _LONGEST_SELECT:
            fields.refuse(f"a bit map of {size} bytes, {_LONGEST_SELECT} is the most", fields.at - 1)
        banks.append((name, _indices(fields.take(size, "select"))))
    return tuple(banks)


def parse_selection(data: bytes) -> Selection:
    """Return a bare TPML_PCR_SELECTION.

    Raises:
        MalformedInput: it is none, or bytes stand behind it.
    """
    fields = Fields("tpml-pcr-selection", data)
    selection = read_selection(fields)
    fields.end()
    return selection


@lru_cache(maxsize=256)
def _indices(select: bytes) -> tuple[int, ...]:
    bits = int.from_bytes(select, "little")
    return tuple(index for index in range(8 * len(select)) if bits >> index & 1)


def from_values(selection: Selection, values: Iterable[bytes]) -> PcrValues:
    """Return values that stand in the order of `selection`.

    Raises:
        MalformedInput: there are more or fewer of them, one has not the size of its bank, or one PCR has two values.
    """
    banks: dict[str, dict[int, bytes]] = {}
    given = iter(values)
    for bank, indices in selection:
        part = dict(zip(indices, islice(given, len(indices)), strict=False))
        if len(part) < len(indices):
            raise MalformedInput("pcr-values", 0, f"PCR {indices[len(part)]} of {bank} has no value")
        if wrong := set(map(len, part.values())) - {SIZES[bank]}:
            raise MalformedInput(
                "pcr-values", 0, f"a value of {bank} of {min(wrong)} bytes, {SIZES[bank]} are expected"
            )
        before = banks.setdefault(bank, part)
        if before is not part:  # a TPM takes one bank in several parts
            if any(before.get(index, value) != value for index, value in part.items()):
                raise MalformedInput("pcr-values", 0, f"a PCR of {bank} has two values")
            before.update(part)
    if next(given, None) is not None:
        raise MalformedInput("pcr-values", 0, "more values than PCRs are selected")
    return PcrValues(banks)


def parse_joined(selection: Selection, data: bytes) -> PcrValues:
    """Return values that stand one behind the other in the order of `selection` (tpm2-tools, ``--pcrs_format values``).

    Raises:
        MalformedInput: `data` is shorter or longer than all of them.
    """
    sizes = [SIZES[bank] for bank, indices in selection for _ in indices]
    if sum(sizes) != len(data):
        raise MalformedInput("pcr-values", 0, f"{len(data)} bytes, the selected PCRs have {sum(sizes)}")
    at, values = 0, []
    for size in sizes:
        values.append(data[at : at + size])
        at += size
    return from_values(selection, values)


def parse_pcr_file(data: bytes) -> PcrValues:
    """Return the values in a file of PCRs by tpm2-tools (``tpm2_quote --pcr``), serialized form.

    Raises:
        MalformedInput: it is none, or bytes stand behind it.
    """
    if len(data) < _FILE_SELECTION + 4:
        raise MalformedInput(_FILE, 0, f"{len(data)} bytes, a selection and a count have {_FILE_SELECTION + 4}")
    selection = _file_selection(data)
    (lists,) = _COUNT.unpack_from(data, _FILE_SELECTION)
    start = _FILE_SELECTION + 4
    if lists > _MOST_LISTS or len(data) != start + lists * _FILE_DIGESTS:
        raise MalformedInput(_FILE, _FILE_SELECTION, f"{lists} lists of digests in {len(data) - start} bytes")
    usual = _usual_layout(selection) if lists else None
    if usual is not None and usual.layout.size == len(data):
        row = usual.layout.unpack_from(data)
        if row[::2] == usual.sizes:
            return from_values(selection, row[1::2])
    values = []
    for at in range(start, len(data), _FILE_DIGESTS):
        row = _LIST.unpack_from(data, at)
        if row[0] > _PER_LIST:
            raise MalformedInput(_FILE, at, f"a list of {row[0]} digests, {_PER_LIST} is the most")
        sizes = row[1 : 2 * row[0] : 2]
        if sizes and max(sizes) > _LONGEST_DIGEST:
            raise MalformedInput(_FILE, at, f"a digest of {max(sizes)} bytes")
        values += [value[:size] for size, value in zip(sizes, row[2::2], strict=False)]
    return from_values(selection, values)


def pcr_file(values: PcrValues) -> bytes:
    """Return values as a file of tpm2-tools, which `parse_pcr_file` reads; empty banks are left out.

    Raises:
        ValueError: there are more banks than such a file has room for.
    """
    banks = [(bank, sorted(part.items())) for bank, part in values.banks.items() if part]
    if len(banks) > _MOST_BANKS:
        raise ValueError(f"{len(banks)} banks, {_MOST_BANKS} is the most")
    out = _COUNT.pack(len(banks))
    for bank, part in banks:
        select = sum(1 << index for index, _ in part).to_bytes(_LONGEST_SELECT, "little")
        out += _BANK.pack(NUMBERS[bank], 4 if select[3] else 3, select) + b"\0"
    out = out.ljust(_FILE_SELECTION, b"\0")
    listed = [value for _, part in banks for _, value in part]
    lists = [listed[at : at + _PER_LIST] for at in range(0, len(listed), _PER_LIST)]
    out += _COUNT.pack(len(lists))
    for each in lists:
        row = [item for value in each for item in (len(value), value)]
        out += _LIST.pack(len(each), *row, *((0, b"") * (_PER_LIST - len(each))))
    return out


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where all values of a selection stand in a file whose lists are full but for the last, as tpm2-tools writes most."""

    layout: Struct
    """Sizes and values in turn; the counts of the lists stand with the first size of each, as one number."""

    sizes: tuple[bytes, ...]
    """What stands before each value."""


@lru_cache(maxsize=64)
def _usual_layout(selection: Selection) -> _Layout | None:
    """Return the layout; None where nothing is selected."""
    wanted = [SIZES[bank] for bank, indices in selection for _ in indices]
    text, sizes = f"<{_FILE_SELECTION + 4}x", []
    for start in range(0, len(wanted), _PER_LIST):
        part = wanted[start : start + _PER_LIST]
        for each, size in enumerate(part):
            head = len(part).to_bytes(4, "little") if not each else b""
            sizes.append(head + size.to_bytes(2, "little"))
            text += f"{len(sizes[-1])}s{size}s{_LONGEST_DIGEST - size}x"
        text += f"{(_PER_LIST - len(part)) * _FILE_DIGEST}x"
    return _Layout(Struct(text), tuple(sizes)) if wanted else None


def _file_selection(data: bytes) -> Selection:
    (count,) = _COUNT.unpack_from(data)
    if count > _MOST_BANKS:
        raise MalformedInput(_FILE, 0, f"a selection of {count} banks, {_MOST_BANKS} is the most")
    banks = []
    for at in range(4, 4 + count * _FILE_BANK, _FILE_BANK):
        number, size, select = _BANK.unpack_from(data, at)
        if number not in HASHES or size > _LONGEST_SELECT:
            raise MalformedInput(_FILE, at, f"hash {number:#06x} with a bit map of {size} bytes")
        banks.append((HASHES[number], _indices(select[:size])))
    return tuple(banks)
