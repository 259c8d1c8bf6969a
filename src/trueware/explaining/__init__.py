"""Says what changes do: detectors look at each change with the genuine bytes beside it.

Detectors are imported when there are changes to explain, each by one line in `DETECTORS`.
"""

from functools import cache
from importlib import import_module

from trueware.explaining.contract import Detector

DETECTORS: tuple[str, ...] = (
    "broken_signatures:BrokenSignatures",
    "rebuild:Rebuild",
    "packages:Packages",
    "accounts:Accounts",
    "ways_in:WaysIn",
    "ssh_settings:SshSettings",
    "certificate_stores:CertificateStores",
    "update_keys:UpdateKeys",
    "update_sources:UpdateSources",
    "verified_boot:VerifiedBoot",
    "kernel_command_line:KernelCommandLine",
    "boot_environment:BootEnvironment",
    "mount_table:MountTable",
    "packet_filter:PacketFilter",
    "hosts_file:HostsFile",
    "name_servers:NameServers",
    "card_sharing:CardSharing",
    "app_manifest:ManifestOfApp",
    "content_protection:ContentProtection",
    "content_sources:ContentSources",
    "tv_apps:TvApps",
    "web_pages:WebPages",
    "programs:Programs",
    "kernel_modules:KernelModules",
    "boot_code:BootCode",
    "scripts:Scripts",
    "appearance:Appearance",
    "app_code:CodeOfApp",
    "network_identity:NetworkIdentity",
    "radio_settings:RadioSettings",
    "app_contents:ContentsOfApp",
    "indicators:KnownIndicators",
    "yara:YaraRules",
)
"""Module below `detectors` and class, one for each subject, in the order in which effects are told."""


@cache
def load_detectors() -> tuple[type[Detector], ...]:
    """Return all detectors, in order."""
    loaded = []
    for each in DETECTORS:
        module, _, name = each.partition(":")
        loaded.append(getattr(import_module(f"{__name__}.detectors.{module}"), name))
    return tuple(loaded)
