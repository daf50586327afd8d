# SPDX-License-Identifier: Apache-2.0
"""The models of a folder, as front ends hold them: what answers, its public key, its card. Secrets are the workers'."""

from __future__ import annotations

import glob
import pathlib
import time
from typing import Any, Mapping, Optional

import numpy as np

import zkinfer
from zkinfer_client.canonical import Part, canonical_bytes, integers_of, jcs, sha256
from zkinfer_client.known import policy_of

from .evaluations import evaluations_beside
from .problems import Problem

_SUFFIX = ".zkmodel"
_SCAN_SECONDS = 5.0
_LEAST_BODY = 1 << 16


def tokenizer_beside(path: pathlib.Path) -> Optional[zkinfer.Tokenizer]:
    """Of NAME.zkmodel, NAME.tokenizer.json, .bin, .model or .gguf; None where there is none, and the model is none of language."""
    found = sorted(path.parent.glob(f"{glob.escape(path.stem)}.tokenizer.*"))
    return zkinfer.Tokenizer(found[0]) if found else None


class ServedModel:
    """One model. Raises: zkinfer.ZkinferError, ValueError where it cannot be served, and why."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path, self.name = path, path.name[: -len(_SUFFIX)]
        self.model = zkinfer.Model.load(path)
        self.key = zkinfer.VerificationKey.load(path.with_suffix(".zkkey"))
        info = self.key.info
        if not self.key.certified and not info.public_parameters:
            raise ValueError(f"{self.name}: no certificate beside its key; `zkinfer certify` makes one")
        self.inputs_policy, self.outputs_policy = policy_of(info.inputs), policy_of(info.outputs)
        for what, policy in (("inputs", self.inputs_policy), ("outputs", self.outputs_policy)):
            if policy.startswith("committed") or (what == "outputs" and policy == "private"):
                raise ValueError(f"{self.name}: its {what} are {policy}; a service needs public or hashed ones: `zkinfer commit --inputs public:keccak256`")
        self.root = self.key.identity
        self.tokenizer = tokenizer_beside(path)
        self.evaluations, self.refused = evaluations_beside(path, self.key)
        self.card = self._card()
        self.card_digest = sha256(jcs(self.card)).hex()

    def _card(self) -> dict[str, Any]:
        """Texts and whole numbers, so that it has one digest."""
        info, record = self.key.info, self.model.record
        page = self.path.with_suffix(".md")
        tensors = {
            what: [
                {"name": t.name, "shape": list(t.shape), "lo": str(t.format.lo), "hi": str(t.format.hi), "scale": repr(float(t.format.scale))} for t in found
            ]
            for what, found in (("inputs", info.input_tensors), ("outputs", info.output_tensors))
        }
        return {
            "name": self.name, "root": self.root, "structure": info.structure_digest.hex(), "parameters": int(info.num_parameters),
            "security_bits": int(info.weakest_bits), "certified": self.key.certified, "public_weights": bool(info.public_parameters),
            "inputs_seen": self.inputs_policy, "outputs_seen": self.outputs_policy, "measured_error": f"{record.measured_error:.3g}",
            "error_target": record.target_text, **tensors, "evaluations": [one.entry for one in self.evaluations], **({"tokenizer": self.tokenizer.digest} if self.tokenizer else {}), "description": page.read_text() if page.is_file() else "",
        }  # fmt: skip

    @property
    def largest_body(self) -> int:
        """Bytes of a request: 32 for a number, as JSON has them at most, and what stands around them."""
        return _LEAST_BODY + 32 * sum(info.num_elements for info in self.key.info.input_tensors)

    @property
    def shows_input(self) -> bool:
        """Whether a proof says of which input it is."""
        return self.inputs_policy != "private"

    @property
    def is_counted(self) -> bool:
        return not self.key.info.public_parameters

    def read(self, given: Mapping[str, np.ndarray]) -> list[Part]:
        """The request as it is hashed. Raises: Problem for shapes, names and ranges that the model does not take."""
        parts = []
        infos = self.key.info.input_tensors
        if set(given) != {info.name for info in infos}:
            raise Problem("bad-request", f"inputs {sorted(given)}, expected {[info.name for info in infos]}")
        for info in infos:
            values = given[info.name]
            squeezed = [n for n in values.shape if n != 1]
            if squeezed != [n for n in info.shape if n != 1]:
                raise Problem("bad-request", f"input '{info.name}': shape {list(values.shape)}, expected {list(info.shape)}")
            if values.dtype.kind == "f" and not np.isfinite(values).all():
                raise Problem("range", f"input '{info.name}': a value that is no finite number")
            integers, outside = integers_of(info, values)
            if outside:
                low, high = info.format.lo * info.format.scale, info.format.hi * info.format.scale
                raise Problem("range", f"input '{info.name}': {outside} of {values.size} values outside of [{low:.6g}, {high:.6g}], which the model takes")
            parts.append(Part(info.name, info.shape, canonical_bytes(info, integers)))
        return parts

    def run(self, given: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], list[Part]]:
        """Real outputs, their integers, and the answer as it is hashed."""
        try:
            result = self.model.run(dict(given))
        except zkinfer.InputError as error:
            raise Problem("range", str(error)) from None
        infos = self.key.info.output_tensors
        parts = [Part.of(info, integers) for info, integers in zip(infos, result.integers)]
        names = [info.name for info in infos]
        return dict(zip(names, result.outputs)), dict(zip(names, result.integers)), parts


class Models:
    """All of a folder, by root and by name."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self._served: dict[str, ServedModel] = {}
        self.problems: dict[str, str] = {}
        self.scan()

    def scan(self) -> list[ServedModel]:
        """Reads what is new; says what cannot be served in `problems`."""
        new = []
        self._scanned = time.monotonic()
        known = {model.path for model in self._served.values()}
        for path in sorted(self.folder.glob("*" + _SUFFIX)):
            if path in known:
                continue
            if not path.with_suffix(".zkkey").exists():
                self.problems[path.name] = f"'{path}' has no key beside it, which `zkinfer commit` makes"
                continue
            try:
                model = ServedModel(path)
                self._served[model.root] = model
                self.problems.pop(path.name, None)
                self.problems.update(model.refused)
                new.append(model)
            except (zkinfer.ZkinferError, ValueError) as error:
                self.problems[path.name] = str(error)
        return new

    def largest_body(self, of_one: Optional[ServedModel] = None) -> int:
        """Bytes of a request of this model, or of any: no more are read."""
        return max((model.largest_body for model in ([of_one] if of_one is not None else self)), default=_LEAST_BODY)

    def __iter__(self) -> Any:
        return iter(list(self._served.values()))

    def __len__(self) -> int:
        return len(self._served)

    def _find(self, name: str) -> Optional[ServedModel]:
        return self._served.get(name) or next((m for m in self if m.name == name), None)

    def find(self, name: str) -> ServedModel:
        """By root or by name. Raises: Problem."""
        found = self._find(name)
        if found is None and time.monotonic() - self._scanned > _SCAN_SECONDS:
            self.scan()
            found = self._find(name)
        if found is None:
            raise Problem("not-found", f"no model '{name}'")
        return found
