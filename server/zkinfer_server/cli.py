# SPDX-License-Identifier: Apache-2.0
"""The command line of the service. Exit codes as of `zkinfer`: 0 done or accepted, 1 rejected, 2 it could not be done."""

from __future__ import annotations

import argparse
import ipaddress
import json
import logging
import os
import pathlib
import socket
import sys
import time
from typing import Any, Optional, Sequence

import zkinfer
from zkinfer_client.http import ServiceError
from zkinfer_client.receipt import ReceiptError, load_json, load_keys, verify_receipt

from . import api_keys, audit, backup, jobs, tracing
from .database import Unavailable
from .place import Place


def _number(least: float, most: float = float("inf"), kind: Any = float) -> Any:
    def number(text: str) -> Any:
        value = kind(text)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text}, expected at least {least:g}" + (f", at most {most:g}" if most < float("inf") else ""))
        return value

    number.__name__ = "whole number" if kind is int else "number"  # argparse says it of what is none
    return number


_EXAMPLES = """examples, in the order of a first day (docs/server.md):
  zkinfer-server keys create --data data --tenant alice >alice.key
  zkinfer-server signing show --data data >zkinfer-keys.json
  zkinfer-server run --models models --data data
  zkinfer-server receipt verify receipt.json --keys zkinfer-keys.json
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="zkinfer-server", description="answers at once with signed receipts, and proves its answers", epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, text: str, parent: Any = commands, data: bool = True) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = parent.add_parser(name, help=text, description=text)
        if data:
            made.add_argument("--data", required=True, type=pathlib.Path, metavar="DIR", help="the service's folder: database, proofs, keys")
            made.add_argument("--database", metavar="URL", help="postgresql://.. instead of SQLite in the folder")
        return made

    run = add("run", "serve models")
    run.add_argument("--models", required=True, type=pathlib.Path, metavar="DIR", help="folder of .zkmodel files with what `zkinfer commit` put beside them")
    run.add_argument("--host", default="127.0.0.1", help="the address to listen at (127.0.0.1)")
    run.add_argument("--port", type=_number(0, 65535, int), default=8700, help="and the port (8700; 0: one that is free)")
    run.add_argument("--no-auth", action="store_true", help="anybody may ask, without an API key; on this machine only")
    run.add_argument("--oidc-issuer", metavar="URL", help="take this OpenID Connect issuer's tokens too, in the place of API keys")
    run.add_argument("--oidc-audience", metavar="NAME", help="that its tokens must be for: the name that it has for this service")
    run.add_argument("--oidc-tenant", default="sub", metavar="CLAIM", help="which of their claims names the customer (sub)")
    run.add_argument("--oidc-rps", type=int, metavar="N", help="requests a second of each of its customers")
    run.add_argument("--oidc-queries", type=int, metavar="N", help="in all, of each: a budget against copying the model by asking")
    run.add_argument("--issuer", default="zkinfer-server", help="who receipts say that they are from, their `iss` (zkinfer-server)")
    run.add_argument("--workers", type=_number(0, 1024, int), default=1, metavar="N", help="prover processes (1); 0 where others pull (`zkinfer-server worker`)")
    run.add_argument("--max-backlog", type=_number(0), default=30.0, metavar="SECONDS", help="of proving that may wait before requests are refused (30)")
    run.add_argument("--proof-within", type=_number(1), default=600.0, metavar="SECONDS", help="what receipts promise, beyond the backlog (600)")
    run.add_argument("--keep-days", type=_number(0), default=7.0, metavar="N", help="that inputs and answers are kept for (7); receipts and proofs stay")
    run.add_argument("--price", metavar="TEXT", help="of a second of a processor, for estimates: '0.00002 EUR'")
    run.add_argument("--upload-seconds", type=_number(1, kind=int), default=600, metavar="N", help="of processor that a network which somebody brings may take (600)")
    run.add_argument("--web", metavar="DIR", help="the folder of `make web`, for verifying in the page (default: build/web of the project, where it is)")
    run.add_argument("--private-webhooks", action="store_true", help="notices may go to private networks, without TLS")
    run.add_argument("--port-file", metavar="FILE", help="write the address into it once it is known (--port 0)")
    worker = add("worker", "prove what was answered; where front ends run elsewhere")
    worker.add_argument("--models", required=True, type=pathlib.Path, metavar="DIR", help="the folder of models, with their secrets")
    worker.add_argument("--name", help="the worker's, which its successor has too (default: this machine's)")
    for command in (run, worker):
        command.add_argument("--traces", metavar="URL", help="http(s)://HOST:PORT of an OpenTelemetry collector (OTLP over HTTP) that gets spans of requests and proofs")
        command.add_argument("--trace-share", type=_number(0, 1), default=1.0, metavar="P", help="of requests that come without a traceparent: how many are traced (1: all)")
        command.add_argument("--proofs-at-once", type=_number(1, 1024, int), default=1, metavar="N", help="that a worker makes side by side (1)")
        command.add_argument("--seats", type=_number(1, kind=int), default=jobs.SIZES[-1], metavar="N", help=f"requests in one joint proof, at most, where customers take those ({jobs.SIZES[-1]}; 1: none are made)")
        command.add_argument("--priority", choices=("idle", "low", "normal"), default="low", help="of proving, against answers (low: as nice as can be; idle: only what nobody else wants)")

    keys = commands.add_parser("keys", help="API keys").add_subparsers(dest="action", required=True, metavar="ACTION")
    create = add("create", "make an API key, which is shown once", keys)
    create.add_argument("--tenant", required=True, help="the customer whose key it is; several may have one name")
    create.add_argument("--scopes", default="predict", help=f"of {', '.join(api_keys.SCOPES)}, with commas between (predict)")
    create.add_argument("--rps", type=int, metavar="N", help="requests a second, at most (any number)")
    create.add_argument("--queries", type=int, metavar="N", help="in all, a budget against copying the model by asking (any number)")
    add("list", "show API keys", keys)
    add("revoke", "end an API key", keys).add_argument("id", help="what `keys list` names it by")

    signing = commands.add_parser("signing", help="keys of receipts").add_subparsers(dest="action", required=True, metavar="ACTION")
    add("show", "print the JWK set that clients pin", signing)
    add("rotate", "sign with a new key from the next start on", signing)

    log = commands.add_parser("audit", help="the log of what was done").add_subparsers(dest="action", required=True, metavar="ACTION")
    add("verify", "check the chain of hashes, print the last", log).add_argument("--noted", metavar="HASH", help="one that was printed before, which must be in it")

    keep = add("backup", "copy a service that runs; commitments as backups that can only be restored")
    keep.add_argument("--models", required=True, type=pathlib.Path, metavar="DIR", help="the folder of models that it serves")
    keep.add_argument("--to", required=True, type=pathlib.Path, metavar="NEW-DIR", help="where the copy goes; as secret as what it is of")
    bring = add("restore", "bring a backup back, into new folders, where the old ones are gone")
    bring.add_argument("--models", required=True, type=pathlib.Path, metavar="NEW-DIR", help="where the models go")
    bring.add_argument("--source", required=True, type=pathlib.Path, metavar="DIR", help="what `backup` wrote")
    bring.add_argument("--margin", type=int, default=8, metavar="N", help="slots of a root to leave out for rotations since the backup (8)")
    for command in (run, worker, keep, bring):
        command.add_argument("--objects", metavar="URL", help="s3://BUCKET or s3://BUCKET/PREFIX for proofs, instead of the folder's `objects`; AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are taken from the environment")
        command.add_argument("--objects-endpoint", metavar="URL", help="http(s)://HOST:PORT of the S3-compatible store (default: Amazon's, of AWS_REGION)")

    receipt = commands.add_parser("receipt", help="receipts, for whoever has one").add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, text in (("verify", "check a receipt's signature"), ("audit", "ask the service for the proof that a receipt promised, and check it")):
        made = add(name, text, receipt, data=False)
        made.add_argument("receipt", type=pathlib.Path, help="file of the receipt as it came")
        made.add_argument("--keys", required=True, type=pathlib.Path, help="file of the JWK set that was pinned (`zkinfer-server signing show`)")
        if name == "audit":
            made.add_argument("--key", required=True, type=pathlib.Path, help="the model's .zkkey, its certificate beside it")
            made.add_argument("--input-data", type=pathlib.Path, action="append", metavar="FILE", help="canonical bytes of each input, which the proof must be about")
            made.add_argument("--output-data", type=pathlib.Path, action="append", metavar="FILE", help="of a joint proof: canonical bytes of each output")
            made.add_argument("--seat", type=pathlib.Path, metavar="FILE", help="of a joint proof: your seat in it (answer.zkseat)")
            made.add_argument("--api-key", type=pathlib.Path, metavar="FILE", help="of a joint proof whose seat you have not: the file of your API key, with which the service gives it")
            made.add_argument("--url", required=True, help="of the service")
    return parser


def main(arguments: Optional[Sequence[str]] = None) -> int:
    given = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s", stream=sys.stderr)
    try:
        return _COMMANDS[given.command](given)
    except BlockingIOError:
        print(f"zkinfer-server: another one serves from {given.data}", file=sys.stderr)
    except (Unavailable, ServiceError, zkinfer.ZkinferError, ValueError, OSError) as error:
        # Of the system's errors the file and the reason, without its number.
        reason = f"'{error.filename}': {error.strerror}" if isinstance(error, OSError) and error.filename is not None else error
        print(f"zkinfer-server: {reason}", file=sys.stderr)
    return 2


def _place(given: argparse.Namespace, begin: bool = False) -> Place:
    """Only what is to serve or to let somebody in begins a folder: with a name that is misspelled nothing would be found there, and that would be all that is said."""
    place = Place(given.data, given.database, getattr(given, "objects", None), getattr(given, "objects_endpoint", None), begin=begin)
    if place.is_new:
        print(f"zkinfer-server: began a service in the new folder {given.data}", file=sys.stderr)
    return place


def _worker_name(given: argparse.Namespace, number: int) -> str:
    return f"{getattr(given, 'name', None) or socket.gethostname()}/{number}"


def _run(given: argparse.Namespace) -> int:
    from .run import run
    from .service import Policy

    if given.no_auth and not (given.host == "localhost" or ipaddress.ip_address(given.host).is_loopback):
        raise ValueError("--no-auth is for 127.0.0.1 only; make API keys with `zkinfer-server keys create`")
    if not given.models.is_dir():
        raise ValueError(f"--models {given.models} is a file, expected the folder that it lies in" if given.models.exists() else f"--models {given.models}: no such folder")
    if given.web is not None and not _has_client(pathlib.Path(given.web)):
        raise ValueError(f"--web {given.web}: no verifier for pages is there; `make web` makes it, in build/web")
    issuer = _issuer(given)
    tracer = tracing.start(given.traces, "front", given.trace_share)
    place = _place(given, begin=True)
    common = ["--data", str(given.data), "--models", str(given.models), "--priority", given.priority, "--proofs-at-once", str(given.proofs_at_once), "--seats", str(given.seats)]
    if given.database:
        common += ["--database", given.database]
    for option in ("objects", "objects_endpoint", "traces"):
        if getattr(given, option) is not None:
            common += [f"--{option.replace('_', '-')}", getattr(given, option)]
    workers = [[*common, "--name", _worker_name(given, number)] for number in range(given.workers)]
    policy = Policy(issuer=given.issuer, max_backlog=given.max_backlog, proof_within=given.proof_within, price=given.price, keep_seconds=86400 * given.keep_days, upload_seconds=given.upload_seconds, private_webhooks=given.private_webhooks)
    code = run(place, given.models, given.host, given.port, workers, policy, open_to_all=given.no_auth, port_file=given.port_file, web=given.web or _web(), issuer=issuer, rps=given.oidc_rps, queries=given.oidc_queries)
    if tracer is not None:
        tracer.close()
    return code


def _issuer(given: argparse.Namespace) -> Any:
    """Whose tokens are taken; None: nobody's."""
    from .oidc import Issuer

    for name in ("rps", "queries"):
        number = getattr(given, f"oidc_{name}")
        if number is not None and not 1 <= number < 1 << 62:
            raise ValueError(f"--oidc-{name} {number}, expected at least 1")
    if given.oidc_issuer is None:
        if given.oidc_audience or given.oidc_rps or given.oidc_queries:
            raise ValueError("--oidc-issuer: give the address of the issuer too")
        return None
    if given.no_auth:
        raise ValueError("--no-auth takes everybody; leave it or --oidc-issuer out")
    return Issuer(given.oidc_issuer, given.oidc_audience or "", given.oidc_tenant)


def _web() -> Optional[str]:
    beside = pathlib.Path(__file__).resolve().parents[2] / "build/web"
    return str(beside) if _has_client(beside) else None


def _has_client(web: pathlib.Path) -> bool:
    return (web / "zkinfer/src/client.js").is_file()


def _work(given: argparse.Namespace) -> int:
    from .run import work
    from .worker import Worker

    place = _place(given, begin=True)
    place.store().check()
    owner = given.name or _worker_name(given, 0)
    tracer = tracing.start(given.traces, owner, given.trace_share)
    code = work(Worker(place.database(), place.store(), place.vault(), given.models, owner, threads=given.proofs_at_once, priority=given.priority, seats=given.seats))
    if tracer is not None:
        tracer.close()
    return code


def _keys(given: argparse.Namespace) -> int:
    database = _place(given, begin=given.action == "create").database()
    if given.action == "create":
        with database.write() as tx:
            name, secret = api_keys.create(tx, given.tenant, [s.strip() for s in given.scopes.split(",")], given.rps, given.queries)
            audit.note(tx, "operator", event="key created", key=name, tenant=given.tenant, scopes=given.scopes)
        print(secret)
    elif given.action == "list":
        with database.read() as tx:
            for row in tx.all("SELECT id, tenant, scopes, rps, queries_left, revoked FROM api_key ORDER BY created"):
                print(json.dumps(row))
    else:
        with database.write() as tx:
            if tx.run("UPDATE api_key SET revoked = ? WHERE id = ? AND revoked IS NULL", time.time(), given.id).rowcount != 1:
                raise ValueError(f"no key '{given.id}' in use")
            audit.note(tx, "operator", event="key revoked", key=given.id)
    return 0


def _signing(given: argparse.Namespace) -> int:
    signer = _place(given).signer()
    if given.action == "rotate":
        signer.rotate()
    print(json.dumps(signer.jwks(), indent=2))
    return 0


def _audit(given: argparse.Namespace) -> int:
    database = _place(given).database()
    try:
        count, last = audit.verify(database, given.noted)
    except ValueError as error:
        print(f"rejected: {error}")
        return 1
    print(f"{count} rows, last hash {last}")
    return 0


def _backup(given: argparse.Namespace) -> int:
    if given.command == "backup":
        backup.backup(_place(given), given.models, given.to)
        print(f"wrote {given.to}; it holds keys: keep it as secret as they are")
        return 0
    bucket = None
    if given.objects is not None:
        from .s3 import S3Store

        bucket = S3Store(given.objects, given.objects_endpoint)
        bucket.check()
    names = backup.restore(given.source, given.data, given.models, given.margin, bucket)
    with Place(given.data).database().write() as tx:
        audit.note(tx, "operator", event="restored", models=names)
    print(f"restored {', '.join(names)}")
    return 0


def _receipt(given: argparse.Namespace) -> int:
    from zkinfer_client import audit as proofs

    envelope = load_json(given.receipt, "a receipt as the service sent it (receipt.json)")
    for name in ("zkinfer", "receipt"):  # an answer holds its receipt
        envelope = envelope[name] if isinstance(envelope, dict) and name in envelope else envelope
    keys = load_keys(given.keys)
    try:
        payload = verify_receipt(envelope, keys)
        print(f"signed by {payload['kid']} at {payload['iat']}, model {payload['model']['root']}")
        if given.action == "audit":
            data, outputs = ([path.read_bytes() for path in paths or []] for paths in (given.input_data, given.output_data))
            seat = given.seat.read_bytes() if given.seat else None
            api_key = given.api_key.read_text().strip() if given.api_key else None
            print(proofs.audit_receipt(payload, zkinfer.VerificationKey.load(os.fspath(given.key)), given.url, keys, data, outputs=outputs, seat=seat, api_key=api_key))
    except (ReceiptError, zkinfer.Rejected) as error:
        print(f"rejected: {error}")
        return 1
    return 0


_COMMANDS = {"run": _run, "worker": _work, "keys": _keys, "signing": _signing, "audit": _audit, "backup": _backup, "restore": _backup, "receipt": _receipt}
