# SPDX-License-Identifier: Apache-2.0
"""Tables for notebooks."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Iterable, Optional, Sequence

from ._words import in_python_words
from .errors import InputError

if TYPE_CHECKING:
    from ._key import Soundness, VerificationKey
    from ._model import Model, RunResult
    from ._proofs import Batch, Proof
    from ._verify import Statement, VerifiedTensor
    from .torch import Comparison


def _table(title: str, rows: Iterable[tuple[str, Any]]) -> str:
    lines = "".join(f"<tr><th style='text-align:left'>{escape(name)}</th><td style='text-align:left'>{escape(str(value))}</td></tr>" for name, value in rows)
    return f"<table><caption style='text-align:left'><b>{escape(title)}</b></caption>{lines}</table>"


def _grid(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


_MOST_LAYERS = 40
#: What every proof of 128 bits pays besides what the report counts (src/api/proof_cost.cc).
_FIXED_SECONDS = 0.025


def _cost(counted: float) -> str:
    return f"about {_FIXED_SECONDS + counted:.2g} s of proving on two cores, of which {_FIXED_SECONDS:.2g} s do not depend on the model"


def model(model: "Model") -> str:
    record = model.record
    try:
        report = model.report()
    except InputError:  # of a process that was forked and cannot compute
        report = None
    head = _table(
        f"zkinfer model {model.name}",
        [
            ("inputs", ", ".join(f"{t.name} {tuple(t.shape)}" for t in model.inputs_info)),
            ("outputs", ", ".join(f"{t.name} {tuple(t.shape)}" for t in model.outputs_info)),
            ("parameters", f"{model.num_parameters:,}"),
            ("error", "trained as integers" if model.trained else f"{100 * record.measured_error:.2g} % of an output's largest element (asked for {record.target_text})"),
        ]
        + ([("cost", _cost(report.total_cost.seconds))] if report is not None else [])
        + [("warning", in_python_words(note.text)) for note in record.notes if note.is_warning],
    )
    if report is None:
        return head
    total = report.total_cost.seconds or 1.0
    nodes = report.nodes
    rows = [
        (node.name, node.op, tuple(report.tensors[node.output].shape), report.tensors[node.output].bits, f"{100 * node.cost.seconds / total:.1f} %")
        for node in nodes[:_MOST_LAYERS]
    ]
    more = f"<p>and {len(nodes) - _MOST_LAYERS} more layers</p>" if len(nodes) > _MOST_LAYERS else ""
    return head + _grid(["layer", "operator", "shape", "bits", "share of cost"], rows) + more


_SHOWN = {"public": "shown", "private": "hidden", "committed": "hidden, with a commitment"}


def _exposure(policy: Any) -> str:
    return _SHOWN[policy.exposure.name] + ("" if policy.hash.name == "none" else f", bound by its {policy.hash.name}")


def key(key: "VerificationKey") -> str:
    info = key.info
    return _table(
        f"zkinfer verification key of {info.model_name}",
        [
            ("identity", key.identity),
            ("inputs", _exposure(info.inputs)),
            ("outputs", _exposure(info.outputs)),
            ("weights", "shown" if info.public_parameters else f"hidden ({info.num_parameters:,} of them)"),
            ("weights are integers", "certified" if key.certified else "not certified"),
            ("security", f"{info.weakest_bits:.0f} bits"),
            ("verifying", f"about {info.verify_nanoseconds / 1e6:.1f} ms"),
        ],
    )


def proof(proof: "Proof") -> str:
    rows: list[tuple[str, Any]] = [("size", f"{len(proof):,} bytes")]
    if proof.outputs is not None and proof.integers is not None:
        for output in proof.outputs:
            rows.append((f"output {output.shape}", str(output.ravel()[:10]) + (" .." if output.size > 10 else "")))
    if proof._key is not None:
        info = proof._key.info
        rows += [
            ("says", f"model {proof._key.identity[:16]}.. gave these outputs"),
            ("inputs", _exposure(info.inputs)),
            ("outputs", _exposure(info.outputs)),
            ("weights", "shown" if info.public_parameters else "hidden"),
        ]
    if proof.stats is not None:
        rows.append(("made in", f"{proof.stats.total_seconds:.3g} s"))
    return _table("zkinfer proof", rows)


def statement(statement: "Statement") -> str:
    def said(tensor: "VerifiedTensor") -> str:
        if tensor.values is None:
            return f"{tensor.policy}: the proof does not show it"
        return str(tensor.values.ravel()[:10]) + (" .." if tensor.values.size > 10 else "")

    rows: list[tuple[str, Any]] = [("says", f"model {statement.identity[:16]}.. gave these outputs")]
    rows += [(f"output {tensor.name} {tuple(tensor.shape)}", said(tensor)) for tensor in statement.output_tensors]
    rows += [(f"input {tensor.name} {tuple(tensor.shape)}", said(tensor)) for tensor in statement.input_tensors]
    rows += [("weights", statement.weights), ("context", repr(statement.context) if statement.context != b"" else "none"), ("security", f"{statement.security_bits:.0f} bits")]
    return _table("zkinfer statement, accepted", rows)


_MOST_ROWS = 20


def batch(batch: "Batch", count: Optional[int]) -> str:
    head = _table("zkinfer batch", [("rows", count), ("size", f"{len(batch):,} bytes")] + ([("values clipped", batch.num_clipped)] if batch.num_clipped else []))
    if batch.rows is None:
        return head
    rows = [(i, ", ".join(str(output.ravel()[:10]) + (" .." if output.size > 10 else "") for output in row)) for i, row in enumerate(batch.rows[:_MOST_ROWS])]
    more = f"<p>and {len(batch.rows) - _MOST_ROWS} more rows</p>" if len(batch.rows) > _MOST_ROWS else ""
    return head + _grid(["row", "outputs"], rows) + more


def run_result(result: "RunResult") -> str:
    rows: list[tuple[str, Any]] = [(f"output {output.shape}", str(output.ravel()[:10]) + (" .." if output.size > 10 else "")) for output in result.outputs]
    if result.num_clipped:
        rows.append(("values clipped", result.num_clipped))
    return _table("zkinfer inference, without a proof", rows + [("cut off in", node.node) for node in result.saturation])


def soundness(soundness: "Soundness") -> str:
    return _table("zkinfer soundness", [("security", f"{soundness.bits:.1f} bits")]) + f"<pre>{escape(str(soundness))}</pre>"


_MOST_WORST = 10


def comparison(found: "Comparison") -> str:
    rows: list[tuple[str, Any]] = [("inputs", found.num_inputs)]
    if found.agreement is not None:
        rows.append(("same answer", f"{100 * found.agreement:.1f} %"))
    rows.append(("error", f"mean {found.errors.mean():.2g}, largest {found.errors.max():.2g} of an output's largest element"))
    rows.append(("worst inputs", ", ".join(f"{i} ({found.errors[i]:.2g})" for i in found.worst[:_MOST_WORST])))
    layers = [(layer.name, f"{layer.error_of_largest:.2g}") for layer in found.layers[:_MOST_LAYERS]]
    return _table("zkinfer comparison", rows) + (_grid(["layer", "error"], layers) if layers else "")
