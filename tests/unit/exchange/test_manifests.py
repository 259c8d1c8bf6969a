"""Manifests as JSON: what `measure` prints comes back as it was measured, and nothing else is believed."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import Measure
from tests.promises.vectors import VECTORS, Vector, read_input
from tests.unit.appraisal.parts import container, device, file, folder, link

from trueware.cli.wire import MANIFEST_SCHEMA, manifest_value
from trueware.errors import InputError, LimitExceeded, MalformedInput
from trueware.exchange.manifests import SCHEMA, decode, is_manifests
from trueware.measuring import Measurement
from trueware.model.claim import Claim
from trueware.model.limits import Limits
from trueware.model.part import Kind, Part

ROOT = folder(
    "device",
    folder(
        "bin", file("busybox", b"program", 0o4755, xattrs=(("security.capability", b"\1\2"),)), link("sh", "busybox")
    ),
    container(
        "fw!",
        "squashfs",
        folder("etc", file("a/b"), file(""), file("x!"), file("a%2Fb"), file("%21"), file("\udcff")),
        kind=Kind.FILE,
    ),
    device("null", 1, 3),
    folder("empty"),
)
CLAIMS = (Claim("version", "1", "os-release", "etc/os-release"),)


def document(root: Part = ROOT, **changed: Any) -> dict[str, Any]:
    value = manifest_value(Measurement(root, (), {}, {}), CLAIMS)
    return {"schema": MANIFEST_SCHEMA, "manifests": [{**value, "parts": list(value["parts"]), **changed}]}


def written(value: object) -> bytes:
    return json.dumps(value).encode()


def same(one: Part, other: Part) -> bool:
    return list(one._replace(mtime=None).walk()) == list(other._replace(mtime=None).walk())


def test_what_was_written_comes_back() -> None:
    """Names with slashes, exclamation marks and bytes that are no text, attributes, devices, claims."""
    data = written(document())
    assert MANIFEST_SCHEMA == SCHEMA
    assert is_manifests(data)
    (stated,) = decode(data)
    assert same(stated.root, ROOT)
    assert (stated.artefact, stated.claims) == ("device", CLAIMS)


@pytest.mark.parametrize("vector", VECTORS[::23], ids=str)
def test_vectors_come_back(vector: Vector, measure_bytes: Measure) -> None:
    """Every 23rd vector of the formats, measured, written and read."""
    root = measure_bytes(read_input(vector.folder)).root
    (stated,) = decode(written(document(root)))
    assert stated.root.tree == root.tree
    assert [path for path, _ in stated.root.walk()] == [path for path, _ in root.walk()]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"tree": "00" * 32}, "Merkle digest"),
        ({"parts": []}, "at least one part"),
        ({"parts": [{"path": "x", "kind": "file", "size": 0, "tree": ""}]}, "one root"),
        ({"parts": [{"path": "", "kind": "directory"}, {"path": "a/b", "kind": "file"}]}, "told before"),
        ({"parts": [{"path": "", "kind": "directory"}, {"path": "", "kind": "file"}]}, "one root"),
        ({"parts": [{"path": "", "kind": "planet"}]}, "kind"),
        ({"parts": [{"path": "", "kind": "file", "size": -1}]}, "size"),
        ({"parts": [{"path": "", "kind": "file", "size": True}]}, "size"),
        ({"parts": [{"path": "", "kind": "file", "mode": "99"}]}, "mode"),
        ({"parts": [{"path": "", "kind": "file", "sha256": "ab"}]}, "32 bytes"),
        ({"parts": [{"path": "", "kind": "file", "link": 3}]}, "link"),
        ({"parts": [{"path": "", "kind": "file", "rdev": [1]}]}, "device"),
        ({"parts": [{"path": "", "kind": "file", "xattrs": {"a": "0g"}}]}, "hex"),
        ({"parts": [{"path": "", "kind": "file", "facts": {"a": 1}}]}, "facts"),
        ({"parts": [{"path": "", "kind": "symlink", "link": "\ud800"}]}, "text"),
        ({"claims": [{"name": "x"}]}, "claim"),
        ({"claims": "x"}, "claims"),
        ({"artefact": None}, "name"),
    ],
)
def test_what_is_none_is_refused(changed: dict[str, Any], reason: str) -> None:
    with pytest.raises(MalformedInput, match=reason):
        decode(written(document(**changed)))


def test_facts_of_one_name_come_back() -> None:
    """An object holds one of each name; where there are more, all stand in a list."""
    part = container("fw", "x", file("a"), facts=(("argument", "1"), ("argument", "2")), kind=Kind.FILE)
    assert decode(written(document(part)))[0].root.facts == part.facts
    value = document(part)
    value["manifests"][0]["parts"][0]["fact_list"] = [["argument"]]
    with pytest.raises(MalformedInput, match="two texts"):
        decode(written(value))


def test_ceilings_hold() -> None:
    with pytest.raises(LimitExceeded, match="max_entries"):
        decode(written(document()), Limits(max_entries=3))
    with pytest.raises(MalformedInput):
        decode(b'{"schema": ' + b"[" * 100_000)
    with pytest.raises(MalformedInput):
        decode(b"\xff")


def test_depth_costs_no_recursion() -> None:
    """5,000 folders in each other, as long as their paths fit."""
    root = file("x")
    for _ in range(3000):
        root = folder("d", root)
    (stated,) = decode(written(document(root)))
    assert stated.root.tree == root.tree


@given(st.integers(0, 10_000), st.integers(0, 255))
def test_no_altered_byte_escapes(place: int, byte: int) -> None:
    """Read as the same tree, or refused."""
    data = bytearray(written(document()))
    data[place % len(data)] = byte
    try:
        for stated in decode(bytes(data)):
            assert stated.root.tree == ROOT.tree
    except InputError:
        pass
