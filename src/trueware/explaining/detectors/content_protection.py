"""What protects content in a receiver or player: parts of DRM and conditional-access systems, trusted applications, keys, HDCP.

===========================  ========================================================================================
looked at                    found
===========================  ========================================================================================
libraries and services       one that belongs to a named system (Widevine, PlayReady, Nagra, CI+ …) is other, empty or gone
trusted applications         one that handles content is other, and whether it still begins as a signed one
device keys                  a Widevine keybox or a key of another device (``.wvd``) in it, known by structure, never shown
properties, start scripts    HDCP switched off; Widevine's level lowered; the DRM service switched off
===========================  ========================================================================================

What came as a library of such a system is judged by name and place, so that it is said with medium confidence: it is other, and what
for is left open. Sources: Android ``frameworks/av/drm`` and ``hardware/interfaces/drm`` for names; OP-TEE
``core/include/signed_hdr.h`` for the header of trusted applications; Widevine's reference ``oemcrypto_keybox_ref`` for the keybox (32
octets identity, 16 key, 72 data, ``kbox``, CRC-32/MPEG-2 over all before); pywidevine ``device.py`` for ``.wvd``; the system ids of
DASH-IF, by which boards name trusted applications.
"""

import re
from collections.abc import Callable, Iterator
from typing import ClassVar

from trueware.explaining.contract import Altered, Case, Detector
from trueware.explaining.patterns import regex
from trueware.explaining.reading.lines import Line, excerpt, meaningful_lines
from trueware.explaining.reading.shell import script
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity
from trueware.model.part import Kind

_EFFECT = "content-protection-bypassed"

COMPONENT = Rule(
    "drm-component-changed",
    "A part of the system that protects content was replaced",
    Severity.MEDIUM,
    Confidence.MEDIUM,
    help="Its bytes are not the maker's. What the new ones do is not known; the content owner's keys pass through them.",
    effect=_EFFECT,
)
DISABLED = Rule(
    "drm-component-disabled",
    "A part of the system that protects content was taken away or emptied",
    Severity.HIGH,
    Confidence.MEDIUM,
    help="Players fall back to weaker protection (Widevine L3) or to none.",
    effect=_EFFECT,
)
TRUSTED = Rule(
    "content-trustlet-changed",
    "A trusted application that handles content was replaced",
    Severity.HIGH,
    Confidence.MEDIUM,
    help="It runs where the main system cannot look. A device that still loads it does not check who signed it.",
    effect=_EFFECT,
)
KEY = Rule(
    "drm-device-key-added",
    "The identity of a device for Widevine was put into the software",
    Severity.HIGH,
    help="Each device has a key of its own, written in the factory. One in the software is used by many, and often stolen.",
    effect=_EFFECT,
)
LEVEL = Rule(
    "drm-level-lowered",
    "Widevine was set to a weaker level",
    Severity.HIGH,
    help="At level 3 content is decrypted in the open, where other software can copy it.",
    effect=_EFFECT,
)
SERVICE = Rule(
    "drm-service-disabled",
    "The service that protects content was switched off",
    Severity.MEDIUM,
    help="Protected content plays no more, or plays without its protection. Look which program took its place.",
    effect=_EFFECT,
)
HDCP = Rule(
    "hdcp-disabled",
    "The protection of the HDMI output was switched off",
    Severity.HIGH,
    help="With HDCP off a recorder at the output takes everything in full quality.",
    effect=_EFFECT,
)

_SYSTEMS: tuple[tuple[str, str], ...] = (
    (r"lib(?:wvdrmengine|wvhidl|wvaidl|wvm|drmwvmplugin|wvdrm_l[0-9]|wvstreamcontrolapi_l[0-9]|wvsecureos_api)", "Widevine"),
    (r"lib(?:widevine|oemcrypto)[a-z0-9_.+-]*|libwvcdm[a-z0-9_]*|(?:[a-z0-9.@_-]*-)?service(?:-lazy)?\.widevine", "Widevine"),
    (r"(?:lib)?[a-z0-9_.@-]*playready[a-z0-9_.@-]*", "PlayReady"),
    (r"(?:lib)?hdcp[0-9a-z_]*|lib[a-z0-9_]*hdcp[a-z0-9_]*", "HDCP"),
    (r"lib[a-z0-9_]*(?:nagra|nvocp)[a-z0-9_]*", "Nagra"),
    (r"lib[a-z0-9_]*irdeto[a-z0-9_]*", "Irdeto"),
    (r"lib[a-z0-9_]*conax[a-z0-9_]*", "Conax"),
    (r"lib[a-z0-9_]*viaccess[a-z0-9_]*", "Viaccess"),
    (r"lib[a-z0-9_]*(?:verimatrix|viewright)[a-z0-9_]*", "Verimatrix"),
    (r"lib[a-z0-9_]*(?:videoguard|ndsca)[a-z0-9_]*", "VideoGuard"),
    (r"lib[a-z0-9_]*(?:cryptoguard|panaccess|safeview|novelsupertv|latens)[a-z0-9_]*", "a conditional-access system"),
    (r"lib[a-z0-9_]*ci_?plus[a-z0-9_]*|ciplus[a-z0-9_]*", "CI+"),
    (r"libmarlin[a-z0-9_]*", "Marlin"),
    (r"lib(?:drmframework|mediadrm)|(?:media)?drmserver", "the DRM framework"),
)  # fmt: skip
_PLACE = r"(?:.*/)?(?:lib(?:32|64|exec)?|s?bin|hw|mediadrm|mediacas|drm|egl|plugins?|ciplus|modules)/(?:[^/]+/)*"
_NAMED = [(re.compile(rf"(?i:{pattern})"), system) for pattern, system in _SYSTEMS]
_LIBRARY = regex(_PLACE + r"[^/]+")
_ENDING = regex(r"(?:\.so|\.ko)(?:\.[0-9]+)*$|\.(?:bin|fw)$")

_TRUSTED = regex(
    r"(?i)(?:.*/)?(?:(?:optee_armtz|teetz|tee|mcregistry|app/mcregistry|trustedapps?|ta)/[^/]+\.(?:ta|tlbin|tabin|drbin|sta)|"
    r"(?:firmware|image|firmware_mnt/image)/(?:[^/]+/)?(?:widevine|tzwidevine|playread[a-z]*|hdcp[a-z0-9]*|cppf|securemm)"
    r"\.(?:mbn|mdt|b[0-9]{2}|flist|elf))"
)
_CONTENT = (
    ("widevine", "Widevine"), ("playread", "PlayReady"), ("hdcp", "HDCP"), ("securemm", "secure media"), ("cppf", "DRM"),
    ("e043cde0-61d0-11e5", "Widevine"), ("edef8ba9-79d6-4ace", "Widevine"), ("9a04f079-9840-4286", "PlayReady"),
    ("drm", "DRM"), ("cas", "conditional access"), ("ciplus", "CI+"), ("nagra", "Nagra"), ("irdeto", "Irdeto"),
    ("verimatrix", "Verimatrix"),
)  # fmt: skip
"""What names of trusted applications that handle content have in them."""

_OPTEE = b"OTSH", b"HSTO"
_PROPERTIES = regex(r"(?:.*/)?(?:[^/]+\.prop|prop\.default)")
_SCRIPTS = regex(r"(?:.*/)?(?:[^/]+\.(?:rc|sh)|(?:init\.d|rc[0-9S]?\.d|s?bin|xbin)/[^/]+)")
_KEYS = regex(r"(?i)(?:.*/)?(?:[^/]*keybox[^/]*|[^/]+\.(?:kbx|kbox|wvd|bin|key|keys|dat))")
_LARGEST_SCRIPT, _LARGEST_KEYS = 1 << 18, 1 << 20
_MOST = 8

_OFF = frozenset(
    {"0", "-1", "false", "off", "no", "n", "disable", "disabled", "none", "stop", "undesired", "unprotected"}
)
_ON = frozenset({"1", "true", "on", "yes", "y", "enable", "enabled"})
_LEVEL_NAME = regex(
    r"(?i)(?:.*[._])?(?:widevine|wv|wvdrm|oemcrypto|drm)[._](?:.*[._])?(?:level|securitylevel|security_level)"
)
_LEVEL = regex(r"(?i)l?([1-3])")
_FORCED = regex(r"(?i)(?:.*[._])?(?:widevine|wv|wvdrm|oemcrypto|drm)[._](?:.*[._])?(?:force_?)?l3(?:_only)?")
_HDCP_NAME = regex(
    r"(?i)(?:.*[._/-])?(?:hdmi_)?hdcp(?:_?[0-9][0-9.x]*)?"
    r"(?:[._/-](?:enabled?|mode|ctrl|control|switch|auth|authentication|supported|support|on))?"
)
_HDCP_OFF_NAME = regex(
    r"(?i).*(?:no_?hdcp|hdcp[._]?(?:disable|off|bypass|skip)|(?:disable|bypass|skip)[._]?hdcp)[a-z0-9_.]*"
)
_WRITE = regex(r"write\s+(?P<name>/(?:sys|proc)/\S+)\s+(?P<value>\S+)")


class ContentProtection:
    """Parts of DRM and conditional-access systems, their keys and settings."""

    subject: ClassVar[str] = "content protection"
    rules: ClassVar[tuple[Rule, ...]] = (COMPONENT, DISABLED, TRUSTED, KEY, LEVEL, SERVICE, HDCP)
    wants: ClassVar[re.Pattern[str]] = re.compile(
        "|".join(
            f"(?:{each.pattern.replace('(?i)', '')})" for each in (_LIBRARY, _TRUSTED, _PROPERTIES, _SCRIPTS, _KEYS)
        ),
        re.IGNORECASE,
    )

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (the form)
        part = altered.change.found or altered.change.expected
        if altered.is_moved or part is None or part.kind is Kind.DIRECTORY:
            return
        path = altered.inner
        if _TRUSTED.fullmatch(path):
            yield from _trusted(altered)
        elif _LIBRARY.fullmatch(path) and (system := _system(altered.name)) is not None:
            yield from _component(altered, system)
        if altered.is_removed:
            return
        found = altered.change.found
        size = found.size if found is not None else 0
        if _KEYS.fullmatch(path) and size <= _LARGEST_KEYS:
            yield from _keys(altered)
        if size > _LARGEST_SCRIPT:
            return
        if _PROPERTIES.fullmatch(path):
            yield from _settings(altered, _properties)
        elif _SCRIPTS.fullmatch(path):
            yield from _settings(altered, _commands)


def _system(name: str) -> str | None:
    """Return the system that a library or service of this name belongs to."""
    stem = _ENDING.sub("", name)
    return next((system for pattern, system in _NAMED if pattern.fullmatch(stem)), None)


def _component(altered: Altered, system: str) -> Iterator[Finding]:
    change = altered.change
    if altered.is_added:
        return  # a release may lack what a region's models have; what an added program does, others say
    before, after = change.expected, change.found
    if after is None or (after.kind is Kind.FILE and not after.size and before is not None and before.size):
        state = "is gone" if after is None else "is empty"
        yield altered.finding(
            DISABLED, f"{altered.name} of {system} {state}", Evidence("", _sized(altered, before=True), state)
        )
    elif {"content", "link", "type"}.intersection(change.aspects):
        yield altered.finding(
            COMPONENT,
            f"{altered.name} of {system}",
            Evidence("", _sized(altered, before=True), _sized(altered, before=False)),
        )
    elif (
        before is not None and "mode" in change.aspects and (before.mode or 0) & 0o111 and not (after.mode or 0) & 0o111
    ):
        yield altered.finding(
            DISABLED,
            f"{altered.name} of {system} may not be run any more",
            Evidence("mode", f"{before.mode or 0:o}", f"{after.mode or 0:o}"),
        )


def _trusted(altered: Altered) -> Iterator[Finding]:
    """Yield where a trusted application for content is other than the genuine one, or was added beside it."""
    name = altered.name.lower()
    system = next((told for mark, told in _CONTENT if mark in name), None)
    if system is None or not (altered.is_added or altered.is_removed or "content" in altered.change.aspects):
        return
    before, after = altered.before(), altered.after()
    lost = before is not None and before.startswith(_OPTEE) and after is not None and not after.startswith(_OPTEE)
    detail = f"{altered.name}, for {system}" + (", has no signature any more" if lost else "")
    if altered.is_removed:
        yield altered.finding(DISABLED, f"{detail}, is gone", Evidence("", _sized(altered, before=True), None))
        return
    yield altered.finding(
        TRUSTED,
        detail,
        Evidence("", _sized(altered, before=True), _sized(altered, before=False)),
        confidence=Confidence.HIGH if lost else None,
        severity=Severity.MEDIUM if altered.is_added else None,
    )


def _sized(altered: Altered, *, before: bool) -> str | None:
    part = altered.change.expected if before else altered.change.found
    if part is None:
        return None
    if part.link is not None:
        return f"link to {excerpt(part.link, 100)}"
    digest = f", SHA-256 {part.sha256.hex()[:16]}…" if part.sha256 is not None else ""
    return f"{part.size} bytes{digest}"


def _keys(altered: Altered) -> Iterator[Finding]:
    after = altered.after() or b""
    kind = device_key(after)
    if kind is None or (not altered.is_added and device_key(altered.before() or b"") is not None):
        return
    sure = altered.is_added or altered.before() is not None
    yield altered.finding(
        KEY,
        kind,
        Evidence("", None, f"{len(after)} bytes, not shown"),
        severity=Severity.LOW if altered.is_configuration else None,
        confidence=None if sure else Confidence.LOW,
    )


_KEYBOX = 128
_KBOX = b"kbox"


def device_key(data: bytes) -> str | None:
    """Return what key of a device these bytes hold, None where they hold none."""
    at = data.find(_KBOX)
    for _ in range(_MOST):
        if at < 0:
            break
        box = data[max(at - 120, 0) : at + 8]
        if len(box) == _KEYBOX and _crc32_mpeg2(box[:124]) == int.from_bytes(box[124:]):
            return "a Widevine keybox"
        at = data.find(_KBOX, at + 1)
    if data[:3] == b"WVD" and len(data) > 11 and data[3] in (1, 2) and data[4] in (1, 2) and data[5] in (1, 2, 3):
        length = int.from_bytes(data[7:9])
        if 9 + length + 2 <= len(data) and length and data[9] == 0x30:
            return f"the private key of a Widevine device, level {data[5]}"
    return None


def _crc32_mpeg2(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for octet in data:
        crc ^= octet << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04C11DB7) & 0xFFFFFFFF if crc & 0x80000000 else crc << 1
    return crc


_Setting = tuple[Line, str, str]
"""Where it stands, name, value."""


def _properties(data: bytes) -> Iterator[_Setting]:
    for line in meaningful_lines(data):
        name, equals, value = line.text.partition("=")
        if equals:
            yield line, name.strip(), value.strip().lower()


def _commands(data: bytes) -> Iterator[_Setting]:
    """Yield what a script sets: properties, and files of the kernel that a word is written to."""
    if b"hdcp" not in data.lower() and b"setprop" not in data:
        return
    for line in meaningful_lines(data):
        if found := _WRITE.match(line.text):  # of Android's init
            yield line, found["name"], found["value"].strip("\"'").lower()
    for command in script(data):
        words = command.words
        name = words[0].rpartition("/")[2] if words else ""
        line = Line(command.line, " ".join(words))
        plain = [word for word in words[1:] if not word.startswith("-") or word == "-1"]
        if name in ("setprop", "resetprop") and len(plain) > 1:
            yield line, plain[0], plain[1].lower()
        elif name in ("echo", "printf") and plain:
            for each in command.redirections:
                if each.operator in (">", ">>", ">|") and each.target.startswith(("/sys/", "/proc/")):
                    yield (
                        Line(command.line, f"{line.text} {each.operator} {each.target}"),
                        each.target,
                        plain[0].lower(),
                    )


def _settings(altered: Altered, read: Callable[[bytes], Iterator[_Setting]]) -> Iterator[Finding]:
    """Yield settings that switch protection off and that the genuine has not."""
    after, before = altered.after(), altered.before()
    if after is None or (before is None and not altered.is_added):
        return
    old = {name: value for _, name, value in read(before or b"")}
    for line, name, value in read(after):
        if old.get(name) == value:
            continue
        rule = _weakened(name, value, old.get(name))
        if rule is not None:
            expected = f"{name}={old[name]}" if name in old else None
            yield altered.finding(
                rule,
                excerpt(f"{name} is {value}"),
                Evidence(f"line {line.number}", expected and excerpt(expected), excerpt(line.text)),
            )


def _weakened(name: str, value: str, old: str | None) -> Rule | None:
    """Return the rule by which this setting is one that switches protection off, None where it is not."""
    if _HDCP_OFF_NAME.fullmatch(name):
        return HDCP if value in _ON else None
    if _HDCP_NAME.fullmatch(name):
        return HDCP if value in _OFF or value.startswith("stop") else None
    if name == "drm.service.enabled":
        return SERVICE if value in _OFF and old is not None else None
    if _LEVEL_NAME.fullmatch(name) and (new := _LEVEL.fullmatch(value)):
        was = _LEVEL.fullmatch(old or "")
        return LEVEL if was and int(new[1]) > int(was[1]) else None
    return LEVEL if _FORCED.fullmatch(name) and value in _ON else None


_: type[Detector] = ContentProtection
