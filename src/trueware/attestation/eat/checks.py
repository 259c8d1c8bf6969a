"""What is checked of entity attestation tokens. The ids are on the wire and never change."""

from trueware.model.check import Aspect, CheckRule, Distrust

TOKEN_SIGNATURE = CheckRule(
    "token-signature",
    Aspect.EVIDENCE,
    "The token is signed by a key that may speak for the device",
    contradicted=99,
    supported=0,
    help="Give the device's attestation key, or the root of its certificates. A token that nobody signed proves nothing.",
    distrust=Distrust.SIGNATURE,
    needed=True,
)
TOKEN_INSTANCE = CheckRule(
    "token-instance",
    Aspect.EVIDENCE,
    "The key that signed is that of the device which the token names",
    contradicted=99,
    supported=0,
    help="Another device's key made this token, or it names another device.",
    distrust=Distrust.SIGNATURE,
)
TOKEN_NONCE = CheckRule(
    "token-nonce",
    Aspect.EVIDENCE,
    "The token holds the challenge that was sent",
    contradicted=99,
    supported=0,
    help="A token of another time or for somebody else. Send a challenge, and give it when appraising.",
    distrust=Distrust.NONCE,
    needed=True,
)
TOKEN_TIME = CheckRule(
    "token-time",
    Aspect.EVIDENCE,
    "The token is valid at this time, and not too old",
    contradicted=99,
    supported=0,
    help="Ask for a new token; if it is new, look at the device's clock.",
    distrust=Distrust.TIME,
)
TOKEN_PROFILE = CheckRule(
    "token-profile",
    Aspect.EVIDENCE,
    "The token has what its profile demands, in the form that it demands",
    contradicted=99,
    supported=0,
    help="Who makes such tokens does not follow the profile that they name, or the token was made by somebody else.",
)
TOKEN_CLAIMS = CheckRule(
    "token-claims",
    Aspect.CONFIGURATION,
    "The claims have the forms and companions of RFC 9711",
    contradicted=32,
    supported=0,
    help="Claims that are not well formed, or say nothing without another one that is missing, are left out.",
)
TOKEN_SUBMODULES = CheckRule(
    "token-submodules",
    Aspect.EVIDENCE,
    "Parts that are conveyed beside the token are those that it holds digests of",
    contradicted=99,
    supported=0,
    help="A detached part was exchanged, altered or left out.",
)
TOKEN_REALM_BINDING = CheckRule(
    "token-realm-binding",
    Aspect.EVIDENCE,
    "The realm's key signed the realm's claims, and the platform vouches for that key",
    contradicted=99,
    supported=0,
    help="Claims of one realm were put beside the platform token of another.",
    distrust=Distrust.SIGNATURE,
    needed=True,
)
TOKEN_LIFECYCLE = CheckRule(
    "token-lifecycle",
    Aspect.HARDWARE,
    "The device is in its secured state",
    help="A device that is still provisioned, opened for debugging or decommissioned does not keep its keys to itself.",
)
TOKEN_DEBUG = CheckRule(
    "token-debug",
    Aspect.CONFIGURATION,
    "Debugging has been off since the device booted",
    help="With a debugger attached, whatever the device says of itself may be the debugger's word.",
)
TOKEN_SECURE_BOOT = CheckRule(
    "token-secure-boot",
    Aspect.BOOT,
    "The device booted software that its maker authorised",
    help="The token says that it did not (oemboot).",
)
TOKEN_MEASUREMENT_RESULT = CheckRule(
    "token-measurement-result",
    Aspect.EXECUTABLES,
    "The device's own comparison of its software with what it should be succeeded",
    contradicted=33,
    help="What failed is named with its measuring system.",
)
TOKEN_MEASUREMENTS = CheckRule(
    "token-measurements",
    Aspect.EXECUTABLES,
    "All measurements in the token can be read",
    contradicted=32,
    supported=0,
    help="CoSWID and manifests within tokens are not read; measured components (RFC 10013) are.",
)
TOKEN_UPDATE = CheckRule(
    "token-update",
    Aspect.EXECUTABLES,
    "The device followed its update's manifest to the end",
    contradicted=32,
    supported=0,
    help="The report in the token says where it stopped; what the device runs now may be what it ran before.",
)
TOKEN_CERTIFICATION = CheckRule(
    "token-certification",
    Aspect.CONFIGURATION,
    "The registrar confirms the letter of approval that the token names",
    supported=0,
    help="A letter of approval is a claim until the registrar confirms it.",
)

RULES = (
    *(TOKEN_SIGNATURE, TOKEN_INSTANCE, TOKEN_NONCE, TOKEN_TIME, TOKEN_PROFILE, TOKEN_CLAIMS, TOKEN_SUBMODULES),
    *(TOKEN_REALM_BINDING, TOKEN_LIFECYCLE, TOKEN_DEBUG, TOKEN_SECURE_BOOT, TOKEN_MEASUREMENT_RESULT),
    *(TOKEN_MEASUREMENTS, TOKEN_UPDATE, TOKEN_CERTIFICATION),
)
