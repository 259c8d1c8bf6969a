"""Names of a file system's folders as steps of a path: one that would change the path is told, and escaped."""

_STEPS = {b"": "%", b".": "%2E", b"..": "%2E%2E"}
"""Names that are no step, or one that leads elsewhere."""


def is_hostile(name: bytes) -> bool:
    """Tell whether a name would change the path it stands in; Linux makes none of these."""
    return name in _STEPS or b"/" in name or b"\0" in name


def readable(name: bytes) -> str:
    """Return a name fit to stand in a path, undecodable bytes as lone surrogates; what is hostile in it is percent-escaped."""
    if is_hostile(name):
        return _STEPS.get(name) or name.decode("utf-8", "surrogateescape").replace("/", "%2F").replace("\0", "%00")
    return name.decode("utf-8", "surrogateescape")


def from_wide(raw: bytes, encoding: str) -> bytes:
    """Return a name in UTF-16 as bytes in UTF-8; half a surrogate pair stays what it is, three bytes that are not UTF-8."""
    return raw.decode(encoding, "surrogatepass").encode("utf-8", "surrogatepass")
