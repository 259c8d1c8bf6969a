"""Small ELF files, put together from what they should say."""

from dataclasses import dataclass, replace
from struct import pack

BASE = 0x400000
PAGE = 0x1000

MIPS, ARM, X86_64, AARCH64 = 8, 40, 62, 183


@dataclass(frozen=True)
class Made:
    """What the file is to say; `image` makes it."""

    code: bytes = b"\x03\xe0\x00\x08\0\0\0\0" * 16
    data: bytes = b"usage: %s\0"
    machine: int = MIPS
    wide: int = 1
    order: str = ">"
    kind: int = 2
    interpreter: str = "/lib/ld-uClibc.so.0"
    needed: tuple[str, ...] = ("libc.so.0",)
    imports: tuple[str, ...] = ("printf",)
    exports: tuple[tuple[str, int, int], ...] = ()
    """Name, place in the code, size."""
    names: tuple[tuple[str, int, int], ...] = ()
    """Likewise, for people only: needs sections."""
    rpath: str = ""
    sections: bool = False
    hardened: bool = False
    build_id: bytes = b""
    entry: int = 0
    """Place in the code."""
    appended: bytes = b""
    segments: tuple[tuple[int, int], ...] = ()
    """Type and flags of further program headers, without content."""

    def with_(self, **fields: object) -> "Made":
        return replace(self, **fields)  # type: ignore[arg-type]

    @property
    def image(self) -> bytes:
        return _put_together(self)


def _put_together(made: Made) -> bytes:
    word = "I" if made.wide == 1 else "Q"
    order = made.order
    strings = bytearray(b"\0")

    def name(text: str) -> int:
        at = len(strings)
        strings.extend(text.encode() + b"\0")
        return at

    header = 52 if made.wide == 1 else 64
    each = 32 if made.wide == 1 else 56
    dynamic_wanted = bool(made.needed or made.imports or made.exports or made.rpath)
    kinds = [1, 1] + [3] * bool(made.interpreter) + [2] * dynamic_wanted + [4] * bool(made.build_id)
    kinds += [0x6474E552, 0x6474E551] * made.hardened + [kind for kind, _ in made.segments]
    at = header + each * len(kinds)
    body = bytearray()

    def put(content: bytes) -> tuple[int, int]:
        while (at + len(body)) % 16:
            body.append(0)
        start = at + len(body)
        body.extend(content)
        return start, len(content)

    interpreter = put(made.interpreter.encode() + b"\0")
    note = put(pack(f"{order}3I", 4, len(made.build_id), 3) + b"GNU\0" + made.build_id)
    entries = [(1, name(text)) for text in made.needed]
    if made.rpath:
        entries.append((29, name(made.rpath)))
    if made.hardened:
        entries.append((30, 8))
    symbols = [(0, 0, 0, 0, 0)] + [(name(text), 0, 0, 0x12, 0) for text in made.imports]
    exported = [(name(text), place, size) for text, place, size in made.exports]
    table_size = (len(symbols) + len(exported)) * (16 if made.wide == 1 else 24)
    table = put(bytes(table_size))
    count = len(symbols) + len(exported)
    hashed = put(pack(f"{order}2I", 1, count) + bytes(4 + 4 * count))
    texts = put(bytes(strings))
    code = put(made.code)
    data = put(made.data)
    symbols += [(text, BASE + code[0] + place, size, 0x12, 1) for text, place, size in exported]
    body[table[0] - at : table[0] - at + table_size] = b"".join(_symbol(made, *symbol) for symbol in symbols)
    entries += [(4, BASE + hashed[0]), (5, BASE + texts[0]), (6, BASE + table[0]), (10, texts[1])]
    entries += [(12, BASE + code[0]), (13, BASE + code[0] + code[1]), (0, 0)]
    first_end = at + len(body)
    dynamic = put(b"".join(pack(f"{order}2{word}", tag, value) for tag, value in entries))
    places = {2: dynamic, 3: interpreter, 4: note}
    extra = iter(flags for _, flags in made.segments)
    headers = []
    for index, kind in enumerate(kinds):
        if kind == 1 and index < 2:
            start, size, flags = (0, first_end, 5) if not index else (dynamic[0], dynamic[1], 6)
        elif kind in places:
            (start, size), flags = places[kind], 4
        else:
            start, size, flags = 0, 0, next(extra) if index >= len(kinds) - len(made.segments) else 6
        address = BASE + start + (PAGE if kind == 1 and index == 1 else 0)
        fields = (kind, start, address, address, size, size, flags, 16)
        if made.wide == 2:
            fields = (kind, flags, start, address, address, size, size, 16)
        headers.append(pack(f"{order}8I" if made.wide == 1 else f"{order}2I6Q", *fields))
    table_at, number = 0, 0
    tail = b""
    if made.sections:
        table_at, number, tail = _sections(made, at + len(body), code, data)
    head = pack(
        f"{order}2HI3{word}I6H", made.kind, made.machine, 1, BASE + code[0] + made.entry, header, table_at, 0, header, each,
        len(kinds), 40 if made.wide == 1 else 64, number, number and number - 1,
    )  # fmt: skip
    magic = b"\x7fELF" + bytes((made.wide, 1 if order == "<" else 2, 1)) + bytes(9)
    return magic + head + b"".join(headers) + bytes(body) + tail + made.appended


def _symbol(made: Made, name: int, value: int, size: int, info: int, section: int) -> bytes:
    if made.wide == 1:
        return pack(f"{made.order}3I2BH", name, value, size, info, 0, section)
    return pack(f"{made.order}I2BH2Q", name, info, 0, section, value, size)


def _sections(made: Made, end: int, code: tuple[int, int], data: tuple[int, int]) -> tuple[int, int, bytes]:
    """Return where the table is, how many, and the bytes behind what is loaded."""
    strings = bytearray(b"\0")
    symbols = [_symbol(made, 0, 0, 0, 0, 0)]
    for text, place, size in made.names:
        symbols.append(_symbol(made, len(strings), BASE + code[0] + place, size, 0x02, 1))
        strings += text.encode() + b"\0"
    names = b"\0.text\0.rodata\0.symtab\0.strtab\0.shstrtab\0"
    table, text_at = b"".join(symbols), end
    strings_at = text_at + len(table)
    names_at = strings_at + len(strings)
    word = "I" if made.wide == 1 else "Q"

    def section(name: bytes, kind: int, flags: int, place: tuple[int, int], link: int = 0) -> bytes:
        address = BASE + place[0] if flags else 0
        return pack(
            f"{made.order}2I4{word}2I2{word}",
            names.index(name),
            kind,
            flags,
            address,
            *place,
            link,
            0,
            1,
            16 * made.wide,
        )

    listed = [
        section(b"\0", 0, 0, (0, 0)),
        section(b".text", 1, 6, code),
        section(b".rodata", 1, 2, data),
        section(b".symtab", 2, 0, (text_at, len(table)), 4),
        section(b".strtab", 3, 0, (strings_at, len(strings))),
        section(b".shstrtab", 3, 0, (names_at, len(names))),
    ]
    return names_at + len(names), len(listed), table + bytes(strings) + names + b"".join(listed)
