"""The roots of Android key attestation that ship with trueware, by their public keys."""

import re
from base64 import b64decode
from functools import cache

from trueware.knowledge.shipped import read_yaml

_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----(.+?)-----END PUBLIC KEY-----", re.DOTALL)


@cache
def load_android_roots() -> dict[str, bytes]:
    """Return DER SubjectPublicKeyInfo by name.

    Raises:
        ValueError: the shipped list is malformed (a defect of this package).
    """
    data = read_yaml("android", "roots")
    rows = data.get("roots") if isinstance(data, dict) else None
    if not isinstance(rows, list):
        raise ValueError("knowledge/android/roots.yaml has no list of roots")  # noqa: TRY004 (the file's fault)
    found: dict[str, bytes] = {}
    for row in rows:
        match = _PEM.search(row["key"])
        if match is None:
            raise ValueError(f"root {row['name']} has no public key in PEM")
        found[row["name"]] = b64decode("".join(match[1].split()), validate=True)
    return found
