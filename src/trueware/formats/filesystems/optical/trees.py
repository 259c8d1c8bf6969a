"""Comparison of two trees of one disc: what a device sees must not depend on which of them it reads."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from trueware.formats.contract import Reading
from trueware.formats.scattered import Run

Placed = tuple[tuple[Run, ...], int]
"""Where the content of a file lies, and its size; an empty file lies nowhere."""

Files = Mapping[str, Placed]
"""The files of a tree by path."""


def compare(
    main: Files,
    other: Files,
    special: Iterable[str],
    what: str,
    can_name: Callable[[str], bool] | None,
    reading: Reading,
) -> None:
    """Report if the files of `other` are not those of `main`.

    Args:
        main: the tree that is read.
        other: the tree compared with it.
        special: paths in `main` of links and devices, which `other` may show as empty files, or not at all.
        what: how to call `other`.
        can_name: tells whether `other` can hold a path; a file it cannot may be missing there, or have another name. None: its
            names are of another kind altogether, and only the contents must be the same.
        reading: told.
    """
    shown_as_empty = set(special)
    missing = {path: placed for path, placed in main.items() if other.get(path) != placed}
    added = {
        path: placed
        for path, placed in other.items()
        if main.get(path) != placed and not (path in shown_as_empty and not placed[1])
    }
    if not missing and not added:
        return
    if (
        can_name is not None
        and (odd := next((path for path in missing if path in other or can_name(path)), None)) is not None
    ):
        reading.note_anomaly("contradiction", f"{odd!r} is not the same in the {what} tree, or not in it")
        return
    more, fewer = Counter(added.values()), Counter(missing.values())
    alone = {placed for placed in more - fewer if placed[1]}
    if alone:
        path = next(path for path, placed in added.items() if placed in alone)
        reading.note_anomaly("contradiction", f"{path!r} is in the {what} tree alone")
    elif can_name is None and any(size for _, size in fewer - more):
        reading.note_anomaly("contradiction", f"files are missing in the {what} tree")
