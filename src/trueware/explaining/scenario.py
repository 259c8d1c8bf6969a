"""What kind of product an artefact is, as far as harm and advice depend on it: by the policy of its release, and by its files."""

from collections.abc import Mapping

from trueware.model.explanation import Scenario
from trueware.model.part import Part

_BY_POLICY = {"openwrt": Scenario.NETWORK_DEVICE, "set-top-box": Scenario.RECEIVER}

_APP = ("AndroidManifest.xml", "tizen-manifest.xml", "appinfo.json")
"""Files of which one at the top makes an app."""

_WIDGET = ("config.xml", "author-signature.xml")
"""Files that together make a TV app (W3C widget)."""

_RECEIVER = (
    "usr/bin/enigma2", "usr/lib/enigma2", "system/priv-app/TvSettings", "system/app/TvSettings", "system/priv-app/TVLauncher",
    "system/priv-app/TvProvider", "system/priv-app/LiveTv", "priv-app/TvProvider", "system/app/Kodi", "usr/lib/kodi",
    "usr/bin/neutrino", "system/lib/libdvb.so", "dev/dvb", "mtd_exe", "usr/apps/com.samsung.tv",
)  # fmt: skip
_NETWORK = (
    "usr/sbin/pppd", "sbin/pppd", "bin/pppd", "usr/sbin/hostapd", "bin/hostapd", "usr/sbin/dnsmasq", "bin/dnsmasq", "bin/boa",
    "usr/sbin/iptables", "sbin/iptables", "bin/iptables", "bin/brctl", "usr/sbin/brctl", "sbin/ebtables", "bin/ebtables",
    "usr/sbin/nft", "bin/omci_app", "bin/omcicli", "usr/bin/cwmpd", "bin/cwmpClient", "usr/sbin/uhttpd", "bin/httpd",
    "usr/sbin/httpd",
)  # fmt: skip
_PHONE = (
    "system/build.prop",
    "system/framework",
    "framework/framework-res.apk",
    "system/priv-app",
    "build.prop",
    "vendor/build.prop",
)

_TWO = 2


def scenario_of(policy: str, release: Part, files: Mapping[str, Part]) -> Scenario:
    """Return the kind of product.

    Args:
        policy: name of the policy of the release.
        release: the genuine software.
        files: those of the artefact's root file system.
    """
    top = {child.name for child in release.children}
    if top.intersection(_APP) or top.issuperset(_WIDGET):
        return Scenario.APP
    if policy in _BY_POLICY:
        return _BY_POLICY[policy]
    if any(path in files for path in _RECEIVER):
        return Scenario.RECEIVER
    if any(path in files for path in _PHONE):
        return Scenario.PHONE
    if sum(path in files for path in _NETWORK) >= _TWO:
        return Scenario.NETWORK_DEVICE
    return Scenario.PHONE if policy == "android" else Scenario.OTHER
