"""Libraries that are put into apps to earn money or to watch people, and kits that alter apps, by the names of their classes.

A library that an app's own maker ships is no finding; one that the genuine app has not is. Names may be obfuscated: that nothing of
this list was found says little.

Sources, by letter: E the tracker list of Exodus Privacy (reports.exodus-privacy.eu.org) and App Manager (``trackers.xml``); V the
vendor's own integration guide or sample; H HUMAN Security, "PROXYLIB and LumiApps" (2024), and published code that calls the library;
P the project's own source (github.com/LSPosed/LSPatch, github.com/L-JINBIN/ApkSignatureKillerEx, frida.re).
"""

from enum import Enum


class Use(Enum):
    """What a library is for."""

    PROXY = "sells the connection of the device to strangers"
    ADVERTS = "shows adverts"
    TRACKING = "reports what people do"
    KIT = "alters apps or hides that they were altered"


PACKAGES: dict[str, tuple[Use, str, str]] = {
    "com.pawns.sdk": (Use.PROXY, "IPRoyal Pawns", "V"),
    "com.pawns.ndk": (Use.PROXY, "IPRoyal Pawns", "V"),
    "com.traffmonetizer.sdk": (Use.PROXY, "Traffmonetizer", "V"),
    "com.joinmassive.sdk": (Use.PROXY, "Massive", "V"),
    "com.infatica.agent": (Use.PROXY, "Infatica", "V"),
    "com.packet.sdk": (Use.PROXY, "PacketSDK", "V"),
    "com.honeygain.hgsdk": (Use.PROXY, "Honeygain", "V"),
    "io.topvpn.vpn_api": (Use.PROXY, "Luminati, now Bright Data", "H"),
    "com.google.android.gms.ads": (Use.ADVERTS, "Google AdMob", "E"),
    "com.facebook.ads": (Use.ADVERTS, "Meta Audience Network", "E"),
    "com.facebook.audiencenetwork": (Use.ADVERTS, "Meta Audience Network", "E"),
    "com.applovin": (Use.ADVERTS, "AppLovin", "E"),
    "com.unity3d.ads": (Use.ADVERTS, "Unity Ads", "E"),
    "com.unity3d.services": (Use.ADVERTS, "Unity Ads", "E"),
    "com.ironsource": (Use.ADVERTS, "ironSource", "E"),
    "com.vungle.warren": (Use.ADVERTS, "Vungle", "E"),
    "com.vungle.publisher": (Use.ADVERTS, "Vungle", "E"),
    "com.chartboost.sdk": (Use.ADVERTS, "Chartboost", "E"),
    "com.inmobi": (Use.ADVERTS, "InMobi", "E"),
    "com.startapp": (Use.ADVERTS, "StartApp", "E"),
    "com.mintegral": (Use.ADVERTS, "Mintegral", "E"),
    "com.mopub": (Use.ADVERTS, "MoPub", "E"),
    "com.adcolony": (Use.ADVERTS, "AdColony", "E"),
    "com.tapjoy": (Use.ADVERTS, "Tapjoy", "E"),
    "com.yandex.mobile.ads": (Use.ADVERTS, "Yandex Ads", "E"),
    "com.appnext": (Use.ADVERTS, "Appnext", "E"),
    "com.smaato": (Use.ADVERTS, "Smaato", "E"),
    "com.my.target": (Use.ADVERTS, "myTarget", "E"),
    "com.revmob.ads": (Use.ADVERTS, "RevMob", "E"),
    "com.duapps": (Use.ADVERTS, "DU Ad Platform", "E"),
    "com.appodeal.ads": (Use.ADVERTS, "Appodeal", "E"),
    "com.pingstart.adsdk": (Use.ADVERTS, "PingStart", "E"),
    "com.baidu.mobads": (Use.ADVERTS, "Baidu Mobile Ads", "E"),
    "com.flurry": (Use.TRACKING, "Flurry", "E"),
    "com.appsflyer": (Use.TRACKING, "AppsFlyer", "E"),
    "com.adjust.sdk": (Use.TRACKING, "Adjust", "E"),
    "io.branch": (Use.TRACKING, "Branch", "E"),
    "com.mixpanel": (Use.TRACKING, "Mixpanel", "E"),
    "com.amplitude": (Use.TRACKING, "Amplitude", "E"),
    "com.umeng.analytics": (Use.TRACKING, "Umeng Analytics", "E"),
    "com.kochava.base": (Use.TRACKING, "Kochava", "E"),
    "com.segment.analytics": (Use.TRACKING, "Segment", "E"),
    "com.yandex.metrica": (Use.TRACKING, "AppMetrica", "E"),
    "com.google.firebase.analytics": (Use.TRACKING, "Firebase Analytics", "E"),
    "com.facebook.appevents": (Use.TRACKING, "Facebook Analytics", "E"),
    "com.localytics.android": (Use.TRACKING, "Localytics", "E"),
    "com.safegraph": (Use.TRACKING, "SafeGraph, which sells where people are", "E"),
    "com.cuebiq.cuebiqsdk": (Use.TRACKING, "Cuebiq, which sells where people are", "E"),
    "com.foursquare.pilgrim": (Use.TRACKING, "Foursquare Pilgrim", "E"),
    "com.talkingdata.sdk": (Use.TRACKING, "TalkingData", "E"),
    "com.silverpush": (Use.TRACKING, "SilverPush, which listens for beacons in sound", "E"),
    "org.lsposed.lspatch": (Use.KIT, "LSPatch", "P"),
    "bin.mt.signature": (Use.KIT, "ApkSignatureKiller", "P"),
    "de.robv.android.xposed": (Use.KIT, "Xposed", "P"),
}
"""By the package that the library's classes are in or below."""


def library_of(package: str) -> str | None:
    """Return the row of `PACKAGES` that a package is in or below."""
    while package:
        if package in PACKAGES:
            return package
        package = package.rpartition(".")[0]
    return None


_LOADING = (
    "com.google.android.gms.dynamite", "androidx.multidex", "android.support.multidex", "com.google.android.play.core",
    "com.facebook.soloader",
)  # fmt: skip
_SUPPORT = (
    "androidx.core",
    "androidx.appcompat",
    "androidx.media",
    "androidx.test",
    "android.support.v4",
    "android.support.v7",
)


def supports_apps(package: str) -> bool:
    """Whether a package is in or below one of Android's support libraries, which call what the app asks them to and nothing else.

    As with `loads_code`, that is what the name says and no more.
    """
    return any(package == each or package.startswith(f"{each}.") for each in _SUPPORT)


def loads_code(package: str) -> bool:
    """Whether a package is in or below one of the libraries that load code by design: of Google's services, of the app's own package.

    Anybody can name classes so; it makes an alarm less likely to be right, and no code harmless. Source: the libraries' own pages on
    developer.android.com and github.com/facebook/SoLoader.
    """
    return any(package == each or package.startswith(f"{each}.") for each in _LOADING)
