"""The kinds of tampering: one file for each subject, all in `all_kinds`."""

from tamper.kind import Kind
from tamper.kinds import access, accounts, apps, names, phones, programs, receivers, startup, system, trust


def all_kinds() -> tuple[Kind, ...]:
    """Return all kinds.

    Raises:
        ValueError: two have one id.
    """
    subjects = (accounts, access, startup, trust, names, system, programs, phones, receivers, apps)
    kinds = tuple(kind for subject in subjects for kind in subject.kinds())
    ids = [kind.id for kind in kinds]
    if len(set(ids)) < len(ids):
        raise ValueError(f"two kinds have the id {next(each for each in ids if ids.count(each) > 1)}")
    return kinds
