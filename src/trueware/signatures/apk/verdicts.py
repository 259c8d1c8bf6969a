"""Which signature counts on which Android, and whether it holds there.

Each Android takes the newest scheme that it knows and finds: JAR signatures always, v2 since API level 24, v3 since 28, v3.1
since 33. An attacker takes newer blocks away so that an older scheme counts; so each older one may say, signed, that a newer one
must be there:

* JAR signature: ``X-Android-APK-Signed: 2, 3``. Counts since 24, where no newer scheme is found; for v3, since 28.
* v2: attribute ``beeff00d`` with 3. Counts since 28.
* v3: attribute ``559f8b02`` with the API level since which v3.1 counts. Counts since 33. A v3.1 without v3 is refused, and so is one
  whose proof of rotation does not have the certificate of v3.
* manifest: an app made for API 30 or later needs v2 or newer since 30; one for sandbox version 2 since 26.

Sources: source.android.com, "APK Signing" with the pages of its schemes; Android 11, "Behavior changes: apps targeting Android 11";
AOSP ``apksig`` ``ApkVerifier`` for what its test files hold. Stricter than Android: v3 is verified where v3.1 counts, and signatures
of old and new schemes must be of one publisher, as all tools make them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from trueware.model.signature import ROTATED_FROM, Coverage, Outcome, Signer
from trueware.signatures.apk.archive import Block, Package
from trueware.signatures.apk.beside import beside
from trueware.signatures.apk.digests import Digests
from trueware.signatures.apk.jar import JarSigned
from trueware.signatures.apk.sdk import MadeFor
from trueware.signatures.apk.signers import (
    FOR_PREVIEW,
    NAMES,
    ROTATION_SINCE,
    STRIPPING_PROTECTION,
    V2,
    V3,
    V31,
    SchemeSigner,
    read_signers,
    require_content,
)
from trueware.signatures.certificate import Certificate, signer
from trueware.signatures.refusal import Refusal, stripped, uncheckable

SINCE = {V2: 24, V3: 28, V31: 33}
_SANDBOX_SINCE, _TARGET_SINCE = 26, 30
_V3_IN_V2 = 3

_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one Android, or a range of them, makes of the package."""

    scheme: str
    outcome: Outcome
    detail: str
    signers: tuple[tuple[Signer, Coverage], ...] = ()
    """Each with what it vouches for."""

    offset: int | None = None
    altered: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    """See `trueware.model.signature.Signature`."""

    statements: tuple[tuple[str, str], ...] = ()
    newest: tuple[Certificate, ...] = field(default=(), compare=False)
    """The signers' own certificates, to be held against those of other schemes."""


class Verdicts:
    """The signatures of one package."""

    def __init__(self, package: Package, made_for: MadeFor, jar: Callable[[], JarSigned | None]) -> None:
        """Take the package; `jar` verifies its JAR signature, and is asked where that counts."""
        self._package, self._made_for, self._ask_jar = package, made_for, jar
        self._read: dict[int, tuple[SchemeSigner, ...] | Refusal | None] = {}
        self._valid: dict[tuple[int, tuple[int, ...]], Verdict] = {}

    def each(self) -> Iterator[tuple[int, int | None, Verdict]]:
        """Yield verdicts with the first and last API level of each, from the least that the app is made for."""
        spans: list[tuple[int, int | None, Verdict]] = []
        starts = self._starts()
        for start, following in zip(starts, (*starts[1:], None), strict=True):
            verdict = self._at(start)
            last = None if following is None else following - 1
            if verdict is None:
                continue
            if spans and spans[-1][2] == verdict and spans[-1][1] == start - 1:
                spans[-1] = (spans[-1][0], last, verdict)
            else:
                spans.append((start, last, verdict))
        yield from _of_one_publisher(spans)

    @cached_property
    def _jar(self) -> JarSigned | Refusal | None:
        try:
            return self._ask_jar()
        except Refusal as refusal:
            return refusal

    @cached_property
    def block(self) -> Block | Refusal | None:
        """The signing block."""
        try:
            return self._package.block
        except Refusal as refusal:
            return refusal

    @cached_property
    def _digests(self) -> Digests:
        block = self.block
        assert isinstance(block, Block)  # noqa: S101 (asked only for signers of a block)
        return Digests(self._package, block.start)

    def signers(self, id: int) -> tuple[SchemeSigner, ...] | None:  # noqa: A002 (the standard's noun)
        """Return the signers of a block, with their signatures and the content verified, None where there is no such block.

        Raises:
            Refusal: they do not hold.
        """
        if id not in self._read:
            self._read[id] = self._read_block(id)
        found = self._read[id]
        if isinstance(found, Refusal):
            raise found
        return found

    def _read_block(self, id: int) -> tuple[SchemeSigner, ...] | Refusal | None:  # noqa: A002
        block = self.block
        if isinstance(block, Refusal):
            return block
        pair = block.first(id) if block is not None else None
        if pair is None:
            return None
        try:
            found = read_signers(self._package, pair)
            require_content(found, lambda: self._digests, NAMES[id])
        except Refusal as refusal:
            return refusal
        return found

    def _has(self, id: int) -> bool:  # noqa: A002
        return isinstance(self.block, Block) and self.block.first(id) is not None

    def _starts(self) -> tuple[int, ...]:
        """Return the API levels from which another verdict is possible, first the least that the app is made for."""
        least = self._made_for.least
        levels = {least, 9, 18, 19, 21, 22, _SANDBOX_SINCE, _TARGET_SINCE, *SINCE.values()}
        for id_ in (V3, V31):
            try:
                for each in self.signers(id_) or ():
                    levels.update((each.since, each.since + 1))
                    if each.until is not None:
                        levels.add(each.until + 1)
            except Refusal:
                continue
        return tuple(sorted(level for level in levels if level >= least))

    def _at(self, level: int) -> Verdict | None:
        """Return what the Android of that level makes of it, None where it finds no signature."""
        id_ = next((id_ for id_ in (V31, V3, V2) if level >= SINCE[id_] and self._has(id_)), None)
        offset = self.block.start if isinstance(self.block, Block) else None
        name = "apk-v1"
        try:
            if isinstance(self.block, Refusal) and level >= SINCE[V2]:
                name = "apk"
                raise self.block
            if id_ is None:
                return self._jar_at(level)
            name = f"apk-{NAMES[id_]}"
            if id_ == V31:
                return self._rotated(level) or self._plain(V3, level)
            return self._plain(id_, level)
        except Refusal as refusal:
            # newer schemes are over all bytes at once; the older one tells which members are others
            told = self._jar if refusal.outcome is Outcome.BROKEN and isinstance(self._jar, Refusal) else refusal
            return Verdict(name, refusal.outcome, refusal.detail, (), offset, told.altered, told.added)

    def _rotated(self, level: int) -> Verdict | None:
        """Return what v3.1 says, None where it says nothing of that level."""
        signers = self.signers(V31) or ()
        older = self.signers(V3)
        if older is None:
            stripped("there is a block of scheme v3.1 and none of v3, which it adds to")
        self._require_rotation(older)
        found = next((each for each in signers if _counts(each, level)), None)
        if found is None:
            return None
        own = {each.encoded for each in found.lineage}
        if not own or any(each.certificates[0].encoded not in own for each in older):
            uncheckable("the proof of rotation of scheme v3.1 does not have the certificate of v3")
        return self._holds(V31, (found,))

    def _plain(self, id: int, level: int) -> Verdict:  # noqa: A002
        signers = self.signers(id) or ()
        if id == V3:
            if level >= SINCE[V31]:
                self._require_rotation(signers)
            signers = tuple(each for each in signers if _counts(each, level))
            if not signers:
                uncheckable("scheme v3 has no signer for this Android")
        elif level >= SINCE[V3]:
            jar = self._jar if self._made_for.least < SINCE[V2] else None
            if any(each.attribute(STRIPPING_PROTECTION) == _V3_IN_V2 for each in signers):
                stripped("the signature of scheme v2 says that there is one of v3, and there is none")
            if isinstance(jar, JarSigned) and V3 in jar.announced:
                stripped("the JAR signature says that there is one of scheme v3, and there is none")
        if any(level < each.since for each in signers):
            uncheckable("scheme v2 has only algorithms that this Android does not know")
        return self._holds(id, signers)

    def _require_rotation(self, signers: tuple[SchemeSigner, ...]) -> None:
        """Check that v3.1 is there as v3 says."""
        rotated = self.signers(V31)
        since = min((each.since for each in rotated or ()), default=None)
        for each in signers:
            stated = each.attribute(ROTATION_SINCE)
            if stated is not None and stated != since:
                there = "there is none" if since is None else f"it counts since {since}"
                stripped(f"the signature of scheme v3 says that v3.1 counts since API {stated}, and {there}")

    def _jar_at(self, level: int) -> Verdict | None:
        jar = self._jar
        if isinstance(jar, Refusal):
            raise jar
        if jar is None:
            return None
        if level >= SINCE[V2]:
            for id_ in sorted(jar.announced, key=SINCE.__getitem__):
                if level >= SINCE[id_]:
                    stripped(f"the JAR signature says that there is one of scheme {NAMES[id_]}, and there is none")
        if level >= _TARGET_SINCE and self._made_for.target >= _TARGET_SINCE:
            uncheckable(  # nobody who signed says so: it may never have had one
                f"an app made for API {self._made_for.target} must have a signature of scheme v2 or newer, and has none"
            )
        if level >= _SANDBOX_SINCE and self._made_for.sandbox > 1:
            uncheckable("an app for sandbox version 2 must have a signature of scheme v2 or newer, and has none")
        found = jar.at(level)
        certificates = tuple(each[0] for each, _ in found)
        hidden, covered = self._hidden, self._is_covered(certificates)
        return Verdict(
            "apk-v1",
            Outcome.VALID,
            f"{len(jar.paths)} members are those that were signed",
            tuple(
                (signer(each), replace(own, excludes=(() if covered else own.excludes) + hidden)) for each, own in found
            ),
            None,
            (),
            (),
            self._statements(),
            certificates,
        )

    def _holds(self, id: int, signers: tuple[SchemeSigner, ...]) -> Verdict:  # noqa: A002
        key = (id, tuple(each.since for each in signers))
        if key in self._valid:
            return self._valid[key]
        detail = f"all bytes outside of the signing block are those that were signed by scheme {NAMES[id]}"
        if id == V31 and not any(each.has(ROTATION_SINCE) for each in self.signers(V3) or ()):
            detail += "; v3 does not say that there is v3.1, so that it could be taken away"
        block, covered = self.block, Coverage(whole=True, excludes=self._hidden)
        verdict = self._valid[key] = Verdict(
            f"apk-{NAMES[id]}",
            Outcome.VALID,
            detail,
            tuple((signer(each.certificates), covered) for each in signers),
            block.start if isinstance(block, Block) else None,
            (),
            (),
            (*self._statements(), *_rotation(signers)),
            tuple(each.certificates[0] for each in signers),
        )
        return verdict

    def _is_covered(self, certificates: tuple[Certificate, ...]) -> bool:
        """Tell whether the same signers' newer scheme is over what their JAR signature leaves out."""
        for id_ in (V2, V3):
            try:
                newer = {own.id for each in self.signers(id_) or () for own in (each.certificates[0], *each.lineage)}
            except Refusal:
                return False
            if {each.id for each in certificates} <= newer:
                return True
        return False

    def _statements(self) -> tuple[tuple[str, str], ...]:
        name = self._made_for.package
        return (("package", name),) if name.isprintable() and 0 < len(name) <= _LONGEST_NAME else ()

    @cached_property
    def _hidden(self) -> tuple[str, ...]:
        """What stands in the signing block besides the signatures that count."""
        block = self.block
        unread = {V2} if self._has(V3) and self._made_for.least >= SINCE[V3] else set()
        return beside(self._package, block, unread) if isinstance(block, Block) else ()


def _counts(each: SchemeSigner, level: int) -> bool:
    """Tell whether a released Android of that level takes the signer."""
    since = each.since + each.has(FOR_PREVIEW)
    return since <= level and (each.until is None or level <= each.until)


def _rotation(signers: tuple[SchemeSigner, ...]) -> Iterator[tuple[str, str]]:
    for each in signers:
        for former in each.lineage[:-1]:
            yield ROTATED_FROM, former.key_id
            yield ROTATED_FROM, former.id


def _of_one_publisher(spans: list[tuple[int, int | None, Verdict]]) -> Iterator[tuple[int, int | None, Verdict]]:
    """Yield the verdicts; in doubt is a newer scheme whose signer neither is that of the older one nor proves to follow it."""
    older: tuple[Certificate, ...] = ()
    for first, last, verdict in spans:
        own = {each.id for each in verdict.newest}
        former = {value for key, value in verdict.statements if key == ROTATED_FROM}
        before = {each.id for each in older}
        if verdict.outcome is Outcome.VALID and before not in (set(), own) and not before <= former:
            detail = (
                f"the signature of {verdict.scheme} is by another publisher than that for older Androids "
                f"({', '.join(each.name() for each in older)})"
            )
            yield (
                first,
                last,
                replace(verdict, outcome=Outcome.UNCHECKABLE, detail=detail, signers=()),
            )
            continue
        if verdict.outcome is Outcome.VALID:
            older = verdict.newest
        yield first, last, verdict
