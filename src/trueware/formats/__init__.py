"""The formats trueware reads, and which of them some bytes are.

`FORMATS` is the list; a new format is one file, one line here and a folder of vectors. Order matters where two could match
the same bytes: what wraps comes before what is wrapped, strict magics before weak ones.
"""

from trueware.formats.android.avb_footer import AvbFooter
from trueware.formats.android.boot import Boot
from trueware.formats.android.dhtb import Dhtb
from trueware.formats.android.dtbo import Dtbo
from trueware.formats.android.payload import Payload
from trueware.formats.android.sparse import Sparse
from trueware.formats.android.super import Super
from trueware.formats.android.vbmeta import Vbmeta
from trueware.formats.android.vendor_boot import VendorBoot
from trueware.formats.compression.bzip2 import Bzip2
from trueware.formats.compression.gzip import Gzip
from trueware.formats.compression.lz4 import Lz4
from trueware.formats.compression.lz4_legacy import Lz4Legacy
from trueware.formats.compression.lzma_alone import LzmaAlone
from trueware.formats.compression.lzop import Lzop
from trueware.formats.compression.xz import Xz
from trueware.formats.compression.zstd import Zstd
from trueware.formats.containers.docsis import DocsisConfig
from trueware.formats.containers.dtb import Dtb
from trueware.formats.containers.fit import Fit
from trueware.formats.containers.gpt import Gpt
from trueware.formats.containers.kernel import LinuxKernel
from trueware.formats.containers.mbr import Mbr
from trueware.formats.containers.onie import Onie
from trueware.formats.containers.rauc import Rauc
from trueware.formats.containers.sysupgrade import Sysupgrade
from trueware.formats.containers.tplink_v1 import TplinkV1
from trueware.formats.containers.trx import Trx
from trueware.formats.containers.ubi import Ubi
from trueware.formats.containers.uimage import UImage
from trueware.formats.contract import Format
from trueware.formats.embedded.cbfs import Cbfs
from trueware.formats.embedded.dfu import Dfu
from trueware.formats.embedded.fmap import Fmap
from trueware.formats.embedded.ihex import Ihex
from trueware.formats.embedded.intel_flash import IntelFlash
from trueware.formats.embedded.mbn import Mbn
from trueware.formats.embedded.qcom_elf import QcomElf
from trueware.formats.embedded.srec import Srec
from trueware.formats.embedded.uboot_env import UbootEnv
from trueware.formats.embedded.uefi import UefiFv
from trueware.formats.embedded.uefi_capsule import UefiCapsule
from trueware.formats.embedded.uf2 import Uf2
from trueware.formats.filesystems.cramfs import Cramfs
from trueware.formats.filesystems.erofs import Erofs
from trueware.formats.filesystems.exfat import Exfat
from trueware.formats.filesystems.ext import Ext
from trueware.formats.filesystems.fat import Fat
from trueware.formats.filesystems.jffs2 import Jffs2
from trueware.formats.filesystems.minix import Minix
from trueware.formats.filesystems.optical.iso9660 import Iso9660
from trueware.formats.filesystems.optical.udf import Udf
from trueware.formats.filesystems.romfs import Romfs
from trueware.formats.filesystems.squashfs import Squashfs
from trueware.formats.filesystems.ubifs import Ubifs
from trueware.formats.filesystems.yaffs2 import Yaffs2
from trueware.formats.packages.adb import Adb
from trueware.formats.packages.adb_packed import AdbPacked
from trueware.formats.packages.ar import Ar, Deb
from trueware.formats.packages.cpio import Cpio
from trueware.formats.packages.rpm import Rpm
from trueware.formats.packages.tar import Tar
from trueware.formats.packages.zip import Zip
from trueware.formats.phones.dz import Dz
from trueware.formats.phones.kdz import Kdz
from trueware.formats.phones.motorola_single import MotorolaSingle
from trueware.formats.phones.odin_tar import OdinTar
from trueware.formats.phones.ozip import Ozip
from trueware.formats.phones.pac import Pac
from trueware.formats.phones.samsung_signer import SamsungSigner
from trueware.formats.phones.sin import Sin
from trueware.formats.phones.update_app import UpdateApp
from trueware.formats.receivers.epk import Epk
from trueware.formats.receivers.mpeg_ts import MpegTs
from trueware.formats.receivers.nfi import Nfi
from trueware.formats.soc.allwinner_toc import AllwinnerToc
from trueware.formats.soc.aml_resource import AmlResource
from trueware.formats.soc.aml_upgrade import AmlUpgrade
from trueware.formats.soc.egon import Egon
from trueware.formats.soc.imagewty import ImageWty
from trueware.formats.soc.mtk_partition import MtkPartition
from trueware.formats.soc.mtk_preloader import MtkPreloader
from trueware.formats.soc.novatek_pack import NovatekPack
from trueware.formats.soc.rk_idblock import RkIdblock
from trueware.formats.soc.rk_image import RkImage
from trueware.formats.soc.rk_loader import RkLoader
from trueware.formats.soc.rkaf import Rkaf
from trueware.formats.soc.rkfw import Rkfw
from trueware.formats.vendor.bcm63xx import Bcm63xx
from trueware.formats.vendor.cisco_cnu import CiscoCnu
from trueware.formats.vendor.cisco_phone import CiscoPhone
from trueware.formats.vendor.cybertan import Cybertan
from trueware.formats.vendor.deafbead import Deafbead
from trueware.formats.vendor.dlink_encrpted import DlinkEncrpted
from trueware.formats.vendor.dlink_shrs import DlinkShrs
from trueware.formats.vendor.edimax import Edimax
from trueware.formats.vendor.hwnp import Hwnp
from trueware.formats.vendor.linksys_trailer import LinksysTrailer
from trueware.formats.vendor.netgear_chk import NetgearChk
from trueware.formats.vendor.netgear_dni import NetgearDni
from trueware.formats.vendor.npk import Npk
from trueware.formats.vendor.realtek import Realtek
from trueware.formats.vendor.seama import Seama
from trueware.formats.vendor.senao import Senao
from trueware.formats.vendor.tplink_safeloader import TplinkSafeloader
from trueware.formats.vendor.tplink_v2 import TplinkV2
from trueware.formats.vendor.ubnt import Ubnt
from trueware.formats.vendor.xiaomi_hdr import XiaomiHdr
from trueware.formats.vendor.zynos import Zynos

FORMATS: tuple[type[Format], ...] = (
    AvbFooter,
    Dhtb,
    SamsungSigner,
    Vbmeta,
    Boot,
    VendorBoot,
    Dtbo,
    Super,
    Payload,
    Sysupgrade,
    Onie,
    Rauc,
    TplinkSafeloader,
    TplinkV2,
    NetgearChk,
    NetgearDni,
    Seama,
    Ubnt,
    Npk,
    Hwnp,
    CiscoPhone,
    CiscoCnu,
    Bcm63xx,
    DlinkShrs,
    DlinkEncrpted,
    XiaomiHdr,
    Realtek,
    Senao,
    Zynos,
    Cybertan,
    LinksysTrailer,
    Edimax,
    Deafbead,
    TplinkV1,
    MtkPartition,
    MtkPreloader,
    UpdateApp,
    Rkfw,
    Rkaf,
    ImageWty,
    Egon,
    AmlUpgrade,
    AmlResource,
    MotorolaSingle,
    Kdz,
    Dz,
    Pac,
    Sin,
    Ozip,
    Epk,
    Nfi,
    NovatekPack,
    RkImage,
    RkLoader,
    AllwinnerToc,
    RkIdblock,
    UImage,
    Trx,
    Fit,
    Dtb,
    Iso9660,
    Udf,
    Gpt,
    Mbr,
    Fat,
    Exfat,
    LinuxKernel,
    QcomElf,
    Mbn,
    IntelFlash,
    UbootEnv,
    Uf2,
    Dfu,
    Srec,
    Ihex,
    Fmap,
    Cbfs,
    UefiCapsule,
    UefiFv,
    Ubi,
    Sparse,
    Ext,
    Minix,
    Squashfs,
    Cramfs,
    Romfs,
    Erofs,
    Jffs2,
    Ubifs,
    Ubifs,
    Yaffs2,
    OdinTar,
    MpegTs,
    Tar,
    Cpio,
    Deb,
    Ar,
    Rpm,
    Adb,
    AdbPacked,
    Zip,
    Gzip,
    Xz,
    Bzip2,
    Zstd,
    Lz4,
    Lz4Legacy,
    Lzop,
    LzmaAlone,
    DocsisConfig,
)

BY_NAME: dict[str, type[Format]] = {format_.name: format_ for format_ in FORMATS}
