"""``AndroidManifest.xml`` of an app as far as it decides what the app may do, who may talk to it, and which of its classes run first.

Names of classes are as the platform completes them: what begins with a dot, or has none, is below the package. What the
manifest leaves open is as the platform takes it, which depends on the Android that the app is made for.

Sources: developer.android.com, App manifest file; AOSP ``frameworks/base/core/res/res/values/public-final.xml`` (resource ids) and
``frameworks/base/services/core/java/com/android/server/pm/pkg/parsing/ParsingPackageUtils.java`` (defaults).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from trueware.errors import MalformedInput
from trueware.formats.android.axml import Element, read_elements

_NAME, _PERMISSION, _READ_PERMISSION, _WRITE_PERMISSION = 0x01010003, 0x01010006, 0x01010007, 0x01010008
_SHARED_USER, _DEBUGGABLE, _EXPORTED = 0x0101000B, 0x0101000F, 0x01010010
_MIN_SDK, _VERSION_CODE, _VERSION_NAME, _TARGET_SDK, _ALLOW_BACKUP = (
    0x0101020C,
    0x0101021B,
    0x0101021C,
    0x01010270,
    0x01010280,
)
_CLEARTEXT, _NETWORK_SECURITY, _VERSION_MAJOR, _FACTORY = 0x010104EC, 0x01010527, 0x01010576, 0x0101057A

_PERMISSIONS = frozenset({"uses-permission", "uses-permission-sdk-23", "uses-permission-sdk-m"})
_COMPONENTS = frozenset({"activity", "activity-alias", "service", "receiver", "provider"})
_DIGITS = 9
_MOST = 1 << 16
"""Elements that are looked at; the largest apps have some thousand."""


@dataclass(frozen=True, slots=True)
class Component:
    """One part of an app that the system can start."""

    kind: str
    """Name of its element: ``activity``, ``service``, …"""

    name: str
    exported: bool
    """Whether other apps may start it or talk to it."""

    permission: str
    """What they need for that, empty for nothing. Of a provider: what is needed to read, where it has no permission for both."""

    actions: frozenset[str]
    """What it says it answers to."""


@dataclass(frozen=True, slots=True)
class AppManifest:
    """What one manifest says."""

    package: str = ""
    version_code: int = 0
    """The major one in the upper 32 bits."""

    version_name: str = ""
    least_sdk: int = 1
    target_sdk: int = 1
    shared_user: str = ""
    permissions: frozenset[str] = frozenset()
    """Those it asks for."""

    application: str = ""
    """The class that runs first, empty for the platform's own."""

    factory: str = ""
    """The class that makes all others, empty for the platform's own."""

    debuggable: bool = False
    backup: bool = True
    cleartext: bool = True
    """Whether connections without encryption are let through, where no network security configuration says otherwise."""

    network_security: str = ""
    """Where the network security configuration is, as a reference: the number changes with any build."""

    components: dict[tuple[str, str], Component] = field(default_factory=dict)
    """By kind and name."""


def read_manifest(content: bytes) -> AppManifest:
    """Return what a manifest says.

    Raises:
        MalformedInput: it is not binary XML, or no manifest.
    """
    elements = read_elements(content)
    root = next(elements, None)
    if root is None or root.name != "manifest":
        raise MalformedInput("android-manifest", 0, "the root is no manifest")
    return _Reading(root).rest(elements)


@dataclass(slots=True)
class _Draft:
    kind: str
    name: str
    exported: bool | None
    permission: str
    actions: set[str] = field(default_factory=set)


class _Reading:
    """A manifest while it is read: what a component is can be told only when its children were seen."""

    def __init__(self, root: Element) -> None:
        self.root = root
        self.package = root.by_name("package") or ""
        self.permissions: set[str] = set()
        self.application: Element | None = None
        self.drafts: list[_Draft] = []
        self.least = self.target = 1

    def rest(self, elements: Iterator[Element]) -> AppManifest:
        """Read what is below the root."""
        way: list[str] = []
        for count, element in enumerate(elements):
            if count > _MOST:
                raise MalformedInput("android-manifest", 0, f"more than {_MOST} elements")
            del way[max(element.depth - 1, 0) :]
            self._take(element, way)
            way.append(element.name)
        return self._whole()

    def _take(self, element: Element, way: list[str]) -> None:
        if element.depth == 1 and element.name in _PERMISSIONS:
            if name := element.by_resource(_NAME):
                self.permissions.add(name)
        elif element.depth == 1 and element.name == "uses-sdk":
            self.least = max(self.least, _number(element.by_resource(_MIN_SDK)))
            self.target = max(self.target, _number(element.by_resource(_TARGET_SDK)))
        elif element.depth == 1 and element.name == "application" and self.application is None:
            self.application = element
        elif element.depth == 2 and way == ["application"] and element.name in _COMPONENTS:
            permission = element.by_resource(_PERMISSION) or ""
            if element.name == "provider" and not permission:
                permission = element.by_resource(_READ_PERMISSION) or element.by_resource(_WRITE_PERMISSION) or ""
            name = self._class(element.by_resource(_NAME) or "")
            self.drafts.append(_Draft(element.name, name, element.flag(_EXPORTED), permission))
        elif element.depth == 4 and element.name == "action" and _is_filter(way):
            self.drafts[-1].actions.add(element.by_resource(_NAME) or "")

    def _whole(self) -> AppManifest:
        target, root, application = max(self.least, self.target), self.root, self.application
        version = _number(root.by_resource(_VERSION_MAJOR)) << 32 | _number(root.by_resource(_VERSION_CODE))
        components: dict[tuple[str, str], Component] = {}
        for each in self.drafts:
            exported = each.exported
            if exported is None:
                exported = bool(each.actions) or (each.kind == "provider" and target < 17)
            made = Component(each.kind, each.name, exported, each.permission, frozenset(each.actions) - {""})
            components.setdefault((made.kind, made.name), made)
        known = AppManifest(
            self.package,
            version,
            root.by_resource(_VERSION_NAME) or "",
            self.least,
            target,
            root.by_resource(_SHARED_USER) or "",
            frozenset(self.permissions),
            cleartext=target < 28,
            components=components,
        )
        if application is None:
            return known
        cleartext, backup = application.flag(_CLEARTEXT), application.flag(_ALLOW_BACKUP)
        return replace(
            known,
            application=self._class(application.by_resource(_NAME) or ""),
            factory=self._class(application.by_resource(_FACTORY) or ""),
            debuggable=application.flag(_DEBUGGABLE) or False,
            backup=backup is not False,
            cleartext=known.cleartext if cleartext is None else cleartext,
            network_security=application.by_resource(_NETWORK_SECURITY) or "",
        )

    def _class(self, name: str) -> str:
        if not name or (not name.startswith(".") and "." in name):
            return name
        return f"{self.package}{name}" if name.startswith(".") else f"{self.package}.{name}"


def _is_filter(way: list[str]) -> bool:
    """Tell whether elements on the way down are those of a component's filter."""
    return way[0] == "application" and way[1] in _COMPONENTS and way[2] == "intent-filter"


def _number(value: str | None) -> int:
    """Return a number, 0 for what is none (a preview's name, a reference)."""
    known = value is not None and value.isascii() and value.lstrip("-").isdecimal() and len(value) <= _DIGITS + 2
    return max(int(value), 0) if value is not None and known else 0
