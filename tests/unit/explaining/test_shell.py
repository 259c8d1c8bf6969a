import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueware.errors import LimitExceeded
from trueware.explaining.reading.invocations import invocations
from trueware.explaining.reading.shell import Command, Redirection, commands, script


def words(text: str) -> list[tuple[str, ...]]:
    return [each.words for each in commands(text)]


def runs(text: str) -> list[str]:
    return [each.text for each in invocations(commands(text))]


def test_a_command_has_its_line_words_and_redirections() -> None:
    text = "#!/bin/sh\n\nA=1 B=\"x y\" telnetd -l '/bin/sh' >/dev/null 2>&1 &\n"
    assert commands(text) == (
        Command(
            3,
            ("telnetd", "-l", "/bin/sh"),
            (("A", "1"), ("B", "x y")),
            (Redirection(">", "/dev/null"), Redirection(">&", "1", "2")),
            background=True,
        ),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("telnetd # not a reason", [("telnetd",)]),
        ("echo a#b", [("echo", "a#b")]),
        ("# telnetd", []),
        ("'#' telnetd", [("#", "telnetd")]),
        ('te"ln"et\\d', [("telnetd",)]),
        ("te\\\nlnetd", [("telnetd",)]),
        (r"$'\x74elnet\144'", [("telnetd",)]),
        ("a;b&c|d||e&&f", [("a",), ("b",), ("c",), ("d",), ("e",), ("f",)]),
        ("(a; b)", [("a",), ("b",)]),
        ("if ! a; then b; else c; fi", [("a",), ("b",), ("c",)]),
        ("while a; do b; done", [("a",), ("b",)]),
        ("start() { a; }", [("a",)]),
        ("function start { a; }", [("start",), ("a",)][1:]),
        ("case $1 in a|b) c ;; (d) e ;; *) f; esac; g", [("case", "$1"), ("c",), ("e",), ("f",), ("g",)]),
        ("case $1 in\nesac\na", [("case", "$1"), ("a",)]),
        ("x=$(a $(b `c`))", [(), ("a", "$(b `c`)"), ("b", "`c`"), ("c",)]),
        ('echo "$(a "b c")"', [("echo", '$(a "b c")'), ("a", "b c")]),
        ("echo '$(a)'", [("echo", "$(a)")]),
        (r'echo "\$(a)"', [("echo", "$(a)")]),
        ("echo ${x:-$(a)}", [("echo", "${x:-$(a)}"), ("a",)]),
        ("echo $((1+2))", [("echo", "$((1+2))")]),
        ("diff <(a) b", [("diff", "<(a)", "b"), ("a",)]),
        ("echo $#", [("echo", "$#")]),
        ('"if" a', [("if", "a")]),
        ("a\r\nb\r\n", [("a",), ("b",)]),
    ],
)
def test_words(text: str, expected: list[tuple[str, ...]]) -> None:
    assert words(text) == expected


def test_a_here_document_is_no_command_but_its_substitutions_are() -> None:
    text = "cat <<-END >/etc/x\n\ttelnetd $(id)\n\tEND\nafter\n"
    first, inner, last = commands(text)
    assert first.redirections == (Redirection("<<", "telnetd $(id)"), Redirection(">", "/etc/x"))
    assert (inner.words, inner.line) == (("id",), 2)
    assert (last.words, last.line) == (("after",), 4)
    assert words("cat <<'END'\n$(id)\nEND\n") == [("cat",)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("exec nohup /bin/busybox telnetd -p 23", ["telnetd -p 23"]),
        ("D=/usr/sbin/telnetd\nA='-p 23 -l sh'\n$D $A", ["/usr/sbin/telnetd -p 23 -l sh"]),
        ("N=telnetd; start-stop-daemon -S -b -x /usr/sbin/$N -- -p 23", ["/usr/sbin/telnetd -p 23"]),
        ("start-stop-daemon --start --exec telnetd", ["telnetd"]),
        ("start-stop-daemon -K -x telnetd", []),
        ("start-stop-daemon -Sbx telnetd -- -F", ["telnetd -F"]),
        ("procd_set_param command /usr/sbin/x -d", ["/usr/sbin/x -d"]),
        ("procd_set_param respawn 1 2 3", []),
        ("sh -c 'a; b' x", ["a", "b"]),
        ("su -c 'a b' nobody", ["a b"]),
        ("eval 'a; b'", ["a", "b"]),
        ("env -u X A=1 timeout -s 9 10 a -b", ["a -b"]),
        ("nice -n 5 a", ["a"]),
        ("export A=telnetd; $A", ["telnetd"]),
        ("busybox", ["busybox"]),
        ("$1 a", ["$1 a"]),
        ("sh /etc/x.sh", ["sh /etc/x.sh"]),
    ],
)
def test_programs_are_seen_through_wrappers(text: str, expected: list[str]) -> None:
    assert runs(text) == expected


def test_values_do_not_grow_without_end() -> None:
    text = "A=xxxxxxxx\n" + "A=$A$A\n" * 2000 + "$A\n"
    (run,) = runs(text)
    assert len(run) <= 2048


@given(st.binary())
def test_any_bytes_have_a_reading(data: bytes) -> None:
    for each in script(data):
        assert 1 <= each.line <= data.count(b"\n") + 1
    list(invocations(script(data)))


@given(st.text(alphabet="$(){}`'\"\\<>|&; \n#acseinf=0-"))
def test_any_syntax_has_a_reading(text: str) -> None:
    lines = text.count("\n") + 1
    assert all(1 <= each.line <= lines for each in commands(text))
    list(invocations(commands(text)))


@given(st.lists(st.from_regex(r"[A-Za-z0-9_./-]{1,12}", fullmatch=True), min_size=1, max_size=5))
def test_quoting_does_not_change_a_word(parts: list[str]) -> None:
    first = "x" + parts[0]
    plain = " ".join([first, *parts[1:]])
    quoted = " ".join(f"'{each}'" for each in [first, *parts[1:]])
    escaped = " ".join("".join(f"\\{char}" for char in each) for each in [first, *parts[1:]])
    assert words(plain) == words(quoted) == words(escaped)


@pytest.mark.parametrize(
    "piece",
    [
        "$(",
        '"$(',
        "`\\",
        "${",
        "case x in a) ",
        "<<a\n",
        "((",
        "\\\n",
        "a",
        "<<<",
        "<<x <<y\n",
        "$'\\",
        "# \n",
        '"`',
        "$(#\n",
        "' ",
        "${x`",
    ],
)
def test_the_time_is_linear(piece: str) -> None:
    text = piece * 5_000
    started = time.process_time()
    list(invocations(commands(text)))
    assert time.process_time() - started < 4


@pytest.mark.parametrize("data", [b"a\n" * (1 << 15), b"#" * ((1 << 20) + 1)], ids=["commands", "bytes"])
def test_more_than_anybody_writes_is_refused(data: bytes) -> None:
    with pytest.raises(LimitExceeded):
        script(data)
