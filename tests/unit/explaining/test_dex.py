"""Dalvik programs are taken apart the same whatever their tables are, in bounded time, and their portraits come back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.explaining.dex_builder import RETURN_VOID, Written, call, const, program

from trueware.errors import InputError, MalformedInput, UnsupportedInput
from trueware.explaining.portraits.dex import host_of, portray, portray_dex, read_portrait
from trueware.explaining.reading.dex import Dex

OBJECT = "Ljava/lang/Object;"
NEW = (b"\x22\x00", "type", "Lorg/x/Thing;")
GET = (b"\x60\x00", "field", "Lorg/x/Thing;->value:I")
SWITCH = b"\x2b\x00\x04\x00\x00\x00" + RETURN_VOID + b"\0\x01\x01\x00" + bytes(4) + b"\x01\x00\x00\x00"
FILL = b"\x26\x00\x04\x00\x00\x00" + RETURN_VOID + b"\0\x03\x01\x00\x03\x00\x00\x00" + b"\x1a\x00\xff\x00"


def sample(*strings: str, last: str = "https://one.example.org/x") -> bytes:
    return program(
        [
            Written(
                "Lorg/x/Main;",
                {
                    "run(ILjava/lang/String;)V": [const(last), NEW, GET, call("Lorg/x/Main;->stop()V"), RETURN_VOID],
                    "stop()V": [SWITCH],
                    "fill([J)V": [FILL],
                    "open()V": None,
                },
                implements=("Ljava/lang/Runnable;",),
                texts={"ADDRESS": "wss://two.example.org:8443"},
                tries=True,
            ),
            Written("Lorg/x/Thing;", {"<init>()V": [call(f"{OBJECT}-><init>()V"), RETURN_VOID]}),
        ],
        strings=strings,
    )


def test_a_program_is_taken_apart() -> None:
    """Names, kin, fields with their values, and what each piece of code names."""
    dex = Dex(sample())
    main, thing = dex.classes()

    assert (main.name, main.extends, main.implements) == ("Lorg/x/Main;", OBJECT, ("Ljava/lang/Runnable;",))
    assert [(method.name, method.signature) for method in main.methods] == [
        ("fill", "([J)V"), ("open", "()V"), ("run", "(ILjava/lang/String;)V"), ("stop", "()V"),
    ]  # fmt: skip
    run = next(method.code for method in main.methods if method.name == "run")
    assert run is not None
    assert [dex.string(index) for index in run.strings] == [b"https://one.example.org/x"]
    assert [dex.method(index) for index in run.methods] == ["Lorg/x/Main;->stop()V"]
    assert [dex.type(index) for index in run.types] == ["Lorg/x/Thing;"]
    assert [dex.string(index) for index in main.strings] == [b"wss://two.example.org:8443"]
    assert next(method for method in main.methods if method.name == "open").code is None
    assert [method.name for method in thing.methods] == ["<init>"]


def test_other_numbers_for_the_same_names_are_no_difference() -> None:
    """Strings that nothing names shift all tables, and every digest stays."""
    one, two = sample(), sample("A", "Lorg/w/Before;", "https", "zz")

    assert one != two
    assert portray(one).classes == portray(two).classes


def test_both_ways_to_name_a_string_are_one() -> None:
    short = program([Written("La/B;", {"f()V": [const("x"), RETURN_VOID]})])
    wide = program([Written("La/B;", {"f()V": [const("x", jumbo=True), RETURN_VOID]})])

    assert portray(short).classes == portray(wide).classes


@pytest.mark.parametrize(
    "other",
    [
        [const("y"), RETURN_VOID],
        [const("x"), b"\x0e\x01"],
        [const("x"), b"\0\0", RETURN_VOID],
        [const("x"), call("La/B;->f()V"), RETURN_VOID],
        None,
    ],
)
def test_any_other_code_is_a_difference(other: list[bytes | tuple[bytes, str, str]] | None) -> None:
    one = program([Written("La/B;", {"f()V": [const("x"), RETURN_VOID]})])

    assert portray(one).classes != portray(program([Written("La/B;", {"f()V": other})])).classes


@pytest.mark.parametrize(
    "other",
    [
        Written("La/B;", {"f()V": [RETURN_VOID]}, extends="La/C;"),
        Written("La/B;", {"f()V": [RETURN_VOID]}, implements=("La/C;",)),
        Written("La/B;", {"f()V": [RETURN_VOID]}, access=0),
        Written("La/B;", {"f()V": [RETURN_VOID]}, texts={"T": "other"}),
        Written("La/B;", {"f()V": [RETURN_VOID]}, texts={"T": "same"}, tries=True),
        Written("La/B;", {"f(I)V": [RETURN_VOID]}, texts={"T": "same"}),
    ],
)
def test_what_a_class_is_counts(other: Written) -> None:
    """Kin, flags, first values of fields, tries and signatures."""
    one = program([Written("La/B;", {"f()V": [RETURN_VOID]}, texts={"T": "same"})])

    assert portray(one).classes["La/B;"].digest != portray(program([other])).classes["La/B;"].digest


def test_bytes_of_a_table_are_no_instructions() -> None:
    """What lies in a table of values looks like the naming of string 255, which there is not."""
    assert portray(program([Written("La/B;", {"f()V": [FILL]})]))


def test_marks() -> None:
    """Calls also by way of an own class, hosts in code and in fields, and whom it trusts."""
    sms = "sendTextMessage(Ljava/lang/String;)V"
    found = portray(
        program(
            [
                Written("La/Own;", extends="Landroid/telephony/SmsManager;"),
                Written("La/B;", {"f()V": [call(f"La/Own;->{sms}"), const("http://Evil.Example/x"), RETURN_VOID]}),
                Written("La/C;", {"f()V": [call(f"La/D;->{sms}"), const("see http://evil.example"), RETURN_VOID]}),
                Written(
                    "La/T;",
                    {"checkServerTrusted()V": [RETURN_VOID]},
                    implements=("Ljavax/net/ssl/X509TrustManager;",),
                ),
                Written(
                    "La/U;",
                    {"checkServerTrusted()V": [call("La/B;->f()V"), RETURN_VOID]},
                    implements=("Ljavax/net/ssl/X509TrustManager;",),
                ),
                Written(
                    "La/V;", {"verify()Z": [b"\x12\x10\x0f\x00"]}, implements=("Ljavax/net/ssl/HostnameVerifier;",)
                ),
                Written(
                    "La/W;", {"verify()Z": [b"\x12\x00\x0f\x00"]}, implements=("Ljavax/net/ssl/HostnameVerifier;",)
                ),
            ]
        )
    )

    assert {name: each.marks for name, each in found.classes.items() if each.marks} == {
        "La/B;": {"api:Landroid/telephony/SmsManager;->sendTextMessage", "host:evil.example"},
        "La/T;": {"trusts:any-certificate"},
        "La/V;": {"trusts:any-host"},
    }


@pytest.mark.parametrize(
    ("said", "host"),
    [
        ("https://a.example.org", "a.example.org"),
        ("http://user@a.example.org:80/x?y", "a.example.org"),
        ("mqtt://10.0.0.1:1883", "10.0.0.1"),
        ("10.0.0.1:1883", "10.0.0.1"),
        ("1.2.3.4", None),
        ("http://schemas.android.com/apk/res/android", None),
        ("http://localhost:8080/", None),
        ("https://%s/x", None),
        ("https://", None),
        ("file://a.example.org", None),
    ],
)
def test_addresses(said: str, host: str | None) -> None:
    assert host_of(said) == host


def test_a_portrait_comes_back() -> None:
    """All but the names of methods."""
    made = portray(sample())
    read = read_portrait(portray_dex(sample()))

    assert read.current
    assert {name: (each.digest, set(each.methods), each.marks) for name, each in read.classes.items()} == {
        name: (each.digest, set(each.methods), each.marks) for name, each in made.classes.items()
    }


@pytest.mark.parametrize("bad", [b"", b"PK\3\4", sample()[:-40], b"dex\n035\0" + bytes(104), sample() + b""])
def test_what_is_no_program(bad: bytes) -> None:
    """Refused, or read as one without classes; a whole one is read."""
    if bad in (sample(), b"dex\n035\0" + bytes(104)):
        assert portray(bad).current
    else:
        with pytest.raises(MalformedInput):
            portray(bad)


def test_programs_that_share_what_they_name_are_not_read() -> None:
    with pytest.raises(UnsupportedInput):
        portray(b"dex\n041\0" + sample()[8:])


def test_code_that_is_named_ever_again_is_refused() -> None:
    """Ten thousand strings that begin within one another would cost the square of their number."""
    data = bytearray(sample())
    count, at = int.from_bytes(data[56:60], "little"), len(data)
    data += b"\x7fx" * 20_000 + b"\0"
    places = at + 40_001
    data += b"".join((at + 2 * number).to_bytes(4, "little") for number in range(10_000))
    data[56:64] = (10_000).to_bytes(4, "little") + places.to_bytes(4, "little")
    assert count < 100

    with pytest.raises(MalformedInput):
        portray(bytes(data))


@given(data=st.data())
def test_damaged_programs_are_read_or_refused(data: st.DataObject) -> None:
    """Whatever bytes are changed or cut, only `InputError` is raised."""
    content = bytearray(sample())
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(8, len(content) - 1))] = data.draw(
            st.sampled_from((0, 1, 2, 0x1C, 0x7F, 0x80, 0xFF))
        )
    for damaged in (bytes(content), bytes(content[: data.draw(st.integers(0, len(content)))])):
        try:
            portray(damaged).encode()
        except InputError:
            continue


@given(data=st.data())
def test_damaged_portraits_are_read_or_refused(data: st.DataObject) -> None:
    content = bytearray(portray_dex(sample()))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_portrait(bytes(content))
    except InputError:
        return


@given(st.binary(max_size=64))
def test_arbitrary_bytes_are_no_portrait(content: bytes) -> None:
    with pytest.raises(MalformedInput):
        read_portrait(content)


def test_a_long_name_that_is_named_everywhere_is_refused() -> None:
    """Written out at each of ten thousand places, it would be a thousand times the file."""
    name = "L" + "x" * 30_000 + ";"
    long = program([Written(name, {"f()V": [*[call(f"{name}->f()V")] * 10_000, RETURN_VOID]})])

    with pytest.raises(MalformedInput):
        portray(long)


def test_members_that_all_classes_share_are_refused() -> None:
    """A thousand classes of which each has all members there are."""
    data = bytearray(program([Written(f"La/C{number};", {"f()V": None}) for number in range(1000)]))
    members = b"\0\0\0" + b"\xd0\x0f" + b"\0\1\0" * 2000
    at = len(data)
    data += members
    place = int.from_bytes(data[100:104], "little")
    for number in range(1000):
        data[place + 32 * number + 24 : place + 32 * number + 28] = at.to_bytes(4, "little")

    with pytest.raises(MalformedInput):
        portray(bytes(data))
