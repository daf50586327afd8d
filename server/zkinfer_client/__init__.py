# SPDX-License-Identifier: Apache-2.0
"""Clients of zkinfer-server (docs/server.md). Needs zkinfer or zkinfer-verify, NumPy and cryptography."""

from .client import Answer, Client, Refused
from .http import ServiceError
from .receipt import ReceiptError, keys_of, verify_receipt


def __getattr__(name: str) -> object:
    # Tokenizers are of the whole package, not of zkinfer-verify.
    if name == "TextClient":
        from .text import TextClient

        return TextClient
    raise AttributeError(f"module 'zkinfer_client' has no attribute {name!r}")


__all__ = ["Answer", "Client", "ReceiptError", "Refused", "ServiceError", "TextClient", "keys_of", "verify_receipt"]
