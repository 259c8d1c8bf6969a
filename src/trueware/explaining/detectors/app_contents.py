"""What else is in an Android package: libraries, programs where none belong, texts and layouts, whom it trusts, notes of the build.

A program is one by its first bytes and not by its name: Dalvik and ELF programs, and archives that hold some, outside the places
where Android looks for them, are there to be loaded by other code.

Sources: developer.android.com (APK structure, ABIs, network security configuration).
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from trueware.explaining.apps import app_of
from trueware.explaining.contract import Altered, Case
from trueware.explaining.naming import listing
from trueware.explaining.patterns import regex
from trueware.explaining.portraits.dex import host_of
from trueware.explaining.reading.dex import MAGIC as DEX
from trueware.explaining.reading.lines import excerpt
from trueware.explaining.reading.network_security import (
    NOTHING,
    NetworkSecurity,
    is_network_security,
    read_network_security,
)
from trueware.explaining.reading.resource_table import read_texts
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity
from trueware.model.part import Kind, Part

_LOW, _MEDIUM, _HIGH = Severity.LOW, Severity.MEDIUM, Severity.HIGH
_MOST = 8

HIDDEN = Rule(
    "app-code-hidden", "A program lies in the package where Android looks for none",
    _HIGH, effect="app-injected", help="Other code of the app loads it while it runs; look for what opens it.",
)  # fmt: skip
LIBRARY = Rule(
    "app-native-library-added", "The package has a native library that the genuine package has not",
    _MEDIUM, effect="app-injected", help="Its code runs in the app with all the app's rights; look for what loads it.",
)  # fmt: skip
USER_CERTIFICATES = Rule(
    "app-trusts-installed-certificates",
    "The app trusts certificates that anybody installed on the device, which the genuine app does not",
    _HIGH, effect="trust-anchor-added", help="Whoever gets one installed can read and change what the app sends and gets.",
)  # fmt: skip
OWN_CERTIFICATES = Rule(
    "app-trusts-bundled-certificates", "The app trusts more certificates of its own than the genuine app",
    _HIGH, effect="trust-anchor-added", help="Whoever has their keys can read and change what the app sends and gets.",
)  # fmt: skip
PINS = Rule(
    "app-pins-removed", "The app no longer insists on the keys that the genuine app insists on",
    _HIGH, effect="hardening-lost", help="Any certificate that the system trusts will do now.",
)  # fmt: skip
CLEARTEXT = Rule(
    "app-network-cleartext", "The app's network security configuration lets it talk without encryption",
    _MEDIUM, effect="hardening-lost", help="Anybody on the way can read and change what it sends and gets.",
)  # fmt: skip
SECURITY = Rule(
    "app-network-security-other", "The app's network security configuration is another one",
    _MEDIUM, Confidence.MEDIUM, effect="configuration-altered", help="Compare which domains and which keys it names.",
)  # fmt: skip
HOSTS = Rule(
    "app-text-new-host", "Texts of the app name hosts that the genuine texts do not name",
    _MEDIUM, Confidence.MEDIUM, effect="data-sent-elsewhere",
    help="See whose they are. A name in a text is no proof that it is called.",
)  # fmt: skip
LOOKS = Rule(
    "app-resources-changed", "Texts, layouts or other resources of the app are other ones",
    _LOW, effect="appearance-changed", help="What the app shows may be made to deceive: compare it with the genuine app.",
)  # fmt: skip
NOTES = Rule(
    "app-build-notes-changed", "Notes that building leaves in the package are other ones",
    Severity.INFO, effect="rebuilt-by-another", help="No code runs in them; they tell which libraries were built in.",
)  # fmt: skip
BESIDE = Rule(
    "app-meta-inf-added", "A file was put where the first signature scheme does not look",
    _LOW, effect="unexplained-change", help="Shops mark copies this way; the app itself can read it.",
)  # fmt: skip
RIGHTS = Rule(
    "app-entry-rights-changed", "The package records other rights for a file",
    Severity.INFO, effect="rebuilt-by-another", help="Android does not look at them; the tool that packed it writes them.",
)  # fmt: skip

_LIBRARY = regex(r"lib/([^/]+)/([^/]+\.so)")
_CODE = regex(r"classes\d*\.dex")
_TABLE, _RESOURCE = "resources.arsc", re.compile(r"res/.*\.xml")
_NOTES = regex(
    r"META-INF/(?:[^/]+\.(?:version|kotlin_module)|com/android/build/gradle/[^/]+|androidx/.*/LICENSE\.txt)"
    r"|kotlin/.*\.kotlin_builtins|kotlin-tooling-metadata\.json|DebugProbesKt\.bin"
    r"|(?:play-services|firebase)-[\w-]+\.properties|stamp-cert-sha256"
)
_SIGNING = regex(r"META-INF/(?:[^/]+\.(?:RSA|DSA|EC|SF)|MANIFEST\.MF)", re.IGNORECASE)
_BINARY_XML = b"\x03\0"


class ContentsOfApp:
    """Files of a package that are neither its manifest nor its code nor its signature."""

    subject: ClassVar[str] = "what lies in an app's package"
    rules: ClassVar[tuple[Rule, ...]] = (
        HIDDEN, LIBRARY, USER_CERTIFICATES, OWN_CERTIFICATES, PINS, CLEARTEXT, SECURITY, HOSTS, LOOKS, NOTES, BESIDE, RIGHTS,
    )  # fmt: skip
    wants: ClassVar[re.Pattern[str]] = re.compile(r"(?:assets|res|r|lib|META-INF|kotlin|unknown)/.*|[^/]+", re.DOTALL)

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:
        part = altered.change.found or altered.change.expected
        if part is None or altered.is_moved:
            return
        app = app_of(altered, case)
        if app is None or app.kind != "android" or app.inner != altered.inner:
            return
        if altered.change.aspects == ("mode",):
            expected = altered.change.expected
            was, now = (
                f"{each.mode:04o}" if each is not None and each.mode is not None else "" for each in (expected, part)
            )
            yield altered.finding(RIGHTS, f"{now}, not {was}", Evidence("mode", was, now))
        elif _SIGNING.fullmatch(altered.inner) or not _is_content(altered):
            return
        elif part.kind is Kind.FILE:
            yield from _file(altered, part, case)


def _is_content(altered: Altered) -> bool:
    return altered.is_added or altered.is_removed or "content" in altered.change.aspects


def _file(altered: Altered, part: Part, case: Case) -> Iterator[Finding]:
    inner = altered.inner
    if library := _LIBRARY.fullmatch(inner):
        yield from _library(altered, library[1], library[2], case)
    elif inner == _TABLE:
        yield from _texts(altered)
    elif _RESOURCE.fullmatch(inner) and _is_binary_xml(altered):
        yield from _resource(altered)
    elif _NOTES.fullmatch(inner):
        yield altered.finding(NOTES, _doing(altered))
    elif not altered.is_removed and not inner.endswith(".dex"):
        found = altered.after()
        what = _program(found, part) if found is not None else ""
        if what and not _was_program(altered):
            assert found is not None  # noqa: S101 (it is a program)
            known = altered.is_added or altered.before() is not None
            evidence = Evidence("first bytes", None, repr(found[:8]))
            doubt = None if known else Confidence.LOW
            yield altered.finding(HIDDEN, f"{altered.name} is {what}", evidence, confidence=doubt)
        elif altered.is_added and inner.startswith("META-INF/"):
            yield altered.finding(BESIDE, f"{altered.name} of {part.size} bytes")


def _doing(altered: Altered) -> str:
    return f"{altered.name} {'added' if altered.is_added else 'gone' if altered.is_removed else 'is other'}"


def _program(data: bytes, part: Part) -> str:
    """Return what kind of program the bytes are, nothing for what is none."""
    if data.startswith(DEX):
        return "a Dalvik program"
    if data.startswith(b"\x7fELF"):
        return "an ELF program"
    names = [child.name for child in part.children] if part.format == "zip" else []
    if any(_CODE.fullmatch(name) for name in names):
        return "an archive of Dalvik programs"
    return ""


def _was_program(altered: Altered) -> bool:
    expected = altered.change.expected
    before = altered.before() if expected is not None else None
    return before is not None and expected is not None and bool(_program(before, expected))


def _library(altered: Altered, processor: str, name: str, case: Case) -> Iterator[Finding]:
    """Yield an added library; one that is there for other processors, too, weighs less."""
    if not altered.is_added:
        return
    app = app_of(altered, case)
    libraries = next((child for child in app.root.children if child.name == "lib"), None) if app is not None else None
    added = {each.inner for each in case.altered if each.is_added and each.inner.endswith(name)}
    others = [
        folder.name
        for folder in (libraries.children if libraries is not None else ())
        if any(child.name == name for child in folder.children) and f"lib/{folder.name}/{name}" not in added
    ]
    also = f", which is there for {listing(others)}" if others else ""
    yield altered.finding(
        LIBRARY, f"{excerpt(name)} for {excerpt(processor)}{also}", severity=_LOW if others else LIBRARY.severity
    )


def _texts(altered: Altered) -> Iterator[Finding]:
    before, after = altered.before(), altered.after()
    if before is None or after is None:
        return
    old, new = read_texts(before), read_texts(after)
    known = {host for text in old if (host := host_of(text))}
    hosts = {host: text for text in sorted(new - old) if (host := host_of(text)) and host not in known}
    if hosts:
        yield altered.finding(
            HOSTS,
            listing(hosts),
            *(Evidence("text", None, excerpt(text)) for text in list(hosts.values())[:_MOST]),
            touches=(f"host:{host}" for host in list(hosts)[:_MOST]),
        )
    came, gone = sorted(new - old), sorted(old - new)
    yield altered.finding(
        LOOKS,
        f"{len(came)} texts came, {len(gone)} went" if came or gone else "the same texts in other places or styles",
        *(Evidence("text", None, excerpt(text)) for text in came[:3]),
        *(Evidence("text", excerpt(text), None) for text in gone[:3]),
    )


def _is_binary_xml(altered: Altered) -> bool:
    sides = (altered.before(), altered.after())
    return any(side is not None and side.startswith(_BINARY_XML) for side in sides)


def _resource(altered: Altered) -> Iterator[Finding]:
    before, after = altered.before(), altered.after()
    if not any(side is not None and is_network_security(side) for side in (before, after)):
        yield altered.finding(LOOKS, _doing(altered))
        return
    if (before is None and not altered.is_added) or (after is None and not altered.is_removed):
        return
    yield from _security(altered, _configuration(before), _configuration(after))


def _configuration(data: bytes | None) -> NetworkSecurity:
    """Return what a side says; a document of another kind stands where none of this kind is any more."""
    return NOTHING if data is None or not is_network_security(data) else read_network_security(data)


def _security(altered: Altered, genuine: NetworkSecurity, found: NetworkSecurity) -> Iterator[Finding]:
    told = False
    for rule, what, was, now in (
        (USER_CERTIFICATES, 'certificates src="user"', genuine.user, found.user),
        (OWN_CERTIFICATES, "certificates of its own", genuine.bundled, found.bundled),
        (PINS, "pin", found.pins, genuine.pins),
        (PINS, "overridePins", genuine.overriding, found.overriding),
        (CLEARTEXT, "cleartextTrafficPermitted", genuine.cleartext, found.cleartext),
    ):
        for scope in sorted(now.keys() | was.keys()):
            if now[scope] > was[scope]:
                expected, actual = (now, was) if what == "pin" else (was, now)
                told = True
                evidence = Evidence(f"{what} in {scope}", str(expected[scope]), str(actual[scope]))
                yield altered.finding(rule, f"{what} in {scope}: {actual[scope]}, not {expected[scope]}", evidence)
    if not told:
        yield altered.finding(SECURITY, _doing(altered))
