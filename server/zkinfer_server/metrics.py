# SPDX-License-Identifier: Apache-2.0
"""What Prometheus reads."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from . import tracing

if TYPE_CHECKING:
    from .service import Service


class _Spans(Collector):
    """Of this process and, as they last said, of workers."""

    def __init__(self) -> None:
        self.of: dict[str, dict[str, int]] = {}

    def collect(self) -> Iterator[CounterMetricFamily]:
        family = CounterMetricFamily("zkinfer_trace_spans", "Spans for the collector of traces: sent, or dropped since it did not take them", labels=["process", "outcome"])
        for process, outcomes in self.of.items():
            for outcome, count in outcomes.items():
                family.add_metric([process, outcome], count)
        yield family


class Metrics:
    MEDIA_TYPE = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter("zkinfer_requests", "Requests", ["path", "code"], registry=self._registry)
        self._answer = Histogram(
            "zkinfer_answer_seconds", "From request to receipt, on the disk", ["model"], registry=self._registry,
            buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5, 30),
        )  # fmt: skip
        self._queue = Gauge("zkinfer_queue_rows", "Answers that wait for proofs", registry=self._registry)
        self._jobs = Gauge("zkinfer_jobs", "Jobs by state", ["state"], registry=self._registry)
        self._late = Gauge("zkinfer_proof_lateness_seconds", "How far the latest proof is behind its promise", registry=self._registry)
        self._left = Gauge("zkinfer_proofs_left", "Proofs that a model's commitments still allow", ["model"], registry=self._registry)
        self._spans = _Spans()
        self._registry.register(self._spans)
        self._prove = Gauge("zkinfer_prove_seconds", "Seconds a proof, lately", ["model"], registry=self._registry)

    def counted(self, path: str, code: int) -> None:
        self._requests.labels(path, str(code)).inc()

    def answered(self, model: str, seconds: float) -> None:
        self._answer.labels(model).observe(seconds)

    def text(self, service: "Service") -> bytes:
        with service.database.read() as tx:
            states = {row["state"]: row["n"] for row in tx.all("SELECT state, count(*) AS n FROM job GROUP BY state")}
            spans = tx.all("SELECT name, value FROM meta WHERE name LIKE 'spans %'")
            late = tx.one("SELECT min(proof_by) AS at FROM request WHERE state = 'answered'")
        for state in ("queued", "leased", "done", "dead"):
            self._jobs.labels(state).set(states.get(state, 0))
        counts = tracing.counts()
        self._spans.of = {} if counts is None else {"front": {"sent": counts[0], "dropped": counts[1]}, **{row["name"].split(" ", 1)[1]: json.loads(row["value"]) for row in spans}}
        self._queue.set(states.get("queued", 0) + states.get("leased", 0))
        self._late.set(max(0.0, time.time() - late["at"]) if late and late["at"] else 0.0)
        for root, row in service.budgets().items():
            if row["proofs_left"] is not None:
                self._left.labels(row["name"]).set(row["proofs_left"])
            self._prove.labels(row["name"]).set(row["seconds_per_proof"] or 0)
        return generate_latest(self._registry)
