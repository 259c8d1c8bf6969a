"""Packages that were added as a whole: what is in them is no change of its own, and is looked into all the same."""

from pathlib import Path
from zipfile import ZipFile

import pytest

from trueware.verify import diff

from .axml import manifest
from .test_tv_apps import CONFIG


@pytest.mark.parametrize(
    ("name", "inner", "content", "rule"),
    [
        ("usr/apps/app.wgt", "config.xml", CONFIG, "tv-app-added"),
        ("usr/apps/app.wgt", "config.xml", b"<settings/>", None),
        ("home/.kodi/addons/plugin.x.zip", "plugin.x/addon.xml", b"<addon id='plugin.x' version='1'/>", "tv-app-added"),
        ("system/app/Shop.apk", "AndroidManifest.xml", manifest(package="cm.aptoidetv.pt"), "app-shop-added"),
        ("system/app/Shop.apk", "AndroidManifest.xml", manifest(package="cm.aptoidetv.pt.brand"), "app-shop-added"),
        ("system/app/Shop.apk", "AndroidManifest.xml", manifest(package="cm.aptoidetvx"), None),
    ],
)
def test_an_added_package_is_looked_into(
    tmp_path: Path, name: str, inner: str, content: bytes, rule: str | None
) -> None:
    for side in ("genuine", "suspect"):
        for path in ("usr/bin/enigma2", "etc/enigma2/settings", "bin/sh"):
            (tmp_path / side / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / side / path).write_bytes(b"the same on both sides")
    package = tmp_path / "suspect" / name
    package.parent.mkdir(parents=True, exist_ok=True)
    with ZipFile(package, "w") as archive:
        archive.writestr(inner, content)
    result = diff(tmp_path / "genuine", tmp_path / "suspect", policy="set-top-box")
    told = {finding.rule for each in result.explanations for finding in each.findings}
    assert {"tv-app-added", "app-shop-added"} & told == ({rule} if rule else set())
