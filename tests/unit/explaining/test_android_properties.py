"""What is said of Android's property files, and what is not."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.explaining.cases import case, findings, rules

from trueware.explaining.detectors.android_properties import AndroidProperties
from trueware.explaining.reading.android_properties import contradictions, read_properties
from trueware.model.finding import Severity

BUILD = {
    "ro.build.id": "A1",
    "ro.build.version.incremental": "77",
    "ro.build.version.release": "13",
    "ro.build.version.sdk": "33",
    "ro.build.version.security_patch": "2023-05-01",
    "ro.build.type": "user",
    "ro.build.tags": "release-keys",
    "ro.build.fingerprint": "acme/one/one:13/A1/77:user/release-keys",
    "ro.product.model": "One",
    "ro.adb.secure": "1",
    "ro.secure": "1",
    "ro.control_privapp_permissions": "enforce",
    "ro.acme.ota.url": "https://ota.acme.example/v1",
    "ro.acme.ota.enable": "true",
}


def text(values: dict[str, str]) -> bytes:
    return "".join(f"{name}={value}\n" for name, value in values.items()).encode()


def told(**changes: str | None) -> list[str]:
    """Return the rules of a file in which some properties are others; ``__`` in a name stands for a dot."""
    named = {name.replace("__", "."): value for name, value in changes.items()}
    after = {name: value for name, value in {**BUILD, **named}.items() if value is not None}
    return rules(AndroidProperties, case({"system/build.prop": text(BUILD)}, {"system/build.prop": text(after)}))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"ro__debuggable": "1"}, ["properties-debuggable"]),
        ({"ro__debuggable": "0"}, ["properties-changed"]),
        ({"ro__secure": "0"}, ["properties-adb-root"]),
        ({"ro__secure": None}, ["properties-changed"]),
        ({"ro__adb__secure": "0"}, ["properties-adb-open"]),
        ({"ro__adb__secure": None}, ["properties-adb-open"]),
        ({"persist__adb__tcp__port": "5555"}, []),
        ({"persist__sys__usb__config": "mtp,adb"}, ["properties-adb-on"]),
        ({"persist__sys__usb__config": "mtp"}, ["properties-changed"]),
        ({"ro__boot__selinux": "permissive"}, ["properties-selinux-permissive"]),
        ({"ro__boot__selinux": "enforcing"}, ["properties-changed"]),
        ({"ro__oem_unlock_supported": "1"}, ["properties-unlock-allowed"]),
        ({"ro__control_privapp_permissions": "log"}, ["properties-privileged-apps"]),
        ({"ro__boot__verifiedbootstate": "green"}, ["properties-boot-state-forged"]),
        ({"ro__boot__hardware": "acme"}, ["properties-changed"]),
        ({"ro__product__model": "Other"}, ["properties-product-renamed"]),
        ({"ro__product__locale": "de"}, ["properties-changed"]),
        ({"ro__build__version__security_patch": "2022-05-01"}, ["properties-patch-level-lowered"]),
        ({"ro__build__version__security_patch": "2024-05-01"}, ["properties-patch-level-raised"]),
        ({"ro__build__version__sdk": "30"}, ["properties-version-lowered"]),
        ({"ro__build__version__sdk": "34"}, ["properties-changed"]),
        ({"ro__build__version__release": "14"}, ["properties-contradict-fingerprint"]),
        ({"ro__acme__ota__url": "https://evil.example/v1"}, []),
        ({"ro__acme__quota__url": "https://evil.example/v1"}, ["properties-changed"]),
        ({"ro__acme__ota__enable": "false"}, ["properties-updates-off"]),
        ({"persist__sys__ota__disable": "1"}, ["properties-updates-off"]),
        ({"persist__sys__ota__disable": "0"}, ["properties-changed"]),
        ({"net__gprs__http-proxy": "10.0.0.1:8080"}, ["properties-proxy"]),
        ({"net__gprs__http-proxy": ""}, ["properties-changed"]),
        ({"net__dns1": "10.0.0.53"}, []),
        ({"ro__serialno": "123"}, []),
    ],
)
def test_properties(changes: dict[str, str | None], expected: list[str]) -> None:
    """Each by what it does, its neighbour or its safe value as no more than another value."""
    assert told(**changes) == expected


def test_a_later_build_is_no_forged_patch_level() -> None:
    """A newer date with another build number is what updates bring."""
    later = {
        "ro__build__version__security_patch": "2024-05-01",
        "ro__build__version__incremental": "78",
        "ro__build__fingerprint": "acme/one/one:13/A1/78:user/release-keys",
    }

    assert told(**later) == ["properties-changed", "properties-other-build"]


def test_test_keys() -> None:
    """Tags, type and fingerprint, told once."""
    changes = {
        "ro__build__tags": "test-keys",
        "ro__build__type": "userdebug",
        "ro__build__fingerprint": "acme/one/one:13/A1/77:userdebug/test-keys",
    }

    assert told(**changes) == ["properties-test-keys"]


def test_a_fingerprint_of_another_product() -> None:
    assert told(ro__build__fingerprint="other/two/two:13/A1/77:user/release-keys") == ["properties-product-renamed"]


def test_a_contradiction_that_the_maker_left_is_none() -> None:
    """Where the genuine file contradicts itself in the same property, nothing was forged."""
    odd = {**BUILD, "ro.build.version.incremental": "eng.me"}
    even_odder = {**odd, "ro.build.version.incremental": "eng.you"}
    made = case({"system/build.prop": text(odd)}, {"system/build.prop": text(even_odder)})

    assert rules(AndroidProperties, made) == ["properties-changed"]


def test_order_and_comments_are_nothing() -> None:
    before, after = text(BUILD), b"# another comment\n" + text(dict(reversed(BUILD.items())))

    assert rules(AndroidProperties, case({"default.prop": before}, {"default.prop": after})) == ["properties-rewritten"]


def test_an_added_file() -> None:
    """Says what it says, where nothing said otherwise before."""
    made = case({"x": b""}, {"x": b"", "system/local.prop": b"ro.debuggable=1\nro.adb.secure=0\n"})

    assert rules(AndroidProperties, made) == ["properties-adb-open", "properties-debuggable"]


def test_where_owners_may_write_it_weighs_less() -> None:
    made = case({"data/local.prop": b"a=b\n"}, {"data/local.prop": b"a=b\nro.debuggable=1\n"}, mutable=("data/**",))

    assert [each.severity for each in findings(AndroidProperties, made)] == [Severity.MEDIUM]


def test_a_proxy_is_touched() -> None:
    path = "vendor/build.prop"
    made = case({path: text(BUILD)}, {path: text({**BUILD, "net.gprs.http-proxy": "10.0.0.1:8080"})})

    assert [each.touches for each in findings(AndroidProperties, made)] == [("host:10.0.0.1",)]


def test_without_the_genuine_file_nothing_is_said() -> None:
    made = case({"build.prop": text(BUILD)}, {"build.prop": b"ro.debuggable=1\n"}, at_hand=False)

    assert rules(AndroidProperties, made) == []


def test_real_properties_contradict_only_what_they_do(corpus: Path) -> None:
    """A maker's own file has another build number than its fingerprint."""
    for path in corpus.rglob("*build.prop"):
        assert contradictions(read_properties(path.read_bytes())).keys() <= {
            "ro.build.version.incremental", "ro.product.name", "ro.product.device", "ro.product.brand",
        }  # fmt: skip


@given(st.binary(max_size=400), st.binary(max_size=400))
def test_arbitrary_bytes_are_compared(before: bytes, after: bytes) -> None:
    rules(AndroidProperties, case({"build.prop": before}, {"build.prop": after + b"ro.debuggable=1"}))
