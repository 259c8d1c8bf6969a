"""Identifying: what an artefact claims to be, from its headers and from the files in which software names itself.

`SOURCES` is the list of those files; a new one is one file and one line here. A claim proves nothing: the appraisal compares it
with what was found. A file that is not what its name says claims nothing; as every file it is measured and compared.
"""

from collections.abc import Iterator, Mapping

from trueware.errors import MalformedInput
from trueware.identifying.android_manifest import AndroidManifest
from trueware.identifying.android_ota import AndroidOta
from trueware.identifying.banners import banner_claims, scan_banners
from trueware.identifying.build_prop import BuildProp
from trueware.identifying.container_image import DockerManifest, OciIndex
from trueware.identifying.contract import Source
from trueware.identifying.contradiction import contradictions
from trueware.identifying.control import Control
from trueware.identifying.enigma import EnigmaInfo, EnigmaUsb, EnigmaVersion
from trueware.identifying.flash_lists import MediatekScatter, MotorolaFlashfile, QualcommContents
from trueware.identifying.freebsd_package import CompactManifest, PackingList
from trueware.identifying.headers import header_claims
from trueware.identifying.identity import Identity
from trueware.identifying.login_banner import LoginBanner
from trueware.identifying.lsb_release import LsbRelease
from trueware.identifying.openbmc import OpenbmcManifest
from trueware.identifying.openwrt import DeviceInfo, OpenwrtRelease, OpenwrtVersion
from trueware.identifying.os_release import OsRelease
from trueware.identifying.pkginfo import PkgInfo
from trueware.identifying.sysupgrade import SysupgradeMetadata
from trueware.identifying.tizen_manifest import TizenManifest
from trueware.identifying.update_bundle import RaucManifest, SwDescription
from trueware.identifying.version_file import VersionFile
from trueware.identifying.webos_app import WebosApp
from trueware.identifying.widget import Widget
from trueware.model.claim import Claim
from trueware.model.part import Part

__all__ = ["SOURCES", "Identity", "banner_claims", "contradictions", "identify", "scan_banners"]

SOURCES: tuple[type[Source], ...] = (
    OsRelease,
    OpenwrtRelease,
    OpenwrtVersion,
    DeviceInfo,
    LsbRelease,
    EnigmaInfo,
    EnigmaVersion,
    EnigmaUsb,
    MotorolaFlashfile,
    MediatekScatter,
    QualcommContents,
    BuildProp,
    SysupgradeMetadata,
    Control,
    PkgInfo,
    RaucManifest,
    SwDescription,
    OpenbmcManifest,
    DockerManifest,
    OciIndex,
    PackingList,
    CompactManifest,
    AndroidOta,
    AndroidManifest,
    Widget,
    TizenManifest,
    WebosApp,
    VersionFile,
    LoginBanner,
)

MAX_CLAIMS = 256
"""Claims of one artefact. The genuine images that say most, Android's with ten partitions, stay under a hundred."""

_BOUNDARY = "!/"


def identify(root: Part, kept: Mapping[bytes, bytes]) -> tuple[Claim, ...]:
    """Return what the artefact claims, each claim once: outer parts before inner ones, then headers, then files as in `SOURCES`.

    What lies in a folder of a container that says itself what it is (an app in a system image, modem firmware in ``/lib``)
    is a component: its claims are not the artefact's.

    Args:
        root: the measured tree.
        kept: content of small files by SHA-256, as the engine kept them.
    """
    claims: dict[Claim, None] = {}
    speaking: set[str] = set()
    for path, part, content in _in_order(root, kept):
        if _is_component(path, speaking):
            continue
        if part.format is not None:
            claims.update(dict.fromkeys(header_claims(path, part)))
        if content is not None and (told := dict.fromkeys(_told(content, path))):
            claims.update(told)
            speaking.add(path.rpartition(_BOUNDARY)[0])
        if len(claims) >= MAX_CLAIMS:
            break
    return tuple(claims)[:MAX_CLAIMS]


def _in_order(root: Part, kept: Mapping[bytes, bytes]) -> list[tuple[str, Part, bytes | None]]:
    """Return the parts that may claim something, each with its content where that was kept."""
    asked = []
    for path, part in root.walk():
        content = None if part.sha256 is None else kept.get(part.sha256)
        rank = -1 if content is None else _rank(path)
        if part.format is not None or rank >= 0:
            asked.append(((path.count(_BOUNDARY), rank), path, part, content if rank >= 0 else None))
    asked.sort(key=lambda each: each[0])
    return [(path, part, content) for _, path, part, content in asked]


def _rank(path: str) -> int:
    """Return the place in `SOURCES` of the source that wants the file at `path`, -1 where none does."""
    inside = path.rpartition(_BOUNDARY)[2]
    return next((rank for rank, source in enumerate(SOURCES) if source.wants.fullmatch(inside)), -1)


def _told(content: bytes, path: str) -> Iterator[Claim]:
    try:
        yield from SOURCES[_rank(path)].read(content, path)
    except MalformedInput:
        return


def _is_component(path: str, speaking: set[str]) -> bool:
    """Whether `path` lies within a container in a folder of another one that speaks for itself."""
    steps = path.split(_BOUNDARY)
    return any("/" in steps[depth] and _BOUNDARY.join(steps[:depth]) in speaking for depth in range(len(steps) - 1))
