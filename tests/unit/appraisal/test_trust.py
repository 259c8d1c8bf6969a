"""Judging signers: never-trust before all, then whose key it is, whether it stands, when it signs, and what it may sign."""

from dataclasses import replace
from hashlib import sha256

import pytest
from tests.unit.signatures.certificates import issue

from trueware.appraisal.trust import Trust, impostors, judge
from trueware.model.anchor import Anchor, Distrusted
from trueware.model.claim import Claim
from trueware.model.release import Entitlement, Publisher
from trueware.model.signature import ROTATED_FROM, Judged, Outcome, Signature, Signer, Standing
from trueware.signatures.x509 import certificate_ids

ACME = Publisher("Acme", entitlements=(Entitlement("package", "com.acme.*"), Entitlement("vendor", "Acme*")))
ZETA = Publisher("Zeta", entitlements=(Entitlement("package", "org.zeta.*"),))
KEY = Anchor("Acme", "ecdsautils:01", "ecdsautils", bytes(32))
ROOT = issue("root", authority=True)
LEAF = issue("leaf", ROOT, years=(2020, 2022))
AUTHORITY = Anchor("Acme", "cert-sha256:" + sha256(ROOT.der).hexdigest(), "x509", ROOT.der, issues=True)
NOW = 1_800_000_000
IN_2021 = 1_620_000_000


def signature(*ids: str, outcome: Outcome = Outcome.VALID, **more: object) -> Signature:
    return replace(Signature("test", "", outcome, "checked", Signer(ids)), **more)  # type: ignore[arg-type]


def by_leaf(**more: object) -> Signature:
    signer = Signer(("cert-sha256:" + sha256(LEAF.der).hexdigest(),), "leaf", (LEAF.der,))
    return replace(Signature("test", "", Outcome.VALID, "checked", signer), **more)  # type: ignore[arg-type]


def judged(found: Signature, *anchors: Anchor, never: str = "", says: str = "", now: int = NOW) -> Judged:
    listed = {never: Distrusted(never, "leaked")} if never else {}
    claims = [Claim("package", says, "", "")] if says else []
    return judge(found, Trust(anchors, listed), (ACME, ZETA), claims, now)


def test_known_key_is_entitled() -> None:
    """A valid signature by a publisher's key, over what may be theirs, counts."""
    found = judged(signature("spki-sha256:xx", "ecdsautils:01"), KEY, says="com.acme.player")

    assert (found.standing, found.publisher) == (Standing.ENTITLED, "Acme")


@pytest.mark.parametrize("outcome", [Outcome.BROKEN, Outcome.STRIPPED, Outcome.UNCHECKABLE])
def test_only_valid_signatures_have_a_standing(outcome: Outcome) -> None:
    """Whatever key is named in it: nothing was proved."""
    assert judged(signature("ecdsautils:01", outcome=outcome), KEY).standing is Standing.NONE


NEVER = ["ecdsautils:01", "spki-sha256:xx", "authenticode-sha256:ab"]


@pytest.mark.parametrize("never", NEVER)
def test_never_trust_comes_first(never: str) -> None:
    """One listed name of the key or of what is signed is enough, an anchor or not."""
    found = signature("spki-sha256:xx", "ecdsautils:01", subjects=("authenticode-sha256:ab",))

    assert judged(found, KEY, never=never).standing is Standing.NEVER_TRUST


@pytest.mark.parametrize(
    "name", ["subject-cn:leaf", "cert-sha256:" + sha256(LEAF.der).hexdigest()], ids=["weak", "strong"]
)
def test_certificates_are_distrusted_by_any_name(name: str) -> None:
    """A certificate in the message that is listed bars the signature."""
    assert judged(by_leaf(signed_at=IN_2021), AUTHORITY, never=name).standing is Standing.NEVER_TRUST


def test_strangers() -> None:
    """No anchor, or only others' or one that does not issue: the key is unknown."""
    plain = replace(AUTHORITY, issues=False)

    assert judged(signature("ecdsautils:02"), KEY).standing is Standing.UNKNOWN_KEY
    assert judged(by_leaf(signed_at=IN_2021), KEY, plain).standing is Standing.UNKNOWN_KEY


def test_taken_back() -> None:
    """A key that its publisher took back does not count."""
    assert judged(signature("ecdsautils:01"), replace(KEY, revoked="lost")).standing is Standing.REVOKED


@pytest.mark.parametrize(
    ("found", "anchor", "standing"),
    [
        (by_leaf(signed_at=IN_2021), AUTHORITY, Standing.ENTITLED),
        (by_leaf(), AUTHORITY, Standing.OUT_OF_TIME),
        (by_leaf(dated=False), AUTHORITY, Standing.ENTITLED),
        (signature("ecdsautils:01"), replace(KEY, until=NOW - 1), Standing.OUT_OF_TIME),
        (signature("ecdsautils:01", signed_at=IN_2021), replace(KEY, until=NOW - 1), Standing.ENTITLED),
        (signature("ecdsautils:01", signed_at=IN_2021), replace(KEY, since=NOW), Standing.OUT_OF_TIME),
        (by_leaf(dated=False, signed_at=IN_2021), replace(AUTHORITY, since=NOW), Standing.OUT_OF_TIME),
    ],
)
def test_time(found: Signature, anchor: Anchor, standing: Standing) -> None:
    """The stated time of signing counts, else now; certificates only where the scheme minds them."""
    assert judged(found, anchor).standing is standing


@pytest.mark.parametrize(
    ("says", "scope", "standing"),
    [
        ("org.zeta.app", (), Standing.NOT_ENTITLED),
        ("net.nobody", (), Standing.ENTITLED),
        ("com.acme.player", (Entitlement("package", "com.acme.*"),), Standing.ENTITLED),
        ("net.nobody", (Entitlement("package", "com.acme.*"),), Standing.NOT_ENTITLED),
        ("", (Entitlement("package", "com.acme.*"),), Standing.OUT_OF_SCOPE),
    ],
)
def test_claims(says: str, scope: tuple[Entitlement, ...], standing: Standing) -> None:
    """Nobody signs what is another's to say; a key with a scope signs nothing else, and nothing that does not say what it is."""
    assert judged(signature("ecdsautils:01"), replace(KEY, scope=scope), says=says).standing is standing


def test_best_anchor_counts() -> None:
    """A key that two publishers have is judged for the one who may sign this."""
    shared = replace(KEY, publisher="Zeta")

    assert judged(signature("ecdsautils:01"), KEY, shared, says="org.zeta.app").publisher == "Zeta"


def test_impostors_are_told_only_where_the_keys_are_known() -> None:
    """Somebody else's valid signature over what Acme alone may say: Acme's keys of that kind must be known, and none of them here."""
    stranger = Judged(signature("ecdsautils:02"), Standing.UNKNOWN_KEY, "")
    apk = Judged(signature("cert-sha256:ff"), Standing.UNKNOWN_KEY, "")
    acme = Judged(signature("ecdsautils:01"), Standing.ENTITLED, "", "Acme")
    claims = [Claim("package", "com.acme.player", "", "")]
    trust = Trust((KEY,))

    assert impostors([stranger], trust, [ACME, ZETA], claims) == "Acme"
    assert impostors([stranger, acme], trust, [ACME, ZETA], claims) is None
    assert impostors([apk], trust, [ACME, ZETA], claims) is None
    assert impostors([stranger], trust, [ACME, ZETA], []) is None
    assert impostors([stranger], Trust((replace(KEY, revoked="lost"),)), [ACME], claims) is None
    assert impostors([], trust, [ACME], claims) is None


def test_successor_of_a_known_key_is_entitled() -> None:
    """A key that the anchor's named as the next, as a scheme proved; a mere mention elsewhere is nothing."""
    rotated = signature("ecdsautils:09", statements=((ROTATED_FROM, "ecdsautils:01"),))

    assert judged(rotated, KEY).standing is Standing.ENTITLED
    assert judged(rotated, replace(KEY, revoked="lost")).standing is Standing.REVOKED
    assert (
        judged(signature("ecdsautils:09", statements=(("other", "ecdsautils:01"),)), KEY).standing
        is Standing.UNKNOWN_KEY
    )


def test_certificate_stands_for_its_key() -> None:
    """A signature that names its key only is the anchor's whose certificate has that key."""
    anchor = replace(AUTHORITY, issues=False)

    assert judged(signature(certificate_ids(ROOT.der)[0]), anchor).standing is Standing.ENTITLED


def test_key_that_anybody_has_is_named() -> None:
    """It stays an unknown key, and the reason says what it is."""
    known = Distrusted("ecdsautils:02", "a public test key: it is in the source")
    found = judge(signature("ecdsautils:02"), Trust(public={known.id: known}), (), (), NOW)

    assert found.standing is Standing.UNKNOWN_KEY
    assert "public test key" in found.reason


def test_authority_that_was_taken_back_is_no_step_on_the_way_to_another() -> None:
    """Its root stands, and certificates that it issued came along with its own."""
    between = issue("between", ROOT, authority=True)
    leaf = issue("below", between)
    signer = Signer(certificate_ids(leaf.der), "below", (leaf.der, between.der))
    found = Signature("test", "", Outcome.VALID, "checked", signer, signed_at=IN_2021)
    lost = Anchor("Acme", certificate_ids(between.der)[1], "x509", between.der, issues=True)

    assert judged(found, AUTHORITY, lost).standing is Standing.ENTITLED
    assert judged(found, AUTHORITY, replace(lost, revoked="lost")).standing is Standing.REVOKED


def test_who_may_say_it_as_well_is_no_impostor() -> None:
    """Maker and seller both may: signed by one of them, it is not by a stranger to the other."""
    seller = Publisher("Seller", entitlements=ACME.entitlements)
    theirs = Judged(signature("ecdsautils:02"), Standing.ENTITLED, "", "Seller")
    claims = [Claim("package", "com.acme.player", "", "")]

    assert impostors([theirs], Trust((KEY,)), (ACME, seller), claims) is None
    assert impostors([replace(theirs, publisher="")], Trust((KEY,)), (ACME, seller), claims) == "Acme"


def test_a_key_for_something_else_accuses_nobody() -> None:
    """That Acme's routers are signed by a key that is known says nothing of who signs its apps."""
    stranger = Judged(signature("ecdsautils:02"), Standing.UNKNOWN_KEY, "")
    claims = [Claim("package", "com.acme.player", "", "")]
    routers = replace(KEY, scope=(Entitlement("package", "com.acme.router"),))

    assert impostors([stranger], Trust((KEY,)), (ACME,), claims) == "Acme"
    assert impostors([stranger], Trust((routers,)), (ACME,), claims) is None


def test_a_listed_certificate_is_found_behind_another_one_of_its_key() -> None:
    """Whoever has the leaked key makes another certificate for it: the key is known by the one that is listed."""
    anchor = Anchor("Acme", certificate_ids(LEAF.der)[1], "x509", LEAF.der)
    found = signature(certificate_ids(LEAF.der)[0], "cert-sha256:another")

    assert judged(found, anchor).standing is Standing.ENTITLED
    assert judged(found, anchor, never=anchor.id).standing is Standing.NEVER_TRUST
    assert judged(found, anchor, never="subject-cn:leaf").standing is Standing.NEVER_TRUST
