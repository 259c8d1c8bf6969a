"""Apps: an Android app and a TV app, as their makers released them."""

import tarfile
from collections.abc import Callable, Iterable, Mapping
from io import BytesIO
from typing import ClassVar
from zipfile import ZipFile

from remake import Item, Tree, write_zip
from tamper.genuine.form import Genuine
from tamper.making.packages import signed, zipped

SIGNER = "@signer"
"""Its content names who signs the app anew; without it the maker's signature stays, and holds no longer."""


def _members(data: bytes) -> Tree:
    with ZipFile(BytesIO(data)) as archive:
        return {name: Item(tarfile.REGTYPE, 0o644, data=archive.read(name)) for name in archive.namelist()}


class AndroidApp(Genuine):
    """An Android app; what is done to it is signed anew with a key of ours, as an attacker would."""

    name: ClassVar[str] = "Android app"
    title: ClassVar[str] = "io.appium.settings 7.0.0 (corpus); the registry also knows 8.0.10"
    publisher: ClassVar[str] = "Appium"
    product: ClassVar[str] = "io.appium.settings"
    version: ClassVar[str] = "7.0.0"
    suffix: ClassVar[str] = ".apk"
    mutable: ClassVar[str] = "android"
    _PATH = "open/apk-settings/io.appium.settings-7.0.0.apk"
    _LATER = "open/apk-settings/io.appium.settings-8.0.10.apk"

    def image(self) -> bytes:
        """Return the app as released."""
        return self.workshop.item(self._PATH)

    def unpacked(self) -> Tree:
        """Return its members."""
        return _members(self.image())

    def pack(self, tree: Tree) -> bytes:
        """Return the app with these members, signed anew where the tree says by whom."""
        signer = tree.get(SIGNER)
        kept = {name: item.data for name, item in tree.items() if name != SIGNER and item.type == tarfile.REGTYPE}
        changed = {name: data for name, data in kept.items() if name in self.tree and data != self.tree[name].data}
        added = {name: data for name, data in kept.items() if name not in self.tree}
        removed = [name for name in self.tree if name not in kept]
        made = write_zip(self.image(), replace=changed, add=added, remove=removed)
        return signed(made, signer.data.decode()) if signer is not None else made

    def packings(self) -> Mapping[str, Callable[[], bytes]]:
        """Return the app with a member packed less tightly."""
        code = {"classes2.dex": self.tree["classes2.dex"].data}
        return {"a member deflated anew": lambda: write_zip(self.image(), replace=code, level=1)}

    def shown(self, path: str) -> str:
        """Return a path as a result has it; who signs it is said of the app itself or its block of signatures."""
        return "apk-signing-block**" if path == SIGNER else super().shown(path)

    def known_beside(self) -> Iterable[tuple[bytes, str, str, str]]:
        """Return a later release."""
        yield self.workshop.item(self._LATER), self.publisher, self.product, "8.0.10"


class TvApp(Genuine):
    """A Tizen widget: the corpus has it altered, and the one altered file as it was.

    Its signatures are left out, since they are over a file that the corpus lacks.
    """

    name: ClassVar[str] = "TV app"
    title: ClassVar[str] = (
        "a music service's Tizen TV app, put together from the corpus without its signatures (a signed file is lacking), zipped by us"
    )
    publisher: ClassVar[str] = "Music service"
    product: ClassVar[str] = "TV app"
    version: ClassVar[str] = "2.1.53"
    suffix: ClassVar[str] = ".wgt"
    mutable: ClassVar[str] = "package"
    _FOLDER = "open/tizen-spotify-mod/"
    _MEMBERS = ("config.xml", "icon.png", "tizen.css", "service/recommendations/index.js")

    def unpacked(self) -> Tree:
        """Return its members."""
        data = {name: self.workshop.item(f"{self._FOLDER}tampered/{name}") for name in self._MEMBERS}
        data["index.html"] = self.workshop.item(f"{self._FOLDER}as-signed/index.html")
        return {name: Item(tarfile.REGTYPE, 0o644, data=each) for name, each in data.items()}

    def pack(self, tree: Tree) -> bytes:
        """Return the widget."""
        return zipped(_plain(tree))

    def packings(self) -> Mapping[str, Callable[[], bytes]]:
        """Return another order, other times, no compression."""
        turned = dict(reversed(_plain(self.tree).items()))
        return {"members in another order, other times": lambda: zipped(turned, (2020, 2, 2, 2, 2, 2), level=1)}


class BootSet(Genuine):
    """The boot files of a streaming box on a memory card: a boot loader, its scripts, the kernel's command line."""

    name: ClassVar[str] = "streaming box's boot files"
    title: ClassVar[str] = "a boot set for an operator's Amlogic box (corpus), zipped by us"
    publisher: ClassVar[str] = "Box boot set"
    product: ClassVar[str] = "B860H boot set"
    version: ClassVar[str] = "1"
    suffix: ClassVar[str] = ".zip"
    mutable: ClassVar[str] = "generic"
    _FOLDER = "open/iptv-stb-b860h/"
    _MEMBERS = ("aml_autoscript", "boot.ini", "emmc_autoscript", "extlinux.conf", "s905_autoscript", "u-boot.ext")

    def unpacked(self) -> Tree:
        """Return its files."""
        return {
            name: Item(tarfile.REGTYPE, 0o644, data=self.workshop.item(self._FOLDER + name)) for name in self._MEMBERS
        }

    def pack(self, tree: Tree) -> bytes:
        """Return a zip of them."""
        return zipped(_plain(tree))

    def packings(self) -> Mapping[str, Callable[[], bytes]]:
        """Return another order and compression."""
        return {
            "zip in another order, stored loosely": lambda: zipped(dict(reversed(_plain(self.tree).items())), level=1)
        }


def _plain(tree: Tree) -> dict[str, bytes]:
    return {name: item.data for name, item in tree.items() if item.type == tarfile.REGTYPE}
