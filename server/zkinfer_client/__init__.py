# SPDX-License-Identifier: Apache-2.0
"""Clients of zkinfer-server (docs/server.md). Needs zkinfer or zkinfer-verify, NumPy and cryptography."""

from .client import Answer, Client, Refused
from .http import ServiceError
from .receipt import ReceiptError, keys_of, verify_receipt

__all__ = ["Answer", "Client", "ReceiptError", "Refused", "ServiceError", "keys_of", "verify_receipt"]
