"""What is wrapping and what is software: only what says nothing is taken off, and only files for people may lie beside."""

import pytest
from tests.unit.appraisal.parts import container, file, folder, image, link, part, region

from trueware.appraisal.wrapping import is_companion, surroundings, unwrap, way
from trueware.model.part import Kind, Part

IMAGE = image()


def paths(root: Part) -> list[str]:
    return [each.path for each in unwrap(root)]


@pytest.mark.parametrize(
    ("root", "expected"),
    [
        (IMAGE, [""]),
        (folder("d", IMAGE), ["", "router.bin"]),
        (folder("d", file("opaque.bin")), ["", "opaque.bin"]),
        (folder("d", folder("e", IMAGE)), ["", "e", "e/router.bin"]),
        (container("d.zip", "zip", folder("e", IMAGE)), ["", "e", "e/router.bin"]),
        (container("d.gz", "gzip", region("data", b"opaque")), ["", "data"]),
        (container("d.img", "sparse", region("data", b"x"), facts=(("skipped", "nothing"),)), ["", "data"]),
        (container("d.zip", "zip", folder("e", file("opaque.bin"))), ["", "e", "e/opaque.bin"]),
        (container("d.tar", "tar", IMAGE, facts=(("root", "0755 0:0"),)), ["", "router.bin"]),
        (container("d.tar", "tar", folder("bin", file("login"))), ["", "bin"]),
    ],
)
def test_wrappings_that_say_nothing_are_taken_off(root: Part, expected: list[str]) -> None:
    """Folders, archives and streams around one thing, until something is left that holds more."""
    assert paths(root) == expected


@pytest.mark.parametrize(
    "root",
    [
        folder("d", IMAGE, file("more.bin")),
        folder("d", IMAGE, *(file(f"{number}.md") for number in range(65))),
        folder("d", IMAGE, link("README", "/etc/passwd")),
        folder("d", IMAGE, folder("README", file("x"))),
        folder("d", IMAGE, file("README", mode=0o4644)),
        folder("d", IMAGE, container("README", "gzip", region("data", b"x"))),
        folder("d", file("image.bin", mode=0o4755)),
        folder("d", file("image.bin", xattrs=(("security.capability", b"\1"),))),
        folder("d", link("image.bin", "elsewhere")),
        folder("d", file("README")),
        part("d", Kind.DIRECTORY, None, (IMAGE,), certain=False),
        container("d.zip", "zip", IMAGE, certain=False),
        container("d.bin", "uimage", container("payload-0", "gzip", kind=Kind.REGION), facts=(("entry", "0x1"),)),
        container("d.bin", "trx", region("kernel", b"x")),
        container("d.img", "squashfs", container("app.ipk", "gzip", region("data", b"x"))),
        container("d.bin", "carved", container("trx-0", "trx", kind=Kind.REGION), region("README", b"x")),
    ],
)
def test_what_may_be_software_is_not_taken_off(root: Part) -> None:
    """More than one thing, a header with a meaning, an entry with power, a file system, and what could not all be read."""
    assert paths(root) == [""]


@pytest.mark.parametrize(
    "name",
    [
        "README", "readme.txt", "README_first.html", "Read me.pdf", "LICENSE", "GPL License Terms.pdf", "COPYING",
        "CHANGELOG.md", "Release notes.txt", "sha256sums", "SHA256SUMS.asc", "MD5SUMS", "image.bin.sha256", "image.bin.md5",
        "image(1.0).bin.sig", "How to upgrade.pdf", ".DS_Store", "Thumbs.db",
    ],
)  # fmt: skip
def test_files_for_people_are_known_by_their_names(name: str) -> None:
    """Terms, explanations, checksums, signatures."""
    assert is_companion(file(name))


@pytest.mark.parametrize(
    "name",
    [
        "README.sh", "README-a.sh", "readme.bin", "config.txt", "cmdline.txt", "autorun.inf", "update.sh", "run", "image.bin",
        "md5.txt", "LICENSE.so", "a" * 126 + ".md", "license.cfg", "x.md5.sh", "sha256sums.sh",
        "README\n.sh", "README/../x.sh", "", "a/b.pdf", "readm\u0435",
    ],
)  # fmt: skip
def test_what_a_device_may_look_for_is_not_for_people(name: str) -> None:
    """Programs, settings and anything else that no list names."""
    assert not is_companion(file(name))


def test_companions_are_named_on_every_level() -> None:
    """Each file that was passed over is told by its path."""
    root = folder(
        "d", file("README"), container("e.zip", "zip", folder("f", IMAGE, file("sha256sums")), file("COPYING"))
    )

    assert unwrap(root)[-1].beside == ("README", "e.zip!/COPYING", "e.zip!/f/sha256sums")


def test_surroundings_are_all_that_lies_around() -> None:
    """Outermost first, whatever it is, padding left out."""
    padding = part("padding-0", Kind.PADDING, b"\0")
    root = folder(
        "d", file("a!"), container("e", "tar", folder("f", file("g"), file("h"), padding)), folder("i", file("j"))
    )

    assert [path for path, _ in surroundings(root, "e!/f/g")] == ["a%21", "i", "e!/f/h"]
    assert list(surroundings(root, "")) == []


def test_a_way_leads_through_the_name_that_has_more_below() -> None:
    """Names may stand twice, and a name may be one that another is written as: a way is found where there is one."""
    twice = container(
        "d", "tar", file("a"), container("a", "zip", file("x")), file(""), container("%", "zip", file("y"))
    )

    assert [path for path, _ in way(twice, "a!/x")] == ["", "a", "a!/x"]
    assert [path for path, _ in way(twice, "%!/y")] == ["", "%", "%!/y"]
    assert way(twice, "a!/y") == ()
