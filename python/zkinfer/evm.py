# SPDX-License-Identifier: Apache-2.0
"""Proofs and contracts on EVM chains: what `zkinfer evm` does, from Python.

    exported = zkinfer.evm.export(proof, key.public)                  # program, model id, data of the call
    deployment = zkinfer.evm.deploy(node, "build/evm/artifacts.json", account)
    zkinfer.evm.register(exported, node, deployment, account)         # once per key
    zkinfer.evm.verify(exported, node, deployment, account)           # the contract's verdict, and a receipt of it
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Optional, Union

from . import _data, _files, _native, _options
from ._key import VerificationKey, hint_of
from ._node import Answer, Node, Sender, hex_bytes, hex_text
from ._node import address as _address
from ._verify import _key_of, _proof_bytes, _serving
from .errors import InputError, Rejected

if TYPE_CHECKING:
    from ._proofs import Proof

__all__ = [
    "Deployment",
    "Exported",
    "Gas",
    "Node",
    "Receipt",
    "Registered",
    "calldata",
    "check",
    "context",
    "deploy",
    "export",
    "gas",
    "model_id",
    "register",
    "verify",
]

_OF_EXPORT = "what zkinfer.evm.export or `zkinfer evm export` makes"
_OF_DEPLOY = "what zkinfer.evm.deploy or `zkinfer evm deploy --json` gives"
_MOST_CARD = 4096


def _json_file(path: _files.Path, noun: str) -> tuple[str, dict[str, Any]]:
    text = _files.read(path)
    where = _files.quoted(path)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InputError(f"{where} is not {noun}: it is no JSON object")
    return where, found


@_options.checked_calls
class Exported:
    """What contracts need of a proof: public. Made by :func:`export`, read by :meth:`load`.

    Attributes:
        model_id: the model's name on chain, "0x" and 64 digits: it binds the key and the program.
        identity: of the key that the proof was made under, hexadecimal.
        program: bytes that the registry takes, once per key.
        calldata: of the call ZkInferVerifier.verify. submit_call: of the transaction to ZkInferReceipts with the same arguments.
        proof: the bytes of the proof in it.
        calldata_gas: what the calldata cost besides execution. floor_gas: the least that a transaction with them pays (EIP-7623).
        fits_transaction: whether nodes take a transaction with them (131,072 bytes).
    """

    def __init__(self, native: _native.EvmExport) -> None:
        self._native = _options.instance("native", native, _native.EvmExport, "zkinfer.evm.export")
        self.model_id = hex_text(native.model_id)
        self.identity: str = native.identity.hex()
        self.program: bytes = native.program
        self.calldata: bytes = native.calldata
        self.submit_call: bytes = native.submit_call
        self.proof: bytes = native.proof
        self.calldata_gas, self.floor_gas = _native.evm_data_gas(self.calldata)
        self.fits_transaction = _native.evm_fits_transaction(self.calldata)

    @classmethod
    def load(cls, path: _files.Path) -> "Exported":
        """What a .evm.json file holds. Raises: FileError where it cannot be read; InputError for another file, or one whose parts are of different models.

        Examples:
            >>> zkinfer.evm.Exported.load("input.evm.json").model_id
        """
        where, found = _json_file(path, _OF_EXPORT)
        parts = []
        for name, size in (("model_id", 32), ("identity", 32), ("program", None), ("calldata", None)):
            if not isinstance(found.get(name), str):
                raise InputError(f'{where} is not {_OF_EXPORT}: it has no text "{name}"')
            parts.append(hex_bytes(f'{where}: "{name}"', found[name], size))
        try:
            return cls(_native.EvmExport(*parts))
        except InputError as error:
            raise InputError(f"{where}: {error}") from None

    def save(self, path: _files.Path) -> None:
        """Writes a .evm.json file, which the program takes, too. Raises: FileError; InputError where another kind of file has the name.

        Examples:
            >>> exported.save("input.evm.json")
        """
        parts = {"model_id": self.model_id, "identity": "0x" + self.identity, "program": hex_text(self.program), "calldata": hex_text(self.calldata)}
        _files.write_json(path, parts, "model_id", "data for contracts")

    def __repr__(self) -> str:
        return f"<zkinfer.evm.Exported: model {self.model_id[:18]}.., program {len(self.program)} bytes, calldata {len(self.calldata)} bytes>"


class Deployment(NamedTuple):
    """Where the contracts are: addresses on one chain. Made by :func:`deploy`, read by :meth:`load`. gas: what their deployment used."""

    chain_id: int
    registry: str
    verifier: str
    receipts: str
    outer: Optional[str] = None
    functionals: Optional[str] = None
    session: Optional[str] = None
    gas: Optional[int] = None

    @classmethod
    def load(cls, path: _files.Path) -> "Deployment":
        """What a file of :meth:`save` holds, or of `zkinfer evm deploy --json`. Raises: FileError where it cannot be read, InputError for another file.

        Examples:
            >>> zkinfer.evm.Deployment.load("deployment.json").verifier
        """
        where, found = _json_file(path, _OF_DEPLOY)
        chain_id, gas_used = found.get("chain_id"), found.get("gas")
        if type(chain_id) is not int or not 0 <= chain_id < 1 << 64:
            raise InputError(f'{where} is not {_OF_DEPLOY}: it has no number "chain_id"')
        addresses = {}
        for name in ("registry", "verifier", "receipts", "outer", "functionals", "session"):
            if name in found or name in ("registry", "verifier", "receipts"):
                addresses[name] = _address(f'{where} is not {_OF_DEPLOY}: "{name}"', found.get(name))
        return cls(chain_id, **addresses, gas=gas_used if type(gas_used) is int else None)

    def save(self, path: _files.Path) -> None:
        """Writes it as JSON, as `--deployment` of the program takes it. Raises: FileError; InputError where another kind of file has the name.

        Examples:
            >>> deployment.save("deployment.json")
        """
        _files.write_json(path, {name: value for name, value in self._asdict().items() if value is not None}, "verifier", "deployment")


class Registered(NamedTuple):
    """Of :func:`register`: the model's id; whether it was there before, and then no transaction was sent."""

    model_id: str
    was_registered: bool
    transaction: Optional[str]
    gas: int


class Receipt(NamedTuple):
    """Of :func:`verify` with a sender: the transaction that stored a receipt in ZkInferReceipts, and its gas."""

    transaction: str
    gas: int


class Gas(NamedTuple):
    """What the transaction of :func:`verify` would cost: all of it, of that the data, and what a transaction with these data pays at least (EIP-7623)."""

    gas: int
    calldata_bytes: int
    calldata_gas: int
    floor_gas: int
    fits_transaction: bool


def _known(what: str, given: Optional[Mapping[str, Any]], tensors: Any) -> list[_native.KnownTensor]:
    names = [tensor.name for tensor in tensors]
    if given is not None and not isinstance(given, Mapping):
        raise InputError(f"{what}: a {type(given).__name__}, expected a dict by name: {', '.join(map(repr, names))}")
    out = []
    for name, value in (given or {}).items():
        if name not in names:
            raise InputError(f"{what}={{{name!r}: ..}}: the model has {', '.join(map(repr, names))}")
        tensor = tensors[names.index(name)]
        if not isinstance(value, (bytes, bytearray)):
            integers = _data.array(value, name)
            if integers.dtype.kind == "f":
                raise InputError(f"{what}={{{name!r}: ..}}: real numbers; give the integers that the proof is about, or canonical bytes")
            value = _native.canonical_bytes(tensor, [int(x) for x in integers.ravel()])
        known = _native.KnownTensor()
        known.index = names.index(name)
        known.set_data(bytes(value))
        out.append(known)
    return out


@_options.checked_call
def export(
    proof: Union["Proof", bytes, _files.Path],
    key: Union[VerificationKey, _files.Path],
    *,
    inputs: Optional[Mapping[str, Any]] = None,
    outputs: Optional[Mapping[str, Any]] = None,
    path: Union[None, bytes, _files.Path] = None,
) -> Exported:
    """What contracts need to check a proof: its key's program, the model's name on chain, and the data of the call.

    Args:
        proof: a Proof, its bytes, or the path of a .zkproof file. Keys of `commit(profile="small", proofs=16)` make proofs that fit one transaction.
        key, path: as of :func:`zkinfer.verify`; the key needs no certificate here.
        inputs, outputs: by name, those of which the proof holds only the hash ("public:sha256"): integers as an array, or canonical bytes.
    Raises: InputError where the proof is rejected already here, data are missing, or no contract checks proofs of such a key; CompileError where
        that is not supported; BudgetError for a program of more than 65,536 bytes.

    Examples:
        >>> zkinfer.evm.export(proof, key.public).save("input.evm.json")
    """
    key = _key_of(key)
    data = _proof_bytes(proof, "proof")
    key = _serving(key, proof, data, path)
    return Exported(_native.evm_export(key._native, data, _known("inputs", inputs, key.info.input_tensors), _known("outputs", outputs, key.info.output_tensors)))


@_options.checked_call
def model_id(key: Union[VerificationKey, _files.Path]) -> str:
    """The name on chain of a key that proofs are made under (below a root: `key.follow(path)`): "0x" and 64 digits.

    Whoever pins a name makes it from the key: it holds the digest of the program, which another version of zkinfer may make differently.

    Raises: InputError or CompileError where no contract checks proofs of this key.

    Examples:
        >>> zkinfer.evm.model_id(key.public)
    """
    return hex_text(_native.evm_program(_key_of(key)._native)[0])


def _exported(exported: Any) -> Exported:
    return Exported.load(exported) if isinstance(exported, (str, os.PathLike)) else _options.instance("exported", exported, Exported, "zkinfer.evm.export")


@_options.checked_call
def check(
    exported: Union[Exported, _files.Path],
    key: Union[VerificationKey, _files.Path],
    *,
    path: Union[None, bytes, _files.Path] = None,
) -> str:
    """Checks that a model's name on chain is that of a key you have, and gives it.

    Args:
        exported: what :func:`export` made, or the path of its file.
        key, path: as of :func:`zkinfer.verify`; a path is looked for beside the file.
    Raises: Rejected where it is another key's, or its program is not what this zkinfer makes of the key; InputError where the call itself is wrong.

    Examples:
        >>> zkinfer.evm.check("input.evm.json", "network.zkkey")
    """
    made = _exported(exported)
    key = _serving(_key_of(key), exported, made.proof, path)
    why = _native.evm_mismatch(key._native, made._native)
    if why:
        raise Rejected("wrong statement", why, "the name on chain is not that of the key; do not pin it")
    return made.model_id


@_options.checked_call
def calldata(exported: Union[Exported, _files.Path], *, submit: bool = False) -> bytes:
    """The data of the call to ZkInferVerifier, for wallets and other programs.

    Args:
        exported: what :func:`export` made, or the path of its file.
        submit: of the transaction to ZkInferReceipts instead, which stores a receipt.
    Raises: InputError, FileError for what is no such file.

    Examples:
        >>> zkinfer.evm.calldata("input.evm.json").hex()
    """
    made = _exported(exported)
    return made.submit_call if _options.flag("submit", submit) else made.calldata


@_options.checked_call
def context(chain_id: int, verifier: str, consumer: str, purpose: Union[bytes, str], nonce: int) -> bytes:
    """The context of a proof that is meant for one consumer, on one chain and one verifier: that of ZkInferVerifier.contextOf.

    Args:
        verifier, consumer: addresses.
        purpose: the consumer's 32 bytes; what is shorter gets zeros behind it.
        nonce: the consumer's number, below 2^256.
    Raises: InputError.

    Examples:
        >>> proof = key.prove(x, context=zkinfer.evm.context(1, deployment.verifier, oracle, "price", 7))
    """
    said = _options.utf8("purpose", purpose) if isinstance(purpose, str) else _options.data("purpose", purpose)
    if len(said) > 32:
        raise InputError(f"purpose: {len(said)} bytes, expected at most 32; give a hash of it")
    number = _options.integer("nonce", nonce, 0, (1 << 256) - 1)
    return _native.evm_context(
        _options.integer("chain_id", chain_id, 0, (1 << 64) - 1), hex_bytes("verifier", verifier, 20), hex_bytes("consumer", consumer, 20),
        said.ljust(32, b"\0"), number.to_bytes(32, "big"),
    )  # fmt: skip


def _node(node: Union[Node, str], deployment: Optional[Deployment] = None) -> Node:
    found = node if isinstance(node, Node) else Node(_options.text("node", node))
    if deployment is not None and found.chain_id != deployment.chain_id:
        raise InputError(f"deployment: of chain {deployment.chain_id}, '{found.url}' is a node of chain {found.chain_id}")
    return found


def _deployment(deployment: Any) -> Deployment:
    if isinstance(deployment, (str, os.PathLike)):
        return Deployment.load(deployment)
    return _options.instance("deployment", deployment, Deployment, "zkinfer.evm.deploy")


@_options.checked_call
def deploy(node: Union[Node, str], artifacts: Union[Mapping[str, Any], _files.Path], sender: Any) -> Deployment:
    """Deploys the contracts, once for all models: six transactions.

    Args:
        node: a :class:`Node`, or its URL.
        artifacts: the path of build/evm/artifacts.json, which `make evm` writes, or its content.
        sender: the address of an account that the node holds, or an account that signs here: what has `address` and `sign_transaction(fields)`,
            as eth_account's accounts do.
    Raises: InputError for other artifacts, or where node or chain refuses; FileError where nothing answers; BudgetError beyond a chain's limits.

    Examples:
        >>> zkinfer.evm.deploy("http://127.0.0.1:8545", "build/evm/artifacts.json", account).save("deployment.json")
    """
    if isinstance(artifacts, Mapping):
        where, found = "artifacts", artifacts
    else:
        where, found = _json_file(artifacts, "build/evm/artifacts.json")
    codes = []
    contracts = _native.evm_contracts()
    for name, _ in contracts:
        one = found.get(name)
        if not isinstance(one, Mapping) or not isinstance(one.get("bytecode"), str):
            raise InputError(f"{where} has no bytecode of {name}; `make evm` writes build/evm/artifacts.json")
        codes.append(hex_bytes(f"{where}: {name}", one["bytecode"]))
    asked = _node(node)
    account = Sender(asked, sender)
    addresses: list[bytes] = []
    used = 0
    for (name, _), code in zip(contracts, codes):
        sent = account.send(name, None, _native.evm_creation(code, addresses))
        addresses.append(hex_bytes("contractAddress", sent.contract, 20))
        used += sent.gas
    return Deployment(asked.chain_id, **{key: hex_text(one) for (_, key), one in zip(contracts, addresses)}, gas=used)


@_options.checked_call
def register(
    exported: Union[Exported, _files.Path], node: Union[Node, str], deployment: Union[Deployment, _files.Path], sender: Any, *, card_uri: str = ""
) -> Registered:
    """Registers the program of a model, once per key; sends nothing where it is registered already.

    Args:
        exported, node, deployment: as of :func:`verify`. sender: as of :func:`deploy`.
        card_uri: where the model card is, for people.
    Raises: as :func:`deploy`; InputError where there is no registry.

    Examples:
        >>> zkinfer.evm.register("input.evm.json", node, "deployment.json", account, card_uri="ipfs://..").model_id
    """
    made, there = _exported(exported), _deployment(deployment)
    asked = _node(node, there)
    if len(_options.utf8("card_uri", _options.text("card_uri", card_uri))) > _MOST_CARD:
        raise InputError(f"card_uri: more than {_MOST_CARD} bytes; give the address of the card, not the card")
    known = asked.call(there.registry, _native.evm_program_of_call(made._native.model_id))
    try:
        was_registered = not known.revert and _native.evm_is_registered(known.data)
    except InputError:
        known = Answer(b"", "no answer")
    if known.revert:
        raise InputError(f"no registry at {there.registry}: it does not answer programOf")
    if was_registered:
        return Registered(made.model_id, True, None, 0)
    sent = Sender(asked, sender).send("register", there.registry, _native.evm_register_call(made.program, card_uri))
    return Registered(made.model_id, False, sent.transaction, sent.gas)


@_options.checked_call
def verify(
    exported: Union[Exported, _files.Path], node: Union[Node, str], deployment: Union[Deployment, _files.Path], sender: Any = None
) -> Optional[Receipt]:
    """Asks the contract for its verdict, by a call that costs nothing; with a sender, then stores a receipt in a transaction.

    Args:
        exported: what :func:`export` made, or the path of its file.
        node: a :class:`Node`, or its URL. It is believed: who has the key trusts :func:`zkinfer.verify`.
        deployment: what :func:`deploy` gave, or the path of its file.
        sender: as of :func:`deploy`; None: no transaction.
    Returns: the :class:`Receipt`; None without a sender.
    Raises: Rejected for the contract's reason, and then nothing was sent; else as :func:`deploy`.

    Examples:
        >>> zkinfer.evm.verify("input.evm.json", "http://127.0.0.1:8545", "deployment.json")
    """
    made, there = _exported(exported), _deployment(deployment)
    asked = _node(node, there)
    account = None if sender is None else Sender(asked, sender)
    answer = asked.call(there.verifier, made.calldata)
    if answer.revert:
        raise InputError(f"verify at {there.verifier}: {answer.why()}")
    try:
        verdict = _native.evm_verdict(answer.data)
    except InputError as error:
        raise InputError(f"no verifier at {there.verifier}: {error}") from None
    if not verdict.accepted:
        raise Rejected(verdict.reason, f"by the contract {there.verifier}", hint_of(verdict))
    if account is None:
        return None
    sent = account.send("submit", there.receipts, made.submit_call)
    return Receipt(sent.transaction, sent.gas)


@_options.checked_call
def gas(
    exported: Union[Exported, _files.Path], node: Union[Node, str], deployment: Union[Deployment, _files.Path], sender: Any = None
) -> Gas:
    """What the transaction of :func:`verify` would cost, by the node's estimate.

    Args:
        exported, node, deployment, sender: as of :func:`verify`.
    Raises: as :func:`verify`.

    Examples:
        >>> zkinfer.evm.gas("input.evm.json", node, "deployment.json").gas
    """
    made, there = _exported(exported), _deployment(deployment)
    asked = _node(node, there)
    needed = asked.estimate(None if sender is None else Sender(asked, sender).address, there.receipts, made.submit_call)
    if isinstance(needed, Answer):
        verify(made, asked, there)
        raise InputError(f"submit: {needed.why()}")
    of_data, least = _native.evm_data_gas(made.submit_call)
    fits = _native.evm_fits_transaction(made.submit_call) and needed <= _native.max_evm_transaction_gas
    return Gas(needed, len(made.submit_call), of_data, least, fits)
