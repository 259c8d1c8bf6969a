"""Reading listings: what they tell, and what a device that lies, breaks off or floods gets for it."""

import random
import time
import tracemalloc
from hashlib import sha256

import pytest
from tests.unit.collecting.listings import A, file_lines, summed

from trueware.collecting import records
from trueware.collecting.boot_state import boot_state
from trueware.collecting.crosschecks import crosschecks
from trueware.collecting.listing import is_listing, read_listing
from trueware.errors import InputError, LimitExceeded, MalformedInput
from trueware.model.limits import Limits
from trueware.model.part import Kind

ROOT = ("h root /", "t ext4\t/")
FOLDER = "s 41ed 0 0 4096 1 0 0\t./bin"


def rules(data: bytes) -> list[tuple[str, str]]:
    return [(finding.rule, finding.part) for finding in read_listing(data, "r").findings]


def test_every_kind_is_read() -> None:
    told = summed(
        *ROOT, "s 41ed 0 0 4096 1 0 0\t.", FOLDER, *file_lines("bin/a", mode=0o4755),
        "s a1ff 0 0 3 1 0 0\t./bin/l", "l ./bin/l\tto\\nhere",
        "s 21b6 0 0 0 1 a ff\t./bin/c", "s 61b6 0 0 0 1 8 1\t./bin/b", "s 11b6 0 0 0 1 0 0\t./bin/p", "s c1b6 7 8 0 1 0 0\t./bin/s",
        "m brw-rw----    1 0        6           8,   1 Jan  1  1970\t./bin/d", "m drwxrwsrwT    2 0 0 4096 2024-01-01 00:00\t./t",
        "k proc\t/proc", "d " + A + "\t/dev/mtd0ro", "p 1 " + A + "\t/bin/a", "x /proc/cmdline", "|quiet", "",
    )  # fmt: skip
    listing = read_listing(told, "r")
    parts = dict(listing.root.walk())
    assert listing.findings == ()
    assert (parts["bin/a"].mode, parts["bin/a"].sha256) == (0o4755, sha256(b"a").digest())
    assert (parts["bin/l"].kind, parts["bin/l"].link, parts["bin/l"].mode) == (Kind.SYMLINK, "to\nhere", None)
    assert (parts["bin/c"].rdev, parts["bin/b"].rdev, parts["bin/d"].rdev) == ((10, 255), (8, 1), (8, 1))
    assert parts["bin/d"].kind is Kind.BLOCK
    assert (parts["bin/d"].gid, parts["bin/s"].uid) == (6, 7)
    assert parts["t"].mode == 0o3776
    assert listing.texts == {"/proc/cmdline": b"quiet\n"}
    assert listing.partitions == (("/dev/mtd0ro", sha256(b"a").digest()),)


def test_mounted_file_systems_lie_in_their_places() -> None:
    told = summed(
        *ROOT, "s 41ff 0 0 0 1 0 0\t./tmp", "s 41ff 0 0 0 1 0 0\t./rom", "s 41ff 0 0 0 1 0 0\t./system", *file_lines("own"),
        "t squashfs\t/rom",
        *file_lines("below"), "t ext4\t/system", "s 41c0 0 0 0 1 0 0\t.", *file_lines("bin"), "k tmpfs\t/tmp",
    )  # fmt: skip
    listing = read_listing(told, "r")
    parts = dict(listing.root.walk())
    assert sorted(parts) == ["", "own", "rom", "system", "system/bin", "tmp"]
    assert (parts["rom"].mode, parts["tmp"].mode, parts["system"].mode) == (None, None, 0o700)
    assert listing.layer is not None
    assert [child.name for child in listing.layer.children] == ["below"]


def test_a_terminal_adds_carriage_returns() -> None:
    """As a listing comes that was saved from a serial console; the sum is over what the device said."""
    told = summed(*ROOT, *file_lines("a"), "c ./a", "|x", "")
    through = told.replace(b"\n", b"\r\n")
    assert is_listing(through[:64])
    assert read_listing(through, "r") == read_listing(told, "r")


@pytest.mark.parametrize("cut", range(1, 600, 7))
def test_what_is_cut_off_says_so(cut: int) -> None:
    told = summed(*ROOT, FOLDER, *file_lines("bin/a"), *file_lines("bin/b"), "c ./bin/a", "|a", "")
    assert rules(told) == [("not-checkable", "bin/a")] or rules(told) == []
    try:
        found = rules(told[:-cut])
    except MalformedInput:
        return
    assert ("listing-incomplete", "") in found


def test_no_flipped_bit_passes() -> None:
    """Every byte of a summed listing counts: a changed one is refused, or the end is gone."""
    told = summed(*ROOT, FOLDER, *file_lines("bin/a"), "c ./bin/a", "|b", "", "p 1 -\t/bin/a")
    for place in range(len(told)):
        changed = bytearray(told)
        changed[place] ^= 1
        try:
            found = rules(bytes(changed))
        except InputError:
            continue
        assert {"listing-incomplete", "not-checkable"} & {rule for rule, part in found if part == ""}, place


@pytest.mark.parametrize(
    "line",
    [
        "s", "s 81a4", "s 81a4 0 0 1 1 0 0 ./a", "s 0 0 0 0 0 0 0\t./a", "s zz 0 0 0 0 0 0\t./a",
        "s 81a4 0 0 99999999999999999999 1 0 0\t./a",
        "m -rw 1 0 0 1 Jan 1\t./a", "f 00  ./a", f"f {A} ./a", f"f {A.upper()}  ./a", "l ./a", "t ext4",
        "t ext4\trelative", "? x", "sx", "p x -\t/a",
        "p 1 00\t/a", "d 00\t/a", "c ./\\q", "s 81a4 0 0 1 1 0 0\t./a\\", "\x1b[2J", "|stray",
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_understood_is_refused_where_it_is(line: str) -> None:
    before = summed(*ROOT)[: -len(summed()) + len(b"trueware-listing 1\n")]
    with pytest.raises(MalformedInput) as refused:
        read_listing(summed(*ROOT, line), "r")
    assert refused.value.offset == len(b"trueware-listing 1\nh root /\nt ext4\t/\n"), before


def test_paths_that_no_file_system_has_are_told_and_left_out() -> None:
    told = summed(
        *ROOT, *(f"s 81a4 0 0 1 1 0 0\t{path}" for path in ("/etc", "./../x", "./a//b", "./a/.", "./", "..", "x"))
    )
    assert {rule for rule, _ in rules(told)} == {"hostile-name", "listing-incomplete"}
    assert read_listing(told, "r").root.children == ()


def test_twice_and_contradicting_entries_are_told() -> None:
    twice = summed(*ROOT, *file_lines("a"), *file_lines("a"))
    assert [rule for rule, _ in rules(twice)] == ["duplicate-path", "contradiction"]
    both = summed(*ROOT, *file_lines("a"), *file_lines("a/b"))
    assert [child.name for child in read_listing(both, "r").root.children] == ["a"]
    assert [rule for rule, _ in rules(summed(*ROOT, FOLDER, f"f {A}  ./bin", "l ./bin\tx"))] == ["contradiction"] * 2


def test_a_file_system_of_which_nothing_came_is_told() -> None:
    """As when the tools of a device fail: a device without files is none that was listed."""
    assert rules(summed(*ROOT)) == [("listing-incomplete", "")]
    assert rules(summed("h root /")) == [("listing-incomplete", "")]
    assert rules(summed(*ROOT, *file_lines("a"), "t ext4\t/vendor")) == [("listing-incomplete", "vendor")]


def test_a_file_without_a_digest_is_not_read() -> None:
    assert rules(summed(*ROOT, file_lines("a")[0])) == [("listing-incomplete", "a")]


def test_of_a_device_that_cannot_digest_what_it_printed_is_known() -> None:
    told = summed(*ROOT, "h digest none", file_lines("a")[0], file_lines("b")[0], "c ./a", "|a")
    listing = read_listing(told, "r")
    assert {path: part.sha256 for path, part in listing.root.walk() if path} == {"a": sha256(b"a").digest(), "b": None}
    assert rules(told) == [("listing-incomplete", "")]
    assert listing.kept == {sha256(b"a").digest(): b"a"}


def test_printed_content_must_be_that_of_the_file() -> None:
    told = summed(*ROOT, *file_lines("a"), "c ./a", "|other", "")
    listing = read_listing(told, "r")
    assert listing.kept == {}
    assert rules(told) == [("not-checkable", "a")]
    told = summed(*ROOT, *file_lines("a"), "c ./a", "|a", "")  # a stream editor that ends the last line
    assert read_listing(told, "r").kept == {sha256(b"a").digest(): b"a"}


def test_limits_hold() -> None:
    few = Limits(max_entries=3, max_path_depth=4, max_name=50, max_kept=64, max_kept_file=32)
    for lines in (
        [line for number in range(4) for line in file_lines(f"{number}")],
        [FOLDER.replace("bin", "a/b/c/d/e")],
        [FOLDER.replace("bin", "x" * 120)],
        ["x a", "|" + "x" * 40],
        ["x a", "|" + "x" * 30, "", "x b", "|" + "x" * 30, "", "x c", "|" + "x" * 30],
    ):
        with pytest.raises(LimitExceeded):
            read_listing(summed(*ROOT, *lines), "r", few)
    with pytest.raises(MalformedInput, match="a line of"):
        read_listing(b"trueware-listing 1\n" + b"x" * (records.LONGEST_LINE + 1), "r")
    with pytest.raises(LimitExceeded):
        read_listing(summed(*ROOT, *(f"h a{number} b" for number in range(100))), "r")


def test_a_large_listing_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "LARGEST", 1000)
    with pytest.raises(LimitExceeded):
        read_listing(b"trueware-listing 1\n" + b"\n" * 1000, "r")


def test_arbitrary_lines_are_read_or_refused() -> None:
    """Lines taken, cut and mixed at random, seeded: nothing else escapes."""
    rng = random.Random(1)
    good = [
        line.encode()
        for line in (*ROOT, FOLDER, *file_lines("bin/a"), "c ./bin/a", "|a", "", "l ./bin/l\tx", "k a\tb", "p 1 -\tx")
    ]
    for _ in range(3_000):
        lines = [rng.choice(good) for _ in range(rng.randrange(12))]
        if lines:
            place = rng.randrange(len(lines))
            line = bytearray(lines[place] or b"\0")
            line[rng.randrange(len(line))] = rng.randrange(256)
            lines[place] = bytes(line)
        try:
            listing = read_listing(summed(*lines), "r")
        except InputError:
            continue
        assert listing.root.kind is Kind.DIRECTORY


def test_cost_is_that_of_the_length() -> None:
    """A listing made to cost much: many short lines, deep folders, contents that are no file's."""
    deep = "./" + "/".join("d" * 100)
    lines = [f"s 81a4 0 0 1 1 0 0\t{deep}/{number}" for number in range(10_000)]
    tracemalloc.start()
    begun = time.process_time()
    listing = read_listing(summed(*ROOT, *lines, *(f"c ./{number}" for number in range(10_000))), "r")
    seconds = time.process_time() - begun
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert listing.root.size == 10_000
    assert seconds < 20
    assert peak < 400 << 20


def _checked(*lines: str) -> list[tuple[str, str]]:
    return [(finding.part, finding.detail) for finding in crosschecks(read_listing(summed(*ROOT, *lines), "r"))]


def test_what_a_device_says_twice_is_compared() -> None:
    other = sha256(b"b").hexdigest()
    assert _checked(*file_lines("bin/a"), f"p 1 {A}\t/bin/a") == []
    assert _checked(*file_lines("bin/a"), f"p 7 {other}\t/bin/a") == [
        ("bin/a", "process 7 runs other bytes than this file has")
    ]
    assert _checked("p 7 -\t/tmp/x (deleted)") == [("", "process 7 runs '/tmp/x', which is there no more")]
    mounts = (
        "x /proc/mounts",
        "|/dev/root / ext4 rw",
        "|none /bin/a tmpfs rw",
        "|none /usr/bin overlay rw",
        "|proc /proc proc rw",
        "",
    )
    assert [part for part, _ in _checked(*file_lines("bin/a"), *mounts)] == ["bin/a", "usr/bin"]
    modules = ("x /proc/modules", "|hidden 16384 0 - Live 0x0", "|nf_nat 1 0 - Live 0x0", "")
    assert _checked(*file_lines("lib/modules/nf-nat.ko.xz"), *modules) == [
        ("", "the kernel module hidden is loaded, and no file has it")
    ]
    assert _checked(*file_lines("bin/a"), *modules) == []


def test_what_is_hidden_by_a_mount_is_not_read() -> None:
    """What a layer of memory over ``/etc`` hides is not gone; over ``/tmp`` it hides nothing."""
    assert rules(summed(*ROOT, FOLDER, "k tmpfs\t/etc", "k tmpfs\t/tmp", "k f2fs\t/data")) == [
        ("listing-incomplete", "etc")
    ]


def test_how_an_android_device_was_started() -> None:
    good = (
        "x getprop",
        "|[ro.boot.verifiedbootstate]: [green]",
        "|[ro.boot.flash.locked]: [1]",
        "|[ro.debuggable]: [0]",
        "",
    )
    bad = (
        "x getprop",
        "|[ro.boot.verifiedbootstate]: [orange]",
        "|[ro.boot.flash.locked]: [0]",
        "|[ro.debuggable]: [1]",
        "",
    )
    told = [list(boot_state(read_listing(summed(*ROOT, *lines), "r").texts)) for lines in (good, bad)]
    assert [len(each) for each in told] == [0, 3]
    assert "orange" in told[1][0].detail
    assert list(boot_state({"getenforce": b"Permissive\n"}))
    assert not list(boot_state({"getenforce": b"Enforcing\n"}))


def test_a_folder_is_not_what_runs() -> None:
    told = summed("h root /mnt", "t -\t/", *file_lines("bin/a"), f"p 7 {sha256(b'b').hexdigest()}\t/bin/a")
    assert list(crosschecks(read_listing(told, "r"))) == []
