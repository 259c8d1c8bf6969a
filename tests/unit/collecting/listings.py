"""Listings made by hand, summed as a device sums them."""

from hashlib import sha256

A = sha256(b"a").hexdigest()


def summed(*lines: str | bytes) -> bytes:
    """Return the listing of these lines after the first, with its end."""
    body = b"".join(
        (line.encode() if isinstance(line, str) else line) + b"\n" for line in ("trueware-listing 1", *lines)
    )
    return body + f"z bytes {len(body)}\nz sha256 {sha256(body).hexdigest()}\nz end\n".encode()


def file_lines(path: str, digest: str = A, size: int = 1, mode: int = 0o644) -> tuple[str, str]:
    """Return the two lines of a file."""
    return f"s {0o100000 | mode:x} 0 0 {size} 1 0 0\t./{path}", f"f {digest}  ./{path}"
