# SPDX-License-Identifier: Apache-2.0
"""A node of an EVM chain by JSON-RPC, with Python's standard library alone, and transactions of an account."""

from __future__ import annotations

import http.client
import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, NamedTuple, Optional, Union

from . import _native, _options
from .errors import BudgetError, FileError, InputError

_MOST_BYTES = 1 << 24  # of an answer
_SECONDS = 120  # until a node answers
_BLOCK_SECONDS, _POLL_SECONDS = 600, 0.2  # until a block holds a transaction
_USUAL_TIP = 10**9


def hex_text(data: bytes) -> str:
    return "0x" + data.hex()


def hex_bytes(what: str, text: Any, size: Optional[int] = None) -> bytes:
    """Of "0x" and an even number of digits; of `size` bytes where that is given."""
    if isinstance(text, str) and re.fullmatch(r"0x([0-9a-fA-F]{2})*", text) and size in (None, len(text) // 2 - 1):
        return bytes.fromhex(text[2:])
    digits = "pairs of hexadecimal digits" if size is None else f"{2 * size} hexadecimal digits"
    raise InputError(f"{what}: expected 0x and {digits}, got {_options.shown(text)}")


def address(what: str, text: Any) -> str:
    return hex_text(hex_bytes(what, text, 20))


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class Answer(NamedTuple):
    """What a call returned; or what it reverted with, and the node's words."""

    data: bytes
    revert: str

    def why(self) -> str:
        return f"it reverts: {_native.evm_error_text(self.data) or repr(self.revert)}"


def _revert_of(error: Any) -> Optional[Answer]:
    """Nodes say reverts as errors, the code 3 or that word, with the data beside them."""
    if not isinstance(error, dict):
        return None
    message, data = error.get("message"), error.get("data")
    message = message if isinstance(message, str) else ""
    if isinstance(data, dict):
        data = data.get("data")
    if "revert" not in message and error.get("code") != 3:
        return None
    if not isinstance(data, str) or not re.fullmatch(r"0x([0-9a-fA-F]{2})*", data):
        data = "0x"
    return Answer(bytes.fromhex(data[2:]), message or "reverted")


@_options.checked_calls
class Node:
    """A node of an EVM chain, by JSON-RPC over HTTP or HTTPS. What it answers is believed.

    Attributes:
        url: where it is.
        chain_id: of its chain.
    Raises: InputError for what is no URL, or where something else than a node answers; FileError where nothing does.

    Examples:
        >>> zkinfer.evm.Node("http://127.0.0.1:8545").chain_id
    """

    def __init__(self, url: str) -> None:
        self.url = _options.text("url", url)
        good = url.isascii() and url.isprintable() and " " not in url
        try:
            good = good and urllib.parse.urlsplit(url).scheme in ("http", "https") and bool(urllib.parse.urlsplit(url).hostname)
        except ValueError:
            good = False
        if not good:
            raise InputError(f"url={_options.shown(url)}, expected one as in http://127.0.0.1:8545")
        self._opener = urllib.request.build_opener(_NoRedirect)
        self.chain_id = self.quantity("eth_chainId")

    def _exchange(self, method: str, parameters: tuple[Any, ...]) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
        try:
            try:
                with self._opener.open(request, timeout=_SECONDS) as answer:
                    text = answer.read(_MOST_BYTES + 1)
            except urllib.error.HTTPError as error:  # nodes say errors in JSON with any status
                text = error.read(_MOST_BYTES + 1)
        except (OSError, http.client.HTTPException) as error:
            raise FileError(f"'{self.url}': {method}: no answer: {getattr(error, 'reason', None) or error}") from None
        if len(text) > _MOST_BYTES:
            raise FileError(f"'{self.url}': {method}: an answer of more than {_MOST_BYTES} bytes")
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict) or ("result" in found) == ("error" in found):
            raise self._unexpected(method, "JSON-RPC's object with a result or an error", text.decode(errors="replace"))
        return found

    def _unexpected(self, method: str, expected: str, got: Any) -> InputError:
        text = repr(got)
        return InputError(
            f"'{self.url}': {method}: expected {expected}, got {text if len(text) <= 200 else text[:100] + ' .. ' + text[-60:]}; is it a node of an EVM chain?"
        )

    def ask(self, method: str, *parameters: Any) -> Any:
        """The result of a method of JSON-RPC. Raises: InputError where the node refuses, or is none; FileError where nothing answers.

        Examples:
            >>> node.ask("eth_blockNumber")
        """
        answer = self._exchange(method, parameters)
        if "result" in answer:
            return answer["result"]
        error = answer["error"]
        message = error.get("message") if isinstance(error, dict) else None
        raise InputError(f"'{self.url}': {method}: the node refuses: {message or error!r}")

    def quantity(self, method: str, *parameters: Any) -> int:
        """The same of a method whose result is a number of up to 64 bits.

        Raises: as :meth:`ask`; InputError for another result.

        Examples:
            >>> node.quantity("eth_gasPrice")
        """
        result = self.ask(method, *parameters)
        if isinstance(result, str) and re.fullmatch(r"0x[0-9a-fA-F]{1,16}", result):
            return int(result, 16)
        raise self._unexpected(method, "a number of up to 64 bits (0x..)", result)

    def _asked(self, method: str, *parameters: Any) -> Union[Answer, Any]:
        """The result, or the Answer of what reverts."""
        answer = self._exchange(method, parameters)
        if "result" in answer:
            return answer["result"]
        revert = _revert_of(answer["error"])
        return revert if revert is not None else self.ask(method, *parameters)

    def call(self, to: str, data: bytes) -> Answer:
        """A call that changes nothing. Raises: as :meth:`ask`; what reverts is no error, but says so.

        Examples:
            >>> node.call(deployment.verifier, exported.calldata).data
        """
        result = self._asked("eth_call", {"to": address("to", to), "data": hex_text(_options.data("data", data))}, "latest")
        return result if isinstance(result, Answer) else Answer(self._bytes("eth_call", result), "")

    def _bytes(self, method: str, result: Any, size: Optional[int] = None) -> bytes:
        try:
            return hex_bytes(method, result, size)
        except InputError:
            raise self._unexpected(method, "bytes (0x..)" if size is None else f"{size} bytes (0x..)", result) from None

    def estimate(self, sender: Optional[str], to: Optional[str], data: bytes) -> Union[int, Answer]:
        """The gas of a transaction, to nobody for a deployment; or the Answer of one that would revert. Raises: as :meth:`ask`.

        Examples:
            >>> node.estimate(None, deployment.receipts, exported.submit_call)
        """
        fields = {"data": hex_text(data)}
        fields.update({"from": sender} if sender else {})
        fields.update({"to": to} if to else {})
        result = self._asked("eth_estimateGas", fields)
        if isinstance(result, Answer):
            return result
        if not isinstance(result, str) or not re.fullmatch(r"0x[0-9a-fA-F]{1,16}", result):
            raise self._unexpected("eth_estimateGas", "an amount of gas (0x..)", result)
        return int(result, 16)

    def __repr__(self) -> str:
        return f"<zkinfer.evm.Node {self.url}: chain {self.chain_id}>"


class Sent(NamedTuple):
    """A transaction that a block holds: its hash, the gas that it used, and the address of what it deployed."""

    transaction: str
    gas: int
    contract: Optional[str]


class Sender:
    """Whose transactions these are: an address that the node holds, or an account that signs here, with `address` and `sign_transaction`."""

    def __init__(self, node: Node, sender: Any) -> None:
        self._node = node
        self._account: Any = None if isinstance(sender, str) else sender
        if self._account is not None and not (hasattr(sender, "address") and callable(getattr(sender, "sign_transaction", None))):
            raise InputError(
                f"sender: {_options.shown(sender)}, expected an address that the node holds, or an account with address and sign_transaction (as eth_account's)"
            )
        self.address = address("sender", sender if self._account is None else sender.address)

    def send(self, what: str, to: Optional[str], data: bytes) -> Sent:
        """Waits until a block holds it. An error where it fails, before anything is sent where that can be known."""
        needed = self._node.estimate(self.address, to, data)
        if isinstance(needed, Answer):
            raise InputError(f"{what}: nothing was sent, {needed.why()}")
        most = _native.max_evm_transaction_gas
        if needed > most:
            raise BudgetError(f"{what}: needs {needed} gas, one transaction takes {most} (EIP-7825)")
        # What is asked of the chain's state may change until the block.
        fields: dict[str, Any] = {"gas": min(needed + needed // 16, most), "data": hex_text(data)}
        if to is not None:
            fields["to"] = to
        sent: Any
        if self._account is None:
            method, sent = "eth_sendTransaction", {**fields, "from": self.address, "gas": hex(fields["gas"])}
        else:
            method, sent = "eth_sendRawTransaction", self._signed(what, fields)
        return self._wait(what, hex_text(self._node._bytes(method, self._node.ask(method, sent), 32)))

    def _signed(self, what: str, fields: dict[str, Any]) -> str:
        node = self._node
        price = node.quantity("eth_gasPrice")
        try:
            tip = node.quantity("eth_maxPriorityFeePerGas")
        except InputError:
            tip = _USUAL_TIP
        fields = {
            **fields, "type": 2, "chainId": node.chain_id, "nonce": node.quantity("eth_getTransactionCount", self.address, "pending"), "value": 0,
            "maxPriorityFeePerGas": tip, "maxFeePerGas": 2 * price + tip,
        }  # fmt: skip
        signed = self._account.sign_transaction(fields)
        raw = getattr(signed, "raw_transaction", None) or getattr(signed, "rawTransaction", None) or signed
        if not isinstance(raw, (bytes, bytearray)):
            raise InputError(f"sender.sign_transaction gave {_options.shown(raw)}, expected raw_transaction, the bytes of a signed transaction")
        if len(raw) > _native.max_evm_transaction_bytes:
            raise BudgetError(f"{what}: a transaction of {len(raw)} bytes; nodes take {_native.max_evm_transaction_bytes}")
        return hex_text(bytes(raw))

    def _wait(self, what: str, transaction: str) -> Sent:
        method = "eth_getTransactionReceipt"
        until = time.monotonic() + _BLOCK_SECONDS
        while (receipt := self._node.ask(method, transaction)) is None:
            if time.monotonic() > until:
                raise BudgetError(
                    f"{what}: no block holds the transaction {transaction} after {_BLOCK_SECONDS // 60} minutes; it may still come: look it up before sending another"
                )
            time.sleep(_POLL_SECONDS)
        fields = receipt if isinstance(receipt, dict) else {}
        gas, status, contract = (fields.get(name) for name in ("gasUsed", "status", "contractAddress"))
        if not isinstance(status, str) or not isinstance(gas, str) or not re.fullmatch(r"0x[0-9a-fA-F]{1,16}", gas):
            raise self._node._unexpected(method, "a receipt", receipt)
        if status != "0x1":
            raise InputError(f"{what}: the transaction {transaction} failed, with {int(gas, 16)} gas; nothing has changed but the fee")
        return Sent(transaction, int(gas, 16), contract if isinstance(contract, str) else None)
