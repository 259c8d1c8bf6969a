"""What Android programs call that matters to whoever owns the device: methods of the platform by what they are about.

A call is named by the class that declares the method and its name, whatever its arguments. `VERSION` grows with every change here:
portraits that were kept before know nothing of what came later.

Sources: developer.android.com, API reference; OWASP MASTG (what its tests look for).
"""

from enum import Enum

VERSION = 1


class About(Enum):
    """What a call is about."""

    COMMUNICATIONS = "reads messages, notifications or the screen of other apps"
    MESSAGES = "sends text messages"
    IDENTITY = "reads the identity of the device or its SIM"
    WATCHING = "uses microphone, camera, location or the screen"
    COMMANDS = "runs programs"
    CODE = "loads code from outside"
    BRIDGE = "lets pages call into the app"
    TLS = "accepts certificates without looking"
    CLIPBOARD = "reads the clipboard"
    ADMIN = "locks or erases the device"
    WRITES_IDENTITY = "writes the IMEI of the radio"
    ROOT = "asks for root"


CALLS: dict[str, About] = {
    f"L{owner};->{method}": about
    for about, owner, methods in (
        (About.COMMUNICATIONS, "android/telephony/SmsMessage", "createFromPdu getMessageBody getDisplayMessageBody"),
        (About.COMMUNICATIONS, "android/provider/Telephony$Sms$Intents", "getMessagesFromIntent"),
        (About.COMMUNICATIONS, "android/service/notification/NotificationListenerService", "getActiveNotifications"),
        (About.COMMUNICATIONS, "android/service/notification/StatusBarNotification", "getNotification"),
        (
            About.COMMUNICATIONS,
            "android/accessibilityservice/AccessibilityService",
            "getRootInActiveWindow getWindows performGlobalAction dispatchGesture takeScreenshot",
        ),
        (
            About.MESSAGES,
            "android/telephony/SmsManager",
            "sendTextMessage sendMultipartTextMessage sendDataMessage sendMultimediaMessage",
        ),
        (
            About.IDENTITY,
            "android/telephony/TelephonyManager",
            "getDeviceId getImei getMeid getSubscriberId getSimSerialNumber getLine1Number",
        ),
        (About.IDENTITY, "android/os/Build", "getSerial"),
        (About.WATCHING, "android/media/MediaRecorder", "setAudioSource setVideoSource"),
        (About.WATCHING, "android/media/AudioRecord", "<init> startRecording"),
        (About.WATCHING, "android/hardware/Camera", "open"),
        (About.WATCHING, "android/hardware/camera2/CameraManager", "openCamera"),
        (
            About.WATCHING,
            "android/location/LocationManager",
            "requestLocationUpdates requestSingleUpdate getLastKnownLocation getCurrentLocation",
        ),
        (
            About.WATCHING,
            "com/google/android/gms/location/FusedLocationProviderClient",
            "getLastLocation getCurrentLocation requestLocationUpdates",
        ),
        (
            About.WATCHING,
            "android/media/projection/MediaProjectionManager",
            "getMediaProjection createScreenCaptureIntent",
        ),
        (About.WATCHING, "android/app/usage/UsageStatsManager", "queryUsageStats queryEvents"),
        (About.COMMANDS, "java/lang/Runtime", "exec"),
        (About.COMMANDS, "java/lang/ProcessBuilder", "start"),
        (About.CODE, "dalvik/system/DexClassLoader", "<init> loadClass"),
        (About.CODE, "dalvik/system/PathClassLoader", "<init>"),
        (About.CODE, "dalvik/system/InMemoryDexClassLoader", "<init> loadClass"),
        (About.CODE, "dalvik/system/DelegateLastClassLoader", "<init>"),
        (About.CODE, "dalvik/system/DexFile", "<init> loadDex"),
        (About.CODE, "java/lang/System", "load"),
        (About.CODE, "android/content/pm/PackageInstaller", "createSession"),
        (About.BRIDGE, "android/webkit/WebView", "addJavascriptInterface"),
        (About.TLS, "android/webkit/SslErrorHandler", "proceed"),
        (About.CLIPBOARD, "android/content/ClipboardManager", "getPrimaryClip addPrimaryClipChangedListener"),
        (About.ADMIN, "android/app/admin/DevicePolicyManager", "lockNow wipeData resetPassword"),
    )
    for method in methods.split()
}

OWNERS = frozenset(call.partition("->")[0] for call in CALLS)
"""The classes that declare these methods."""

TEXTS: dict[str, About] = {
    "content://sms": About.COMMUNICATIONS,
    "content://mms": About.COMMUNICATIONS,
    "content://call_log": About.COMMUNICATIONS,
    "content://com.android.contacts": About.COMMUNICATIONS,
    "content://com.android.calendar": About.COMMUNICATIONS,
    "AT+EGMR=1,": About.WRITES_IDENTITY,
    "/nvram/md/NVRAM/NVD_IMEI": About.WRITES_IDENTITY,
    "/vendor/nvdata/md/NVRAM/NVD_IMEI": About.WRITES_IDENTITY,
    "/mnt/vendor/nvdata/md/NVRAM/NVD_IMEI": About.WRITES_IDENTITY,
    "/data/nvram/md/NVRAM/NVD_IMEI": About.WRITES_IDENTITY,
}
"""What texts of a program begin with that name what it reaches for."""

COMMANDS: dict[str, About] = dict.fromkeys(
    ("su", "su -c", "/system/bin/su", "/system/xbin/su", "/sbin/su", "/su/bin/su", "/system/xbin/daemonsu"), About.ROOT
)
"""Texts that are a command by themselves."""

TRUST_MANAGERS = frozenset({"Ljavax/net/ssl/X509TrustManager;", "Ljavax/net/ssl/X509ExtendedTrustManager;"})
HOST_VERIFIER = "Ljavax/net/ssl/HostnameVerifier;"
