"""How a TV app describes itself, and which of its files its signatures name.

======================  ========================================================================================================
file                    what is read
======================  ========================================================================================================
config.xml              Tizen and other W3C widgets: ``id`` and ``version``, ``name``, ``content``, ``access``, ``privilege``,
                        ``service``, ``allow-navigation``, ``content-security-policy``
tizen-manifest.xml      native Tizen apps: ``privileges``, ``service-application``
appinfo.json            webOS: ``id``, ``version``, ``title``, ``main``, ``requiredPermissions``, ``trustLevel``
services.json           webOS: ``services[].name``
.ait, .aitx             HbbTV: where each application of a service is loaded from (``URLBase``, ``applicationLocation``)
addon.xml               Kodi: ``id``, ``version``, ``name``, ``extension`` points, ``requires``
author-signature.xml,   files that are named by a ``Reference``; subject of the first certificate
signature1.xml …
======================  ========================================================================================================

Sources: W3C "Packaged Web Apps (Widgets)", "Widget Access Request Policy" and "XML Digital Signatures for Widgets"; docs.tizen.org
"Configuring Web Applications"; webostv.developer.lge.com "appinfo.json" and "services.json"; kodi.wiki "Addon.xml"; ETSI TS 102 809
§5.4 (XML encoding of the application information table), ETSI TS 102 796 §7.2.
"""

from base64 import b64decode
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

from trueware.errors import MalformedInput
from trueware.explaining.patterns import regex
from trueware.explaining.reading.documents import local, parse_json, parse_xml

_MOST = 4096
_ENCODED = regex(r"%([0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class TvApp:
    """What an app says of itself."""

    id: str = ""
    name: str = ""
    version: str = ""
    main: str = ""
    """The page or program it starts with."""

    origins: frozenset[str] = frozenset()
    """Where its pages may take content from; ``*`` is anywhere."""

    privileges: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    """What runs in the background: id, and the program where it is named."""

    policy: str = ""
    """What a content-security-policy allows it."""

    points: frozenset[str] = frozenset()
    """Extension points of a Kodi add-on."""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.name or self.id, self.version)))


def read_app(name: str, data: bytes) -> TvApp | None:
    """Return what a file of this name says of an app; None where it is something else.

    Raises:
        InputError: it is not what its name says.
    """
    match name:
        case "appinfo.json" | "services.json":
            return _webos(parse_json(data))
        case "config.xml":
            root = parse_xml(data)
            return _widget(root) if local(root.tag) == "widget" else None
        case "tizen-manifest.xml":
            root = parse_xml(data)
            return _native(root) if local(root.tag) == "manifest" else None
        case "addon.xml":
            root = parse_xml(data)
            return addon(root) if local(root.tag) == "addon" else None
    return None


def _widget(root: Element) -> TvApp:
    id_, main, name, policy = root.get("id", ""), "", "", ""
    origins, privileges, services = set[str](), set[str](), set[str]()
    for each in list(root)[:_MOST]:
        match local(each.tag):
            case "content":
                main = each.get("src", "")
            case "name":
                name = name or (each.text or "").strip()
            case "access":
                origins.add(each.get("origin", ""))
            case "allow-navigation":
                origins.update(f"navigation to {one}" for one in (each.text or "").split())
            case "privilege":
                privileges.add(each.get("name", ""))
            case "service":
                program = next((one.get("src", "") for one in each if local(one.tag) == "content"), "")
                services.add(" ".join(filter(None, (each.get("id", ""), program))))
            case "application":
                id_ = each.get("id", id_)
            case "content-security-policy":
                policy = " ".join((each.text or "").split())
    return TvApp(
        id_, name, root.get("version", ""), main, _filled(origins), _filled(privileges), _filled(services), policy
    )


def _native(root: Element) -> TvApp:
    privileges = {(each.text or "").strip() for each in _all(root, "privilege")}
    services = {" ".join((each.get("appid", ""), each.get("exec", ""))) for each in _all(root, "service-application")}
    main = next((each.get("exec", "") for each in _all(root, "ui-application")), "")
    label = next(((each.text or "").strip() for each in _all(root, "label")), "")
    return TvApp(
        root.get("package", ""),
        label,
        root.get("version", ""),
        main,
        frozenset(),
        _filled(privileges),
        _filled(services),
    )


def addon(root: Element) -> TvApp:
    """Return what an ``addon`` element of Kodi says."""
    points = {each.get("point", "") for each in _all(root, "extension")}
    services = {
        " ".join((root.get("id", ""), each.get("library", "")))
        for each in _all(root, "extension")
        if each.get("point") == "xbmc.service"
    }
    return TvApp(
        root.get("id", ""),
        root.get("name", ""),
        root.get("version", ""),
        services=_filled(services),
        points=_filled(points),
    )


def _webos(said: Any) -> TvApp:
    match said:
        case {"services": list(services)}:
            names = {str(each.get("name", "")) for each in services[:_MOST] if isinstance(each, dict)}
            return TvApp(str(said.get("id", "")), services=_filled(names))
        case {"id": str(id_)}:
            wanted = said.get("requiredPermissions")
            privileges = {str(each) for each in wanted[:_MOST]} if isinstance(wanted, list) else set()
            if said.get("trustLevel") not in (None, "default", "netcast"):
                privileges.add(f"trustLevel {said['trustLevel']}")
            name, version, main = (str(said.get(key, "")) for key in ("title", "version", "main"))
            return TvApp(id_, name, version, main, privileges=_filled(privileges))
    raise MalformedInput("webos-appinfo", 0, "no object with an id or services")


def broadcast_apps(data: bytes) -> frozenset[str]:
    """Return where the applications of an application information table in XML are loaded from; nothing where it is none.

    Raises:
        InputError: it is no XML.
    """
    root = parse_xml(data)
    if local(root.tag) not in ("ServiceDiscovery", "ApplicationDiscovery"):
        return frozenset()
    found = set[str]()
    for application in _all(root, "Application"):
        where = "".join((each.text or "").strip() for each in _all(application, "applicationLocation")[:1])
        found.update((each.text or "").strip() + where for each in _all(application, "URLBase"))
    return _filled(found)


def signed_names(data: bytes) -> frozenset[str]:
    """Return the paths of files that a signature of a package names.

    Raises:
        InputError: it is no XML.
    """
    references = (each.get("URI", "") for each in _all(parse_xml(data), "Reference"))
    return frozenset(_decoded(each) for each in references if each and not each.startswith("#"))


def author(data: bytes) -> str | None:
    """Return the subject of the certificate that a signature carries first, None where none can be read.

    Raises:
        InputError: it is no XML.
    """
    from cryptography.x509 import load_der_x509_certificate  # noqa: PLC0415 (start-up time)

    encoded = next((each.text or "" for each in _all(parse_xml(data), "X509Certificate")), "")
    try:
        return load_der_x509_certificate(b64decode("".join(encoded.split()))).subject.rfc4514_string() or None
    except ValueError:
        return None


def _all(root: Element, name: str) -> list[Element]:
    return [each for each in root.iter() if local(each.tag) == name][:_MOST]


def _filled(names: set[str]) -> frozenset[str]:
    return frozenset(each for each in names if each.strip())


def _decoded(uri: str) -> str:
    octets = _ENCODED.sub(lambda found: chr(int(found[1], 16)), uri)
    return octets.encode("latin-1", "replace").decode("utf-8", "replace")
