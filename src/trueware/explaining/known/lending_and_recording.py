"""Programs known by what they are for: lending the line to strangers, recording sound or pictures.

Reviewed by hand, each from its project's own documentation; a program is in here only where nothing else is done with it.

=====================  ==============================================================================================================
proxies                microsocks, 3proxy, Dante (``sockd``, ``danted``), tinyproxy, gost, srelay, ss5, Hev's and Shadowsocks' servers
bandwidth is sold      clients of EarnApp, Honeygain, IPRoyal Pawns, PacketStream, Peer2Profit, ProxyRack, Repocket, TraffMonetizer
sound                  arecord (alsa-utils), tinycap (tinyalsa), parec, parecord (PulseAudio), pw-record (PipeWire), rec (SoX)
pictures               fswebcam, motion, streamer (xawtv), raspivid and raspistill, rpicam and libcamera apps, screenrecord (AOSP)
=====================  ==============================================================================================================
"""

PROXIES = frozenset(
    (
        *("microsocks", "3proxy", "sockd", "danted", "tinyproxy", "gost", "srelay", "ss5"),
        *("hev-socks5-server", "ss-server", "ssserver"),
        *("earnapp", "honeygain", "pawns-cli", "iproyal-pawns", "psclient", "p2pclient", "peer2profit", "proxyrack"),
        *("repocket", "traffmonetizer"),
    )
)
"""Servers through which others reach the internet under this line's address."""

RECORDERS = frozenset(
    (
        *("arecord", "tinycap", "parec", "parecord", "pw-record", "rec"),
        *("fswebcam", "motion", "streamer", "raspivid", "raspistill", "raspiyuv"),
        *("rpicam-vid", "rpicam-still", "libcamera-vid", "libcamera-still", "screenrecord"),
    )
)
"""Programs that record from a microphone, a camera or the screen."""

CAPTURES = ("alsa", "pulse", "v4l2", "video4linux2", "x11grab", "fbdev", "kmsgrab")
"""Sources after ``-f`` and before ``-i`` with which ffmpeg records from a device (ffmpeg-devices(1))."""

SOURCES = frozenset({"alsasrc", "pulsesrc", "v4l2src", "libcamerasrc", "pipewiresrc", "ximagesrc"})
"""Elements with which GStreamer's gst-launch records from a device (documentation of GStreamer's plug-ins)."""
