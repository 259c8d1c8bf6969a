"""The catalogue of rules: everything trueware can find, by stable id. `docs/reference/rules.md` is generated from it."""

from trueware.model.finding import Confidence, Rule, Severity

_LOW, _MEDIUM, _HIGH, _INFO = Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.INFO

_RULES = (
    # what readers find
    Rule(
        "malformed",
        "The bytes contradict their format",
        _MEDIUM,
        uncertain=True,
        unread=True,
        help="The part is kept and measured as far as it could be read. A damaged copy looks the same: get another one.",
    ),
    Rule(
        "truncated",
        "The bytes end before the format says they should",
        _MEDIUM,
        uncertain=True,
        unread=True,
        help="Usually an incomplete download or dump. Get a complete copy; what is missing is not evidence of removal.",
    ),
    Rule(
        "unsupported",
        "Recognised, but this variant is not read",
        _LOW,
        uncertain=True,
        unread=True,
        help="The part was measured as a whole and could not be looked into.",
    ),
    Rule(
        "limit-reached",
        "A ceiling on cost was reached",
        _MEDIUM,
        uncertain=True,
        unread=True,
        help="The rest was not read. Raise the named limit if the artefact is trusted not to be hostile.",
    ),
    Rule(
        "checksum-mismatch",
        "A checksum inside the artefact does not fit its bytes",
        _MEDIUM,
        uncertain=True,
        help="Damage or careless change. A checksum that fits proves integrity only, never origin.",
    ),
    Rule(
        "checksum-stale",
        "A checksum that no device looks at does not fit its bytes",
        _INFO,
        help="A tool changed the bytes and made only the checksum anew that a device looks at. Genuine software has it too.",
    ),
    Rule(
        "program-checksum",
        "The checksum of a program does not fit its bytes",
        _MEDIUM,
        help="Whoever changes code may leave it as it was. Where the archive around it fits, no damage explains that.",
    ),
    Rule("checksum-unchecked", "A checksum inside the artefact could not be checked", _INFO),
    Rule(
        "unread-bytes",
        "Bytes that no reader accounts for",
        _LOW,
        help="They were measured and are compared; they may hide content from tools that do not look.",
    ),
    Rule(
        "overlap",
        "Two parts claim the same bytes",
        _MEDIUM,
        uncertain=True,
        help="Programs may disagree about what this contains.",
    ),
    Rule(
        "duplicate-path",
        "One path stands for two entries",
        _MEDIUM,
        uncertain=True,
        help="Programs disagree about which one counts.",
    ),
    Rule(
        "hostile-name",
        "A name that no ordinary tool writes",
        _MEDIUM,
        uncertain=True,
        help="It climbs out of its folder, is absolute, holds a slash or NUL, or is empty. It is treated as data.",
    ),
    Rule("cycle", "A folder contains itself", _HIGH, uncertain=True, unread=True),
    Rule(
        "contradiction",
        "Two fields of the container contradict each other",
        _MEDIUM,
        uncertain=True,
        help="Programs that trust the one or the other see different content.",
    ),
    Rule(
        "hidden-content",
        "Bytes outside the structure hold data",
        _LOW,
        help="Free space or slack that is not empty; no ordinary program reads it.",
    ),
    Rule(
        "read-by-fallback",
        "Read by another program, not by trueware",
        _INFO,
        uncertain=True,
        help="Its names, attributes and contents are that program's word: a lead to follow, no proof of equality.",
    ),
    Rule("encrypted", "The content is encrypted and cannot be read", _LOW, uncertain=True, unread=True),
    Rule(
        "reserved-bits",
        "Reserved or unknown flag bits are set",
        _LOW,
        uncertain=True,
        help="A device may give them a meaning trueware does not know.",
    ),
    # what the appraisal finds
    Rule(
        "container-rebuilt",
        "The content is equal, the container around it was packed differently",
        _INFO,
        help="As with a dump of a device or a recompressed image: same files, other compression, time stamps or layout.",
    ),
    Rule("mutable-changed", "Paths that a device may change in service differ from the release", _INFO),
    Rule(
        "unsafe-configuration",
        "A setting that a device may change in service does what it should not",
        _MEDIUM,
        help="The software is genuine, its settings may not be the owner's. Ask the owner, or reset the device to its defaults.",
    ),
    Rule(
        "part-of-release",
        "The artefact is one part of a release, equal to it",
        _INFO,
        help="As with a dump of one partition. The other parts were not seen.",
    ),
    Rule(
        "composed-of-packages",
        "It was compared with what the packages in it bring",
        _INFO,
        help="No release of the whole is registered: what it should be was composed of packages that are.",
    ),
    Rule(
        "package-not-registered",
        "A package in it is not in the registry, and its files could not be compared",
        _MEDIUM,
        help="Import the index of the distribution with that package beside it, and verify again.",
    ),
    Rule(
        "not-provable",
        "Files are made on the device itself, and nobody can tell what they should be",
        _MEDIUM,
        help="Have them made anew by programs that are known to be genuine, or remove them.",
    ),
    Rule(
        "outside-release",
        "Something beside the software belongs to no release",
        _LOW,
        help="Nobody vouches for it. Beside genuine software only files for people are let pass: terms, checksums, signatures.",
    ),
    Rule("release-withdrawn", "The release it equals was withdrawn", _HIGH),
    Rule(
        "release-not-logged",
        "The release it equals should be in the registry's log and is not",
        _HIGH,
        help="Every release of a registry with a log is a leaf of it, which its operator cannot take out or put in later unseen. "
        "One that is not was put beside it: ask the operator, and trueware log fsck.",
    ),
    Rule(
        "weak-authority",
        "The reference is not signed by its publisher",
        _INFO,
        help="The result rests on a golden sample or an index; whoever provided it could be wrong.",
    ),
    Rule("claim-mismatch", "What the artefact claims to be and what it is differ", _HIGH),
    Rule("claim-not-entitled", "The publisher of the matched release is not entitled to this claim", _MEDIUM),
    Rule("claim-unregistered", "It claims a version its publisher has not registered", _LOW),
    Rule(
        "identity-contradiction",
        "Parts of the artefact say different things about who made it",
        _HIGH,
        Confidence.MEDIUM,
    ),
    Rule("reference-untrusted", "A registered release could not be used: its statement does not verify", _HIGH),
    Rule("nearest-release", "The nearest known release is not the same software", _INFO),
    Rule("not-checkable", "A check could not be made", _LOW),
    # what listings of devices bring up
    Rule(
        "self-reported",
        "The device says so itself",
        _INFO,
        help="Compromised software can lie about itself, and so can whoever hands in a listing. Read the device out, or ask for "
        "evidence that hardware signs, before relying on it.",
    ),
    Rule(
        "listing-incomplete",
        "The device did not tell all",
        _MEDIUM,
        uncertain=True,
        unread=True,
        help="What is missing is not evidence of removal. Collect again as a user who may read everything, and give it time.",
    ),
    Rule(
        "listing-contradiction",
        "What the device says in one place is not what it says in another",
        _MEDIUM,
        Confidence.MEDIUM,
        help="A program that was replaced while it ran, something mounted over software, or software that hides something.",
    ),
    Rule(
        "listing-boot-state",
        "The device says that it was started unchecked, or runs with its defences down",
        _MEDIUM,
        help="An unlocked boot loader, verification switched off, a build for developers, SELinux that only logs. Owners do it "
        "too; whoever did, it starts whatever is on it.",
    ),
    Rule(
        "listing-layer",
        "The device has its image and a layer over it; both were appraised",
        _INFO,
        help="The result is the worse of the two. What lies over the image goes with a factory reset, the image does not.",
    ),
    # what signatures say
    Rule(
        "signature-broken",
        "A signature is not over these bytes",
        _HIGH,
        help="Something was changed after it was signed, or the copy is damaged. Compare with a copy from the publisher.",
    ),
    Rule("signature-stripped", "A signature that must be there is missing", _HIGH),
    Rule("signature-not-checkable", "A signature could not be checked", _LOW),
    Rule(
        "signature-partial",
        "A signature does not cover all of the software",
        _INFO,
        help="What is not covered is vouched for by nobody, unless a registered release says so.",
    ),
    Rule(
        "rests-on-signature",
        "The result rests on a signature alone",
        _INFO,
        help="The publisher signed it; no registered release says which of the publisher's releases it is, or that it stands.",
    ),
    Rule(
        "signer-unknown",
        "A valid signature by a key that nobody is known by",
        _INFO,
        help="It proves that whoever has this key made it, and nothing about who that is.",
    ),
    Rule(
        "signer-changed",
        "A registered release of the same package is signed by another key",
        _MEDIUM,
        Confidence.MEDIUM,
        help="Publishers do change keys. Ask them, or compare the releases: it is a reason to look, not a verdict.",
    ),
    Rule("signer-not-entitled", "Signed by somebody who may not sign this", _HIGH),
    Rule("signer-out-of-scope", "Signed by a key that is for something else", _LOW),
    Rule(
        "signer-never-trust",
        "Signed by a key, or being something, that must not be trusted",
        _HIGH,
        help="A public test key, a leaked key, a revoked certificate or image: a valid signature by it proves nothing.",
    ),
    Rule("signer-revoked", "Signed by a key that its publisher took back", _HIGH),
    Rule(
        "signer-out-of-time",
        "Signed outside the time in which the key or certificate is valid",
        _LOW,
        help="That is no proof of a change. It cannot be told whether the publisher still had the key.",
    ),
)

RULES: dict[str, Rule] = {rule.id: rule for rule in _RULES}
