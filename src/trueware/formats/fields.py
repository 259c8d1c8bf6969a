"""Text in fields of a fixed length: what stands before the first NUL, and what no program reads behind it."""

from collections.abc import MutableMapping


def tell(facts: MutableMapping[str, str], name: str, raw: bytes | memoryview) -> None:
    """Put the text of a field into `facts`; what stands behind its end becomes a fact of its own, in hexadecimal."""
    text, _, rest = bytes(raw).partition(b"\0")
    facts[name] = text.decode("utf-8", "surrogateescape")
    if rest := rest.rstrip(b"\0"):
        facts[f"{name}-rest"] = rest.hex()


def flags_told(words: tuple[str, ...], value: int) -> str:
    """Return the words for the bits that are set, lowest first; bits beyond the words in hexadecimal."""
    named = [word for bit, word in enumerate(words) if value >> bit & 1]
    if rest := value >> len(words) << len(words):
        named.append(f"{rest:#x}")
    return " ".join(named) or "none"
