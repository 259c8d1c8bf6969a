"""Who signed an Android app: its signers beside those of the genuine app, whose updates and data follow the key.

Who signs is taken from verified signatures where they were looked for on both sides, and otherwise from the certificates in the
package's own files. All files of one signature are looked at together. A new key that the old one vouches for is no other signer.

Sources: source.android.com "APK signing"; AOSP ``tools/apksig``.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from trueware.explaining.apps import App, app_of
from trueware.explaining.contract import Altered, Case
from trueware.explaining.known.public_app_keys import DEBUG, PUBLIC
from trueware.explaining.naming import listing
from trueware.explaining.reading.app_signers import read_block_signers, read_jar_signers, read_pairs
from trueware.explaining.reading.lines import excerpt
from trueware.model.claim import SIGNER, Claim
from trueware.model.finding import Evidence, Finding, Rule, Severity
from trueware.model.part import Part
from trueware.model.signature import ROTATED_FROM, Outcome
from trueware.signatures.apk.signers import NAMES
from trueware.signatures.certificate import Certificate

_CERTIFICATE, _KEY = "cert-sha256:", "spki-sha256:"
_EFFECT = "signer-replaced"
_BLOCK, _JAR = "apk-signing-block", re.compile(r"META-INF/[^/]+\.(?:RSA|DSA|EC)", re.IGNORECASE)

REPLACED = Rule(
    "android-signer-replaced", "The app is signed by somebody else than the genuine app",
    Severity.HIGH, effect=_EFFECT,
    help="Whoever changes an app has to sign it anew. The maker's updates do not fit on it. Install the app from its maker.",
)  # fmt: skip
PUBLIC_KEY = Rule(
    "android-signer-public-key", "The app is signed with a key that anybody has, and the genuine app is not",
    Severity.HIGH, effect=_EFFECT, help="Such a signature says nothing about who made it, and anybody can make updates that fit.",
)  # fmt: skip
UNSIGNED = Rule(
    "android-signature-removed", "Nobody signs the app, and the genuine app is signed",
    Severity.HIGH, effect=_EFFECT, help="No device installs it as it is; part of a system it runs by the signature of the image.",
)  # fmt: skip
WEAKER = Rule(
    "android-signature-scheme-removed", "The app lacks a newer signature that the genuine app has",
    Severity.MEDIUM, effect="hardening-lost",
    help="Older schemes leave parts of the package unsigned, and older devices take them.",
)  # fmt: skip
BESIDE = Rule(
    "android-signing-block-added-to", "Something stands beside the signature that the genuine app has not",
    Severity.LOW, effect="unexplained-change",
    help="No signature covers it, and the app can read it: shops mark copies this way, and programs can be kept there.",
)  # fmt: skip
ANEW = Rule(
    "android-signed-anew", "The files of the app's signature are other ones",
    Severity.INFO, effect="rebuilt-by-another", help="They follow from who signed it, and what.",
)  # fmt: skip

_KNOWN = {
    **dict.fromkeys(NAMES, "signature"),
    0x42726577: "filler",
    0x2B09189E: "stamp of the source",
    0x6DFF800D: "stamp of the source",
    0x504B4453: "list of libraries",
    0x2146444E: "mark of Google Play",
}
"""What else the signing block holds in packages of the usual tools (AOSP ``tools/apksig``, Android Gradle plugin)."""


@dataclass(frozen=True, slots=True)
class _Signed:
    """One side: names of keys, and for people what certificates call their owners."""

    ids: frozenset[str]
    names: tuple[str, ...]
    former: frozenset[str] = frozenset()


class SignerOfApp:
    """The signature of an app."""

    subject: ClassVar[str] = "who signed an app"
    rules: ClassVar[tuple[Rule, ...]] = (REPLACED, PUBLIC_KEY, UNSIGNED, WEAKER, BESIDE, ANEW)
    wants: ClassVar[re.Pattern[str]] = re.compile(
        rf"{_BLOCK}|META-INF/(?:[^/]+\.(?:RSA|DSA|EC|SF)|MANIFEST\.MF)", re.IGNORECASE
    )

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:
        app = app_of(altered, case)
        if app is None or app.kind != "android" or app.inner != altered.inner or altered.change.aspects == ("mode",):
            return
        group = [each for each in case.beside(altered) if SignerOfApp.wants.fullmatch(each.inner)]
        told = list(_told(altered, case, app, group)) if group[0] is altered else []
        told += _block(altered) if altered.inner == _BLOCK else ()
        yield from told
        if not told:
            yield altered.finding(ANEW, "added" if altered.is_added else "gone" if altered.is_removed else "is other")


def _told(altered: Altered, case: Case, app: App, group: list[Altered]) -> Iterator[Finding]:
    genuine, found = _both(altered, case, app, group)
    if genuine is None or found is None or not genuine.ids:
        return
    if not found.ids:
        yield altered.finding(UNSIGNED, "no signature is in the package", _evidence(genuine, found))
        return
    if genuine.ids & (found.ids | found.former):
        return
    yield altered.finding(REPLACED, f"signed by {listing(found.names) or 'another key'}", _evidence(genuine, found))
    public = [PUBLIC[name] for each in sorted(found.ids) if (name := each.removeprefix(_CERTIFICATE)) in PUBLIC]
    if genuine.names and not any(map(_is_debug, genuine.names)) and any(map(_is_debug, found.names)):
        public.append("a debug certificate, as every developer's tools make it")
    if public:
        yield altered.finding(PUBLIC_KEY, f"signed with {public[0]}", _evidence(genuine, found))


def _both(altered: Altered, case: Case, app: App, group: list[Altered]) -> tuple[_Signed | None, _Signed | None]:
    """Return who signed on both sides, by the same way of telling on each; None where it cannot be told."""
    part = altered.path.removesuffix(altered.inner).removesuffix("/").removesuffix("!")
    there, here = _claimed(case.genuine_claims, part), _claimed(case.claims, part)
    before: _Signed | None = _stated(each.before() for each in group if not each.is_added)
    if there and here:
        own = [each.signature for each in case.signatures if each.signature.part == part]
        signers = [each.signer for each in own if each.signer is not None and each.outcome is Outcome.VALID]
        former = (value for each in own for name, value in each.statements if name == ROTATED_FROM)
        ids = frozenset(name for each in signers for name in each.ids) or here
        names = tuple(dict.fromkeys(each.name for each in signers))
        return _Signed(there, before.names if before is not None else ()), _Signed(ids, names, frozenset(former))
    after = _stated(each.after() for each in group if not each.is_removed)
    if not all(each.is_added or each.before() is not None for each in group):
        before = _Signed(there, ()) if there else None
    rest = _unchanged(app.root, group, case)
    return _joined(before, rest), _joined(after, rest)


def _claimed(claims: Iterable[Claim], part: str) -> frozenset[str]:
    return frozenset(
        each.value
        for each in claims
        if each.name == SIGNER and each.part == part and each.value.startswith((_CERTIFICATE, _KEY))
    )


def _stated(contents: Iterable[bytes | None]) -> _Signed:
    """Return who signed by some files; those that hold no certificates (lists of digests) say nothing."""
    found: list[Certificate] = []
    for data in contents:
        if data is None:
            continue
        if data.endswith(b"APK Sig Block 42"):
            found += read_block_signers(read_pairs(data))
        elif data[:1] == b"\x30":
            found += read_jar_signers(data)
    return _Signed(frozenset(each.id for each in found), tuple(dict.fromkeys(each.name() for each in found)))


def _unchanged(package: Part, group: list[Altered], case: Case) -> _Signed:
    """Return who signed by files of the signature that did not change."""
    changed = {each.inner for each in group}
    parts = [child for child in package.children if child.name == _BLOCK and _BLOCK not in changed]
    for folder in package.children:
        if folder.name == "META-INF":
            names = ((child, f"META-INF/{child.name}") for child in folder.children)
            parts += [child for child, name in names if _JAR.fullmatch(name) and name not in changed]
    return _stated(case.source.read(each) for each in parts)


def _joined(one: _Signed | None, rest: _Signed) -> _Signed | None:
    return None if one is None else _Signed(one.ids | rest.ids, tuple(dict.fromkeys((*one.names, *rest.names))))


def _block(altered: Altered) -> Iterator[Finding]:
    """Yield what became of the signing block beside who signed."""
    before = None if altered.is_added else altered.before()
    after = None if altered.is_removed else altered.after()
    was = read_pairs(before) if before is not None else {}
    now = read_pairs(after) if after is not None else {}
    if before is None and not altered.is_added:
        return
    lost = sorted(NAMES[each] for each in was.keys() & NAMES.keys() - now.keys())
    if lost:
        yield altered.finding(
            WEAKER, f"without {listing(lost)}", Evidence("schemes", listing(lost), listing(_schemes(now)) or None)
        )
    new = sorted(now.keys() - was.keys() - _KNOWN.keys())
    if new:
        yield altered.finding(
            BESIDE,
            f"values {listing(f'{each:#010x}' for each in new)}",
            *(
                Evidence(f"value {each:#010x}", None, excerpt(f"{len(now[each])} bytes: {now[each][:16]!r}"))
                for each in new[:4]
            ),
        )


def _schemes(values: dict[int, bytes]) -> list[str]:
    return sorted(NAMES[each] for each in values.keys() & NAMES.keys())


def _evidence(genuine: _Signed, found: _Signed) -> Evidence:
    return Evidence("signer", _who(genuine), _who(found) or None)


def _who(signed: _Signed) -> str:
    certificates = sorted(each for each in signed.ids if each.startswith(_CERTIFICATE)) or sorted(signed.ids)
    names = f"{'; '.join(signed.names)} " if signed.names else ""
    return excerpt(names + listing(certificates, 2))


def _is_debug(name: str) -> bool:
    return set(DEBUG) <= set(name.split(", "))
