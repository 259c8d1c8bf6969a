"""Certificates that the device trusts for TLS: which authorities came and which went, over all its stores together.

The stores are taken as one set, so that a list packed into single files, a renamed file, or a hashed link (``a1b2c3d4.0``, which
OpenSSL's c_rehash(1) makes) to what is trusted already is no new trust.
"""

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import suppress
from posixpath import dirname, join, normpath
from typing import ClassVar

from trueware.errors import InputError
from trueware.explaining.contract import Altered, Case
from trueware.explaining.known.public_authorities import PUBLIC_AUTHORITIES
from trueware.explaining.patterns import regex
from trueware.explaining.reading.certificates import Trusted, certificates_in
from trueware.explaining.reading.lines import excerpt
from trueware.explaining.reading.sides import both_sides, lacks_genuine
from trueware.model.finding import Confidence, Evidence, Finding, Rule, Severity
from trueware.model.part import Kind

AUTHORITY_ADDED = Rule(
    "certificate-authority-added",
    "The device trusts a certificate authority that the genuine software does not trust",
    Severity.HIGH,
    help="Whoever holds its key can pose as any web site, update server or management server towards this device.",
    effect="trust-anchor-added",
)
PUBLIC_ADDED = Rule(
    "public-authority-added",
    "The device trusts a further one of the certificate authorities that browsers trust",
    Severity.LOW,
    help="Lists of authorities are brought up to date from time to time; this one is trusted by nearly every computer and phone.",
    effect="trust-anchor-added",
)
CERTIFICATE_ADDED = Rule(
    "trusted-certificate-added",
    "The device trusts a certificate that the genuine software does not trust",
    Severity.LOW,
    help="It is no authority: its holder can pose as what it names, and as nothing else.",
    effect="trust-anchor-added",
)
AUTHORITY_REMOVED = Rule(
    "certificate-authority-removed",
    "The device no longer trusts a certificate authority that the genuine software trusts",
    Severity.LOW,
    help="Connections to servers whose certificates it issued fail; updates and warnings may not arrive.",
    effect="component-removed",
)

_BUNDLES = (
    "etc/ssl/certs/ca-certificates.crt",
    "etc/ssl/cert.pem",
    "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "etc/pki/tls/certs/ca-bundle.crt",
)
"""Where systems keep all authorities in one file: read where they did not change, to see what was trusted already."""

_MADE_ON_DEVICE = regex(r"(?:.*/)?ssl-cert-snakeoil\.pem")
"""A certificate that Debian's ssl-cert makes at installation, different on each device."""

_DEEPEST = 8
"""Links followed one after the other."""


class CertificateStores:
    """Certificates trusted for TLS."""

    subject: ClassVar[str] = "certificate authorities the device trusts"
    rules: ClassVar[tuple[Rule, ...]] = (AUTHORITY_ADDED, PUBLIC_ADDED, CERTIFICATE_ADDED, AUTHORITY_REMOVED)
    wants: ClassVar[re.Pattern[str]] = re.compile(
        r"""etc/ssl/certs/.+|etc/ssl/(?:cert\.pem|ca-bundle\.[a-z]+)
        |etc/pki/tls/(?:certs/.+|cert\.pem)|etc/pki/ca-trust/(?:source|extracted)/.+|usr/share/pki/(?:trust|ca-trust-source)/.+
        |usr/(?:local/)?share/ca-certificates/.+|etc/ca-certificates/(?:trust-source|extracted)/.+
        |(?:.*/)?etc/security/cacerts(?:_google)?/.+|(?:apex/com\.android\.conscrypt/)?cacerts/[0-9a-f]{8}\.\d+
        |(?:data/)?misc/(?:keychain|user/\d+)/cacerts-added/.+
        |(?:.*/)?(?:ca-bundle|ca-certificates|cabundle|cacerts?|trusted-ca|root-?cas?)\.(?:crt|pem|cer|der)""",
        re.VERBOSE,
    )

    @staticmethod
    def detect(altered: Altered, case: Case) -> Iterator[Finding]:  # noqa: ARG004 (see below)
        return iter(())  # the stores are one set: all of them are looked at together

    @staticmethod
    def conclude(case: Case, findings: tuple[Finding, ...]) -> Iterator[Finding]:  # noqa: ARG004 (asks nobody else)
        old: dict[bytes, tuple[Trusted, Altered]] = {}
        new: dict[bytes, tuple[Trusted, Altered]] = {}
        for altered in case.matching(CertificateStores.wants):
            before, after = _stores(altered, case)
            old |= {each.der: (each, altered) for each in certificates_in(before)}
            for each in certificates_in(after):
                new.setdefault(each.der, (each, altered))
        came, went = new.keys() - old.keys(), old.keys() - new.keys()
        if came or went:
            kept, files = frozenset(_unchanged(case)), _unchanged_files(case)
            came = {der for der in came if not _is_copy(new[der][1], files)}
            wants = CertificateStores.wants
            doubt = Confidence.LOW if lacks_genuine(case.matching(wants), wants) else None
            yield from _added((new[der] for der in new if der in came - kept), doubt)
            yield from _removed(old[der] for der in old if der in went - kept)


def _stores(altered: Altered, case: Case) -> tuple[bytes, bytes]:
    """Return what was and what is trusted by one change, nothing where that is not at hand."""
    with suppress(InputError):
        found = altered.change.found
        if found is not None and found.kind is Kind.SYMLINK:
            expected = altered.change.expected
            if expected is not None and expected.link == found.link:
                return b"", b""
            return altered.before() or b"", _behind(altered.inner, found.link or "", case)
        if (sides := both_sides(altered, CertificateStores.wants)) is not None:
            return sides
    return b"", b""


def _behind(path: str, target: str, case: Case) -> bytes:
    """Return the bytes of a file that was there already and that a link makes a trusted one."""
    for _ in range(_DEEPEST):
        path = normpath(join(dirname(path), target)).lstrip("/")
        part = case.files.get(path)
        if part is None or part.kind is not Kind.SYMLINK:
            return case.read(path) or b""
        target = part.link or ""
    return b""


def _unchanged(case: Case) -> Iterator[bytes]:
    """Yield the certificates of the lists that are as they were."""
    for path in _BUNDLES:
        with suppress(InputError):
            if path in case.files and case.find(path) is None:
                yield from (each.der for each in certificates_in(case.read(path) or b""))


def _is_copy(altered: Altered, stores: AbstractSet[bytes | None]) -> bool:
    """Tell whether a file of the stores that did not change has the same bytes."""
    found = altered.change.found
    return altered.is_added and found is not None and found.sha256 in stores


def _unchanged_files(case: Case) -> frozenset[bytes | None]:
    """Return the digests of the files of stores that are as they were."""
    changed = {altered.inner for altered in case.matching(CertificateStores.wants)}
    kept = (
        part.sha256
        for path, part in case.files.items()
        if CertificateStores.wants.fullmatch(path) and path not in changed
    )
    return frozenset(kept) - {None}


def _added(certificates: Iterator[tuple[Trusted, Altered]], doubt: Confidence | None) -> Iterator[Finding]:
    for certificate, altered in certificates:
        if certificate.is_authority:
            rule = PUBLIC_ADDED if certificate.fingerprint in PUBLIC_AUTHORITIES else AUTHORITY_ADDED
        elif certificate.is_self_issued and not _MADE_ON_DEVICE.fullmatch(altered.inner):
            rule = CERTIFICATE_ADDED
        else:
            continue
        evidence = Evidence(_where(certificate), None, excerpt(certificate.told))
        severity = Severity.LOW if altered.is_configuration else None
        yield altered.finding(rule, f"{_where(certificate)} is trusted", evidence, severity=severity, confidence=doubt)


def _removed(certificates: Iterator[tuple[Trusted, Altered]]) -> Iterator[Finding]:
    for certificate, altered in certificates:
        if certificate.is_authority:
            evidence = Evidence(_where(certificate), excerpt(certificate.told), None)
            yield altered.finding(AUTHORITY_REMOVED, f"{_where(certificate)} is not trusted any more", evidence)


def _where(certificate: Trusted) -> str:
    return excerpt(certificate.subject or certificate.fingerprint, 120)
