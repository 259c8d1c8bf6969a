"""How strong evidence is: who measured, and whether that could be a lie (RFC 9334 §7.4 calls it the trust in the attester)."""

from enum import Enum


class Strength(Enum):
    """Where what is known of an artefact comes from. Values are on the wire and never change."""

    MEASURED = "measured"
    """By us, from the bytes."""

    ATTESTED = "attested"
    """Signed by hardware that the device's software cannot make say what it likes."""

    SELF_REPORTED = "self-reported"
    """Said by the device, or by whoever handed in what it is supposed to have said. Compromised software can lie."""
