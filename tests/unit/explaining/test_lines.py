from hypothesis import given
from hypothesis import strategies as st

from trueware.explaining.reading.lines import EXCERPT, Line, difference, excerpt, meaningful_lines


def test_order_comments_and_blanks_do_not_differ() -> None:
    both = difference(b"# maker\nb 2\n\na 1\n", b"a 1\r\n  b 2  \n# somebody else\n")
    assert both.added == ()
    assert both.removed == ()


def test_a_line_is_named_by_its_number_on_its_side() -> None:
    both = difference(b"a\nb\nc\n", b"# new\na\n\nx\nc")
    assert both.removed == (Line(2, "b"),)
    assert both.added == (Line(4, "x"),)


def test_a_repeated_line_is_one_more() -> None:
    assert difference(b"a\n", b"a\na\n").added == (Line(2, "a"),)
    assert difference(b"a\na\n", b"a\n").removed == (Line(2, "a"),)


def test_only_a_line_feed_ends_a_line() -> None:
    assert [line.text for line in meaningful_lines("# hidden\u2028telnetd\x0bx\n".encode())] == []
    assert [line.number for line in meaningful_lines("a\x0cb\u2028c\nd".encode())] == [1, 2]


def test_comment_signs_are_the_callers() -> None:
    assert list(meaningful_lines(b"; a\n# b\n", (";",))) == [Line(2, "# b")]
    assert list(meaningful_lines(b"; a\n# b\n", (";", "#"))) == []
    assert list(meaningful_lines(b"# a\n", ())) == [Line(1, "# a")]


def test_a_trailing_comment_follows_a_blank() -> None:
    assert list(meaningful_lines(b"a#b \t# c\n #d\n", trailing=True)) == [Line(1, "a#b")]
    assert list(meaningful_lines(b"a # c\n")) == [Line(1, "a # c")]


def test_a_backslash_joins_where_the_syntax_has_it() -> None:
    assert list(meaningful_lines(b"a \\\n b\nc\\", continued=True)) == [Line(1, "a  b"), Line(3, "c\\")]
    assert [line.number for line in meaningful_lines(b"a \\\n b\n")] == [1, 2]
    assert list(meaningful_lines(b"# a \\\n b", continued=True)) == [Line(2, "b")]


def test_bytes_that_are_no_text_can_be_shown() -> None:
    (line,) = meaningful_lines(b"key \xff\x00")
    assert excerpt(line.text) == r"key \xff\x00"


def test_an_excerpt_is_short_and_one_line() -> None:
    assert excerpt("a\nb\x1b[2J") == r"a\nb\x1b[2J"
    assert excerpt("x" * EXCERPT) == "x" * EXCERPT
    assert excerpt("x" * 5000) == "x" * (EXCERPT - 1) + "…"
    assert excerpt("\u202egnp") == r"\u202egnp"


@given(st.binary(), st.binary())
def test_what_is_left_over_makes_up_the_difference(before: bytes, after: bytes) -> None:
    both = difference(before, after)
    old = [line.text for line in meaningful_lines(before)]
    new = [line.text for line in meaningful_lines(after)]
    assert sorted([*old, *(line.text for line in both.added)]) == sorted([*new, *(line.text for line in both.removed)])


@given(st.binary())
def test_nothing_differs_from_itself(data: bytes) -> None:
    both = difference(data, b"\n".join(reversed(data.split(b"\n"))))
    assert both.added == both.removed == ()


@given(st.text())
def test_every_excerpt_can_be_printed(text: str) -> None:
    shown = excerpt(text)
    assert shown.isprintable()
    assert len(shown) <= EXCERPT
