"""A PostgreSQL server of the tests' own: a new cluster in a folder of its own, on a socket there, by a user without rights.

Where TRUEWARE_POSTGRES names a database (``postgresql://…``, whose user may make schemas and roles), that is used instead, and the
tests that stop the server are skipped.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

VARIABLE = "TRUEWARE_POSTGRES"
_DEBIAN = Path("/usr/lib/postgresql")
_SETTINGS = ["listen_addresses=", "shared_buffers=32MB", "max_connections=40", "log_min_messages=fatal"]
_PATIENCE = 60.0


def find_programs() -> Path | None:
    """Return the folder of initdb and postgres; None where there are none."""
    on_path = shutil.which("initdb")
    found = [Path(on_path).resolve().parent] if on_path else []
    found += sorted((each / "bin" for each in _DEBIAN.glob("*")), key=lambda each: -int(each.parent.name or 0))
    return next((each for each in found if (each / "initdb").exists() and (each / "postgres").exists()), None)


class Cluster:
    """A server, ours or a given one."""

    def __init__(self, programs: Path | None, settings: Sequence[str] = ()) -> None:
        self.ours = programs is not None
        self._made = 0
        if programs is None:
            self._base = os.environ[VARIABLE]
            return
        self._programs, self._settings = programs, (*_SETTINGS, *settings)
        self._folder = Path(tempfile.mkdtemp(prefix="trueware-postgres-"))
        self._as: dict[str, object] = {}
        if os.getuid() == 0:  # initdb refuses to be root
            owner = _unprivileged()
            os.chown(self._folder, owner.pw_uid, owner.pw_gid)
            self._as = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        self._base = f"postgresql://tester@/postgres?host={self._folder}"
        try:
            self._run(
                "initdb", "-A", "trust", "-U", "tester", "-E", "UTF8", "--locale=C", "--no-sync", "-D", self._data
            )
            self.start()
        except BaseException:
            shutil.rmtree(self._folder)
            raise

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    def url(self, schema: str | None = None, user: str | None = None) -> str:
        """Return the URL of a registry that is not there yet, or of one."""
        if schema is None:
            self._made += 1
            schema = f"t{os.getpid()}_{self._made}"
        base = self._base if user is None else self._base.replace("tester@", f"{user}@")
        return f"{base}{'&' if '?' in base else '?'}schema={schema}"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        settings = [f"-c{each}" for each in (*self._settings, f"unix_socket_directories={self._folder}")]
        deadline = time.monotonic() + _PATIENCE
        while True:
            self._server = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, *settings],
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=self._folder, **self._as,  # type: ignore[call-overload]
            )  # fmt: skip
            while self._server.poll() is None and not self._answers():
                time.sleep(0.02)
            if self._server.poll() is None:
                return
            said = self._server.communicate()[1].decode(errors="replace")
            if time.monotonic() > deadline:  # until then the last one's processes may still be going
                raise RuntimeError(f"the server does not start: {said}")
            time.sleep(0.1)

    def _answers(self) -> bool:
        import psycopg

        try:
            psycopg.connect(self._base).close()
        except psycopg.OperationalError:
            return False
        return True

    def kill(self) -> None:
        """Kill the server, as a power cut would."""
        self._server.send_signal(signal.SIGKILL)
        self._server.communicate()

    def close(self) -> None:
        """Stop the server and remove all of it."""
        if self.ours:
            self._server.send_signal(signal.SIGQUIT)
            self._server.communicate()
            shutil.rmtree(self._folder)

    def _run(self, program: str, *arguments: str) -> None:
        command = [self._programs / program, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=self._folder, **self._as)  # type: ignore[call-overload]
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr}")


def _unprivileged() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("no user to run PostgreSQL as")
