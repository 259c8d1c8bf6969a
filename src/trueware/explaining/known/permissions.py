"""Android's permissions: what each of those lets an app reach that matters to its owner.

A permission of which nothing is said here lets an app do what hardly harms anybody (vibrate, set an alarm), or is one that an app
declares for itself.

Sources: developer.android.com, Manifest.permission; AOSP ``frameworks/base/core/res/AndroidManifest.xml`` (those that no app of a
store may have).
"""

from enum import Enum


class Reach(Enum):
    """What a permission is about."""

    COMMUNICATIONS = "communications"
    """Messages, calls, and with whom."""

    WATCHING = "watching"
    """Where the owner is, what is said and seen around, what is on the screen."""

    FILES = "files"
    """Pictures, recordings and documents."""

    MESSAGES = "messages"
    """Sending messages and placing calls, for which the owner pays."""

    OVERLAY = "overlay"
    """Drawing over other apps, so that what is typed there goes elsewhere."""

    POWER = "power"
    """Power over other apps, the screen or the system."""

    DEVICE = "device"
    """What tells this device and its owner from others."""

    START = "start"
    """Running without being asked to."""

    NETWORK = "network"
    """Talking to others."""


_P = "android.permission."

REACH: dict[str, tuple[Reach, str]] = {
    _P + "READ_SMS": (Reach.COMMUNICATIONS, "text messages, one-time passwords of banks among them"),
    _P + "RECEIVE_SMS": (Reach.COMMUNICATIONS, "text messages as they come in"),
    _P + "RECEIVE_MMS": (Reach.COMMUNICATIONS, "multimedia messages as they come in"),
    _P + "RECEIVE_WAP_PUSH": (Reach.COMMUNICATIONS, "messages of the network as they come in"),
    _P + "READ_CELL_BROADCASTS": (Reach.COMMUNICATIONS, "messages to all in a cell"),
    _P + "READ_CALL_LOG": (Reach.COMMUNICATIONS, "who was called, and when"),
    _P + "WRITE_CALL_LOG": (Reach.COMMUNICATIONS, "the list of calls, to change it"),
    _P + "PROCESS_OUTGOING_CALLS": (Reach.COMMUNICATIONS, "numbers as they are dialled"),
    _P + "ANSWER_PHONE_CALLS": (Reach.COMMUNICATIONS, "calls, to take them"),
    _P + "READ_CONTACTS": (Reach.COMMUNICATIONS, "the address book"),
    _P + "WRITE_CONTACTS": (Reach.COMMUNICATIONS, "the address book, to change it"),
    _P + "READ_CALENDAR": (Reach.COMMUNICATIONS, "appointments"),
    _P + "GET_ACCOUNTS": (Reach.COMMUNICATIONS, "names of accounts"),
    _P + "READ_VOICEMAIL": (Reach.COMMUNICATIONS, "voice messages"),
    "com.android.voicemail.permission.READ_VOICEMAIL": (Reach.COMMUNICATIONS, "voice messages"),
    _P + "ACCESS_NOTIFICATIONS": (Reach.COMMUNICATIONS, "notifications of all apps"),
    _P + "ACCESS_FINE_LOCATION": (Reach.WATCHING, "where the owner is, to some metres"),
    _P + "ACCESS_COARSE_LOCATION": (Reach.WATCHING, "where the owner is, roughly"),
    _P + "ACCESS_BACKGROUND_LOCATION": (Reach.WATCHING, "where the owner is, at any time"),
    _P + "ACCESS_MEDIA_LOCATION": (Reach.WATCHING, "where pictures were taken"),
    _P + "RECORD_AUDIO": (Reach.WATCHING, "the microphone"),
    _P + "CAMERA": (Reach.WATCHING, "the camera"),
    _P + "BODY_SENSORS": (Reach.WATCHING, "heart rate and the like"),
    _P + "BODY_SENSORS_BACKGROUND": (Reach.WATCHING, "heart rate and the like, at any time"),
    _P + "ACTIVITY_RECOGNITION": (Reach.WATCHING, "whether the owner walks, drives or sits"),
    _P + "CAPTURE_AUDIO_OUTPUT": (Reach.WATCHING, "what the device plays, calls among it"),
    _P + "CAPTURE_VIDEO_OUTPUT": (Reach.WATCHING, "what the screen shows"),
    _P + "CAPTURE_SECURE_VIDEO_OUTPUT": (Reach.WATCHING, "what the screen shows, protected content among it"),
    _P + "READ_FRAME_BUFFER": (Reach.WATCHING, "what the screen shows"),
    _P + "FOREGROUND_SERVICE_MEDIA_PROJECTION": (Reach.WATCHING, "what the screen shows, once the owner agreed"),
    _P + "PACKAGE_USAGE_STATS": (Reach.WATCHING, "which apps are used, and when"),
    _P + "QUERY_ALL_PACKAGES": (Reach.WATCHING, "which apps are installed"),
    _P + "READ_LOGS": (Reach.WATCHING, "what all apps write to the log"),
    "com.android.browser.permission.READ_HISTORY_BOOKMARKS": (Reach.WATCHING, "which pages were visited"),
    _P + "READ_EXTERNAL_STORAGE": (Reach.FILES, "files on shared storage"),
    _P + "WRITE_EXTERNAL_STORAGE": (Reach.FILES, "files on shared storage, to change them"),
    _P + "MANAGE_EXTERNAL_STORAGE": (Reach.FILES, "all files on shared storage"),
    _P + "READ_MEDIA_IMAGES": (Reach.FILES, "pictures"),
    _P + "READ_MEDIA_VIDEO": (Reach.FILES, "videos"),
    _P + "READ_MEDIA_AUDIO": (Reach.FILES, "recordings"),
    _P + "SEND_SMS": (Reach.MESSAGES, "sending text messages"),
    _P + "SEND_RESPOND_VIA_MESSAGE": (Reach.MESSAGES, "sending text messages"),
    _P + "CALL_PHONE": (Reach.MESSAGES, "placing calls"),
    _P + "CALL_PRIVILEGED": (Reach.MESSAGES, "placing any call"),
    _P + "SYSTEM_ALERT_WINDOW": (Reach.OVERLAY, "drawing over other apps"),
    _P + "REQUEST_INSTALL_PACKAGES": (Reach.POWER, "asking to install apps"),
    _P + "INSTALL_PACKAGES": (Reach.POWER, "installing apps unasked"),
    _P + "DELETE_PACKAGES": (Reach.POWER, "removing apps unasked"),
    _P + "REQUEST_DELETE_PACKAGES": (Reach.POWER, "asking to remove apps"),
    _P + "UPDATE_PACKAGES_WITHOUT_USER_ACTION": (Reach.POWER, "replacing apps unasked"),
    _P + "GRANT_RUNTIME_PERMISSIONS": (Reach.POWER, "granting permissions"),
    _P + "WRITE_SETTINGS": (Reach.POWER, "settings of the system"),
    _P + "WRITE_SECURE_SETTINGS": (Reach.POWER, "protected settings of the system"),
    _P + "DISABLE_KEYGUARD": (Reach.POWER, "the lock screen, to take it away"),
    _P + "MANAGE_DEVICE_ADMINS": (Reach.POWER, "who administers the device"),
    _P + "MASTER_CLEAR": (Reach.POWER, "erasing the device"),
    _P + "REBOOT": (Reach.POWER, "restarting the device"),
    _P + "INJECT_EVENTS": (Reach.POWER, "typing and tapping in other apps"),
    _P + "INTERACT_ACROSS_USERS_FULL": (Reach.POWER, "other users of the device"),
    _P + "MOUNT_UNMOUNT_FILESYSTEMS": (Reach.POWER, "file systems"),
    _P + "ACCESS_SUPERUSER": (Reach.POWER, "root, by the programs that grant it"),
    _P + "CHANGE_COMPONENT_ENABLED_STATE": (Reach.POWER, "parts of other apps, to switch them off"),
    _P + "CLEAR_APP_USER_DATA": (Reach.POWER, "data of other apps, to erase them"),
    _P + "BACKUP": (Reach.POWER, "data of other apps, by way of backups"),
    _P + "GET_TASKS": (Reach.POWER, "which app is in front"),
    _P + "REAL_GET_TASKS": (Reach.POWER, "which app is in front"),
    _P + "AUTHENTICATE_ACCOUNTS": (Reach.POWER, "making accounts"),
    _P + "USE_CREDENTIALS": (Reach.POWER, "tokens of accounts"),
    _P + "OVERRIDE_WIFI_CONFIG": (Reach.POWER, "the wireless network"),
    _P + "CHANGE_WIFI_STATE": (Reach.POWER, "the wireless network"),
    _P + "USE_FULL_SCREEN_INTENT": (Reach.POWER, "the whole screen, also when it is locked"),
    _P + "MODIFY_PHONE_STATE": (Reach.POWER, "the telephone"),
    _P + "WRITE_APN_SETTINGS": (Reach.POWER, "the access point of the mobile network"),
    _P + "READ_PHONE_STATE": (Reach.DEVICE, "the state of the telephone; on older systems number and IMEI"),
    _P + "READ_PHONE_NUMBERS": (Reach.DEVICE, "the telephone number"),
    _P + "READ_PRIVILEGED_PHONE_STATE": (Reach.DEVICE, "IMEI and the identity of the SIM"),
    _P + "LOCAL_MAC_ADDRESS": (Reach.DEVICE, "the hardware address"),
    "com.google.android.gms.permission.AD_ID": (Reach.DEVICE, "the id by which adverts know the owner"),
    _P + "RECEIVE_BOOT_COMPLETED": (Reach.START, "running from the start of the device"),
    _P + "REQUEST_IGNORE_BATTERY_OPTIMIZATIONS": (Reach.START, "running without rest"),
    _P + "REQUEST_COMPANION_RUN_IN_BACKGROUND": (Reach.START, "running while it is not seen"),
    _P + "INTERNET": (Reach.NETWORK, "talking to anybody on the Internet"),
}

ALARMING = frozenset(
    {
        _P + "READ_SMS", _P + "RECEIVE_SMS", _P + "RECEIVE_WAP_PUSH", _P + "READ_CALL_LOG", _P + "PROCESS_OUTGOING_CALLS",
        _P + "ACCESS_NOTIFICATIONS", _P + "READ_CONTACTS", _P + "ACCESS_FINE_LOCATION", _P + "ACCESS_BACKGROUND_LOCATION",
        _P + "RECORD_AUDIO", _P + "CAMERA", _P + "CAPTURE_AUDIO_OUTPUT", _P + "CAPTURE_VIDEO_OUTPUT",
        _P + "CAPTURE_SECURE_VIDEO_OUTPUT", _P + "READ_FRAME_BUFFER", _P + "READ_LOGS", _P + "SEND_SMS",
        _P + "SYSTEM_ALERT_WINDOW", _P + "REQUEST_INSTALL_PACKAGES", _P + "INSTALL_PACKAGES", _P + "DELETE_PACKAGES",
        _P + "GRANT_RUNTIME_PERMISSIONS", _P + "WRITE_SECURE_SETTINGS", _P + "DISABLE_KEYGUARD", _P + "MANAGE_DEVICE_ADMINS",
        _P + "MASTER_CLEAR", _P + "INJECT_EVENTS", _P + "INTERACT_ACROSS_USERS_FULL", _P + "ACCESS_SUPERUSER",
    }
)  # fmt: skip
"""Those by which alone much is lost; the others of their kind matter less, or in company."""
