"""What a page runs, embeds, links to and asks for: two pages are compared by what they do and not by how they are written.

Left out of a comparison are: blanks and comments, in the page and in its scripts; the order of attributes; what stands behind ``?``
in the address of a script of the device itself, since makers put a version there.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from trueware.errors import UnsupportedInput
from trueware.explaining.reading.endpoints import find_endpoints
from trueware.explaining.reading.html import SERVER, Element, Page
from trueware.explaining.reading.javascript import Script, Text, script_of
from trueware.explaining.reading.lines import excerpt
from trueware.explaining.reading.urls import Url, find_urls

_EMBEDDING = {"script": "src", "iframe": "src", "frame": "src", "embed": "src", "object": "data"}
_SENDING = ("XMLHttpRequest", "fetch", "sendBeacon", "WebSocket", "ajax", "ActiveXObject", "EventSource")
"""What a script needs to reach another machine by itself."""

_RUNNING = ("eval", "Function", "importScripts")
"""What runs a text as code."""

_FIELDS = frozenset({"input", "select", "textarea", "button"})
_CHOICES = frozenset({"radio", "checkbox", "submit"})


@dataclass(frozen=True, slots=True)
class Runs:
    """Something that runs in a page, or is embedded in it."""

    kind: str
    """``script``, ``iframe``, ``embed``, ``handler`` …"""

    line: int
    source: str
    """Where it is, empty for what stands in the page."""

    tokens: tuple[str, ...]
    """Of what stands in the page."""

    text: str
    """An excerpt of that."""

    script: Script | None = None

    @property
    def url(self) -> Url | None:
        """Where it is, if that is another machine."""
        return elsewhere(self.source)

    @property
    def same(self) -> tuple[object, ...]:
        """What two of them have in common that do the same."""
        local = self.source.partition("?")[0] if self.url is None else self.source
        return self.kind, local, self.tokens

    def __str__(self) -> str:
        if not self.source:
            return excerpt(" ".join(self.text.split()), 120)
        url = self.url
        return f"<{self.kind} src={excerpt(url.masked() if url else self.source, 120)}>"


@dataclass(frozen=True, slots=True)
class Form:
    """What a page asks its visitor for, and where that goes."""

    line: int
    action: str
    method: str
    fields: frozenset[str]
    """Type and name of each, of choices also the value."""

    has_password: bool


def elsewhere(source: str) -> Url | None:
    """Return the address if it is one on another machine."""
    source = source.strip()
    if source.startswith("//"):
        source = "https:" + source
    return next(find_urls(source), None) if "://" in source[:12] else None


def runs(page: Page) -> Iterator[Runs]:
    """Yield what a page runs and embeds, in order."""
    for element in page.elements:
        key = _EMBEDDING.get(element.name)
        if key is not None and element.get(key):
            yield Runs(element.name, element.line, element.get(key), (), "")
        elif element.name == "script" and element.text.strip():
            script = _script(element.text)
            tokens = script.tokens if script is not None else (element.text,)
            if tokens:
                yield Runs("script", element.line, "", tokens, element.text[:400], script)
        yield from _handlers(element)


def _handlers(element: Element) -> Iterator[Runs]:
    for name, value in element.attributes.items():
        code = value if name.startswith("on") else ""
        if name in ("href", "action", "src") and value.strip()[:11].lower() == "javascript:":
            code = value.strip()[11:]
        if code.strip():
            script = _script(code)
            yield Runs("handler", element.line, "", script.tokens if script else (code,), code[:400], script)


def forms(page: Page) -> Iterator[Form]:
    """Yield the forms of a page; one that is not closed ends with the page or at the next."""
    opened: Element | None = None
    fields: set[str] = set()
    password = False
    for element in (*page.elements, Element("/form", 0)):
        if element.name in ("form", "/form"):
            if opened is not None:
                yield Form(
                    opened.line,
                    opened.get("action"),
                    opened.get("method").lower() or "get",
                    frozenset(fields),
                    password,
                )
            opened, fields, password = (element if element.name == "form" else None), set(), False
        elif element.name in _FIELDS:
            kind = element.get("type").lower() or ("text" if element.name == "input" else element.name)
            password = password or kind == "password"
            value = element.get("value") if kind in _CHOICES else ""
            fields.add(" ".join(filter(None, (kind, element.get("name"), value))).replace(SERVER, "…"))


def links(page: Page) -> frozenset[str]:
    """Return where a page leads: addresses of links and frames, without what stands behind ``?`` and ``#``."""
    found = (
        element.get(key)
        for element in page.elements
        for key in ("href", "src")
        if element.name in ("a", "area", "frame")
    )
    return frozenset(each.partition("#")[0].partition("?")[0] for each in found if each and not each.startswith("#"))


def asks_for_password(page: Page) -> bool:
    """Tell whether the page has a field for a password."""
    return any(element.name == "input" and element.get("type").lower() == "password" for element in page.elements)


def new_runs(before: Page, after: Page) -> tuple[Runs, ...]:
    """Return what a page runs or embeds and the other does not."""
    old = {each.same for each in runs(before)}
    return tuple(each for each in runs(after) if each.same not in old)


def sends(script: Script) -> tuple[str, ...]:
    """Return by which means a script reaches other machines by itself."""
    return script.names(*_SENDING)


def executes(script: Script) -> tuple[str, ...]:
    """Return by which means a script runs texts as code."""
    means = tuple(name for name in _RUNNING if name in script.calls)
    makes = "createElement" in script.calls and any(each.text.lower() == "script" for each in script.texts)
    return (*means, "createElement('script')") if makes else means


def urls_in(texts: Iterable[Text]) -> dict[Url, int]:
    """Return the addresses in texts of a script, each with the line it first stands at; not those of namespaces and licences."""
    found: dict[Url, int] = {}
    for each in texts:
        if "://" in each.text:
            contacted = {endpoint.host for endpoint in find_endpoints(each.text, names=False)}
            for url in find_urls(each.text):
                if url.host in contacted:
                    found.setdefault(url, each.line)
    return found


def _script(source: str) -> Script | None:
    try:
        return script_of(source)
    except UnsupportedInput:
        return None
