"""Passwords that everybody tries first: those devices were sold with, and the most common ones, the likeliest first.

Sources: M. Antonakakis et al., "Understanding the Mirai Botnet", USENIX Security 2017, table 5 (what its worm tried, by device);
makers' own manuals and images for those marked so; NIST SP 800-63B §5.1.1.2 on why such passwords must be refused.
"""

DEFAULT_PASSWORDS: tuple[str, ...] = (
    "admin",
    "root",
    "password",
    "123456",
    "12345",
    "1234",
    "support",
    "user",
    "guest",
    "toor",
    "default",
    "pass",
    "ubnt",  # Ubiquiti's manuals
    "Zte521",  # ZTE
    "xc3511",  # video recorders of several brands
    "vizxv",  # Dahua
    "dreambox",  # Dreambox receivers
    "raspberry",  # Raspberry Pi OS before 2022
    "alpine",  # jail-broken iPhones
    "oelinux123",  # Qualcomm's Linux for modems
    "12345678",
    "123456789",
    "1111",
    "0000",
    "00000000",
    "54321",
    "4321",
    "666666",  # Dahua
    "888888",  # Dahua
    "1111111",  # Samsung cameras
    "qwerty",
    "letmein",
    "changeme",
    "test",
    "system",
    "service",
    "supervisor",
    "tech",
    "administrator",
    "admin1234",
    "admin123",
    "root123",
    "smcadmin",  # SMC routers
    "realtek",  # Realtek's development kits
    "klv123",  # HiSilicon cameras
    "klv1234",  # HiSilicon cameras
    "hi3518",  # HiSilicon cameras
    "jvbzd",  # HiSilicon cameras
    "xmhdipc",  # Xiongmai cameras
    "juantech",  # Guangzhou Juan recorders
    "anko",  # ANKO recorders
    "ikwb",  # Toshiba cameras
    "meinsm",  # Mobotix cameras
    "7ujMko0admin",  # Dahua
    "7ujMko0vizxv",  # Dahua
    "zlxx.",  # EV ZLX loudspeakers
    "openelec",  # OpenELEC
    "libreelec",  # LibreELEC
    "telnet",
    "backdoor",
)

LIKELIEST = 20
"""How many from the front are tried where a try is costly."""
