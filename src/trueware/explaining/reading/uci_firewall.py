"""OpenWrt's firewall settings (``etc/config/firewall``) as rules for packets.

A zone is where packets come in; its policies are for packets to the device (``input``) and through it (``forward``). Source: OpenWrt
firewall4 ``fw4.uc``, firewall3 ``options.h`` (names and defaults of the options).
"""

from collections.abc import Iterator

from trueware.explaining.reading.packets import Kind, PacketRule
from trueware.explaining.reading.uci import Section, read_uci

_DIVERTING = {"dnat", "redirect"}


def read_firewall(data: bytes) -> Iterator[PacketRule]:
    """Yield what the sections say, those that are switched off left out.

    Raises:
        MalformedInput: it is no file of settings.
    """
    for section in read_uci(data):
        if not section.is_on("enabled", default=True):
            continue
        match section.type:
            case "defaults":
                yield from _policies(section, "")
            case "zone":
                yield from _policies(section, _zone(section))
            case "rule":
                yield _rule(section)
            case "redirect":
                yield _redirect(section)
            case "forwarding":
                text = f"forwarding from {section.get('src')} to {section.get('dest')}"
                yield PacketRule(
                    Kind.RULE, text, section.line, "forward", "forward", "accept", interface=section.get("src")
                )
            case "include":
                text = f"include {section.get('path')}"
                yield PacketRule(Kind.RULE, text, section.line, verdict="include", to=section.get("path"))
            case _:
                pass


def _zone(section: Section) -> str:
    """Return the name of a zone; where a network of the provider's is in it, its name says so too."""
    outside = next((word for word in section.words("network") if "wan" in word), "")
    name = section.get("name") or section.name
    return name if not outside or "wan" in name else f"{name} ({outside})"


def _policies(section: Section, zone: str) -> Iterator[PacketRule]:
    for hook in ("input", "forward"):
        if verdict := section.get(hook).lower():
            text = f"{section.type} {zone} {hook} {verdict}".replace("  ", " ")
            yield PacketRule(Kind.POLICY, text, section.line, hook, hook, verdict, interface=zone)


def _rule(section: Section) -> PacketRule:
    hook = "forward" if section.get("dest") else "input" if section.get("src") else "output"
    return PacketRule(
        Kind.RULE,
        _text(section),
        section.line,
        hook,
        hook,
        (section.get("target") or "drop").lower(),
        protocol=section.get("proto"),
        ports=section.get("dest_port"),
        source=section.get("src_ip") or section.get("src_mac"),
        destination=section.get("dest_ip"),
        interface=section.get("src"),
    )


def _redirect(section: Section) -> PacketRule:
    verdict = (section.get("target") or "dnat").lower()
    port = section.get("dest_port") or section.get("src_dport")
    to = f"{section.get('dest_ip')}:{port}" if port else section.get("dest_ip")
    is_to_itself = verdict in _DIVERTING and not section.get("dest_ip")
    return PacketRule(
        Kind.RULE,
        _text(section),
        section.line,
        "prerouting",
        "prerouting",
        "redirect" if is_to_itself else verdict,
        to,
        protocol=section.get("proto"),
        ports=section.get("src_dport"),
        source=section.get("src_ip"),
        interface=section.get("src") or "wan",
    )


def _text(section: Section) -> str:
    options = sorted(
        (name, " ".join(values)) for name, values in section.options.items() if name not in {"name", "enabled"}
    )
    return " ".join((section.type, *(f"{name}={value}" for name, value in options)))
