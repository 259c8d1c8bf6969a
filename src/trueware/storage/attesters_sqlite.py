"""What a verifier remembers, in one SQLite file of its own: secrets of challenges do not lie in a registry that is copied about.

Write path
    A write is one ``BEGIN IMMEDIATE`` … ``COMMIT`` with ``synchronous = EXTRA``: the rollback journal is synced, the pages are
    written and synced, the journal is deleted and its folder synced, before COMMIT returns (sqlite.org/atomiccommit.html). Without
    the last of these (``FULL``) a loss of power could bring the journal back, and with it a challenge that was used. A process that
    is killed before leaves a hot journal, by which the next one rolls back.

The file is made with mode 0600. It is not trusted further than the disk it lies on: what it says of a device is its owner's word.
"""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from trueware.attestation.freshness.epoch import Epochs
from trueware.attestation.ima.walking import ImaState
from trueware.attestation.tpm.attest import Clock
from trueware.attesters.ports import AttesterStore, Challenge, Device, Pending, Seen
from trueware.errors import StoreError

VERSION = 2
_APPLICATION = 0x74776174
_WAIT = 5.0
"""Seconds to wait for another writer."""

_SCHEMA = """
CREATE TABLE challenge (nonce BLOB PRIMARY KEY, issued INTEGER NOT NULL, expires INTEGER NOT NULL, device TEXT NOT NULL,
  used INTEGER) STRICT, WITHOUT ROWID;
CREATE INDEX challenge_expires ON challenge (expires);
CREATE TABLE device (number INTEGER PRIMARY KEY, name TEXT NOT NULL, enrolled INTEGER NOT NULL, by TEXT NOT NULL,
  endorsement BLOB NOT NULL, identifiers TEXT NOT NULL, retired INTEGER) STRICT;
CREATE UNIQUE INDEX device_name ON device (name) WHERE retired IS NULL;
CREATE TABLE key (device INTEGER NOT NULL REFERENCES device, name BLOB NOT NULL, retired INTEGER,
  PRIMARY KEY (device, name)) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX key_name ON key (name) WHERE retired IS NULL;
CREATE TABLE pending (device TEXT PRIMARY KEY, content TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE seen (device TEXT PRIMARY KEY, content TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""
_SINCE_2 = """
CREATE TABLE epoch (number INTEGER PRIMARY KEY CHECK (number = 1), current BLOB NOT NULL, since INTEGER NOT NULL,
  previous BLOB NOT NULL, overlap INTEGER NOT NULL) STRICT
"""


class SqliteAttesters:
    """An `AttesterStore` in one file."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        """Take over a connection; use `open`."""
        self._connection, self._path = connection, path

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a file, or make it where there is none.

        Raises:
            StoreError: it cannot be opened, is of another version, or something else.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
            connection = sqlite3.connect(path, timeout=_WAIT, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"cannot open {str(path)!r}: {error}") from error
        store = cls(connection, path)
        try:
            store._rows("PRAGMA trusted_schema = OFF")
            with store._transaction():
                store._prepare()
        except BaseException:
            connection.close()
            raise
        return store

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _prepare(self) -> None:
        run = self._connection.execute
        application, version = run("PRAGMA application_id").fetchone()[0], run("PRAGMA user_version").fetchone()[0]
        if application == _APPLICATION and version == VERSION:
            return
        if (application, version) != (_APPLICATION, 1):
            if application or version or run("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
                raise StoreError(f"{str(self._path)!r} is no memory of a verifier of version {VERSION}")
            for statement in _SCHEMA.split(";"):
                if statement.strip():
                    run(statement)
        run(_SINCE_2)
        run(f"PRAGMA application_id = {_APPLICATION}")
        run(f"PRAGMA user_version = {VERSION}")

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        connection = self._connection
        try:
            connection.execute("PRAGMA synchronous = EXTRA")
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise StoreError(f"cannot use {str(self._path)!r}: {error}") from error

    def _rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"cannot read {str(self._path)!r}: {error}") from error

    def add_challenge(self, challenge: Challenge) -> None:
        with self._transaction() as connection:
            known = connection.execute("SELECT 1 FROM challenge WHERE nonce = ?", (challenge.nonce,)).fetchone()
            if known is not None:
                raise ValueError("this nonce was sent before")
            connection.execute(
                "INSERT INTO challenge VALUES (?, ?, ?, ?, ?)",
                (challenge.nonce, challenge.issued, challenge.expires, challenge.device, challenge.used),
            )

    def take_challenge(self, nonce: bytes, now: int) -> Challenge | None:
        with self._transaction() as connection:
            row = connection.execute("SELECT * FROM challenge WHERE nonce = ?", (nonce,)).fetchone()
            if row is None:
                return None
            connection.execute("UPDATE challenge SET used = ? WHERE nonce = ? AND used IS NULL", (now, nonce))
        return Challenge(*row)

    def challenges(self, device: str | None = None) -> tuple[Challenge, ...]:
        rows = self._rows("SELECT * FROM challenge WHERE ?1 IS NULL OR device = ?1 ORDER BY issued DESC, nonce", device)
        return tuple(Challenge(*row) for row in rows)

    def forget_challenges(self, before: int) -> int:
        with self._transaction() as connection:
            return connection.execute("DELETE FROM challenge WHERE expires < ?", (before,)).rowcount

    def enrol(self, device: Device) -> None:
        with self._transaction() as connection:
            same = "SELECT name FROM device WHERE endorsement = ? AND retired IS NULL"
            row = connection.execute(same, (device.endorsement,)).fetchone() if device.endorsement else None
            if row is not None:
                raise ValueError(f"{row[0]!r} is enrolled with that TPM; retire it first")
            try:
                number = connection.execute(
                    "INSERT INTO device (name, enrolled, by, endorsement, identifiers) VALUES (?, ?, ?, ?, ?)",
                    (device.name, device.enrolled, device.by, device.endorsement, json.dumps(device.identifiers)),
                ).lastrowid
                connection.executemany(
                    "INSERT INTO key (device, name) VALUES (?, ?)", [(number, key) for key in device.keys]
                )
            except sqlite3.IntegrityError:
                raise ValueError(f"{device.name!r}, or one of its keys, is enrolled; retire that first") from None

    def retire(self, name: str, now: int) -> bool:
        with self._transaction() as connection:
            row = connection.execute("SELECT number FROM device WHERE name = ? AND retired IS NULL", (name,)).fetchone()
            if row is None:
                return False
            connection.execute("UPDATE device SET retired = ? WHERE number = ?", (now, row[0]))
            connection.execute("UPDATE key SET retired = ? WHERE device = ?", (now, row[0]))
            connection.execute("DELETE FROM seen WHERE device = ?", (name,))
            return True

    def keeper(self, key: bytes) -> str | None:
        rows = self._rows(
            "SELECT device.name FROM key JOIN device ON device.number = key.device WHERE key.name = ? AND key.retired IS NULL",
            key,
        )
        return rows[0][0] if rows else None

    def in_service(self, name: str) -> Device | None:
        found = self._devices("WHERE device.name = ? AND device.retired IS NULL", name)
        return found[0] if found else None

    def devices(self) -> tuple[Device, ...]:
        return self._devices("")

    def _devices(self, where: str, *values: str) -> tuple[Device, ...]:
        keys: dict[int, list[bytes]] = {}
        joined = f"SELECT key.device, key.name FROM key JOIN device ON device.number = key.device {where}"  # noqa: S608 (ours)
        for number, key in self._rows(f"{joined} ORDER BY key.device, key.name", *values):
            keys.setdefault(number, []).append(key)
        columns = "number, name, enrolled, by, endorsement, identifiers, retired"
        rows = self._rows(f"SELECT {columns} FROM device {where} ORDER BY name, enrolled", *values)  # noqa: S608 (ours)
        return tuple(
            Device(name, tuple(keys.get(number, ())), enrolled, by, endorsement, _pairs(identifiers), retired)
            for number, name, enrolled, by, endorsement, identifiers, retired in rows
        )

    def await_credential(self, pending: Pending) -> None:
        device = pending.device
        content = {
            "device": [
                device.name,
                [key.hex() for key in device.keys],
                device.enrolled,
                device.by,
                device.endorsement.hex(),
            ],
            "identifiers": device.identifiers,
            "secret": pending.secret.hex(),
            "endorsement": pending.endorsement_name.hex(),
            "expires": pending.expires,
        }
        with self._transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO pending VALUES (?, ?)", (device.name, json.dumps(content)))

    def take_credential(self, device: str) -> Pending | None:
        with self._transaction() as connection:
            row = connection.execute("DELETE FROM pending WHERE device = ? RETURNING content", (device,)).fetchone()
        if row is None:
            return None
        return _pending_of(row[0])

    def announce(self, epochs: Epochs, before: Epochs | None) -> bool:
        with self._transaction() as connection:
            row = connection.execute("SELECT current, since, previous, overlap FROM epoch").fetchone()
            if (Epochs(*row) if row is not None else None) != before:
                return False
            values = (epochs.current, epochs.since, epochs.previous, epochs.overlap)
            connection.execute("INSERT OR REPLACE INTO epoch VALUES (1, ?, ?, ?, ?)", values)
            return True

    def epochs(self) -> Epochs | None:
        rows = self._rows("SELECT current, since, previous, overlap FROM epoch")
        return Epochs(*rows[0]) if rows else None

    def see(self, seen: Seen, before: Seen | None) -> bool:
        with self._transaction() as connection:
            row = connection.execute("SELECT content FROM seen WHERE device = ?", (seen.device,)).fetchone()
            if (None if row is None else _seen_of(row[0])) != before:
                return False
            connection.execute("INSERT OR REPLACE INTO seen VALUES (?, ?)", (seen.device, _seen_text(seen)))
            return True

    def seen(self, device: str) -> Seen | None:
        rows = self._rows("SELECT content FROM seen WHERE device = ?", device)
        return _seen_of(rows[0][0]) if rows else None


_: type[AttesterStore] = SqliteAttesters


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    try:
        return tuple((name, value) for name, value in json.loads(text))
    except (ValueError, TypeError) as error:
        raise StoreError(f"what is remembered of a device is damaged ({error})") from error


def _pending_of(text: str) -> Pending:
    try:
        content = json.loads(text)
        name, keys, enrolled, by, endorsement = content["device"]
        pairs = tuple((key, value) for key, value in content["identifiers"])
        device = Device(name, tuple(map(bytes.fromhex, keys)), enrolled, by, bytes.fromhex(endorsement), pairs)
        secret, endorsement_name = bytes.fromhex(content["secret"]), bytes.fromhex(content["endorsement"])
        return Pending(device, secret, endorsement_name, content["expires"])
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"what is remembered of a credential is damaged ({error})") from error


def _seen_text(seen: Seen) -> str:
    clock, files = seen.clock, seen.files
    content = {
        "device": seen.device,
        "at": seen.at,
        "key": seen.key.hex(),
        "clock": [clock.clock, clock.reset_count, clock.restart_count, clock.safe],
        "release": seen.release,
        "files": None if files is None else [files.bank, files.value.hex(), files.offset, files.count],
        "verdict": seen.verdict,
        "basis": seen.basis.hex(),
    }
    return json.dumps(content, sort_keys=True)


def _seen_of(text: str) -> Seen:
    try:
        content = json.loads(text)
        files = content["files"]
        state = None if files is None else ImaState(files[0], bytes.fromhex(files[1]), files[2], files[3])
        key, clock, basis = (
            bytes.fromhex(content["key"]),
            Clock(*content["clock"]),
            bytes.fromhex(content.get("basis", "")),
        )
        return Seen(content["device"], content["at"], key, clock, content["release"], state, content["verdict"], basis)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise StoreError(f"what is remembered of a device is damaged ({error})") from error
