"""A registry's answer to a CoSERV query: pure, of a query, a store, a time and a key.

* By class: releases whose publisher is `vendor` and whose product is `model`, those of them that are set; a class-id, layer or index
  is nothing a registry knows, and matches nothing. A state is held against each release (§3.3.1, `comparing.values_match`). Classes
  are alternatives. By instance or group: nothing, for a registry knows no devices.
* Collected: one quad for each digest of each release; its authority is the thumbprint of the publisher's key that signed the release,
  else the word for the authority (``third-party-index``) as bytes.
* Source: the publishers' own statements, as they were signed.
* By name: the CoRIM of the release (`trueware.exchange.corim.from_release`), signed where there is a key; of a CoMID or CoSWID the
  CoRIM that it is in.
* Withdrawn releases, those that cannot be proved, and those that the registry's log should have and has not, are in no answer.
  Endorsed values and trust anchors: none are held.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from trueware.cose.foreign_cbor import Key, Tagged, Value, encode
from trueware.errors import InputError, LimitExceeded, UnsupportedInput
from trueware.exchange.corim import manifest as manifests
from trueware.exchange.corim import signed
from trueware.exchange.corim.comid import ClassMap, Environment, Measurement, ReferenceTriple
from trueware.exchange.corim.common import BYTES_TAG, KEY_THUMBPRINT, SHA256, Validity
from trueware.exchange.corim.comparing import values_match
from trueware.exchange.corim.from_release import Issuer, from_release, measurements_of
from trueware.exchange.coserv.query import (
    BOTH,
    COLLECTED,
    COMID_ID,
    CORIM_ID,
    ENDORSED_VALUES,
    NAME,
    SOURCE,
    TRUST_ANCHORS,
    CmwRecord,
    Coserv,
    Query,
    RefvalQuad,
    Results,
    RimSelectorId,
    StatefulClass,
)
from trueware.model.release import Release
from trueware.model.verdict import Authority
from trueware.registry.lookup import Registry
from trueware.registry.ports import RegistryStore
from trueware.registry.statement import verify

if TYPE_CHECKING:
    from trueware.cose.sign1 import PrivateKey

MAX_RELEASES = 4096
"""Releases of one answer."""

MAX_RIMS = 64
"""Manifests of one answer."""

STATEMENT_TYPE = 'application/cose; cose-type="cose-sign1"'
SIGNED_RIM, UNSIGNED_RIM = "application/rim+cose", "application/rim+cbor"

_SUFFIX = {COMID_ID: ":comid", CORIM_ID: ""}
_PREFIX = "trueware:"


@dataclass(frozen=True, slots=True)
class Answerer:
    """Who answers."""

    issuer: Issuer
    validity: int = 24 * 3600
    """Seconds for which an answer holds."""

    private_key: "PrivateKey | None" = field(default=None, repr=False)
    """Signs manifests; None: they are not signed."""


def answer(asked: Coserv, store: RegistryStore, answerer: Answerer, now: int) -> Coserv:
    """Return a query with its results.

    Args:
        asked: the query.
        store: of the registry.
        answerer: who answers, and for how long.
        now: seconds since 1970.

    Raises:
        UntrustedStatement: the registry's log does not hold.
        UnsupportedInput: a class without vendor and model would be all that a registry has.
        LimitExceeded: more than `MAX_RELEASES` or `MAX_RIMS`.
    """
    expiry = rfc3339(now + answerer.validity)
    query = asked.query
    registry = Registry(store)
    if query.rim_selector is not None:
        rims = _rims(query.rim_selector, store, registry, answerer, now)
        return Coserv(asked.profile, query, Results(expiry, rims=rims))
    if query.artifact_type == ENDORSED_VALUES:
        return Coserv(asked.profile, query, Results(expiry, evq=(), ceq=()))
    if query.artifact_type == TRUST_ANCHORS:
        return Coserv(asked.profile, query, Results(expiry, akq=(), tas=()))
    found = _releases(query, store, registry)
    sources = tuple(CmwRecord(STATEMENT_TYPE, each.statement) for each in found if each.statement is not None)
    quads = tuple(quad for each in found for quad in _quads(each, store))
    return Coserv(
        asked.profile,
        query,
        Results(
            expiry,
            rvq=quads if query.result_type in (COLLECTED, BOTH) else None if sources else (),
            source_artifacts=sources or None if query.result_type in (SOURCE, BOTH) else None,
        ),
    )


def _releases(query: Query, store: RegistryStore, registry: Registry) -> tuple[Release, ...]:
    selector = query.environment_selector
    found: dict[str, Release] = {}
    for wanted in (selector.class_ or ()) if selector is not None else ():
        for release in _of_class(wanted, store, registry):
            found[release.id] = release
            if len(found) > MAX_RELEASES:
                raise LimitExceeded("releases of an answer", MAX_RELEASES)
    return tuple(sorted(found.values(), key=lambda each: each.id))


def _of_class(wanted: StatefulClass, store: RegistryStore, registry: Registry) -> Iterator[Release]:
    of = wanted.class_
    if of.class_id is not None or of.layer is not None or of.index is not None:
        return
    if of.vendor is None and of.model is None:
        raise UnsupportedInput(NAME, 0, "a class without vendor and model")
    for release in store.releases(of.vendor, of.model):
        if _stands(release, registry) and _is_in_state(release, wanted.measurements):
            yield release


def _stands(release: Release, registry: Registry) -> bool:
    if release.withdrawn is not None:
        return False
    try:
        return registry.prove(release).logged is not False
    except InputError:
        return False


def _is_in_state(release: Release, measurements: tuple[Measurement, ...] | None) -> bool:
    own = measurements_of(release)
    return all(
        any(each.mkey == its.mkey and values_match(each.mval, its.mval) for its in own) for each in measurements or ()
    )


def _quads(release: Release, store: RegistryStore) -> Iterator[RefvalQuad]:
    environment = Environment(ClassMap(vendor=release.publisher, model=release.product))
    authority = _authority(release, store)
    for measurement in measurements_of(release):
        yield RefvalQuad((authority,), ReferenceTriple(environment, (measurement,)))


def _authority(release: Release, store: RegistryStore) -> Value:
    publisher = store.get_publisher(release.publisher)
    if release.authority is Authority.PUBLISHER and release.statement is not None and publisher is not None:
        key = verify(release.statement, publisher.keys).key
        return Tagged(KEY_THUMBPRINT, (SHA256, sha256(key).digest()))
    return Tagged(BYTES_TAG, release.authority.value.encode())


def _rims(
    wanted: tuple[RimSelectorId, ...], store: RegistryStore, registry: Registry, answerer: Answerer, now: int
) -> tuple[tuple[Key, CmwRecord], ...]:
    found: dict[Key, CmwRecord] = {}
    for each in wanted:
        name = each.id
        suffix = _SUFFIX.get(each.kind, ":coswid")
        if not isinstance(name, str) or not name.startswith(_PREFIX) or not name.endswith(suffix) or name in found:
            continue
        release = store.get_release(name[len(_PREFIX) : len(name) - len(suffix)])
        if release is None or not _stands(release, registry):
            continue
        if len(found) == MAX_RIMS:
            raise LimitExceeded("manifests of an answer", MAX_RIMS)
        made = _rim(release, registry, answerer, now)
        if made is not None and (suffix != ":coswid" or release.tree is not None):
            found[name] = made
    return tuple(sorted(found.items(), key=lambda pair: encode(pair[0])))


def _rim(release: Release, registry: Registry, answerer: Answerer, now: int) -> CmwRecord | None:
    try:
        tree = registry.manifest(release)
    except InputError:
        return None
    validity = Validity(now + answerer.validity, now)
    corim = from_release(release, tree, answerer.issuer, validity=validity)
    if answerer.private_key is None:
        return CmwRecord(UNSIGNED_RIM, manifests.build(corim))
    made = signed.sign(corim, answerer.private_key, answerer.issuer.name, subject=str(corim.id), validity=validity)
    return CmwRecord(SIGNED_RIM, made)


def rfc3339(seconds: int) -> str:
    """Return a time in UTC.

    >>> rfc3339(1923417002)
    '2030-12-13T18:30:02Z'
    """
    days, second = divmod(seconds, 86400)
    era, of_era = divmod(days + 719468, 146097)  # from 0000-03-01, in spans of 400 years
    year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    day = of_year - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    year += 400 * era + (month <= 2)
    return f"{year:04}-{month:02}-{day:02}T{second // 3600:02}:{second % 3600 // 60:02}:{second % 60:02}Z"
