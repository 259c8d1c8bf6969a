"""What is checked of Android key attestation. The ids are on the wire and never change."""

from trueware.model.check import Aspect, CheckRule, Distrust

ANDROID_CHAIN = CheckRule(
    "android-chain",
    Aspect.EVIDENCE,
    "The attestation is signed, link by link, from a root of Google's or of somebody who is trusted",
    contradicted=99,
    supported=0,
    help="A certificate was changed, the chain was extended by a key that may not, or it ends in another root: software made it, or "
    "a maker whose root is not trusted here.",
    distrust=Distrust.SIGNATURE,
    needed=True,
)
ANDROID_LENIENCY = CheckRule(
    "android-leniency",
    Aspect.HARDWARE,
    "The certificates keep to their profile",
    contradicted=32,
    supported=0,
    help="Genuine devices are known to depart from the profile in this way; it is taken, and told.",
)
ANDROID_VALIDITY = CheckRule(
    "android-validity",
    Aspect.HARDWARE,
    "The certificates are valid at the time of the appraisal",
    contradicted=32,
    supported=0,
    help="Keys that were put in at the factory outlive their certificates; Google says to look at the list of revoked keys instead.",
)
ANDROID_REVOCATION = CheckRule(
    "android-revocation",
    Aspect.IDENTITY,
    "No certificate of the chain is on the list of revoked keys",
    contradicted=96,
    supported=2,
    help="Give the list (--revocation; android.googleapis.com/attestation/status). A key that leaked lets anybody make attestations "
    "of any phone.",
    distrust=Distrust.SIGNATURE,
    needed=True,
)
ANDROID_CHALLENGE = CheckRule(
    "android-challenge",
    Aspect.EVIDENCE,
    "The attestation holds the challenge that was sent",
    contradicted=99,
    supported=0,
    help="It answers another challenge, an old one perhaps. Ask again with a new one.",
    distrust=Distrust.NONCE,
    needed=True,
)
ANDROID_SECURITY_LEVEL = CheckRule(
    "android-security-level",
    Aspect.HARDWARE,
    "The attestation was made by secure hardware",
    contradicted=97,
    help="It was made in software, which says whatever the system wants it to say. The device has no secure hardware for it, or "
    "pretends to have none.",
    needed=True,
)
ANDROID_BOOT_STATE = CheckRule(
    "android-boot-state",
    Aspect.BOOT,
    "The system that booted was verified by a key that the boot loader trusts",
    contradicted=96,
    help="Verified boot did not verify what runs: the boot loader is unlocked, or verification failed.",
)
ANDROID_BOOT_LOCKED = CheckRule(
    "android-boot-locked",
    Aspect.CONFIGURATION,
    "The boot loader is locked",
    contradicted=96,
    help="An unlocked boot loader starts anything. Who has the phone in hand can change its software and read its owner's data.",
)
ANDROID_BOOT_KEY = CheckRule(
    "android-boot-key",
    Aspect.BOOT,
    "The key that verified the system is a publisher's",
    contradicted=96,
    supported=2,
    help="Enrol the publisher whose key it is (trueware trust add). A key of the owner's own verifies what the owner installed.",
    compares=True,
    vouches=True,
)
ANDROID_BOOT_HASH = CheckRule(
    "android-boot-hash",
    Aspect.BOOT,
    "The system that was verified is a release",
    contradicted=33,
    help="Its digest over all vbmeta images is looked up in the registry: publish the factory image of the release.",
)
ANDROID_PATCH_LEVEL = CheckRule(
    "android-patch-level",
    Aspect.EXECUTABLES,
    "System, vendor and boot loader have security patches of the last twelve months",
    contradicted=32,
    supported=0,
    help="Faults that are known and mended since are open. Update the device. A year is what Play Integrity asks of a strong device.",
)
ANDROID_IDENTITY = CheckRule(
    "android-identity",
    Aspect.IDENTITY,
    "The device is the one it is said to be",
    contradicted=97,
    help="What secure hardware says of itself (brand, model, serial, IMEI) differs from what was reported: the identity was "
    "rewritten, or it is another device.",
)
ANDROID_FIELDS = CheckRule(
    "android-fields",
    Aspect.EVIDENCE,
    "Every field of the attestation is known",
    supported=0,
    help="A newer version of the hardware says something that is not read here.",
)

RULES = (
    ANDROID_CHAIN,
    ANDROID_LENIENCY,
    ANDROID_VALIDITY,
    ANDROID_REVOCATION,
    ANDROID_CHALLENGE,
    ANDROID_SECURITY_LEVEL,
    ANDROID_BOOT_STATE,
    ANDROID_BOOT_LOCKED,
    ANDROID_BOOT_KEY,
    ANDROID_BOOT_HASH,
    ANDROID_PATCH_LEVEL,
    ANDROID_IDENTITY,
    ANDROID_FIELDS,
)
