# SPDX-License-Identifier: Apache-2.0
"""Tables for notebooks."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Iterable, Sequence

from ._words import in_python_words

if TYPE_CHECKING:
    from ._key import VerificationKey
    from ._model import Model
    from ._proofs import Proof
    from .torch import Comparison


def _table(title: str, rows: Iterable[tuple[str, Any]]) -> str:
    lines = "".join(f"<tr><th style='text-align:left'>{escape(name)}</th><td style='text-align:left'>{escape(str(value))}</td></tr>" for name, value in rows)
    return f"<table><caption style='text-align:left'><b>{escape(title)}</b></caption>{lines}</table>"


def _grid(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


_MOST_LAYERS = 40


def model(model: "Model") -> str:
    record, report = model.record, model.report()
    head = _table(
        f"zkinfer model {model.name}",
        [
            ("inputs", ", ".join(f"{t.name} {tuple(t.shape)}" for t in model.inputs_info)),
            ("outputs", ", ".join(f"{t.name} {tuple(t.shape)}" for t in model.outputs_info)),
            ("parameters", f"{model.num_parameters:,}"),
            ("error", "trained as integers" if model.trained else f"{100 * record.measured_error:.2g} % of an output's largest element (asked for {record.target_text})"),
            ("cost", f"about {report.total_cost.seconds:.2g} s of proving on two cores"),
        ]
        + [("warning", in_python_words(note.text)) for note in record.notes if note.is_warning],
    )
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


_MOST_WORST = 10


def comparison(found: "Comparison") -> str:
    rows: list[tuple[str, Any]] = [("inputs", found.num_inputs)]
    if found.agreement is not None:
        rows.append(("same answer", f"{100 * found.agreement:.1f} %"))
    rows.append(("error", f"mean {found.errors.mean():.2g}, largest {found.errors.max():.2g} of an output's largest element"))
    rows.append(("worst inputs", ", ".join(f"{i} ({found.errors[i]:.2g})" for i in found.worst[:_MOST_WORST])))
    layers = [(layer.name, f"{layer.error_of_largest:.2g}") for layer in found.layers[:_MOST_LAYERS]]
    return _table("zkinfer comparison", rows) + (_grid(["layer", "error"], layers) if layers else "")
