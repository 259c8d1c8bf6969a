"""All exceptions of trueware, in three families that are never mixed.

::

    TruewareError
    ├── InputError                the artefact or statement at hand is bad; `verify` answers with a finding
    │   ├── MalformedInput        bytes contradict their format, at an offset
    │   ├── UnsupportedInput      recognised, and we cannot read this variant
    │   ├── LimitExceeded         a named ceiling was reached
    │   ├── UntrustedStatement    a signed statement does not verify
    │   └── EvidenceRefused       live evidence is not what it says: a check of its own was contradicted
    └── WorldError                something outside failed; the caller may try again
        ├── SourceError           a file or folder cannot be read
        └── StoreError            the registry cannot be read or written

The third family, a programmer's mistake, uses the built-ins (`ValueError`, `TypeError`, `RuntimeError`).
"""


class TruewareError(Exception):
    """Base of every exception trueware raises on purpose."""


class InputError(TruewareError):
    """The input is at fault."""


class MalformedInput(InputError):
    """Bytes that contradict the format they claim.

    Attributes:
        format: name of the format, as in `trueware formats`.
        offset: where, in bytes from the start of what the reader was given.
        reason: what was found and what was expected.
    """

    def __init__(self, format: str, offset: int, reason: str) -> None:  # noqa: A002 (the domain's noun)
        super().__init__(f"{format} at offset {offset:#x}: {reason}")
        self.format, self.offset, self.reason = format, offset, reason


class UnsupportedInput(MalformedInput):
    """A variant of a format that is recognised but not read (an unknown codec, an encrypted member)."""


class LimitExceeded(InputError):
    """A ceiling of `trueware.model.limits.Limits` was reached.

    Attributes:
        limit: name of the field of `Limits`.
        ceiling: its value.
    """

    def __init__(self, limit: str, ceiling: float, detail: str = "") -> None:
        super().__init__(f"limit {limit} ({ceiling:g}) reached" + (f": {detail}" if detail else ""))
        self.limit, self.ceiling = limit, ceiling


class UntrustedStatement(InputError):
    """A signed statement that does not verify, or is signed by a key that may not say this."""


class EvidenceRefused(InputError):
    """Live evidence that must not be believed: not signed by who it says, not fresh, not whole.

    Attributes:
        rule: id of the check that failed (`trueware.model.check.CheckRule.id`).
        reason: what was found and what was expected.
        place: where in the evidence; empty for all of it.
    """

    def __init__(self, rule: str, reason: str, place: str = "") -> None:
        super().__init__(f"{rule}: {reason}" if not place else f"{rule} at {place}: {reason}")
        self.rule, self.reason, self.place = rule, reason, place


class WorldError(TruewareError):
    """Something outside the process failed."""


class SourceError(WorldError):
    """An artefact on disk cannot be opened or read."""


class StoreError(WorldError):
    """The registry cannot be opened, read or written."""
