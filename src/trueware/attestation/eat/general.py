"""Claims of RFC 9711 §4.2 and RFC 8392 §3: which of them need others, and what they say of the device.

A claim of a wrong form is left out and told (`token-claims`); whether that matters is the policy's to say.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from trueware.attestation.eat import checks as rules
from trueware.attestation.eat.claims_set import ClaimsSet
from trueware.attestation.eat.forms import FORMS, LONGEST, text_of, ueid_fault
from trueware.attestation.eat.measured_component import read_cbor, read_json
from trueware.attestation.eat.suit_report import read_report
from trueware.cose.foreign_cbor import Value
from trueware.errors import InputError
from trueware.model.check import Check
from trueware.model.claim import Claim
from trueware.model.measured import MeasuredValue

_NEEDS = {"hwmodel": "oemid", "hwversion": "hwmodel", "oemboot": "oemid", "swversion": "swname"}
_RESULTS: Mapping[int | str, str] = {
    1: "success",
    2: "fail",
    3: "not run",
    4: "absent",
    "success": "success",
    "fail": "fail",
    "not-run": "not run",
    "absent": "absent",
}
_MOST = 4096
"""Measurements, results and letters of one token."""


@dataclass(slots=True)
class Told:
    """What a claims set says."""

    checks: list[Check] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    measured: list[MeasuredValue] = field(default_factory=list)


def nonces(claims: Mapping[str, Value]) -> tuple[bytes | str, ...]:
    """Return the challenges of a token (§4.1); empty where there are none, or any of them is no challenge."""
    found = claims.get("eat_nonce")
    several = found if isinstance(found, tuple) else (found,)
    sound = tuple(
        each
        for each in several
        if (isinstance(each, bytes) and 8 <= len(each) <= 64) or (isinstance(each, str) and 8 <= len(each) <= 88)
    )
    return sound if len(sound) == len(several) <= 16 else ()


def tell(given: ClaimsSet, kind: str, place: str = "") -> Told:
    """Return what the claims of a set say; those of its submodules are told by whoever opens them.

    Args:
        given: the set.
        kind: of the evidence, as source of the claims.
        place: of the set within the token: names of submodules.
    """
    told, claims = Told(), given.claims
    faults: list[str] = []
    for name, need in _NEEDS.items():
        if name in claims and need not in claims:
            faults.append(f"{name} without {need}")
    for name, form in FORMS.items():
        value = claims.get(name)
        if value is None:
            continue
        text = form(value)
        if text is None:
            faults.append(f"{name} is not of its form")
        elif text:
            told.claims.append(Claim(name.replace("_", "-"), text[:LONGEST], kind, place))
    if (ueid := claims.get("ueid")) is not None and (fault := ueid_fault(ueid)):
        faults.append(f"ueid is {fault}")
    if "eat_nonce" in claims and not nonces(claims):
        faults.append("eat_nonce is not of its form")
    if faults:
        told.checks.append(rules.TOKEN_CLAIMS.contradicts("; ".join(faults), place, source="RFC 9711 §4.2"))
    for part in (_debug, _boot, _results, _letters):
        told.checks += part(claims, place)
    _measurements(claims, place, told)
    told.claims += [Claim("dloa", text, kind, place) for text in _letter_texts(claims)]
    return told


def _debug(claims: Mapping[str, Value], place: str) -> Iterator[Check]:
    status = claims.get("dbgstat")
    rule, where = rules.TOKEN_DEBUG, place or "dbgstat"
    if isinstance(status, bool) or not isinstance(status, int):
        return
    if status == 0:
        yield rule.contradicts("debugging is enabled", where)
    elif status == 1:
        yield rule.not_shown("debugging is disabled now; it may have been enabled since the device booted", where)
    elif status in (2, 3, 4):
        words = {2: "since the device booted", 3: "permanently", 4: "fully and permanently"}
        yield rule.supports(f"debugging is disabled {words[status]}", where)


def _boot(claims: Mapping[str, Value], place: str) -> Iterator[Check]:
    found, rule, where = claims.get("oemboot"), rules.TOKEN_SECURE_BOOT, place or "oemboot"
    if found is True and "oemid" in claims:
        yield rule.supports("the maker authorised what booted, as the token says", where)
    elif found is True:
        yield rule.not_shown("oemboot says nothing without oemid, whose maker it is", where)
    elif found is False:
        yield rule.contradicts("what booted is not authorised by the maker", where)


def _results(claims: Mapping[str, Value], place: str) -> Iterator[Check]:
    """Judge measres (§4.2.17): [+ [measurement-system, [+ [results-id, result]]]]."""
    groups, rule = claims.get("measres"), rules.TOKEN_MEASUREMENT_RESULT
    if groups is None:
        return
    where = place or "measres"
    failed: list[str] = []
    open_: list[str] = []
    count = 0
    for group in groups if isinstance(groups, tuple) else (None,):
        if not isinstance(group, tuple) or len(group) != 2 or not isinstance(group[1], tuple):
            yield rule.not_shown("results of measurements that are not of their form", where)
            return
        for one in group[1][:_MOST]:
            result = one[1] if isinstance(one, tuple) and len(one) == 2 else None
            word = _RESULTS.get(result) if isinstance(result, int | str) else None
            named = f"{text_of(group[0])}/{text_of(one[0])}" if isinstance(one, tuple) and one else text_of(group[0])
            count += 1
            if word == "fail":
                failed.append(named)
            elif word != "success":
                open_.append(f"{named}: {word or 'a result that does not exist'}")
    if failed:
        yield rule.contradicts(f"{len(failed)} of {count} failed: {', '.join(failed[:5])}", where)
    elif open_ or not count:
        yield rule.not_shown(f"{len(open_)} of {count} without a result: {', '.join(open_[:5])}", where)
    else:
        yield rule.supports(f"{count} results, all succeeded", where)


def _letter_texts(claims: Mapping[str, Value]) -> list[str]:
    """Return digital letters of approval (§4.2.14): registrar, platform label, application label."""
    letters = claims.get("dloas")
    return [
        " ".join(str(part) for part in each)[:LONGEST]
        for each in (letters[:64] if isinstance(letters, tuple) else ())
        if isinstance(each, tuple) and 2 <= len(each) <= 3 and all(isinstance(part, str) for part in each)
    ]


def _letters(claims: Mapping[str, Value], place: str) -> Iterator[Check]:
    for text in _letter_texts(claims):
        detail = f"{text}: a letter of approval is a claim until the registrar confirms it"
        yield rules.TOKEN_CERTIFICATION.not_shown(
            detail, place or "dloas", source="RFC 9711 §4.2.14", expected_gap=True
        )


def _measurements(claims: Mapping[str, Value], place: str, told: Told) -> None:
    """Read measurements (§4.2.16), [+ [content format, content]]; manifests (§4.2.15) are told and not read."""
    unread = []
    for name in ("measurements", "manifests"):
        found = claims.get(name)
        if found is None:
            continue
        if not isinstance(found, tuple):
            unread.append(f"{name} that are no list")
            continue
        for number, each in enumerate(found[:_MOST]):
            where = "/".join(filter(None, (place, f"{name}[{number}]")))
            if name == "measurements" and _told_update(each, where, told):
                continue
            one = _measurement(each, where) if name == "measurements" else None
            if one is not None:
                told.measured.append(one)
            else:
                unread.append(
                    f"{where} of content format {text_of(each[0]) if isinstance(each, tuple) and each else '?'}"
                )
    if unread:
        detail = f"{len(unread)} not read: {', '.join(unread[:3])}"
        told.checks.append(rules.TOKEN_MEASUREMENTS.not_shown(detail, place))


def _told_update(pair: Value, where: str, told: Told) -> bool:
    """Add what a SUIT report says; False: it is none."""
    content = pair[1] if isinstance(pair, tuple) and len(pair) == 2 else None
    if not isinstance(content, bytes):
        return False
    try:
        report = read_report(content, where)
    except InputError:
        return False
    told.measured += report.measured
    rule, named = rules.TOKEN_UPDATE, f"the manifest {report.manifest[1].hex()[:16]}…"
    if report.failure:
        told.checks.append(rule.contradicts(f"{named} was not followed to its end, {report.failure}", where))
    else:
        told.checks.append(rule.supports(f"{named} was followed to its end, {report.records} records", where))
    return True


def _measurement(pair: Value, where: str) -> MeasuredValue | None:
    if not isinstance(pair, tuple) or len(pair) != 2:
        return None
    content = pair[1]
    try:
        if isinstance(content, bytes):
            return read_cbor(content, where)
        return read_json(content.encode(), where) if isinstance(content, str) else None
    except InputError:
        return None
