# SPDX-License-Identifier: Apache-2.0
"""What a verifier holds of tensors, in the words of `zkinfer.verify`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .canonical import Part


def policy_of(policy: Any) -> str:
    """As Model.commit says it: "public", "private:sha256", .."""
    return str(policy.exposure.name) + ("" if policy.hash.name == "none" else ":" + str(policy.hash.name))


def known(policy: str, parts: Sequence[Part]) -> dict[str, bytes]:
    """Canonical bytes by name, of all that a proof shows or hashes; nothing of what it hides."""
    return {} if policy in ("private", "committed") else {part.name: part.data for part in parts}
