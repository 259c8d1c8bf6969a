"""The settings of U-Boot: ``name=value``, each ended by a zero byte, as `trueware.formats.embedded.uboot_env` gives them."""

from trueware.explaining.contract import Altered


def is_environment(altered: Altered) -> bool:
    """Tell whether a change is the settings of an environment."""
    return altered.inner == "settings" and altered.path.endswith("!/settings")


def read_settings(data: bytes) -> dict[str, str]:
    """Return the settings by name; of one that repeats the last, as U-Boot's hash table keeps it (``lib/hashtable.c``)."""
    found = {}
    for setting in data.split(b"\0"):
        if not setting:
            break
        name, equals, value = setting.partition(b"=")
        if equals:
            found[name.decode("utf-8", "backslashreplace")] = value.decode("utf-8", "backslashreplace")
    return found
