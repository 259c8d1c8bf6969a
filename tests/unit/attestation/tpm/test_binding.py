"""Whose key it is."""

from tests.unit.attestation.tpm.simulator import Key

from trueware.attestation.contract import Endorsements
from trueware.attestation.tpm.binding import Activated, bind_key
from trueware.attestation.tpm.public import parse_public
from trueware.model.check import Check, Distrust, Outcome

KEY = parse_public(Key().public())
OTHER = parse_public(Key().public())
EK = parse_public(Key(scheme="rsassa").public())
ENROLLED = Endorsements(enrolled={KEY.name: "router-7"})


def bound(*args: object, **more: object) -> Check:
    (check,) = bind_key(*args, **more)  # type: ignore[arg-type]
    return check


def test_an_enrolled_name_binds() -> None:
    assert bound(KEY, None, ENROLLED).outcome is Outcome.SUPPORTS
    assert bound(KEY, None, ENROLLED, device="router-7").detail == "enrolled as router-7"


def test_a_key_of_another_device_contradicts() -> None:
    check = bound(KEY, None, ENROLLED, device="router-8")
    assert (check.outcome, check.distrust) == (Outcome.CONTRADICTS, Distrust.SIGNATURE)


def test_another_key_than_the_one_enrolled_contradicts() -> None:
    check = bound(OTHER, b"certificate", ENROLLED, device="router-7")
    assert check.outcome is Outcome.CONTRADICTS
    assert check.expected == KEY.name.hex()
    activated = Activated(OTHER.name, EK.name)
    assert bound(OTHER, None, ENROLLED, device="router-7", activated=activated).outcome is Outcome.CONTRADICTS


def test_a_certificate_alone_shows_nothing() -> None:
    check = bound(OTHER, b"certificate", Endorsements())
    assert check.outcome is Outcome.NOT_SHOWN
    assert "activate a credential" in check.detail
    assert bound(OTHER, None, Endorsements()).outcome is Outcome.NOT_SHOWN
    assert bound(OTHER, None, ENROLLED).outcome is Outcome.NOT_SHOWN
    assert bound(None, b"certificate", ENROLLED).outcome is Outcome.NOT_SHOWN


def test_an_activated_credential_binds_to_its_tpm() -> None:
    activated = Activated(KEY.name, EK.name)
    assert bound(KEY, b"", Endorsements(), activated=activated, is_endorsed=True).outcome is Outcome.SUPPORTS
    both = bound(KEY, b"", Endorsements(), activated=activated, endorsement_key=EK, is_endorsed=True)
    assert both.outcome is Outcome.SUPPORTS
    software = bound(KEY, b"certificate", Endorsements(), activated=activated, endorsement_key=EK)
    assert software.outcome is Outcome.NOT_SHOWN  # anybody can make both keys
    assert bound(KEY, b"", Endorsements(), activated=activated, endorsement_key=OTHER).outcome is Outcome.CONTRADICTS
    assert bound(OTHER, b"", Endorsements(), activated=activated).outcome is Outcome.CONTRADICTS
