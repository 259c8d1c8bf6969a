"""A phone's set of images in one archive, as makers hand them out: boot, system, vendor, NV data, boot loaders, vbmeta.

From the corpus: the boot loaders and vbmeta (a Motorola phone's), build properties and apps (an Android panel's). System, vendor and
NV data are put together from those and from files of ours in ext4, and so is the boot image; the small apps that have the
names of Google's setup wizard and device finder are ours, and empty.
"""

import random
import tarfile
from collections.abc import Callable, Mapping
from functools import cache
from gzip import compress
from hashlib import sha1
from io import BytesIO
from struct import pack
from typing import ClassVar
from zipfile import ZipFile

from remake import Item, Tree, write_tar
from tamper.edits import add, both, folder, link
from tamper.genuine.form import Genuine
from tamper.making.filesystems import write_cpio, write_ext4
from tamper.making.keys import pem
from tamper.making.manifests import component, permission
from tamper.making.packages import app, zipped
from tamper.making.programs import IDLE, build

SYSTEM, VENDOR, NVDATA, RAMDISK = "system.img!/", "vendor.img!/", "nvdata.img!/", "boot.img!/ramdisk!/data!/"
COMMAND_LINE = "@boot.img command line"
KERNEL = "boot.img!/kernel"
OTACERTS = f"{SYSTEM}etc/security/otacerts.zip!/"

_MOTOROLA = "open/motorola-milan_g/"
_PANEL = "open/activpanel-hi3751/"
_LOADERS = ("lk.img", "preloader.img", "tee.img", "scp.img", "dtbo.img", "vbmeta.img", "vbmeta_system.img")
_APPS = ("HiFactoryMenu", "TvProvider", "WAPPushManager", "CtsShimPrebuilt")
_LINE = "console=ttyS0,115200 androidboot.hardware=bigfish androidboot.selinux=enforcing"

_FILES: Mapping[str, tuple[int, str]] = {
    f"{SYSTEM}etc/hosts": (0o644, "127.0.0.1       localhost\n::1             ip6-localhost\n"),
    f"{SYSTEM}etc/init/logd.rc": (
        0o644,
        "service logd /system/bin/logd\n    class core\n    user logd\n    group logd system\n",
    ),
    f"{SYSTEM}etc/init/bootstat.rc": (0o644, "on post-fs-data\n    mkdir /data/misc/bootstat 0700 system log\n"),
    f"{SYSTEM}etc/permissions/privapp-permissions-platform.xml": (
        0o644,
        '<permissions>\n    <privapp-permissions package="com.android.providers.tv">\n'
        '        <permission name="android.permission.WRITE_SECURE_SETTINGS"/>\n    </privapp-permissions>\n</permissions>\n',
    ),
    f"{SYSTEM}etc/selinux/plat_sepolicy.cil": (
        0o644,
        "(type su)\n(typeattribute domain)\n(allow init kernel (process (getattr)))\n",
    ),
    f"{VENDOR}etc/fstab.bigfish": (
        0o644,
        "/dev/block/by-name/system /system ext4 ro,barrier=1 wait,slotselect,avb=vbmeta,first_stage_mount\n"
        "/dev/block/by-name/vendor /vendor ext4 ro,barrier=1 wait,slotselect,avb,first_stage_mount\n"
        "/dev/block/by-name/userdata /data f2fs noatime,nosuid,nodev wait,check,fileencryption=aes-256-xts,quota\n"
        "/dev/block/by-name/frp /persistent emmc defaults defaults\n",
    ),
    f"{VENDOR}etc/wifi/wpa_supplicant.conf": (0o644, "update_config=1\neapol_version=1\nap_scan=1\n"),
    f"{RAMDISK}init.rc": (
        0o750,
        "import /init.${ro.hardware}.rc\n\non early-init\n    write /proc/1/oom_score_adj -1000\n\non boot\n    class_start core\n\n"
        "service ueventd /system/bin/ueventd\n    class core\n    critical\n    seclabel u:r:ueventd:s0\n",
    ),
    f"{RAMDISK}init.bigfish.rc": (0o750, "on fs\n    mount_all /vendor/etc/fstab.bigfish\n"),
    f"{RAMDISK}default.prop": (
        0o644,
        "#\n# ADDITIONAL_DEFAULT_PROPERTIES\n#\nro.secure=1\nro.adb.secure=1\nro.allow.mock.location=0\nro.debuggable=0\npersist.sys.usb.config=none\n",
    ),
}
"""Made by us, after the files of those names in AOSP."""

_EXTRA = (
    "ro.frp.pst=/dev/block/by-name/frp\nro.setupwizard.mode=REQUIRED\nro.ota.url=https://ota.maker.example.org/v1\n"
)


class Phone(Genuine):
    """See the module."""

    name: ClassVar[str] = "phone"
    title: ClassVar[str] = (
        "a phone's images in one zip: boot loaders and vbmeta of a Motorola phone, properties and apps of an Android panel (corpus); "
        "the file systems, the boot image, two empty apps with Google's names and some settings made by us"
    )
    publisher: ClassVar[str] = "Example Phones"
    product: ClassVar[str] = "Example phone"
    version: ClassVar[str] = "8.0.0"
    suffix: ClassVar[str] = ".zip"
    mutable: ClassVar[str] = "android"

    def unpacked(self) -> Tree:
        """Return its files."""
        edits = [add(path, text, mode) for path, (mode, text) in _FILES.items()]
        edits += [folder(f"{SYSTEM}{name}") for name in ("data", "cache")]
        edits += [add(name, self.workshop.item(_MOTOROLA + name)) for name in _LOADERS]
        properties = self.workshop.item(f"{_PANEL}system-build.prop") + _EXTRA.encode()
        edits += [
            add(f"{SYSTEM}build.prop", properties),
            add(f"{VENDOR}build.prop", self.workshop.item(f"{_PANEL}vendor-build.prop")),
            *(add(f"{SYSTEM}app/{name}/{name}.apk", self.workshop.item(f"{_PANEL}{name}.apk")) for name in _APPS),
            add(f"{SYSTEM}priv-app/SetupWizard/SetupWizard.apk", wizard()),
            add(f"{SYSTEM}priv-app/FindMyDevice/FindMyDevice.apk", finder()),
            add(f"{SYSTEM}etc/security/cacerts/5ed36f99.0", pem("Example Public Root")),
            add(f"{SYSTEM}bin/toolbox", build(IDLE, "-Os", "-Wl,--build-id=none"), 0o755),
            add(f"{VENDOR}lib/mediadrm/libwvdrmengine.so", build(IDLE, "-O1", "-Wl,--build-id=none"), 0o644),
            *(link(f"{SYSTEM}bin/{name}", "toolbox") for name in ("getprop", "start", "stop")),
            *(add(path, data, 0o660, 1000) for path, data in _nv().items()),
            add(
                KERNEL,
                b"Linux version 4.9.118 (bamboo@e40af7c3507b) #1 SMP PREEMPT\0" + random.Random(7).randbytes(3000),  # noqa: S311 (the same in every run)
            ),
            add(f"{RAMDISK}init", build(IDLE, "-O2", "-static", "-s", "-Wl,--build-id=none"), 0o750),
            add(COMMAND_LINE, _LINE),
        ]
        with ZipFile(BytesIO(self.workshop.item(f"{_PANEL}otacerts.zip"))) as archive:
            edits += [add(OTACERTS + name, archive.read(name)) for name in archive.namelist()]
        return both(*edits)({})

    def pack(self, tree: Tree) -> bytes:
        """Return the archive."""
        return self._packed(tree)

    def _packed(self, tree: Tree, block: int = 4096, level: int = 6) -> bytes:
        members = {name: tree[name].data for name in _LOADERS if name in tree}
        for place in (SYSTEM, VENDOR, NVDATA):
            files = _below(tree, place)
            keys = {
                path.removeprefix("etc/security/otacerts.zip!/"): item.data
                for path, item in files.items()
                if "otacerts.zip!/" in path
            }
            files = {path: item for path, item in files.items() if "otacerts.zip!" not in path}
            if keys:
                files["etc/security/otacerts.zip"] = Item(tarfile.REGTYPE, 0o644, data=zipped(keys))
            members[place.removesuffix("!/")] = write_ext4(
                {"": Item(tarfile.DIRTYPE, 0o755), **files}, self.workshop.scratch, block=block
            )
        ramdisk = {"": Item(tarfile.DIRTYPE, 0o755), **_below(tree, RAMDISK)}
        members["boot.img"] = _boot(
            tree[KERNEL].data, compress(write_cpio(ramdisk), level, mtime=0), tree[COMMAND_LINE].data
        )
        return zipped(members, level=level)

    def packings(self) -> Mapping[str, Callable[[], bytes]]:
        """Return other blocks and levels of compression."""
        return {
            "other blocks in every file system, ramdisk packed anew": lambda: self._packed(self.tree, 1024, 1),
            "system files in a tar": lambda: write_tar({"": Item(tarfile.DIRTYPE, 0o755), **_below(self.tree, SYSTEM)}),
        }

    def shown(self, path: str) -> str:
        """Return a path as a result has it; the command line is a fact of the boot image."""
        return "boot.img" if path == COMMAND_LINE else super().shown(path)


@cache
def wizard() -> bytes:
    """Return the stand-in for the setup wizard."""
    home = component(
        "activity", "com.google.android.setupwizard.Start", "android.intent.action.DEVICE_INITIALIZATION_WIZARD"
    )
    return app("com.google.android.setupwizard", "maker", [permission("MASTER_CLEAR")], [home])


@cache
def finder() -> bytes:
    """Return the stand-in for the device finder."""
    admin = component(
        "receiver",
        "com.google.android.apps.adm.Admin",
        "android.app.action.DEVICE_ADMIN_ENABLED",
        guard="android.permission.BIND_DEVICE_ADMIN",
    )
    return app("com.google.android.apps.adm", "maker", [permission("ACCESS_FINE_LOCATION")], [admin])


def _nv() -> dict[str, bytes]:
    """Return NV data in MediaTek's layout of folders, filled with noise."""
    noise = random.Random(11)  # noqa: S311 (the same in every run)
    return {
        f"{NVDATA}md/NVRAM/NVD_IMEI/MP0B_001": noise.randbytes(384),
        f"{NVDATA}md/NVRAM/CALIBRAT/ST33A004": noise.randbytes(2048),
        f"{NVDATA}APCFG/APRDEB/WIFI": noise.randbytes(2050),
        f"{NVDATA}APCFG/APRDEB/BT_Addr": noise.randbytes(64),
    }


def _below(tree: Tree, place: str) -> Tree:
    return {path.removeprefix(place): item for path, item in tree.items() if path.startswith(place)}


def _boot(kernel: bytes, ramdisk: bytes, line: bytes) -> bytes:
    """Return a boot image of version 0 (AOSP ``bootimg.h``)."""
    digest = sha1(
        b"".join(part + pack("<I", len(part)) for part in (kernel, ramdisk, b"")), usedforsecurity=False
    ).digest()
    head = b"ANDROID!" + pack("<6I", len(kernel), 0x10008000, len(ramdisk), 0x11000000, 0, 0x10F00000)
    head += pack("<IIII", 0x10000100, 2048, 0, (8 << 14) << 11 | 21 << 4 | 5)
    head += pack("<16s512s32s1024s", b"bigfish", line, digest, b"")
    return b"".join(part + bytes(-len(part) % 2048) for part in (head, kernel, ramdisk))
