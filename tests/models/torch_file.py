# SPDX-License-Identifier: Apache-2.0
"""Weights of a file that `torch.save` wrote, as NumPy arrays, without torch: {name: array}.

Both forms: the ZIP archive of today and the pickles one after the other of before 1.6. Nothing is called that a file names beyond the few
functions listed here.
"""
import collections
import io
import pathlib
import pickle
import zipfile

import numpy as np

STORAGES = {"FloatStorage": np.float32, "DoubleStorage": np.float64, "HalfStorage": np.float16, "LongStorage": np.int64,
            "IntStorage": np.int32, "ShortStorage": np.int16, "CharStorage": np.int8, "ByteStorage": np.uint8, "BoolStorage": np.bool_}


class Later:
    """A tensor whose storage comes after the pickle."""
    def __init__(self, key, dtype, offset, shape, strides):
        self.key, self.dtype, self.offset, self.shape, self.strides = key, dtype, offset, shape, strides

    def array(self, storages):
        data = storages[self.key].view(self.dtype)
        steps = [s * data.itemsize for s in self.strides]
        return np.lib.stride_tricks.as_strided(data[self.offset:], self.shape, steps).copy()


class Reader(pickle.Unpickler):
    def __init__(self, file):
        super().__init__(file)
        self.dtypes = {}  # of every storage

    def find_class(self, module, name):
        if name in STORAGES:
            return STORAGES[name]
        allowed = {("collections", "OrderedDict"): collections.OrderedDict,
                   ("torch._utils", "_rebuild_tensor_v2"): lambda storage, offset, shape, strides, *_: Later(*storage, offset, shape, strides),
                   ("torch._utils", "_rebuild_tensor"): lambda storage, offset, shape, strides: Later(*storage, offset, shape, strides),
                   ("torch._utils", "_rebuild_parameter"): lambda tensor, *_: tensor}
        if (module, name) not in allowed:
            raise ValueError(f"{module}.{name} is no part of a file of weights")
        return allowed[module, name]

    def persistent_load(self, saved):
        _, dtype, key, *_ = saved
        self.dtypes[key] = dtype
        return key, dtype


def flatten(value, storages, prefix=""):
    if isinstance(value, Later):
        return {prefix: value.array(storages)}
    out = {}
    if isinstance(value, dict):
        for key, inner in value.items():
            out.update(flatten(inner, storages, f"{prefix}.{key}" if prefix else str(key)))
    return out


def read_zip(path):
    with zipfile.ZipFile(path) as archive:
        pickled = [n for n in archive.namelist() if n.endswith("/data.pkl")][0]
        root = pickled[:-len("data.pkl")]
        value = Reader(io.BytesIO(archive.read(pickled))).load()
        storages = {n[len(root) + 5:]: np.frombuffer(archive.read(n), np.uint8) for n in archive.namelist() if n.startswith(root + "data/")}
    return flatten(value, storages)


def read_pickles(path):
    with open(path, "rb") as file:
        for _ in range(3):  # magic number, version, sizes of C types
            pickle.Unpickler(file).load()
        reader = Reader(file)
        value = reader.load()
        storages = {}
        for key in pickle.Unpickler(file).load():
            count = int(np.frombuffer(file.read(8), np.int64)[0])
            storages[key] = np.frombuffer(file.read(count * np.dtype(reader.dtypes[key]).itemsize), np.uint8)
    return flatten(value, storages)


def read(path):
    path = pathlib.Path(path)
    return read_zip(path) if zipfile.is_zipfile(path) else read_pickles(path)
