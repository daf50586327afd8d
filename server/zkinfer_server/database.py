# SPDX-License-Identifier: Apache-2.0
"""Transactions over SQLite (one machine) or PostgreSQL (several). Both run the same statements; they differ where a job is pulled."""

from __future__ import annotations

import contextlib
import pathlib
import queue
import sqlite3
import threading
from concurrent.futures import Future
from typing import Any, Callable, Iterator, Optional, Sequence

from . import schema

_BUSY_SECONDS = 20
_MOST_TOGETHER = 64  # changes in one commit of the writer


class Unavailable(Exception):
    """The database did not take it: full disk, restart, lost connection. Nothing was written."""


class Transaction:
    """Statements with ? for arguments; rows come as dicts."""

    def __init__(self, connection: Any, is_postgres: bool) -> None:
        self._connection, self.is_postgres = connection, is_postgres

    def run(self, sql: str, *arguments: Any) -> Any:
        cursor = self._connection.cursor()
        cursor.execute(sql.replace("?", "%s") if self.is_postgres else sql, arguments)
        return cursor

    def all(self, sql: str, *arguments: Any) -> list[dict[str, Any]]:
        cursor = self.run(sql, *arguments)
        names = [column[0] for column in cursor.description]
        return [{name: bytes(value) if isinstance(value, memoryview) else value for name, value in zip(names, row)} for row in cursor.fetchall()]

    def one(self, sql: str, *arguments: Any) -> Optional[dict[str, Any]]:
        rows = self.all(sql, *arguments)
        return rows[0] if rows else None

    @contextlib.contextmanager
    def savepoint(self) -> Iterator[None]:
        """What is inside happens whole or not at all."""
        self.run("SAVEPOINT part")
        try:
            yield
        except BaseException:
            self.run("ROLLBACK TO SAVEPOINT part")
            self.run("RELEASE SAVEPOINT part")
            raise
        self.run("RELEASE SAVEPOINT part")


class Database:
    """address: a path of an SQLite file, or postgresql://.. . One connection a thread."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.is_postgres = address.startswith(("postgresql://", "postgres://"))
        self._local = threading.local()
        found = self._version()
        if found is None or found in (str(int(after) - 1) for after in schema.CHANGES):
            with self.write() as tx:
                if self.is_postgres:
                    tx.run("SELECT pg_advisory_xact_lock(7309453)")
                self._bring_up_to_date(tx)
            found = self._version()
        if found != str(schema.VERSION):
            raise Unavailable(f"the database has tables of version {found}, this program has {schema.VERSION}")

    def _bring_up_to_date(self, tx: Transaction) -> None:
        """Others may have done it since."""
        words, found = schema.POSTGRES if self.is_postgres else schema.SQLITE, self._version_in(tx)
        if found is None:
            for statement in schema.statements(schema.TABLES, words):
                tx.run(statement)
            tx.run("INSERT INTO meta(name, value) VALUES('schema', ?) ON CONFLICT DO NOTHING", str(schema.VERSION))
            return
        for version in range(int(found) + 1, schema.VERSION + 1):
            for statement in schema.statements(schema.CHANGES[str(version)], words):
                tx.run(statement)
        tx.run("UPDATE meta SET value = ? WHERE name = 'schema'", str(schema.VERSION))

    def _version(self) -> Optional[str]:
        """Of the tables that are there. Making them again would wait for everybody who writes."""
        with self.read() as tx:
            return self._version_in(tx)

    @staticmethod
    def _version_in(tx: Transaction) -> Optional[str]:
        listed = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'meta'"
        if tx.one(listed if tx.is_postgres else "SELECT name FROM sqlite_master WHERE name = 'meta'") is None:
            return None
        row = tx.one("SELECT value FROM meta WHERE name = 'schema'")
        return row["value"] if row else None

    def _errors(self) -> tuple[type[Exception], ...]:
        if self.is_postgres:
            import psycopg

            return (psycopg.OperationalError, psycopg.InterfaceError)
        return (sqlite3.OperationalError,)

    def _connect(self) -> Any:
        if self.is_postgres:
            import psycopg

            connection = psycopg.connect(self.address, autocommit=True, connect_timeout=5)
            connection.execute("SET synchronous_commit = on")
            return connection
        connection = sqlite3.connect(self.address, timeout=_BUSY_SECONDS, isolation_level=None)
        pathlib.Path(self.address).chmod(0o600)
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "wal_autocheckpoint = 500"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    @contextlib.contextmanager
    def _transaction(self, begin: str) -> Iterator[Transaction]:
        errors = self._errors()
        try:
            connection = getattr(self._local, "connection", None)
            if connection is None:
                connection = self._local.connection = self._connect()
            connection.execute(begin)
            try:
                yield Transaction(connection, self.is_postgres)
            except BaseException:
                with contextlib.suppress(Exception):
                    connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
        except errors as error:
            broken, self._local.connection = getattr(self._local, "connection", None), None
            with contextlib.suppress(Exception):
                if broken is not None:
                    broken.close()  # what was begun is rolled back
            raise Unavailable(str(error)) from error

    def write(self) -> contextlib.AbstractContextManager[Transaction]:
        """A transaction that is on the disk when the block ends. Raises: Unavailable, then nothing happened, or, where a connection
        was lost at its very end, perhaps all: what is repeated must be the same."""
        return self._transaction("BEGIN" if self.is_postgres else "BEGIN IMMEDIATE")

    def read(self) -> contextlib.AbstractContextManager[Transaction]:
        return self._transaction("BEGIN")

    def close(self) -> None:
        connection, self._local.connection = getattr(self._local, "connection", None), None
        if connection is not None:
            connection.close()


class Writer:
    """Changes of many requests in one commit: a thread takes what waits, at most 64, runs each in a savepoint, and answers when all is on the disk."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: "queue.SimpleQueue[Optional[tuple[Callable[[Transaction], Any], Future[Any]]]]" = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def submit(self, change: Callable[[Transaction], Any]) -> "Future[Any]":
        """The result of `change`, or what it raised, once it is durable."""
        done: "Future[Any]" = Future()
        self._waiting.put((change, done))
        return done

    def close(self) -> None:
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        ends = False
        while not ends:
            batch = [self._waiting.get()]
            with contextlib.suppress(queue.Empty):
                while len(batch) < _MOST_TOGETHER:
                    batch.append(self._waiting.get_nowait())
            ends = None in batch
            self._commit([item for item in batch if item is not None])
        self._database.close()

    def _commit(self, batch: Sequence[tuple[Callable[[Transaction], Any], "Future[Any]"]]) -> None:
        results: list[tuple["Future[Any]", Any, Optional[BaseException]]] = []
        if not batch:
            return
        try:
            with self._database.write() as tx:
                for change, done in batch:
                    try:
                        with tx.savepoint():
                            results.append((done, change(tx), None))
                    except self._database._errors():
                        raise
                    except Exception as error:  # of this change alone
                        results.append((done, None, error))
        except Exception as error:
            results = [(done, None, error) for _, done in batch]
        for done, value, failure in results:
            if failure is None:
                done.set_result(value)
            else:
                done.set_exception(failure)
