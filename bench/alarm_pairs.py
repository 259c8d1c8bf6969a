"""Pairs in which nobody tampered: a maker's updates, a distribution's packages in two versions, one image in two wrappings.

Packages are fetched by `apt-get download`, the earliest and the latest version that the machine's own sources offer, so that figures
rise and fall with what Debian offers on the day; both versions stand in the table.
"""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_OPEN, _APPS = "corpus/open", "mobile/npm-apks/open"
_WR841N = f"{_OPEN}/tl-wr841n-five-builders/openwrt-15.05.1-ar71xx-generic-tl-wr841n-v9-squashfs"
_GLUON = f"{_OPEN}/ffnord-gluon/gluon-ffnord-2016.2.7.1-tp-link-tl-wr841n-nd-v9"
_FEED = f"{_OPEN}/openwrt-dist-leaked-key"
_SETTINGS = ("2.5.1", "3.3.0", "3.6.0", "4.0.0", "4.2.4", "5.14.15", "6.0.8", "7.0.22", "8.0.10")
_SERVER = (
    *("1.12.0__appium-uiautomator2-server-v1.12.0", "3.1.1__appium-uiautomator2-server-v3.1.1"),
    *("4.8.2__appium-uiautomator2-server-v4.8.2", "4.18.0__appium-uiautomator2-server-v4.18.0"),
)

PACKAGES = (
    *("apache2", "apache2-bin", "apt", "bind9", "ca-certificates", "curl", "libc-bin", "libssl3", "mosquitto", "mount"),
    *("nginx-common", "openssh-client", "openssh-server", "openssl", "perl-base", "php8.2-cli", "php8.2-fpm", "rsync"),
    *("rsyslog", "samba", "squid", "sudo", "systemd", "tzdata", "udev", "unbound", "util-linux", "xz-utils"),
)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two artefacts; the later one is what an honest party made of, or after, the earlier."""

    name: str
    earlier: Path
    later: Path


def corpus_pairs(corpus: Path) -> Iterator[Pair]:
    """Yield the pairs of the corpus."""
    onu = f"{_OPEN}/gpon-onu/V2801F_V1.9.0"
    modules = f"{_OPEN}/linux-module-signature/wireguard-6.1.0"
    yield Pair("V-SOL V2801F 200827, 201104", corpus / f"{onu}-200827.tar", corpus / f"{onu}-201104.tar")
    yield Pair("OpenWrt factory, sysupgrade", corpus / f"{_WR841N}-factory.bin", corpus / f"{_WR841N}-sysupgrade.bin")
    yield Pair("Gluon factory, sysupgrade", corpus / f"{_GLUON}.bin", corpus / f"{_GLUON}-sysupgrade.bin")
    yield Pair("wireguard.ko of two kernels", corpus / f"{modules}-47.ko", corpus / f"{modules}-50.ko")
    for name, old, new in (
        ("luci-app-diskman", "0.2.13_all", "0.2.13-r1_all"),
        ("openssl-util", "3.0.15-1_x86_64", "3.0.16-r1_x86_64"),
        ("zlib", "1.2.13-1_x86_64", "1.3.1-r1_x86_64"),
    ):
        sides = corpus / f"{_FEED}/2025-01-29/{name}_{old}.ipk", corpus / f"{_FEED}/2025-04-25/{name}_{new}.ipk"
        yield Pair(f"{name} (ipk)", *sides)
    settings = [corpus / f"{_APPS}/io.appium.settings-{each}__settings_apk-debug.apk" for each in _SETTINGS]
    for version, before, after in zip(_SETTINGS[1:], settings, settings[1:], strict=False):
        yield Pair(f"io.appium.settings {version} (apk)", before, after)
    servers = [corpus / f"{_APPS}/appium-uiautomator2-server-{each}.apk" for each in _SERVER]
    for version, before, after in zip(_SERVER[1:], servers, servers[1:], strict=False):
        yield Pair(f"uiautomator2-server {version.partition('_')[0]} (apk)", before, after)


def package_pairs(folder: Path) -> Iterator[Pair | str]:
    """Yield a pair for each package in two versions, or why there is none.

    Args:
        folder: where packages are kept between runs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in PACKAGES:
        versions = _versions(name)
        if len(versions) < 2:
            yield f"{name}: one version or none is offered"
            continue
        sides = [_fetch(name, version, folder) for version in (versions[0], versions[-1])]
        if sides[0] is None or sides[1] is None:
            yield f"{name}: cannot be fetched"
        else:
            yield Pair(f"{name} {versions[0]}, {versions[-1]} (deb)", sides[0], sides[1])


def _versions(name: str) -> list[str]:
    """Return what the sources of this machine offer, the earliest first."""
    told = _run("apt-cache", "madison", name)
    versions = list(dict.fromkeys(line.split("|")[1].strip() for line in told.splitlines() if line.count("|") >= 2))
    return versions[::-1]  # madison lists the latest first


def _fetch(name: str, version: str, folder: Path) -> Path | None:
    pattern = f"{name}_{version.replace(':', '%3a')}_*.deb"
    if not list(folder.glob(pattern)):
        _run("apt-get", "download", "-qq", f"{name}={version}", cwd=folder)
    return next(folder.glob(pattern), None)


def _run(*command: str, cwd: Path | None = None) -> str:
    try:
        return subprocess.run(command, check=False, capture_output=True, text=True, cwd=cwd).stdout
    except FileNotFoundError:
        return ""
