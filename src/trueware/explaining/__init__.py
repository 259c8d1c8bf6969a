"""Says what changes do: detectors look at each change with the genuine bytes beside it.

Detectors are imported when there is a change that they want, each by one line in `DETECTORS`. What they want stands in
`announced.py`, which `docs/generate.py` makes from the detectors themselves; one that is not in there yet is imported at once.
"""

import re
from collections.abc import Collection
from functools import cache
from importlib import import_module
from typing import cast

from trueware.explaining.announced import ANNOUNCED
from trueware.explaining.contract import Detector

DETECTORS: tuple[str, ...] = (
    "broken_signatures:BrokenSignatures",
    "rebuild:Rebuild",
    "other_releases:OtherReleases",
    "packages:Packages",
    "checksum_lists:ChecksumLists",
    "accounts:Accounts",
    "ways_in:WaysIn",
    "ssh_settings:SshSettings",
    "snmp:Snmp",
    "root_tools:RootTools",
    "elevation:Elevation",
    "login_checks:LoginChecks",
    "adb_network:AdbNetwork",
    "web_servers:WebServers",
    "started_commands:StartedCommands",
    "start_up:StartUp",
    "file_privileges:FilePrivileges",
    "kernel_guards:KernelGuards",
    "certificate_stores:CertificateStores",
    "update_keys:UpdateKeys",
    "ssh_hosts:SshHosts",
    "update_sources:UpdateSources",
    "management_server:ManagementServer",
    "package_checks:PackageChecks",
    "automatic_updates:AutomaticUpdates",
    "verified_boot:VerifiedBoot",
    "secure_boot:SecureBoot",
    "kernel_command_line:KernelCommandLine",
    "boot_environment:BootEnvironment",
    "boot_signatures:BootSignatures",
    "mount_table:MountTable",
    "packet_filter:PacketFilter",
    "hosts_file:HostsFile",
    "name_servers:NameServers",
    "eavesdropping:Eavesdropping",
    "tunnels:Tunnels",
    "proxies:Proxies",
    "lending_and_recording:LendingAndRecording",
    "logs:Logs",
    "unchecked_commands:UncheckedCommands",
    "card_sharing:CardSharing",
    "app_manifest:ManifestOfApp",
    "content_protection:ContentProtection",
    "content_sources:ContentSources",
    "tv_apps:TvApps",
    "web_pages:WebPages",
    "programs:Programs",
    "kernel_modules:KernelModules",
    "loaded_modules:LoadedModules",
    "boot_code:BootCode",
    "scripts:Scripts",
    "appearance:Appearance",
    "app_code:CodeOfApp",
    "network_identity:NetworkIdentity",
    "radio_settings:RadioSettings",
    "app_contents:ContentsOfApp",
    "indicators:KnownIndicators",
    "yara:YaraRules",
    "data_leaving:DataLeaving",
    "app_signer:SignerOfApp",
    "android_properties:AndroidProperties",
    "system_apps:SystemApps",
    "anti_theft:AntiTheft",
    "phone_identity:PhoneIdentity",
    "remaining:Remaining",
)
"""Module below `detectors` and class, one for each subject, in the order in which effects are told."""


_NOTHING = "(?!)"
"""The pattern of detectors that look at all changes together and at none by itself: they are always asked."""


@cache
def load_detector(where: str) -> type[Detector]:
    """Return one of `DETECTORS`."""
    module, _, name = where.partition(":")
    return cast("type[Detector]", getattr(import_module(f"{__name__}.detectors.{module}"), name))


def load_detectors() -> tuple[type[Detector], ...]:
    """Return all detectors, in order."""
    return tuple(map(load_detector, DETECTORS))


def detectors_for(paths: Collection[str]) -> tuple[type[Detector], ...]:
    """Return the detectors that want a change at one of these inner paths, or at any, in order. Others are not imported."""
    wanted, paths = [], {*paths, ""}
    for where in DETECTORS:
        pattern, flags = ANNOUNCED.get(where) or (load_detector(where).wants.pattern, load_detector(where).wants.flags)
        matches = re.compile(pattern, flags).fullmatch
        if pattern == _NOTHING or any(map(matches, paths)):
            wanted.append(load_detector(where))
    return tuple(wanted)
