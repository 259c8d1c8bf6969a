"""Which app a changed file belongs to: the nearest folder or package around it that describes itself as one.

=========  ==========================================================
kind       what makes it one
=========  ==========================================================
tizen      ``config.xml`` of a widget, or ``tizen-manifest.xml``
webos      ``appinfo.json``
android    ``AndroidManifest.xml``
kodi       ``addon.xml``
=========  ==========================================================
"""

from dataclasses import dataclass

from trueware.appraisal.wrapping import way
from trueware.errors import InputError
from trueware.explaining.contract import Altered, Case
from trueware.model.part import Kind, Part

_WIDGET = b"http://www.w3.org/ns/widgets"
_MARKS = (
    ("tizen-manifest.xml", "tizen"),
    ("appinfo.json", "webos"),
    ("AndroidManifest.xml", "android"),
    ("addon.xml", "kodi"),
)


@dataclass(frozen=True, slots=True)
class App:
    """An app around a file."""

    kind: str
    root: Part
    """Its folder or package."""

    inner: str
    """Where the file is in it."""

    def find(self, name: str) -> Part | None:
        """Return a file at the top of the app."""
        return next((child for child in self.root.children if child.name == name and child.kind is Kind.FILE), None)


def app_of(altered: Altered, case: Case) -> App | None:
    """Return the app a file belongs to, None where it belongs to none."""
    root = case.genuine if altered.is_removed else case.suspect
    path = altered.change.path
    for at, part in reversed(way(root, path)[:-1]):
        kind = _kind(part, case)
        if kind is not None:
            return App(kind, part, path[len(at) :].lstrip("!").lstrip("/"))
    return None


def _kind(part: Part, case: Case) -> str | None:
    names = {child.name: child for child in part.children if child.kind is Kind.FILE}
    described = names.get("config.xml")
    if described is not None and ("author-signature.xml" in names or _is_widget(described, case)):
        return "tizen"
    return next((kind for name, kind in _MARKS if name in names), None)


def _is_widget(part: Part, case: Case) -> bool:
    try:
        return _WIDGET in (case.source.read(part) or b"")
    except InputError:
        return False
