# SPDX-License-Identifier: Apache-2.0
"""The tables, once for SQLite and PostgreSQL. Times are seconds since 1970, identifiers UUIDs as text."""

import re

VERSION = 3

TABLES = """
CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS model(root TEXT PRIMARY KEY, name TEXT NOT NULL, proofs_left BIGINT, seconds_per_proof REAL, problem TEXT, seen REAL NOT NULL, seats INTEGER);
CREATE TABLE IF NOT EXISTS request(id TEXT PRIMARY KEY, tenant TEXT NOT NULL, kind TEXT NOT NULL, model_root TEXT NOT NULL, idem TEXT, body_sha BYTES NOT NULL,
  request_hash BYTES NOT NULL, input_ref TEXT NOT NULL, output_ref TEXT NOT NULL, receipt TEXT NOT NULL, proof_by REAL NOT NULL,
  state TEXT NOT NULL CHECK(state IN ('answered', 'proven', 'failed', 'unproven')), job_id TEXT, created REAL NOT NULL, UNIQUE(tenant, idem));
CREATE INDEX IF NOT EXISTS request_job ON request(job_id);
CREATE INDEX IF NOT EXISTS request_created ON request(created);
CREATE TABLE IF NOT EXISTS job(id TEXT PRIMARY KEY, kind TEXT NOT NULL, model_root TEXT NOT NULL, bucket INTEGER NOT NULL DEFAULT 1,
  state TEXT NOT NULL CHECK(state IN ('queued', 'leased', 'done', 'dead')), prio INTEGER NOT NULL DEFAULT 0, created REAL NOT NULL, not_before REAL NOT NULL,
  lease_until REAL, lease_owner TEXT, epoch BIGINT NOT NULL DEFAULT 0, attempt INTEGER NOT NULL DEFAULT 0,
  serving_key TEXT, slot BIGINT, proof_ref TEXT, path_ref TEXT, proof_bytes BIGINT, proven REAL, error TEXT, joint TEXT, trace TEXT);
CREATE UNIQUE INDEX IF NOT EXISTS one_use ON job(serving_key, slot) WHERE slot IS NOT NULL;
CREATE INDEX IF NOT EXISTS pull ON job(prio, not_before) WHERE state IN ('queued', 'leased');
CREATE INDEX IF NOT EXISTS proof_object ON job(proof_ref);
CREATE INDEX IF NOT EXISTS path_object ON job(path_ref);
CREATE TABLE IF NOT EXISTS member(job_id TEXT NOT NULL, i INTEGER NOT NULL, request_id TEXT NOT NULL, seat_ref TEXT, PRIMARY KEY(job_id, i), UNIQUE(job_id, request_id));
CREATE TABLE IF NOT EXISTS spent_slot(serving_key TEXT NOT NULL, slot BIGINT NOT NULL, job_id TEXT NOT NULL, attempt INTEGER NOT NULL, PRIMARY KEY(serving_key, slot));
CREATE TABLE IF NOT EXISTS blob(ref TEXT PRIMARY KEY, data BYTES NOT NULL);
CREATE TABLE IF NOT EXISTS webhook(id TEXT PRIMARY KEY, tenant TEXT NOT NULL, url TEXT NOT NULL, secret BYTES NOT NULL, created REAL NOT NULL);
CREATE TABLE IF NOT EXISTS outbox(seq SERIAL, webhook_id TEXT NOT NULL, message_id TEXT NOT NULL, payload TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
  next REAL NOT NULL, done INTEGER NOT NULL DEFAULT 0, trace TEXT);
CREATE INDEX IF NOT EXISTS unsent ON outbox(next) WHERE done = 0;
CREATE TABLE IF NOT EXISTS api_key(id TEXT PRIMARY KEY, tenant TEXT NOT NULL, hash BYTES NOT NULL, scopes TEXT NOT NULL, rps INTEGER, queries_left BIGINT,
  created REAL NOT NULL, revoked REAL);
CREATE TABLE IF NOT EXISTS audit(seq SERIAL, prev BYTES NOT NULL, at REAL NOT NULL, actor TEXT NOT NULL, what TEXT NOT NULL, hash BYTES NOT NULL);
"""

# From the version before to the one that is named.
CHANGES = {
    "2": "ALTER TABLE model ADD COLUMN seats INTEGER; ALTER TABLE job ADD COLUMN joint TEXT; ALTER TABLE member ADD COLUMN seat_ref TEXT",
    "3": "ALTER TABLE job ADD COLUMN trace TEXT; ALTER TABLE outbox ADD COLUMN trace TEXT",
}

SQLITE = {"BYTES": "BLOB", "SERIAL": "INTEGER PRIMARY KEY AUTOINCREMENT"}
POSTGRES = {"BYTES": "BYTEA", "SERIAL": "BIGSERIAL PRIMARY KEY", "REAL": "DOUBLE PRECISION"}


def statements(text: str, words: dict[str, str]) -> list[str]:
    text = re.sub(r"\b[A-Z]+\b", lambda word: words.get(word[0], word[0]), text)
    return [statement.strip() for statement in text.split(";") if statement.strip()]
