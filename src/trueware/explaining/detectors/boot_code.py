"""What runs before and below everything else: boot loaders and their stages, kernels, the first root file system, partition tables.

Parts are known by the names that containers and partitions give them (`u-boot`, `0-lk`, `abl_a`, `uImage`, `kernel`, `ramdisk`),
since their code has no structure that all makers share; a file in a file system (``/usr/bin/scp``, ``/bin/tee``) only by a name that
nothing else has. Bytes on both sides tell whether code was changed in place or is another build, and
what it calls itself (U-Boot's and Linux's banners: U-Boot ``include/version.h``, Linux ``init/version.c``).

Kernel modules, command lines, boot environments, device trees and verified boot are other detectors'.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.explaining.contract import Altered, Case, Concluding
from trueware.explaining.naming import counted, listing
from trueware.explaining.patterns import regex
from trueware.explaining.reading.lines import excerpt
from trueware.explaining.reading.stamps import without_stamps
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity
from trueware.model.part import Kind

LOADER = Rule(
    "boot-loader-changed",
    "The boot loader, or a stage of it, is another one",
    Severity.HIGH,
    help="It runs first, and decides what is started and whether that is verified. Nothing that runs later can be relied on.",
    effect="boot-altered",
)
LOADER_ADDED = Rule(
    "boot-loader-added",
    "There is a boot loader, or a stage of it, that the genuine software does not have",
    Severity.MEDIUM,
    help="Written to a device, it runs before everything else.",
    effect="boot-altered",
)
LOADER_REMOVED = Rule(
    "boot-loader-removed",
    "A boot loader, or a stage of it, is missing",
    Severity.LOW,
    help="A device that is updated with it keeps the one it has.",
    effect="component-removed",
)
KERNEL = Rule(
    "kernel-changed",
    "The kernel is another one",
    Severity.HIGH,
    help="It has all rights there are, and everything that is reported about the device passes through it.",
    effect="kernel-altered",
)
RESTAMPED = Rule(
    "boot-code-restamped",
    "A kernel or boot loader differs only in time stamps and build ids",
    Severity.INFO,
    Confidence.MEDIUM,
    help="It was built again from the same source. By itself that is harmless; somebody did it all the same.",
    effect="rebuilt-by-another",
)
RAMDISK = Rule(
    "initramfs-changed",
    "The files that run before the root file system is mounted were changed",
    Severity.HIGH,
    help="They decide what is mounted and verified, and run with all rights.",
    effect="boot-altered",
)
PARTITIONS = Rule(
    "partition-table-changed",
    "Storage is divided otherwise",
    Severity.MEDIUM,
    help="Where a device looks for its software, and where there is room that no update reaches, has changed.",
    effect="boot-altered",
)

_SLOT = r"(?:[_-][ab])?(?:[._-](?:img|bin|mbn|elf|imx|itb|fd|env|dtb|signed|sig|lzma|gz))*"
_STAGE = regex(
    r"(?i)(?:\d{1,3}-)?(?:[\w.-]*u-?boot(?:[-_.]?(?:spl|tpl|proper|env|dtb|itb|nodtb|sunxi-with-spl))?|barebox|redboot|cfe|coreboot|spl|tpl"
    r"|boot_?loader\d?|bootloader-\d|mini-?loader\w{0,8}|id-?bl(?:ock|oader)|pre-?loader\w{0,24}|lk2?(?:nd)?|aboot|appsboot|abl|xbl(?:_config)?|pbl"
    r"|sbl\d?|bl[123]\d?|fip|atf|tf-?a|tee|optee|tz|tzsw|tzapp|trustzone|trustlet|hyp|rpm|devcfg|cmnlib(?:64)?|keymaster|gz|sspm|scp|spmfw"
    r"|fastboot\d?|fsbl|loader\d?|brcm_?loader|mcu_?boot|boot_?rom|prog_\w{1,24})" + _SLOT
)
_KERNEL = regex(
    r"(?i)(?:\d{1,3}-)?(?:kernel(?:-\d)?|linux(?:-kernel)?(?:-\d)?|[uzb]?-?image|bzimage|vmlinu[xz](?:[-.][\w.+-]*)?|image\.(?:gz|lz4|lzma)|kernel\.\w{1,8})"
    + _SLOT
)
_LOADER_FILE = regex(
    r"(?i)(?![^/]*\.(?:txt|cfg|conf|scr|cmd|env|ini|dtb|dts|md5|sha256|sh|py|md|xml)$)(?:[\w-]+\.)?u-?boot(?:[-_.][\w.+-]*)?"
    r"|barebox\.bin|MLO|idbloader\.img|preloader_\w+\.bin"
)
_KERNEL_FILE = regex(r"(?i)[uzb]image(?:[-.].*)?|vmlinu[xz](?:[-.].*)?|kernel\.(?:img|bin)|fitimage(?:[-.].*)?")
_ENDS = regex(r"(?i)\.(?:img|bin|mbn|elf|imx|itb|fd)$")
"""Endings of what is written to a partition as it is."""

_RAMDISK = regex(r"(?i)(?:[\w-]*ramdisk(?:-\w+|\d)*|initramfs[\w.-]*|initrd[\w.-]*|cpio-\d)" + _SLOT)
_HEAD = 4096
_STEP = regex(r"!?/")
_WITHIN = regex(r"(?:^|/)(?:usr|etc|var|lib)/")
"""Folders of a root file system: what lies in there under such a name makes initramfs, and is none."""

_BANNERS = (
    re.compile(rb"U-Boot (?:SPL |TPL )?(?:\d{4}\.\d\d|1\.\d\.\d)[ -~]{0,120}"),
    re.compile(rb"Linux version \d[ -~]{4,200}"),
    re.compile(rb"(?:Barebox|barebox|CFE version|RedBoot\(tm\)|coreboot-)[ -~]{4,120}"),
)
_CHUNK, _FEW = 512, 16
"""Bytes compared together; so many of them that differ are still an edit in place."""

_READ = 1 << 26
"""Bytes of a part that are looked at for banners."""


class BootCode:
    """Boot loaders, kernels, initial file systems, partition tables."""

    subject: ClassVar[str] = "boot loaders, kernels and partitions"
    rules: ClassVar[tuple[Rule, ...]] = (LOADER, LOADER_ADDED, LOADER_REMOVED, KERNEL, RESTAMPED, RAMDISK, PARTITIONS)
    wants: ClassVar[re.Pattern[str]] = re.compile(r".*", re.DOTALL)

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (a change shows it)
        part = altered.change.found or altered.change.expected
        if part is None or part.kind in (Kind.DIRECTORY, Kind.PADDING, Kind.SYMLINK):
            return
        if _is_partition(altered):
            yield _partition(altered)
            return
        stage = _stage(altered)
        rule = KERNEL if stage == "kernel" else LOADER
        if stage is None or altered.is_moved or (part.kind is Kind.FILE and _is_text(altered)):
            return
        if altered.is_added or altered.is_removed:
            if stage == "loader":
                rule = LOADER_ADDED if altered.is_added else LOADER_REMOVED
            yield _code(altered, rule)
        elif "content" in altered.change.aspects:
            yield _code(altered, rule)
        elif "facts" in altered.change.aspects:
            evidence = _facts(altered)
            detail = f"its header says otherwise: {listing((each.where for each in evidence), 4)}"
            yield altered.finding(rule, detail, *evidence, severity=Severity.MEDIUM)

    @staticmethod
    def conclude(case: Case, findings: tuple[Finding, ...]) -> Iterator[Finding]:  # noqa: ARG004 (asks nobody else)
        """Yield one finding for each initial file system in which anything changed."""
        changed: dict[str, list[Altered]] = {}
        for altered in case.altered:
            part = altered.change.found or altered.change.expected
            if (
                part is None
                or part.kind is Kind.DIRECTORY
                or not ({"content", "link", "type"} & set(altered.change.aspects) or altered.is_added)
            ):
                continue
            if root := _ramdisk(altered.path):
                changed.setdefault(root, []).append(altered)
        for root, parts in changed.items():
            evidence = [
                Evidence(excerpt(each.inner), _there(each.is_added), each.change.kind.value) for each in parts[:5]
            ]
            names = listing((each.inner for each in parts), 4)
            yield case.finding(RAMDISK, f"{counted(len(parts), 'file')}: {names}", *evidence, part=root)


_: type[Concluding] = BootCode


def _there(is_added: bool) -> str | None:  # noqa: FBT001 (one word)
    return None if is_added else "as released"


def _is_text(altered: Altered) -> bool:
    """Whether the bytes at hand are those of a text: what a package manager keeps of a loader's package has its name too."""
    content = altered.after() or altered.before()
    return content is not None and b"\0" not in content[:_HEAD]


def _stage(altered: Altered) -> str | None:
    """Return what a part belongs to, by the innermost name that says so."""
    part = altered.change.found or altered.change.expected
    for index, segment in enumerate(reversed(altered.path.split("!/"))):
        folder, slash, name = segment.rpartition("/")
        is_file = bool(slash) or (index == 0 and part is not None and part.kind is Kind.FILE)
        loader, kernel = (_LOADER_FILE, _KERNEL_FILE) if is_file else (_STAGE, _KERNEL)
        if "share/doc" in folder or folder.endswith(("etc/config", "init.d")):
            return None
        if is_file and "/" not in folder and folder in ("", "boot") and _ENDS.search(name):
            loader, kernel = _STAGE, _KERNEL
        if loader.fullmatch(name):
            return "loader"
        if kernel.fullmatch(name):
            return "kernel"
        if is_file:
            return None  # what the file system lies in says nothing of a file in it
    return None


def _ramdisk(path: str) -> str:
    """Return the path of the initial file system that a file is in, empty where it is in none."""
    end = 0
    for match in _STEP.finditer(path):
        if _RAMDISK.fullmatch(path, end, match.start()) and not _WITHIN.search(path, path.rfind("!/", 0, end) + 1, end):
            return path[: match.start()]
        end = match.end()
    return ""


def _is_partition(altered: Altered) -> bool:
    """Whether a partition came, went, or lies elsewhere; its content is another matter."""
    parts = [part for part in (altered.change.expected, altered.change.found) if part is not None]
    facts = [dict(part.facts) for part in parts]
    if all("first-sector" in each for each in facts):
        return len(parts) == 1 or "facts" in altered.change.aspects
    return "facts" in altered.change.aspects and all(part.format in ("gpt", "mbr", "mibib", "fmap") for part in parts)


def _partition(altered: Altered) -> Finding:
    evidence = _facts(altered)
    differs = "differs in " + listing((each.where for each in evidence), 4)
    what = "was added" if altered.is_added else "is missing" if altered.is_removed else differs
    return altered.finding(PARTITIONS, f"{excerpt(altered.name) or 'the table'} {what}", *evidence)


def _facts(altered: Altered) -> list[Evidence]:
    sides = [{} if part is None else dict(part.facts) for part in (altered.change.expected, altered.change.found)]
    names = [name for name in dict.fromkeys((*sides[0], *sides[1])) if sides[0].get(name) != sides[1].get(name)]
    return [Evidence(excerpt(name), _shown(sides[0].get(name)), _shown(sides[1].get(name))) for name in names[:6]]


def _shown(value: str | None) -> str | None:
    return None if value is None else excerpt(value)


def _code(altered: Altered, rule: Rule) -> Finding:
    before, after = (None if side is None else side[:_READ] for side in (altered.before(), altered.after()))
    old, new = _banners(before), _banners(after)
    evidence = []
    same = (
        before is not None
        and after is not None
        and len(before) == len(after)
        and without_stamps(before) == without_stamps(after)
    )
    if old != new:
        pairs = (
            zip(old, new, strict=True)
            if len(old) == len(new)
            else [*((each, None) for each in old), *((None, each) for each in new)]
        )
        evidence = [Evidence("calls itself", one, other) for one, other in pairs if one != other]
    if same:
        return altered.finding(RESTAMPED, "all else is equal", *evidence[:6])
    words = [] if before is None or after is None else [_extent(before, after, evidence)]
    words += [f"still calls itself {old[0]}"] if old and old == new else []
    part = altered.change.found or altered.change.expected
    return altered.finding(
        rule,
        excerpt("; ".join(words) or counted(part.size if part else 0, "byte")),
        *evidence[:6],
        confidence=Confidence.MEDIUM
        if before is None and not altered.is_added
        else None,  # perhaps only its stamps differ
    )


def _banners(data: bytes | None) -> tuple[str, ...]:
    if data is None:
        return ()
    return tuple(
        dict.fromkeys(
            excerpt(match[0].decode("ascii")) for pattern in _BANNERS for match in pattern.finditer(data, 0, _READ)
        )
    )[:4]


def _extent(before: bytes, after: bytes, evidence: list[Evidence]) -> str:
    """Return how much differs, and add the places where that is little."""
    least = min(len(before), len(after))
    places = [at for at in range(0, least, _CHUNK) if before[at : at + _CHUNK] != after[at : at + _CHUNK]]
    if after[:least] == before[:least] and len(after) > least:
        evidence.append(Evidence(f"offset {least:#x}", None, after[least : least + 32].hex(" ")))
        return f"{counted(len(after) - least, 'byte')} appended"
    if len(before) != len(after):
        return f"{len(after)} bytes instead of {len(before)}"
    if len(places) > _FEW:
        return f"{len(places) * _CHUNK * 100 // least} % of {counted(least, 'byte')} differ"
    total = 0
    for at in places:
        differing = [n for n in range(at, min(at + _CHUNK, least)) if before[n] != after[n]]
        total += len(differing)
        first, last = differing[0], min(differing[-1] + 1, differing[0] + 32)
        evidence.append(Evidence(f"offset {first:#x}", before[first:last].hex(" "), after[first:last].hex(" ")))
    return f"changed in place, {counted(total, 'byte')}"
