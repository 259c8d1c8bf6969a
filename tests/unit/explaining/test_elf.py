"""The ELF reader, on files made to say something, on real ones, and on any bytes."""

import shutil
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueware.errors import InputError, MalformedInput
from trueware.explaining.portraits import portray
from trueware.explaining.portraits.elf import of_bytes, of_elf
from trueware.explaining.reading.elf import Elf, read_elf

from .elf_files import AARCH64, ARM, MIPS, X86_64, Made

ARROWS = [(MIPS, 1, ">"), (MIPS, 1, "<"), (ARM, 1, "<"), (X86_64, 2, "<"), (AARCH64, 2, "<"), (21, 2, ">")]


def body(elf: Elf) -> None:
    """Ask for everything a reader offers."""
    made = of_elf(elf)
    again = of_bytes(made.encode())
    assert again == made
    assert again.encode() == made.encode()


@pytest.mark.parametrize(("machine", "wide", "order"), ARROWS)
@pytest.mark.parametrize("sections", [False, True])
def test_what_is_said_is_read(machine: int, wide: int, order: str, sections: bool) -> None:  # noqa: FBT001
    made = Made(
        machine=machine,
        wide=wide,
        order=order,
        sections=sections,
        needed=("libc.so.0", "libcrypt.so.0"),
        imports=("printf", "system", "__stack_chk_fail", "__sprintf_chk"),
        exports=(("main", 0, 32), ("check", 32, 64)),
        rpath="/tmp/lib",
        hardened=True,
    )
    elf = read_elf(made.image)
    assert elf.bits == 32 * wide
    assert elf.platform.endswith(f"{32 * wide} bits, {'big' if order == '>' else 'little'}-endian")
    assert elf.needed == ("libc.so.0", "libcrypt.so.0")
    assert elf.search_path == "/tmp/lib"
    assert elf.interpreter == "/lib/ld-uClibc.so.0"
    assert elf.imports == {"printf", "system", "__stack_chk_fail", "__sprintf_chk"}
    assert elf.exports == {"main", "check"}
    assert elf.hardening == {"relro", "bind-now", "nx", "stack-protector", "fortify"}
    assert [elf.view[start:end] for start, end in elf.code] == [made.code]
    assert [(name, bytes(elf.view[at : at + size])) for name, at, size, _ in elf.functions()] == [
        ("main", made.code[:32]),
        ("check", made.code[32:96]),
    ]
    assert any(b"usage" in bytes(elf.view[start:end]) for start, end in elf.data)
    assert elf.end == len(made.image)
    body(elf)


def test_names_for_people_come_first_and_a_stripped_file_has_none() -> None:
    made = Made(sections=True, names=(("inner", 0, 16),), exports=(("outer", 16, 16),))
    assert [each[0] for each in read_elf(made.image).functions()] == ["inner"]
    assert [each[0] for each in read_elf(made.with_(sections=False).image).functions()] == ["outer"]


def test_bytes_behind_the_file_are_none_of_it() -> None:
    made = Made(appended=b"x" * 100)
    assert read_elf(made.image).end == len(made.image) - 100


@pytest.mark.parametrize(
    "data", [b"", b"\x7fELF", b"\x7fELF\x03\x01" + bytes(60), b"\x7fELF\x01\x01" + bytes(20), b"MZ" + bytes(80)]
)
def test_what_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedInput):
        read_elf(data)
    assert portray("x", data[:16], data) is None


SEEDS = [
    Made(machine=machine, wide=wide, order=order, sections=True, exports=(("f", 0, 16),)).image
    for machine, wide, order in ARROWS
]


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 2000), st.binary(min_size=1, max_size=8)), max_size=8),
    st.integers(0, 2000),
)
def test_damaged_bytes_raise_nothing_but_input_errors(seed: bytes, edits: list[tuple[int, bytes]], end: int) -> None:
    data = bytearray(seed)
    for at, patch in edits:
        data[at % len(data) : at % len(data) + len(patch)] = patch
    with suppress(InputError):
        body(read_elf(bytes(data[: max(end, 60)])))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_behind_a_magic(data: bytes) -> None:
    with suppress(InputError):
        body(read_elf(b"\x7fELF\x01\x01\x01" + data))


def test_many_names_in_one_long_text_cost_no_more_than_they_are() -> None:
    """Each of 40,000 symbols names a text without an end, and covers the whole code."""

    def cost(count: int) -> float:
        code = b"\x27\xbd\xff\xe0" * 4096
        made = Made(
            code=code,
            imports=(),
            sections=True,
            names=tuple(("", 4 * n % 8192, 8192) for n in range(count)),
            data=b"A" * (1 << 16),
        )
        data = made.image

        def once() -> float:
            start = time.process_time()
            of_elf(read_elf(data))
            return time.process_time() - start

        return min(once() for _ in range(3))

    small, large = cost(5_000), cost(40_000)
    assert large < 40 * max(small, 0.002)


@pytest.mark.parametrize(
    "kept", [b"", b"\x80", b"\x82\x63elf\x01", b"\x8e\x63elf\x01" + b"\x00" * 12, b"\xff", b"\x9f" * 900]
)
def test_a_portrait_that_is_none_is_refused(kept: bytes) -> None:
    with pytest.raises(InputError):
        of_bytes(kept)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 400), st.binary(min_size=1, max_size=6))
def test_a_damaged_portrait_raises_nothing_but_input_errors(at: int, patch: bytes) -> None:
    kept = bytearray(portray("x", SEEDS[0][:16], SEEDS[0]) or b"")
    kept[at % len(kept) : at % len(kept) + len(patch)] = patch
    with suppress(InputError):
        of_bytes(bytes(kept))


@pytest.mark.parametrize("place", [5, 10, 11, 13])
def test_a_number_in_the_place_of_bytes_is_refused(place: int) -> None:
    """It would be taken for as many zeros: gigabytes of them."""
    item = cbor2.loads(portray("x", SEEDS[0][:16], SEEDS[0]) or b"")
    item[place] = 1 << 40
    with pytest.raises(InputError):
        of_bytes(cbor2.dumps(item))


def test_real_programs_say_what_readelf_says() -> None:
    readelf, program = shutil.which("readelf"), Path("/bin/ls")
    if readelf is None or not program.exists():
        pytest.skip("no readelf, or no program to read")
    elf = read_elf(program.read_bytes())
    told = subprocess.run(
        [readelf, "-W", "-d", "--dyn-syms", program], capture_output=True, text=True, check=True
    ).stdout
    assert all(f"[{library}]" in told for library in elf.needed)
    listed = [line.split() for line in told.splitlines() if " UND " in line]
    assert {fields[7].partition("@")[0] for fields in listed if len(fields) > 7} == elf.imports
