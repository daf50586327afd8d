# SPDX-License-Identifier: Apache-2.0
"""A service that answers at once with signed receipts, and proves its answers (docs/server.md)."""
