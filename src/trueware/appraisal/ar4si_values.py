"""What the values of AR4SI claims mean, in words for people (draft-ietf-rats-ar4si §2.3.4).

Values that hold for every claim are 0, 1, -1, and, since the editor's copy of 18 May 2026, 31, 95, 99 and 127. Negative values and
those that the draft does not list are a verifier's own: they have a tier (§2.3.2), and no meaning that others know.
"""

_GENERIC = {
    -1: "the verifier failed",
    0: "nothing is said",
    1: "something in the evidence is not understood",
    31: "in order, for a reason that is not standardised",
    95: "a warning, for a reason that is not standardised",
    99: "the evidence is not authentic: its cryptographic validation failed",
    127: "contraindicated, for a reason that is not standardised",
}

_VALUES = {
    "instance-identity": {
        2: "a device that is known, and not known to be compromised",
        96: "a device that is known, and known to be compromised",
        97: "a device that is not known, and should be",
    },
    "configuration": {
        2: "a known and approved configuration",
        3: "no known vulnerability",
        32: "known vulnerabilities",
        36: "settings that matter to security could not be seen",
        96: "vulnerabilities that cannot be accepted",
    },
    "executables": {
        2: "only genuine code, while booting and since",
        3: "only genuine code while booting",
        32: "genuine code with known faults or vulnerabilities",
        33: "code that is not recognised",
        96: "code that must not run",
    },
    "file-system": {
        2: "only files that are approved",
        32: "files that are not recognised",
        96: "files that must not be there",
    },
    "hardware": {
        2: "genuine hardware and firmware",
        32: "genuine hardware and firmware with known vulnerabilities",
        96: "hardware or firmware that is known, and must not be trusted",
        97: "hardware or firmware that is not known, and should be",
    },
    "runtime-opaque": {
        2: "memory is encrypted, and closed to all other software",
        32: "memory is closed to all other software",
        96: "memory can be seen by other software",
    },
    "storage-opaque": {
        2: "stored secrets are encrypted by keys that hardware holds",
        32: "stored secrets are encrypted by keys that software holds",
        96: "stored secrets are not encrypted",
    },
    "sourced-data": {
        2: "data comes from attesters in order",
        32: "data comes from sources that nobody attests, or of which others warn",
        96: "data comes from contraindicated sources",
    },
}


def value_name(claim: str, value: int) -> str:
    """Return what a value of a claim means.

    Args:
        claim: its JSON name (§3.4); for one that is not known only the values of all claims have a meaning.
        value: signed 8-bit.
    """
    said = _VALUES.get(claim, {}).get(value) or _GENERIC.get(value)
    return said if said is not None else "a value of the verifier's own"
