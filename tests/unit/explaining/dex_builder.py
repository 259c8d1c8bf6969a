"""Builds Dalvik programs by the layout of "Dalvik executable format", with just the instructions that tests need.

Tables are sorted as the format wants it, so that one string more changes the numbers of all others.
"""

from dataclasses import dataclass, field
from hashlib import sha1
from struct import pack
from zlib import adler32

Operation = tuple[bytes, str, str] | bytes
"""An instruction: its bytes, or bytes before an index, kind of index (string, type, field, method), and what it names."""

RETURN_VOID = b"\x0e\0"


def call(method: str) -> Operation:
    """Return ``invoke-static {}``, of a method written ``Lorg/x/Y;->name(I)V``."""
    return b"\x71\0", "method", method


def const(text: str, *, jumbo: bool = False) -> Operation:
    """Return ``const-string v0``."""
    return (b"\x1b\0" if jumbo else b"\x1a\0"), "string", text


@dataclass
class Written:
    """One class; `methods` maps ``name(I)V`` to instructions, None for no code."""

    name: str
    methods: dict[str, list[Operation] | None] = field(default_factory=dict)
    extends: str = "Ljava/lang/Object;"
    implements: tuple[str, ...] = ()
    texts: dict[str, str] = field(default_factory=dict)
    """Static fields that are texts, with their first values."""

    access: int = 1
    tries: bool = False
    """Whether each method with code has a try over all of it that catches everything."""


def program(classes: list[Written], *, strings: tuple[str, ...] = ()) -> bytes:
    """Return the program; `strings` are in it for no reason."""
    types: set[str] = {"V"}
    protos: set[str] = set()
    methods: set[tuple[str, str, str]] = set()
    fields: set[tuple[str, str, str]] = set()
    texts: set[str] = set(strings)

    def learn(method: str) -> None:
        owner, _, rest = method.partition("->")
        name, proto = _split(rest)
        methods.add((owner, name, proto))
        types.update((owner, *_arguments(proto), _result(proto)))
        protos.add(proto)
        texts.update((name, _shorty(proto)))

    for each in classes:
        types.update((each.name, each.extends, *each.implements))
        for name in each.texts:
            fields.add((each.name, name, "Ljava/lang/String;"))
            types.add("Ljava/lang/String;")
            texts.update((name, each.texts[name]))
        for method, code in each.methods.items():
            learn(f"{each.name}->{method}")
            for operation in code or []:
                if isinstance(operation, tuple):
                    _, kind, named = operation
                    if kind == "method":
                        learn(named)
                    elif kind == "string":
                        texts.add(named)
                    elif kind == "type":
                        types.add(named)
                    else:
                        owner, _, rest = named.partition("->")
                        name, _, of = rest.partition(":")
                        fields.add((owner, name, of))
                        types.update((owner, of))
                        texts.add(name)
    texts |= types
    string_list = sorted(texts)
    string_of = {text: number for number, text in enumerate(string_list)}
    type_list = sorted(types, key=string_of.__getitem__)
    type_of = {name: number for number, name in enumerate(type_list)}
    proto_list = sorted(
        protos, key=lambda proto: (type_of[_result(proto)], [type_of[each] for each in _arguments(proto)])
    )
    proto_of = {proto: number for number, proto in enumerate(proto_list)}
    field_list = sorted(fields, key=lambda each: (type_of[each[0]], string_of[each[1]], type_of[each[2]]))
    field_of = {f"{owner}->{name}:{of}": number for number, (owner, name, of) in enumerate(field_list)}
    method_list = sorted(methods, key=lambda each: (type_of[each[0]], string_of[each[1]], proto_of[each[2]]))
    method_of = {f"{owner}->{name}{proto}": number for number, (owner, name, proto) in enumerate(method_list)}
    index = {"string": string_of, "type": type_of, "field": field_of, "method": method_of}

    sizes = [len(string_list), len(type_list), len(proto_list), len(field_list), len(method_list), len(classes)]
    places, at = [], 112
    for count, width in zip(sizes, (4, 4, 12, 8, 8, 32), strict=True):
        places.append(at)
        at += count * width
    data = bytearray()
    base = at

    def put(piece: bytes, align: int = 4) -> int:
        data.extend(bytes(-(base + len(data)) % align))
        place = base + len(data)
        data.extend(piece)
        return place

    def types_at(names: tuple[str, ...]) -> int:
        return put(pack(f"<I{len(names)}H", len(names), *(type_of[name] for name in names))) if names else 0

    string_places = [put(_uleb(len(text)) + text.encode() + b"\0", 1) for text in string_list]
    proto_rows = b"".join(
        pack("<III", string_of[_shorty(proto)], type_of[_result(proto)], types_at(_arguments(proto)))
        for proto in proto_list
    )
    rows = b""
    for each in classes:
        codes = {
            method: put(_code(code, index, tries=each.tries)) if code is not None else 0
            for method, code in each.methods.items()
        }
        own = sorted((field_of[f"{each.name}->{name}:Ljava/lang/String;"], text) for name, text in each.texts.items())
        values = (
            put(_uleb(len(own)) + b"".join(b"\x77" + pack("<I", string_of[text]) for _, text in own), 1) if own else 0
        )
        listed = sorted((method_of[f"{each.name}->{method}"], place) for method, place in codes.items())
        members = _uleb(len(own)) + b"\0" + _uleb(0) + _uleb(len(listed))
        members += _members([(number, b"\x09") for number, _ in own])
        members += _members([(number, b"\x01" + _uleb(place)) for number, place in listed])
        rows += pack(
            "<8I", type_of[each.name], each.access, type_of[each.extends], types_at(each.implements), 0xFFFFFFFF, 0,
            put(members, 1), values,
        )  # fmt: skip
    body = b"".join(pack("<I", place) for place in string_places)
    body += b"".join(pack("<I", string_of[name]) for name in type_list)
    body += proto_rows
    body += b"".join(pack("<HHI", type_of[owner], type_of[of], string_of[name]) for owner, name, of in field_list)
    body += b"".join(
        pack("<HHI", type_of[owner], proto_of[proto], string_of[name]) for owner, name, proto in method_list
    )
    body += rows + bytes(data)
    tables = b"".join(pack("<II", count, place if count else 0) for count, place in zip(sizes, places, strict=True))
    after = pack("<IIIIII", 112 + len(body), 112, 0x12345678, 0, 0, 0) + tables + pack("<II", len(data), base) + body
    digest = sha1(after, usedforsecurity=False).digest()
    return b"dex\n035\0" + pack("<I", adler32(digest + after)) + digest + after


def _code(operations: list[Operation], index: dict[str, dict[str, int]], *, tries: bool) -> bytes:
    code = b""
    for operation in operations:
        if isinstance(operation, bytes):
            code += operation
            continue
        head, kind, named = operation
        number = index[kind][named]
        code += head + number.to_bytes(4 if head[0] == 0x1B else 2, "little")
        code += b"\0\0" if kind == "method" else b""
    units = len(code) // 2
    out = pack("<HHHHII", 2, 1, 0, int(tries), 0, units) + code
    if tries:
        out += bytes(2 * (units & 1)) + pack("<IHH", 0, units, 1) + b"\x01\0\0"
    return out


def _members(rows: list[tuple[int, bytes]]) -> bytes:
    out, before = b"", 0
    for number, rest in rows:
        out += _uleb(number - before) + rest
        before = number
    return out


def _split(method: str) -> tuple[str, str]:
    name, _, proto = method.partition("(")
    return name, f"({proto}"


def _result(proto: str) -> str:
    return proto.partition(")")[2]


def _arguments(proto: str) -> tuple[str, ...]:
    found, rest = [], proto[1:].partition(")")[0]
    while rest:
        depth = len(rest) - len(rest.lstrip("["))
        end = rest.index(";") + 1 if rest[depth] == "L" else depth + 1
        found.append(rest[:end])
        rest = rest[end:]
    return tuple(found)


def _shorty(proto: str) -> str:
    return "".join("L" if each[0] in "L[" else each for each in (_result(proto), *_arguments(proto)))


def _uleb(value: int) -> bytes:
    out = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        out.append(low | (0x80 if value else 0))
        if not value:
            return bytes(out)
