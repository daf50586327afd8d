# SPDX-License-Identifier: Apache-2.0
"""Fitted scikit-learn estimators as ONNX, read from what they learned: no converter is needed. One function per kind of estimator,
found by the names of its class and of those it derives from; what predict, predict_proba and transform compute is what the graph computes."""

from __future__ import annotations

from . import base, ensembles, gaussians, kernels, layers, multiclass, neighbours, refused, scalers, targets, transformers, trees  # each names what it reads
from .base import Prediction, Unknown, best_index, label, predict, predicts, single, transform

__all__ = (
    "Prediction", "Unknown", "base", "best_index", "ensembles", "gaussians", "kernels", "label", "layers", "multiclass", "neighbours", "predict", "predicts", "refused", "scalers",
    "single", "targets", "transform", "transformers", "trees",
)  # fmt: skip
