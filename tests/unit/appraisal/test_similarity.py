"""How much two trees share, and which parts of them are put side by side."""

from hashlib import sha256
from math import log2

import pytest
from tests.unit.appraisal.parts import container, file, folder, image, part, region, root_files

from trueware.appraisal.similarity import align, leaf_sizes, overlap, weigh
from trueware.model.part import Kind


def digest(data: bytes) -> bytes:
    return sha256(data).digest()


def test_leaves_are_what_counts() -> None:
    """Contents of leaves are counted with their size; folders, padding, empty files and containers read surely are not."""
    tree = container(
        "a",
        "tar",
        folder("b", file("c", b"12"), file("d", b"")),
        part("padding-0", Kind.PADDING, b"\0\0"),
        region("e", b"345"),
    )

    assert leaf_sizes(tree) == {digest(b"12"): 2, digest(b"345"): 3}


def test_a_doubtful_container_counts_with_its_parts_and_its_bytes() -> None:
    """What could be read of a damaged image still shows where it comes from."""
    tree = container("a", "tar", file("c", b"12"), data=b"damaged", certain=False)

    assert leaf_sizes(tree) == {digest(b"12"): 2, digest(b"damaged"): 7}


def test_what_everybody_ships_says_little() -> None:
    """A content weighs the logarithm of its size, divided by the number of products that have it."""
    weights = weigh({b"own": 1022, b"common": 1022, b"unheard": 1022}, {b"own": 1, b"common": 5})

    assert weights == {b"own": log2(1024), b"common": log2(1024) / 5, b"unheard": log2(1024)}


def test_overlap_is_told_absolutely_and_as_shares() -> None:
    """The common weight, its share of the union, and its share of what was expected."""
    assert overlap({b"a": 1.0, b"b": 3.0}, {b"b": 3.0, b"c": 4.0}) == (3.0, 3 / 8, 3 / 4)
    assert overlap({}, {}) == (0.0, 0.0, 0.0)


def test_images_of_one_format_are_compared_whole() -> None:
    """Two images of the same kind are put side by side as they are, even where they share nothing."""
    alignment = align(image(), image(kernel=b"other", root=region("rootfs", b"x")), {})

    assert (alignment.expected_path, alignment.found_path, alignment.covers) == ("", "", True)


@pytest.mark.parametrize("form", ["squashfs", "tar"])
def test_a_root_file_system_is_held_against_that_of_an_image(form: str) -> None:
    """A dump of one partition, or its files in an archive, finds its place in the image the registry knows."""
    alignment = align(image(), container("dump", form, *root_files()), {})

    assert (alignment.expected_path, alignment.found_path, alignment.covers) == ("rootfs", "", True)
    assert alignment.contained == alignment.shared == 1.0


def test_an_unpacked_folder_is_held_against_that_of_an_image() -> None:
    """The files of an image in a folder on disk are compared with its root file system."""
    alignment = align(image(), folder("unpacked", *root_files()), {})

    assert (alignment.expected_path, alignment.found_path) == ("rootfs", "")


def test_a_wrapped_image_is_unwrapped() -> None:
    """A compressed image is compared as what it holds; a wrapping alone hides nothing."""
    inner = container("data", "trx", *image().children, kind=Kind.REGION)
    alignment = align(image(), container("router.bin.gz", "gzip", inner), {})

    assert (alignment.expected_path, alignment.found_path, alignment.covers) == ("", "data", True)


def test_a_dump_with_more_in_it_is_not_covered() -> None:
    """What stands beside the corresponding part was not compared, and that is told."""
    dump = container(
        "flash.bin", "carved", container("trx-0", "trx", *image().children, kind=Kind.REGION), region("b", b"boot")
    )
    alignment = align(image(), dump, {})

    assert (alignment.found_path, alignment.covers) == ("trx-0", False)


def test_content_shared_with_other_products_counts_less() -> None:
    """An artefact that shares only what every product ships contains next to nothing of a release."""
    own = [file(str(number), b"own %d" % number * 9) for number in range(4)]
    common = file("busybox", b"busybox" * 9)
    products = {common.sha256: 50} if common.sha256 else {}
    release = container("a", "tar", common, *own)
    alignment = align(release, container("b", "tar", common, file("x", b"else" * 9)), products)

    assert alignment.contained < 0.01
    assert align(release, container("b", "tar", common, file("x", b"else" * 9)), {}).contained > 0.1
