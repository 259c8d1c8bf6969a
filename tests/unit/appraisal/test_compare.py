"""Comparing two trees: every aspect of a difference, what policy excuses, and what never differs."""

import pytest
from tests.unit.appraisal.parts import container, device, file, folder, image, link, part, region, root_files

from trueware.appraisal.compare import Lost, compare
from trueware.appraisal.place import is_root_file_system, medium, policy_path, vouches
from trueware.model.change import Change, ChangeKind
from trueware.model.part import Kind, Part
from trueware.model.policy import Policy

STRICT = Policy("strict", "nothing may change", ())
ROUTER = Policy("router", "settings may change", ("etc/config/**", "etc/hostname"))


def told(expected: Part, found: Part, policy: Policy = STRICT) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return kind, path and aspects of each change."""
    return [(each.kind.value, each.path, each.aspects) for each in compare(expected, found, policy).changes]


def in_etc(*children: Part) -> Part:
    return folder("", folder("bin", file("sh", b"sh", 0o755)), folder("etc", *children))


def one(expected: Part, found: Part, policy: Policy) -> Change:
    (change,) = compare(in_etc(expected), in_etc(found), policy).changes
    return change


@pytest.mark.parametrize(
    ("expected", "found", "aspects"),
    [
        (file("a"), file("a", b"other"), ("content",)),
        (file("a"), file("a", mode=0o4755), ("mode",)),
        (file("a"), file("a", uid=1), ("owner",)),
        (file("a"), file("a", xattrs=(("security.capability", b"\1"),)), ("xattrs",)),
        (link("a", "b"), link("a", "c"), ("link",)),
        (device("a"), device("a", minor=3), ("device",)),
        (file("a"), link("a", "b"), ("content", "type", "mode", "link")),
        (file("a"), folder("a"), ("type", "mode")),
        (container("a", "trx", facts=(("load", "1"),)), container("a", "trx", facts=(("load", "2"),)), ("facts",)),
        (container("a", "gzip", file("x")), container("a", "xz", file("y"), data=b"z"), ("format",)),
    ],
)
def test_each_aspect_is_named(expected: Part, found: Part, aspects: tuple[str, ...]) -> None:
    """Each way in which one path can differ is named, and no other."""
    pair = container("", "tar", expected), container("", "tar", found)
    (change,) = [change for change in compare(*pair, STRICT).changes if change.path == "a"]

    assert (change.kind, change.aspects) == (ChangeKind.CHANGED, aspects)


def test_what_a_container_does_not_record_is_not_compared() -> None:
    """A reading without modes and owners says nothing about them."""
    bare = part("a", Kind.FILE, b"data")

    assert told(folder("", file("a")), folder("", bare)) == []


def test_added_and_removed_folders_are_told_with_all_below() -> None:
    """A folder on one side only is a change for itself and each thing below it."""
    new = folder("new", file("a"), folder("b", file("c")))

    assert told(folder(""), folder("", new)) == [
        ("added", "new", ()),
        ("added", "new/a", ()),
        ("added", "new/b", ()),
        ("added", "new/b/c", ()),
    ]
    assert [kind for kind, _, _ in told(folder("", new), folder(""))] == ["removed"] * 4


def test_a_move_joins_a_removal_and_an_addition() -> None:
    """Equal content gone from one path and come to another is one move, with what else changed on the way."""
    (change,) = compare(folder("", file("a", b"same")), folder("", file("b", b"same", 0o755)), STRICT).changes

    assert (change.kind, change.path, change.origin, change.aspects) == (ChangeKind.MOVED, "b", "a", ("mode",))


def test_a_copy_is_no_move() -> None:
    """Content that came to two paths, or is empty, is added; nobody can say which one moved."""
    assert [kind for kind, _, _ in told(folder("", file("a", b"x")), folder("", file("b", b"x"), file("c", b"x")))] == [
        "removed",
        "added",
        "added",
    ]
    assert [kind for kind, _, _ in told(folder("", file("a", b"")), folder("", file("b", b"")))] == ["removed", "added"]


def test_paths_go_through_containers() -> None:
    """A change deep inside an image has the path of the part, through containers with an exclamation mark."""
    root = container("rootfs", "squashfs", *root_files(passwd=b"changed"), kind=Kind.REGION)

    assert told(image(), image(root=root)) == [("changed", "rootfs!/etc/passwd", ("content",))]


def test_equal_content_in_other_bytes_is_rebuilt() -> None:
    """A container packed differently is no change; it is named as rebuilt, unless something below it changed."""

    def packed(codec: bytes, passwd: bytes = b"root") -> Part:
        return container("rootfs", "squashfs", *root_files(passwd=passwd), data=codec)

    same = compare(packed(b"xz"), packed(b"gzip"), STRICT)

    assert (same.changes, same.rebuilt) == ((), ("",))
    assert compare(packed(b"xz"), packed(b"gzip", b"other"), STRICT).rebuilt == ()


def test_padding_never_differs() -> None:
    """Padding may come, go and be of any length."""
    padding = part("padding-0", Kind.PADDING, b"\xff" * 9)

    assert told(image(), image(padding)) == []


def test_what_is_recognised_and_not_taken_apart_differs_by_its_bytes() -> None:
    """A program of a known format is no container: that its bytes differ is a change of content."""
    expected, found = (part("classes.dex", Kind.FILE, data, form="dex") for data in (b"genuine", b"patched"))

    assert told(folder("", expected), folder("", found)) == [("changed", "classes.dex", ("content",))]


def test_gaps_and_regions_differ_by_their_bytes() -> None:
    """Bytes that no reader accounts for are compared like any content."""
    assert told(image(), image(part("gap-0", Kind.GAP, b"hidden"))) == [("added", "gap-0", ())]
    assert told(image(), image(kernel=b"other")) == [("changed", "kernel", ("content",))]


def test_an_uncertain_reading_is_never_equal_by_its_parts() -> None:
    """Where a reading leaves a doubt, equal parts in other bytes are a change of the container's content."""
    sure = container("a", "zip", file("x"), data=b"one")
    doubtful = container("a", "zip", file("x"), data=b"two", certain=False)

    assert told(folder("", sure), folder("", doubtful)) == [("changed", "a", ("content",))]
    assert told(folder("", doubtful), folder("", sure)) == [("changed", "a", ("content",))]


def test_an_uncertain_reading_equals_itself() -> None:
    """The same bytes are the same, however they are read."""
    doubtful = container("a", "zip", file("x"), data=b"one", certain=False)

    assert told(folder("", container("a", "zip", file("x"), data=b"one")), folder("", doubtful)) == []


def test_names_that_stand_twice_are_compared_in_their_order() -> None:
    """A second entry of a name is a part of its own."""
    twice = container("", "tar", file("a", b"1"), file("a", b"2"), data=b"t", certain=False)
    once = container("", "tar", file("a", b"1"), data=b"o")

    assert ("added", "a", ()) in told(once, twice)


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        (file("network", b"1"), file("network", b"2")),
        (file("network", mode=0o644), file("network", mode=0o600)),
        (link("network", "/a"), link("network", "/b")),
    ],
)
def test_ordinary_changes_of_mutable_paths_are_excused(expected: Part, found: Part) -> None:
    """Content, permissions and link targets of settings are the owner's business."""
    change = one(folder("config", expected), folder("config", found), ROUTER)

    assert (change.path, change.mutable) == ("etc/config/network", True)


def test_mutable_files_may_come_and_go() -> None:
    """An added or removed ordinary file, folder or link among the settings is excused."""
    settings = folder("config", file("new", b"n"), folder("sub", link("l", "t")))
    come = compare(in_etc(folder("config")), in_etc(settings), ROUTER).changes
    gone = compare(in_etc(settings), in_etc(folder("config")), ROUTER).changes

    assert [change.mutable for change in (*come, *gone)] == [True] * 6


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        (file("x"), file("x", mode=0o4644)),
        (file("x"), file("x", mode=0o2644)),
        (file("x"), file("x", mode=0o755)),
        (None, file("x", mode=0o700)),
        (None, file("x", mode=0o4644)),
        (None, device("x")),
        (None, part("x", Kind.FIFO, mode=0o600, uid=0)),
        (None, part("x", Kind.SOCKET, mode=0o600, uid=0)),
        (device("x"), None),
        (file("x"), file("x", uid=1000)),
        (file("x"), file("x", xattrs=(("security.capability", b"\1"),))),
        (None, file("x", xattrs=(("security.capability", b"\1"),))),
        (file("x"), link("x", "/bin/sh")),
        (file("x"), folder("x")),
    ],
)
def test_mutable_paths_excuse_nothing_else(expected: Part | None, found: Part | None) -> None:
    """Set-uid and set-gid bits, new programs, devices, other owners, attributes and types are never excused."""
    root = [
        container("", "squashfs", *in_etc(folder("config", *([x] if x else []))).children) for x in (expected, found)
    ]

    assert [change.mutable for change in compare(root[0], root[1], ROUTER).changes] == [False]


def test_a_program_that_was_one_stays_excused() -> None:
    """A script among the settings that the release ships may be edited."""
    change = one(folder("config", file("up.sh", b"1", 0o755)), folder("config", file("up.sh", b"2", 0o755)), ROUTER)

    assert change.mutable


def test_policy_paths_begin_at_the_root_file_system() -> None:
    """The same name outside of the root file system, or in a container inside it, is not the settings folder."""
    outside = [folder("", folder("etc", folder("config", file("x", data)))) for data in (b"1", b"2")]
    archive = [file("x", data) for data in (b"1", b"2")]
    nested = [
        folder("", folder("bin"), folder("etc", container("b.tar", "tar", folder("etc", folder("config", each)))))
        for each in archive
    ]

    assert [change.mutable for change in compare(outside[0], outside[1], ROUTER).changes] == [False]
    assert [change.mutable for change in compare(nested[0], nested[1], ROUTER).changes] == [False]


def test_a_move_is_excused_only_where_both_ends_are() -> None:
    """Moving a file out of the settings, or into them, is a change of what may not change."""
    settings = folder("config", file("x", b"same"))
    out = compare(in_etc(settings), in_etc(folder("config"), file("x", b"same")), ROUTER).changes
    within = compare(in_etc(settings), in_etc(folder("config", file("y", b"same"))), ROUTER).changes

    assert [(change.kind, change.mutable) for change in out] == [(ChangeKind.MOVED, False)]
    assert [(change.kind, change.mutable) for change in within] == [(ChangeKind.MOVED, True)]


def test_root_file_systems_are_told_by_two_folders() -> None:
    """One folder of a well-known name is too little; a region with opaque parts is none."""
    assert is_root_file_system(folder("", folder("etc"), folder("bin")))
    assert not is_root_file_system(folder("", folder("etc")))
    assert not is_root_file_system(container("", "trx", region("etc", b"1"), region("bin", b"2")))


def test_a_file_system_may_be_held_against_a_folder() -> None:
    """The same files in a folder on disk and in an image are equal at the top, whatever holds them."""
    unpacked = folder("root", *root_files(), mode=0o700)
    packed = container("rootfs", "squashfs", *root_files(), facts=(("root", "0755 0:0"),))

    assert told(packed, unpacked) == []


def test_content_that_could_not_be_had_equals_nothing() -> None:
    """A file without a digest is not the file of the release."""
    missing = file("a", certain=False)._replace(sha256=None)
    missing = missing._replace(tree=b"\0" * 32)

    assert told(folder("", file("a")), folder("", missing)) == [("changed", "a", ("content",))]


@pytest.mark.parametrize(
    ("path", "inner"),
    [
        ("", None),
        ("kernel", None),
        ("rootfs", None),
        ("rootfs!/etc", "etc"),
        ("rootfs!/etc/config", "etc/config"),
        ("rootfs!/lib/fw.tar", "lib/fw.tar"),
        ("rootfs!/lib/fw.tar!/etc", "lib/fw.tar!/etc"),
    ],
)
def test_a_part_of_a_release_has_its_place_in_the_root_file_system(path: str, inner: str | None) -> None:
    """A policy's paths begin at the outermost root file system of the release, wherever the part that is compared begins."""
    nested = container("fw.tar", "tar", folder("etc", file("a")), folder("bin", file("b")))
    files = (folder("bin"), folder("etc", folder("config", file("network"))), folder("lib", nested))
    release = image(root=container("rootfs", "squashfs", *files, kind=Kind.REGION))

    assert policy_path(release, path) == inner


def test_settings_alone_vouch_for_nothing() -> None:
    """A folder in which everything may change equals any other under the policy."""
    settings = folder("config", file("network"), folder("more", file("x")))

    assert not vouches(settings, "etc/config", ROUTER)
    assert not vouches(folder("empty", file("hostname", b"")), "etc", ROUTER)
    assert vouches(folder("etc", settings, file("passwd")), "etc", ROUTER)
    assert vouches(container("rootfs", "squashfs", *root_files()), None, ROUTER)


CAPABLE = (("security.capability", b"\1"), ("security.selinux", b"ping_exec"))


def given(*more: Part) -> Part:
    """Return a root file system as an image has it."""
    return container("rootfs", "squashfs", file("sh"), folder("dev", device("console"), device("null")), *more)


def test_what_a_folder_on_a_disk_lost_is_no_removal() -> None:
    """Without the rights, no device node is made and no attribute written; what was there when the copy was made is not known."""
    copy = folder("copy", file("sh"), folder("dev"), file("ping"))
    comparison = compare(given(file("ping", xattrs=CAPABLE)), copy, STRICT, media=("squashfs", "disk"))

    assert comparison.changes == ()
    assert comparison.lost == Lost(("dev/console", "dev/null"), ("ping",))


@pytest.mark.parametrize(
    ("found", "media", "changes"),
    [
        (folder("", file("sh"), folder("dev", device("null"))), ("squashfs", "disk"), [("removed", "dev/console", ())]),
        (folder("", file("sh"), folder("dev")), ("squashfs", "zip"), None),
        (container("", "squashfs", file("sh"), folder("dev")), ("squashfs", "squashfs"), None),
        (container("", "cpio", file("sh"), folder("dev")), ("squashfs", "cpio"), None),
        (folder("", file("sh")), ("squashfs", "disk"), [("removed", "dev", ())]),
        (
            folder("", file("sh"), folder("dev", file("console", b""))),
            ("squashfs", "disk"),
            [("changed", "dev/console", ("content", "type", "mode", "device"))],
        ),
    ],
)
def test_a_device_node_that_is_missing_elsewhere_was_removed(
    found: Part, media: tuple[str, str], changes: list[tuple[str, str, tuple[str, ...]]] | None
) -> None:
    """An image, a folder that holds other nodes, and a file in the place of a node prove something."""
    both = [("removed", f"dev/{name}", ()) for name in ("console", "null")]
    comparison = compare(given(), found, STRICT, media=media)

    assert [(each.kind.value, each.path, each.aspects) for each in comparison.changes] == (changes or both)


def test_a_capability_is_missing_where_another_was_copied() -> None:
    """A copy that has the capabilities of one program would have had those of the others."""
    capable = file("ping", xattrs=CAPABLE[:1])
    expected = container("", "squashfs", capable, capable._replace(name="trace"))
    copy = folder("", capable, file("trace"))
    comparison = compare(expected, copy, STRICT, media=("squashfs", "disk"))

    assert [(each.path, each.aspects) for each in comparison.changes] == [("trace", ("xattrs",))]


@pytest.mark.parametrize("inside", ["squashfs", "tar"])
def test_nothing_is_lost_from_an_image_in_a_copy(inside: str) -> None:
    """A node or an attribute taken out of an image that lies in a folder was taken out."""
    expected = container("i", inside, device("console"), file("ping", xattrs=CAPABLE), file("sh"))
    found = container("i", inside, file("ping"), file("sh"))
    media = ("squashfs", "disk")
    comparison = compare(folder("", file("a"), expected), folder("", file("a"), found), STRICT, media=media)

    assert comparison.lost.is_nothing
    assert {each.path for each in comparison.changes} == {"i!/console", "i!/ping"}


def test_an_archive_of_another_format_loses_what_it_has_none_of() -> None:
    """A tar without any attribute was made without them; a release that is a tar has them, or they were taken out."""
    capable, plain = file("ping", xattrs=CAPABLE), file("ping")
    packed = container("", "tar", plain, file("sh"))
    of_image = compare(container("", "squashfs", capable, file("sh")), packed, STRICT, media=("squashfs", "tar"))
    of_tar = compare(container("", "tar", capable, file("sh")), packed, STRICT, media=("tar", "tar"))

    assert (of_image.changes, of_image.lost.attributes) == ((), ("ping",))
    assert ([each.path for each in of_tar.changes], of_tar.lost.is_nothing) == (["ping"], True)


def test_the_medium_is_what_files_are_read_from() -> None:
    """The innermost container, a disk, or nothing for a file by itself."""
    root = folder("d", file("a"), container("e", "zip", folder("f", container("g", "tar", file("h")))))

    assert [medium(root, path) for path in ("", "a", "e", "e!/f", "e!/f/g", "e!/f/g!/h")] == [
        "disk",
        "disk",
        "zip",
        "zip",
        "tar",
        "tar",
    ]
    assert medium(file("a"), "") == ""


def test_a_folder_comes_with_the_settings_in_it() -> None:
    """Where everything in a folder may come and go, the folder may; one whose mode changed, or with other things in it, may not."""
    policy = Policy("p", "", ("etc/logs/**", "etc/other/*.log"))
    logs, other = (folder(name, file("a.log")) for name in ("logs", "other"))
    changes = compare(in_etc(), in_etc(logs, other), policy).changes

    assert [(change.path, change.mutable) for change in changes] == [
        ("etc/logs", True),
        ("etc/logs/a.log", True),
        ("etc/other", False),
        ("etc/other/a.log", True),
    ]
    assert not one(folder("logs"), folder("logs", mode=0o777), policy).mutable
