# SPDX-License-Identifier: Apache-2.0
"""Notices to customers' own servers."""

from __future__ import annotations

import time
from typing import Any

from zkinfer_client.canonical import jcs, uuid7
from zkinfer_client.receipt import timestamp

from .database import Transaction


def notify(tx: Transaction, job_id: str, kind: str, data: dict[str, Any]) -> None:
    """Into the outbox, in the transaction of what it is about, for every webhook of the tenants that the job is for."""
    hooks = tx.all(
        "SELECT DISTINCT webhook.id AS id FROM webhook JOIN request ON request.tenant = webhook.tenant JOIN member ON member.request_id = request.id"
        " WHERE member.job_id = ?",
        job_id,
    )
    now = time.time()
    for hook in hooks:
        payload = jcs({"type": kind, "timestamp": timestamp(now), "data": data}).decode()
        tx.run("INSERT INTO outbox(webhook_id, message_id, payload, next) VALUES(?, ?, ?, ?)", hook["id"], "msg_" + uuid7(), payload, now)
