"""Code of two builds: what a linker fills in never differs, what somebody programs does."""

import random
from struct import pack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueware.explaining.reading.instructions import MIPS16, THUMB, cut, settle

Word = tuple[str, str, int, int]


def words(machine: str, order: str, *code: int) -> bytes:
    return pack(f"{order}{len(code)}{'H' if machine in (THUMB, MIPS16) else 'I'}", *code)


ADDRESSES: list[Word] = [
    ("MIPS", ">", 0x0C100123, 0x0C1FFFFF),  # jal
    ("MIPS", "<", 0x3C1C0044, 0x3C1C0051),  # lui gp
    ("MIPS", ">", 0x279C9A50, 0x279C1230),  # addiu gp
    ("MIPS", ">", 0x8F998010, 0x8F998444),  # lw t9, (gp)
    ("MIPS", ">", 0x24841234, 0x24845678),  # addiu a0, a0, lo
    ("PowerPC", ">", 0x48001235, 0x4BFFF001),  # bl
    ("PowerPC", ">", 0x3D201001, 0x3D201002),  # lis
    ("PowerPC", ">", 0x81291234, 0x81295678),  # lwz
    ("ARM", "<", 0xEB000123, 0xEBFFFE12),  # bl
    ("ARM", "<", 0xE3012345, 0xE3052789),  # movw r2
    ("ARM", "<", 0x0001B3C4, 0x00021234),  # word of data
    ("ARM", ">", 0xEA000001, 0xEAFFF001),  # b
    ("AArch64", "<", 0x94000123, 0x97FFFE12),  # bl
    ("AArch64", "<", 0x90000080, 0xF0000100 & ~0x1F),  # adrp x0
    ("AArch64", "<", 0x91012000, 0x910AB000),  # add x0, x0, lo12
    ("AArch64", "<", 0xF9412C21, 0xF9400421),  # ldr x1, [x1, lo12]
]

CODE: list[Word] = [
    ("MIPS", ">", 0x24020000, 0x24020001),  # li v0
    ("MIPS", "<", 0x27BDFFE0, 0x27BDFFD0),  # addiu sp
    ("MIPS", ">", 0xAFBF0018, 0xAFBF001C),  # sw ra, (sp)
    ("MIPS", ">", 0x10400003, 0x14400003),  # beqz, bnez
    ("MIPS", ">", 0x30420001, 0x30420002),  # andi
    ("PowerPC", ">", 0x38600000, 0x38600001),  # li r3
    ("PowerPC", ">", 0x9421FFF0, 0x9421FFE0),  # stwu r1
    ("ARM", "<", 0xE3A00000, 0xE3A00001),  # mov r0
    ("ARM", "<", 0x0A000001, 0x1A000001),  # beq, bne
    ("ARM", "<", 0xE92D4010, 0xE92D4070),  # push
    ("AArch64", "<", 0x52800000, 0x52800020),  # mov w0
    ("AArch64", "<", 0x910083FF, 0x9100C3FF),  # add sp
    ("AArch64", "<", 0x34000060, 0x35000060),  # cbz, cbnz
    ("RISC-V", "<", 0x00000513, 0x00100513),  # li a0
]


@pytest.mark.parametrize(("machine", "order", "one", "other"), ADDRESSES)
def test_addresses_are_blank(machine: str, order: str, one: int, other: int) -> None:
    assert settle(words(machine, order, one), machine, order) == settle(words(machine, order, other), machine, order)


@pytest.mark.parametrize(("machine", "order", "one", "other"), CODE)
def test_code_is_not(machine: str, order: str, one: int, other: int) -> None:
    assert settle(words(machine, order, one), machine, order) != settle(words(machine, order, other), machine, order)


def test_calls_in_two_halves() -> None:
    for order in "<>":
        one, other = words(THUMB, order, 0xB510, 0xF000, 0xF801), words(THUMB, order, 0xB510, 0xF7FF, 0xFFAA)
        assert settle(one, THUMB, order) == settle(other, THUMB, order)
        assert settle(words(THUMB, order, 0x2000), THUMB, order) != settle(words(THUMB, order, 0x2001), THUMB, order)
        assert settle(words(MIPS16, order, 0x1800, 0x1234), MIPS16, order) == settle(
            words(MIPS16, order, 0x1801, 0x9876), MIPS16, order
        )


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (b"\xe8\x01\x02\x03\x04\x90", b"\xe8\xf1\xf2\xff\xff\x90", True),  # call
        (b"\x0f\x84\x01\x02\x00\x00", b"\x0f\x84\x99\x02\x00\x00", True),  # je
        (b"\x48\x8d\x3d\x01\x02\x03\x00", b"\x48\x8d\x3d\x99\x02\x03\x00", True),  # lea rdi, [rip+…]
        (b"\x48\x8b\x05\x01\x02\x03\x00\xc3", b"\x48\x8b\x05\x99\x02\x03\x00\xc3", True),
        (b"\xb8\x00\x00\x00\x00\xc3", b"\xb8\x01\x00\x00\x00\xc3", False),  # mov eax
        (b"\x83\xf8\x07", b"\x83\xf8\x08", False),  # cmp eax
        (b"\x74\x05\x90", b"\x75\x05\x90", False),  # je, jne
    ],
)
def test_x86(one: bytes, other: bytes, equal: bool) -> None:  # noqa: FBT001
    assert (settle(one, "x86-64", "<") == settle(other, "x86-64", "<")) is equal


def test_absolute_addresses_of_x86() -> None:
    one, other = b"\x68\x40\xa0\x04\x08\xa1\x44\xb0\x04\x08", b"\x68\x44\xa1\x04\x08\xa1\x48\xc0\x05\x08"
    assert settle(one, "x86", "<") == settle(other, "x86", "<")
    assert settle(b"\x68\x01\x00\x00\x00", "x86", "<") != settle(b"\x68\x02\x00\x00\x00", "x86", "<")


@pytest.mark.parametrize(
    ("machine", "order", "ending"),
    [
        ("MIPS", ">", words("MIPS", ">", 0x03E00008, 0)),
        ("MIPS", "<", words("MIPS", "<", 0x03E00008, 0)),
        ("ARM", "<", words("ARM", "<", 0xE12FFF1E)),
        ("ARM", "<", words("ARM", "<", 0xE8BD8010)),
        ("AArch64", "<", words("AArch64", "<", 0xD65F03C0)),
        ("PowerPC", ">", words("PowerPC", ">", 0x4E800020)),
        ("RISC-V", "<", b"\x82\x80"),
        (THUMB, "<", b"\x70\x47"),
        (MIPS16, ">", b"\xe8\x20\x65\x00"),
        ("x86-64", "<", b"\xc3\x90"),
    ],
)
def test_an_inserted_function_moves_no_other_cut(machine: str, order: str, ending: bytes) -> None:
    dice = random.Random(5)

    def function() -> bytes:
        body = bytes(dice.choice(b"\x11\x21\x31\x13\x17") for _ in range(200))
        return body + ending

    functions = [function() for _ in range(30)]
    more = [*functions[:10], function(), *functions[10:]]
    pieces = [
        {code[start:end] for start, end in cut(code, machine, order)} for code in (b"".join(functions), b"".join(more))
    ]
    assert len(pieces[0] - pieces[1]) <= 1
    assert len(pieces[1] - pieces[0]) <= 2
    assert len(pieces[0]) > 20


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=6000),
    st.sampled_from(["MIPS", "ARM", THUMB, MIPS16, "AArch64", "PowerPC", "x86", "x86-64", "RISC-V", "machine 9"]),
    st.sampled_from("<>"),
)
def test_any_bytes_keep_their_length_and_are_covered(code: bytes, machine: str, order: str) -> None:
    settled = settle(code, machine, order)
    assert len(settled) == len(code)
    assert settle(settled, machine, order) == settled or machine.startswith("x86")
    at = 0
    for start, end in cut(code, machine, order):
        assert start == at < end <= start + 2048
        at = end
    assert at == len(code)
