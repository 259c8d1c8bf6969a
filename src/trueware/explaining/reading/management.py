"""The auto-configuration server (ACS) that manages a device, as vendors store it (TR-069, CWMP).

======================  =================================================================================================
stored as               found by
======================  =================================================================================================
OpenWrt's settings      ``url`` of a section ``acs`` or of a file of a CWMP client; ``acs_url`` anywhere
XML                     elements or attributes ``URL`` below ``ManagementServer``, ``MgtServer``, ``CWMP``, ``TR069``, by tag or by an
                        attribute ``Name``; ``CWMP_ACS_URL``; the value as text or in ``val``, ``Value``
``name=value``          ``acs_url``, ``tr069_acs_url``, ``cwmp_…_url``, ``InternetGatewayDevice.ManagementServer.URL``, and the like
======================  =================================================================================================

Source: Broadband Forum TR-069 amendment 6, TR-098 and TR-181 (``ManagementServer.URL``); easycwmp and bbf's icwmpd for OpenWrt;
stores of Huawei, ZTE, TP-Link and Realtek devices.
"""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element  # the type: bytes are parsed by defusedxml

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from trueware.errors import MalformedInput
from trueware.explaining.patterns import regex
from trueware.explaining.reading.lines import meaningful_lines
from trueware.explaining.reading.uci import read_uci

PATHS = (
    r"etc/config/[^/]+|(?:.*/)?[^/]*(?:cwmp|tr-?0?69|acs|ctree|default|config|nvram|lastgood|factory)[^/]*\.(?:xml|conf|cfg|ini|txt)"
    r"|(?:.*/)?(?:nvram[._-]defaults?|default[._-]nvram)"
)
"""Inner paths of the files that are read."""

_CLIENT = regex(r"etc/config/[^/]*(?:cwmp|tr-?069|acs)[^/]*")
_URL = regex(r"[A-Za-z][A-Za-z0-9+.-]*://\S+|[\w-]+(?:\.[\w-]+)+(?::\d+)?(?:/\S*)?")
_OPTION = regex(r"acs_?url|(?:cwmp|tr069)_?(?:acs_?)?url|managementserver_?url", re.IGNORECASE)
_KEY = regex(
    r"""["']?(?P<key>[\w.:/-]*(?:acs_?url|tr-?0?69\w*url|cwmp\w*url|ManagementServer[._]URL))["']?\s*[=:]\s*["']?(?P<url>[^\s"',;<>]*)""",
    re.IGNORECASE,
)
_ABOVE = regex(r"managementserver|mgtserver|cwmp|tr-?0?69|acs", re.IGNORECASE)
_NAME = regex(r"(?:.*[_.])?(?:acs_?)?url", re.IGNORECASE)
_LONGEST = 1024
"""Characters of a setting."""

_DEPTH = 64
"""Elements within each other; deeper ones are passed over."""


def management_servers(inner: str, data: bytes) -> dict[str, str]:
    """Return the URL of each server by what the file calls it; empty ones too.

    Raises:
        MalformedInput: it is XML or of OpenWrt's settings by its place, and cannot be read.
    """
    if inner.startswith("etc/config/"):
        return dict(_of_settings(data, is_client=_CLIENT.fullmatch(inner) is not None))
    if data.lstrip()[:1] == b"<":
        return dict(_of_xml(data))
    lines = (line.text.rstrip("\"',;") for line in meaningful_lines(data))
    found = (_KEY.fullmatch(line) for line in lines if len(line) <= _LONGEST)
    return {match["key"]: match["url"] for match in found if match is not None}


def _of_settings(data: bytes, *, is_client: bool) -> Iterator[tuple[str, str]]:
    for section in read_uci(data):
        for option in section.options:
            is_server = section.name == "acs" or section.type == "acs" or is_client
            if _OPTION.fullmatch(option) or (is_server and option.lower() == "url"):
                yield f"{section.label} {option}", section.get(option)


def _of_xml(data: bytes) -> Iterator[tuple[str, str]]:
    try:
        root = fromstring(data.rstrip(b"\0"))
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise MalformedInput("xml", 0, f"no XML ({error})") from error
    stack: list[tuple[tuple[str, ...], Element]] = [((), root)]
    while stack:
        above, element = stack.pop()
        name = element.get("Name") or element.get("name") or element.tag
        path = (*above, str(name))
        for step, value in _values(element.attrib, element.text or ""):
            whole = (*path, step) if step else path
            if _NAME.fullmatch(whole[-1]) and _ABOVE.search("/".join(whole)) and (not value or _URL.fullmatch(value)):
                yield "/".join(whole[-3:]), value
        if len(path) < _DEPTH:
            stack.extend((path, child) for child in reversed(element))


def _values(attributes: dict[str, str], text: str) -> Iterator[tuple[str, str]]:
    """Yield the values of an element: name within it, empty for its own, and the value."""
    own = next((value for name, value in attributes.items() if name.lower() in {"val", "value"}), None)
    if own is not None or text.strip():
        yield "", (own if own is not None else text).strip()
    for name, value in attributes.items():
        if name.lower() not in {"val", "value", "name"}:
            yield name, value.strip()
