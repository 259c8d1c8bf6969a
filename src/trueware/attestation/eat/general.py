"""Claims of RFC 9711 §4.2 and RFC 8392 §3: their forms, which of them need others, and what they say of the device.

A claim of a wrong form is left out and told (`token-claims`); whether that matters is the policy's to say.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from trueware.attestation.eat import checks as rules
from trueware.attestation.eat.claims_set import ClaimsSet
from trueware.attestation.eat.measured_component import read_cbor, read_json
from trueware.attestation.eat.suit_report import read_report
from trueware.cose.foreign_cbor import Value
from trueware.errors import InputError
from trueware.model.check import Check
from trueware.model.claim import Claim
from trueware.model.measured import MeasuredValue

_UEID_LENGTHS = {1: (17, 25, 33), 2: (7, 9), 3: (15,)}
_NEEDS = {"hwmodel": "oemid", "hwversion": "hwmodel", "oemboot": "oemid", "swversion": "swname"}
_USES = {1: "generic", 2: "registration", 3: "provisioning", 4: "csr", 5: "pop"}
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
_LOCATION: Mapping[int | str, str] = {
    1: "latitude",
    2: "longitude",
    3: "altitude",
    4: "accuracy",
    5: "altitude-accuracy",
    6: "heading",
    7: "speed",
    **{
        name: name
        for name in ("latitude", "longitude", "altitude", "accuracy", "altitude-accuracy", "heading", "speed")
    },
    8: "timestamp",
    9: "age",
    "timestamp": "timestamp",
    "age": "age",
}
_MOST = 4096
"""Measurements, results and letters of one token."""
_LONGEST = 512


@dataclass(slots=True)
class Told:
    """What a claims set says."""

    checks: list[Check] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    measured: list[MeasuredValue] = field(default_factory=list)


def ueid_fault(value: Value) -> str:
    """Return what is wrong with a universal entity id (§4.2.1); empty: nothing."""
    if not isinstance(value, bytes) or not value:
        return "no bytes"
    lengths = _UEID_LENGTHS.get(value[0])
    if lengths is None:
        return f"of type {value[0]}, which does not exist"
    return "" if len(value) in lengths else f"of {len(value)} bytes, a type {value[0]} has {lengths}"


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
    for name, form in _FORMS.items():
        value = claims.get(name)
        if value is None:
            continue
        text = form(value)
        if text is None:
            faults.append(f"{name} is not of its form")
        elif text:
            told.claims.append(Claim(name.replace("_", "-"), text[:_LONGEST], kind, place))
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
            named = f"{_text(group[0])}/{_text(one[0])}" if isinstance(one, tuple) and one else _text(group[0])
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
        " ".join(str(part) for part in each)[:_LONGEST]
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
                    f"{where} of content format {_text(each[0]) if isinstance(each, tuple) and each else '?'}"
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


def _text(value: Value) -> str:
    if isinstance(value, bytes):
        return value.hex()[:_LONGEST]
    return str(value)[:_LONGEST] if isinstance(value, str | int | float) else "?"


def _is_count(value: Value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _number(value: Value) -> str | None:
    return str(value) if _is_count(value) else None


def _words(value: Value) -> str | None:
    return value if isinstance(value, str) else None


def _audience(value: Value) -> str | None:
    several = value if isinstance(value, tuple) else (value,)
    return ", ".join(str(each) for each in several[:16]) if all(isinstance(each, str) for each in several) else None


def _ueid(value: Value) -> str:
    return value.hex() if isinstance(value, bytes) and not ueid_fault(value) else ""  # its fault is told by itself


def _sueids(value: Value) -> str | None:
    if not isinstance(value, dict) or not value or any(ueid_fault(each) for each in value.values()):
        return None
    return ", ".join(f"{_text(key)}={_text(each)}" for key, each in list(value.items())[:16])


def _oemid(value: Value) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"PEN {value}" if value >= 0 else None
    if isinstance(value, bytes) and len(value) in (3, 16):
        return ("IEEE " if len(value) == 3 else "random ") + value.hex()
    return None


def _model(value: Value) -> str | None:
    return value.hex() if isinstance(value, bytes) and 1 <= len(value) <= 32 else None


def _version(value: Value) -> str | None:
    if isinstance(value, tuple) and 1 <= len(value) <= 2 and isinstance(value[0], str):
        return value[0]
    return value if isinstance(value, str) else None


def _profile(value: Value) -> str | None:
    return _text(value) if isinstance(value, str | bytes) else _tagged(value)


def _tagged(value: Value) -> str | None:
    inner = getattr(value, "value", None)
    return _text(inner) if isinstance(inner, bytes) else None


def _seed(value: Value) -> str | None:
    return value.hex() if isinstance(value, bytes) else None


def _location(value: Value) -> str | None:
    if not isinstance(value, dict):
        return None
    named = {_LOCATION.get(key): each for key, each in value.items() if isinstance(key, int | str)}
    if not {"latitude", "longitude"} <= named.keys():
        return None
    return ", ".join(f"{name} {_text(each)}" for name, each in named.items() if name)


def _use(value: Value) -> str | None:
    return _USES.get(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _flag(value: Value) -> str | None:
    return "" if isinstance(value, bool) else None


def _status(value: Value) -> str | None:
    return "" if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 4 else None


_FORMS: Mapping[str, Callable[[Value], str | None]] = {
    **dict.fromkeys(("iss", "sub", "swname"), _words),
    **dict.fromkeys(("uptime", "bootcount"), _number),
    "aud": _audience,
    "ueid": _ueid,
    "sueids": _sueids,
    "oemid": _oemid,
    "hwmodel": _model,
    "hwversion": _version,
    "swversion": _version,
    "eat_profile": _profile,
    "bootseed": _seed,
    "location": _location,
    "intuse": _use,
    "oemboot": _flag,
    "dbgstat": _status,
}
"""What claims say in words; None: they are not of their form; empty: they say it elsewhere."""
