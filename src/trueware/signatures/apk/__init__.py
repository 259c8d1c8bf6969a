"""Packages of Android: APK Signature Schemes v1 (JAR), v2, v3, v3.1, and the stamp of where a package came from.

What counts on which Android is told in `verdicts`; how each scheme is checked, in `jar` (v1), `signers` (v2 to v3.1), `idsig` (v4),
`stamp`. The signer is named from the signature that counts, never from another beside it (F-Droid issue 1128).
"""

from collections.abc import Iterator
from typing import ClassVar

from trueware.errors import InputError
from trueware.model.signature import Coverage, Signature
from trueware.signatures.apk.archive import Package
from trueware.signatures.apk.jar import Jar
from trueware.signatures.apk.members import Members
from trueware.signatures.apk.sdk import MadeFor, read_sdk
from trueware.signatures.apk.stamp import MANIFEST, stamps
from trueware.signatures.apk.verdicts import Verdicts
from trueware.signatures.contract import Context, SchemeDoc, Site
from trueware.signatures.refusal import Refusal

_MANIFEST = "AndroidManifest.xml"
_LARGEST_MANIFEST = 16 << 20
_SHA1_ONLY_BEFORE = 18
_BLOCK_MAGIC = b"APK Sig Block 42"


class Apk:
    """The signatures of a package of Android."""

    name: ClassVar[str] = "apk"
    doc: ClassVar[SchemeDoc] = SchemeDoc(
        "Android package: APK Signature Schemes v1 (JAR), v2, v3, v3.1",
        (
            "source.android.com: Application signing, APK Signature Scheme v2, v3, v3.1",
            "Oracle: JAR File Specification",
            "CVE-2017-13156 (Janus), CVE-2013-4787 (Master Key)",
        ),
        (
            "scheme v3.2 (ML-DSA) is not known, nor is the first version of source stamps",
            "schemes v1 and v2 do not say how many signers there are: one of several can be taken away unseen",
            "no certificate is checked for its dates or issuer: Android does not look at them either",
        ),
    )

    @staticmethod
    def verify(site: Site, context: Context) -> Iterator[Signature]:
        """See `Scheme`; a zip that is no package gives nothing."""
        manifest = site.child(_MANIFEST)
        if manifest is None and site.child("apk-signing-block") is None:
            return
        view = site.view()
        made_for = _made_for(manifest)
        try:
            package = Package(view)
        except Refusal as refusal:
            yield Signature("apk", site.path, refusal.outcome, refusal.detail)
            return
        members = Members(site, view, package.directory, context.limits)
        jar = Jar(members, old=made_for.least < _SHA1_ONLY_BEFORE)
        verdicts = Verdicts(package, made_for, jar.verify)
        for first, last, verdict in verdicts.each():
            for signer, coverage in verdict.signers or ((None, Coverage()),):
                yield Signature(
                    verdict.scheme,
                    site.path,
                    verdict.outcome,
                    verdict.detail,
                    signer,
                    coverage,
                    verdict.offset,
                    (first, last),
                    dated=False,
                    altered=verdict.altered,
                    added=verdict.added,
                    statements=verdict.statements,
                )
        listed = site.child(MANIFEST)
        yield from stamps(site, package, verdicts, listed.sha256 if listed is not None else None)


def _made_for(manifest: Site | None) -> MadeFor:
    if manifest is None or manifest.size > _LARGEST_MANIFEST:
        return MadeFor()
    try:
        return read_sdk(bytes(manifest.view()))
    except InputError:
        return MadeFor()
