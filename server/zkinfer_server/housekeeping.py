# SPDX-License-Identifier: Apache-2.0
"""What is removed when its time is over: what customers sent and got, and objects that no row names."""

from __future__ import annotations

import contextlib
import logging
import threading
import time

from .database import Database, Unavailable
from .objects import Store, Vault

log = logging.getLogger("zkinfer.housekeeping")
_EVERY_SECONDS = 600.0
_ORPHAN_SECONDS = 86400.0  # a proof may lie there before its row names it
_AT_ONCE = 500


def forget_old(database: Database, vault: Vault, keep_seconds: float) -> int:
    """Inputs and answers of requests that are over for so long. Receipts, proofs and the log stay; the same Idempotency-Key then gets a 410."""
    with database.write() as tx:
        rows = tx.all(
            "SELECT id, input_ref, output_ref FROM request WHERE state IN ('proven', 'failed', 'unproven') AND created < ? AND input_ref <> '' LIMIT ?",
            time.time() - keep_seconds, _AT_ONCE,
        )  # fmt: skip
        for row in rows:
            for ref in (row["input_ref"], row["output_ref"]):
                vault.forget(tx, ref)
            tx.run("UPDATE request SET input_ref = '' WHERE id = ?", row["id"])
        tx.run("DELETE FROM outbox WHERE done = 1 AND next < ?", time.time() - keep_seconds)
    return len(rows)


def sweep(database: Database, store: Store, older: float = _ORPHAN_SECONDS) -> int:
    """Objects that no row names."""
    removed = 0
    for ref in store.older_than(older):
        with database.read() as tx:
            named = tx.one(
                "SELECT 1 AS one WHERE EXISTS(SELECT 1 FROM job WHERE proof_ref = ? OR path_ref = ?)"
                " OR EXISTS(SELECT 1 FROM request WHERE input_ref = ? OR output_ref = ?) OR EXISTS(SELECT 1 FROM member WHERE seat_ref = ?)",
                ref, ref, ref, ref, ref,
            )  # fmt: skip
        if named is None:
            store.remove(ref)
            removed += 1
    return removed


class Housekeeper:
    def __init__(self, database: Database, store: Store, vault: Vault, keep_seconds: float) -> None:
        self._stopping = threading.Event()

        def run() -> None:
            while not self._stopping.wait(_EVERY_SECONDS):
                with contextlib.suppress(Unavailable):
                    while forget_old(database, vault, keep_seconds) == _AT_ONCE:
                        pass
                    removed = sweep(database, store)
                    if removed:
                        log.info("removed %d objects that nothing names", removed)
            database.close()

        self._thread = threading.Thread(target=run, name="housekeeping", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
