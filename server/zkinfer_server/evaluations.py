# SPDX-License-Identifier: Apache-2.0
"""How good a model is, proven: the evaluations beside it, each of which is checked before the model's card names it."""

from __future__ import annotations

import glob
import pathlib
import struct
from dataclasses import dataclass
from typing import Any, Optional

import zkinfer
from zkinfer_client.canonical import sha256

# docs/formats/evaluation.md: identity of the key, data set, rows counted, rows of the set.
_HEAD = struct.Struct("<8x32s32x32s20xQ8xQ")


@dataclass(frozen=True)
class ShownEvaluation:
    """One that was accepted. entry: texts and whole numbers, for the card; file, data, path: what a customer checks it with."""

    entry: dict[str, Any]
    file: pathlib.Path
    data: pathlib.Path
    path: Optional[pathlib.Path]


def evaluations_beside(model: pathlib.Path, key: zkinfer.VerificationKey) -> tuple[list[ShownEvaluation], dict[str, str]]:
    """Of NAME.zkmodel: NAME.zkeval and NAME.*.zkeval, on data sets (.zkset) of the same folder; and why others are not shown, by file."""
    stem = glob.escape(model.name[: -len(".zkmodel")])
    files = sorted({*model.parent.glob(f"{stem}.zkeval"), *model.parent.glob(f"{stem}.*.zkeval")})
    shown: list[ShownEvaluation] = []
    problems: dict[str, str] = {}
    sets: dict[pathlib.Path, zkinfer.DataSet] = {}
    for path in sorted(model.parent.glob("*.zkset")) if files else []:
        try:
            sets[path] = zkinfer.DataSet.load(path)
        except zkinfer.ZkinferError as error:
            problems[path.name] = str(error)
    for file in files:
        try:
            shown.append(_checked(file, key, sets))
        except (zkinfer.ZkinferError, ValueError) as error:
            problems[file.name] = f"{file.name}: {error}"
    return shown, problems


def _checked(file: pathlib.Path, key: zkinfer.VerificationKey, sets: dict[pathlib.Path, zkinfer.DataSet]) -> ShownEvaluation:
    """Raises: zkinfer.ZkinferError, ValueError."""
    data = zkinfer.Evaluation.load(file).to_bytes()
    if len(data) < _HEAD.size:
        raise ValueError("it is cut off in its header")
    identity, data_set, rows, set_rows = _HEAD.unpack_from(data)
    claimed = data_set.hex()
    found = next((path for path, one in sets.items() if one.digest == claimed), None)
    if found is None:
        raise ValueError(f"its data set {claimed[:16]}.. is not in the folder (.zkset)")
    if rows < set_rows:
        raise ValueError("it is of a sample, which shows a model's quality to whoever drew its nonce and to nobody else; prove all rows")
    checked = zkinfer.verify_evaluation(file, key, sets[found])
    first = checked.figures[0]
    entry = {
        "metric": checked.metric, "value": f"{checked.value:.6g}", "exact": f"{first.numerator}/{first.denominator}", "rows": checked.num_rows,
        "groups": checked.num_groups, "data_set": claimed, "weights": checked.weights, "sha256": sha256(data).hex(), "bytes": len(data),
    }  # fmt: skip
    path = file.with_name(identity.hex()[:16] + ".zkpath")
    return ShownEvaluation(entry, file, found, path if path.is_file() else None)
