"""Claims of real firmware and apps, where the test corpus is at hand."""

from pathlib import Path
from zipfile import ZipFile

import pytest

from trueware.artefact import measure_artefact
from trueware.formats import BY_NAME
from trueware.identifying import contradictions
from trueware.identifying.android_manifest import AndroidManifest
from trueware.model.claim import Claim

pytestmark = pytest.mark.corpus


def needs(*formats: str) -> pytest.MarkDecorator:
    """Skip, visibly, while a reader the item needs is not there."""
    missing = [name for name in formats if name not in BY_NAME]
    return pytest.mark.skipif(bool(missing), reason=f"no reader for {', '.join(missing)}")


MANIFESTS = {
    "apk-settings/io.appium.settings-8.0.10.apk": ("io.appium.settings", "8.0.10", "192"),
    "apk-settings/io.appium.settings-7.0.0.apk": ("io.appium.settings", "7.0.0", "141"),
    "activpanel-hi3751/CtsShimPrebuilt.apk": ("com.android.cts.ctsshim", "8.1.0-4396705", "27"),
}


def said(claims: tuple[Claim, ...]) -> set[tuple[str, str, str]]:
    return {(claim.source, claim.name, claim.value) for claim in claims}


@pytest.fixture
def items(corpus: Path) -> Path:
    return corpus / "corpus" / "open"


@pytest.mark.parametrize("path", MANIFESTS)
def test_manifests_of_apps(items: Path, path: str) -> None:
    """Package and versions are those the app was published under."""
    package, version, code = MANIFESTS[path]
    with ZipFile(items / path) as archive:
        claims = said(tuple(AndroidManifest.read(archive.read("AndroidManifest.xml"), "")))

    assert ("android-manifest", "package", package) in claims
    assert ("android-manifest", "version", version) in claims
    assert ("android-version-code", "version", code) in claims


@needs("squashfs")
def test_foreign_software_under_a_makers_header(items: Path) -> None:
    """DD-WRT packed for TP-Link's upgrade page contradicts its own header."""
    measured = measure_artefact(items / "tp-link-stock-vs-ddwrt/wr841nd-v9-factory-to-ddwrt.bin")
    found = contradictions(measured.claims)

    assert ("tplink-v1", "vendor", "TP-LINK Technologies") in said(measured.claims)
    assert [finding.part for finding in found] == ["rootfs!/etc/motd"]


GENUINE = (
    "tp-link-stock-vs-ddwrt/wr840nv2_eu_3_16_9_up_boot_160406_original.bin",
    "tl-wr841n-five-builders/openwrt-15.05.1-ar71xx-generic-tl-wr841n-v9-squashfs-factory.bin",
    "ffnord-gluon/gluon-ffnord-2016.2.7.1-tp-link-tl-wr841n-nd-v9.bin",
)


@pytest.mark.parametrize("path", GENUINE)
def test_genuine_images_contradict_nothing(items: Path, path: str) -> None:
    """The maker's own image and those of OpenWrt and Gluon are at one with their headers."""
    measured = measure_artefact(items / path)

    assert any(claim.source == "tplink-v1" for claim in measured.claims)
    assert contradictions(measured.claims) == ()


@needs("squashfs")
def test_openwrt(items: Path) -> None:
    """The official OpenWrt image names release, revision and target."""
    measured = measure_artefact(items / GENUINE[1])

    assert said(measured.claims) >= {
        ("tplink-v1", "vendor", "OpenWrt"),
        ("tplink-v1", "hardware", "0x08410009"),
        ("openwrt-release", "version", "15.05.1"),
        ("openwrt-release", "build", "r48532"),
        ("openwrt-release", "board", "ar71xx/generic"),
    }


@needs("tar", "squashfs")
def test_optical_terminal(items: Path) -> None:
    """The package's version file and the root file system agree."""
    measured = measure_artefact(items / "gpon-onu/V2801F_V1.9.0-201104.tar")
    versions = {claim.part.rpartition("!/")[2]: claim.value for claim in measured.claims if claim.name == "version"}

    assert versions == {"fwu_ver": "V1.9.0-201104", "etc/version": "V1.9.0-201104"}


def test_panel(items: Path) -> None:
    """Dumped build properties give fingerprint, maker and model."""
    measured = measure_artefact(items / "activpanel-hi3751")

    assert said(measured.claims) >= {
        ("build.prop", "vendor", "ActivPanel"),
        ("build.prop", "product", "ActivPanel"),
        ("build.prop", "version", "8.0.0"),
        (
            "build.prop",
            "fingerprint",
            "HiDPT/Hi3751V811_DMO/Hi3751V811:8.0.0/OPR6.170623.013/5.5.0.56:user/release-keys",
        ),
    }


def test_widget(items: Path) -> None:
    """The TV app names itself, whoever signed it."""
    measured = measure_artefact(items / "tizen-spotify-mod/tampered")

    assert said(measured.claims) >= {
        ("widget-config", "package", "rJeHak5zRg"),
        ("widget-config", "product", "Spotify - Music and Podcasts"),
        ("widget-config", "version", "2.1.53"),
    }
