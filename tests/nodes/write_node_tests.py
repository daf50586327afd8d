#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""write_node_tests.py FOLDER: writes the node tests of the installed `onnx` package as folders, as libonnx-testdata has them.

Releases after 1.20 carry them as Python only. Where an input or output is no tensor, its data are left out: node_tests tells such a case
by its model.
"""
import pathlib
import sys
import warnings

import onnx
from onnx import numpy_helper
from onnx.backend.test.case import node


def write_tensor(path, value, name):
    if not isinstance(value, onnx.TensorProto):
        try:
            value = numpy_helper.from_array(value, name)
        except (TypeError, AttributeError, ValueError):
            return  # a sequence, an optional, a map
    path.write_bytes(value.SerializeToString())


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    target = pathlib.Path(sys.argv[1])
    warnings.simplefilter("ignore")  # NumPy's, of casts that the tests mean to overflow
    cases = node.collect_testcases()
    for case in cases:
        folder = target / case.name
        data = folder / "test_data_set_0"
        data.mkdir(parents=True, exist_ok=True)
        (folder / "model.onnx").write_bytes(case.model.SerializeToString())
        inputs, outputs = case.data_sets[0]
        for i, (value, info) in enumerate(zip(inputs, case.model.graph.input)):
            write_tensor(data / f"input_{i}.pb", value, info.name)
        for i, (value, info) in enumerate(zip(outputs, case.model.graph.output)):
            write_tensor(data / f"output_{i}.pb", value, info.name)
    print(f"onnx {onnx.__version__}: {len(cases)} node tests")


main()
