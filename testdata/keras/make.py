#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the files of this folder; needs tensorflow-cpu, keras, tf_keras, h5py, numpy (tried with keras 3.15.1, tf_keras 2.21.0, h5py 3.14.0).

small.*: one network saved four ways. frozen.h5: parts of it are not trained. zoo.keras: a network of many layers, compressed. sequence_*: a SavedModel folder. expected.json: one input of each and what Keras makes of it.
values.h5, latest.h5: what HDF5 files may hold, of numbers that a test knows. fill.h5: elements that were never written.
"""
import json
import os
import pathlib
import shutil
import sys
import tempfile
import zipfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import h5py  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402
import tf_keras  # noqa: E402

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parents[1] / "tests" / "models"))
from keras_models import draw_weights  # noqa: E402
sys.path.insert(0, str(FOLDER.parent))
from protobuf_fields import fields  # noqa: E402


def small(K):
    L = K.layers
    return K.Sequential([K.Input((6, 5, 2)), L.Conv2D(3, 3, padding="same", strides=2, activation="relu"), L.BatchNormalization(), L.MaxPooling2D(2),
                         L.Flatten(), L.Dense(4, activation="softmax")], name="small")


def zoo(K):
    L = K.layers
    picture, tokens, scale = K.Input((6, 5, 2), name="picture"), K.Input((4,), name="tokens"), K.Input((3,), name="scale")
    x = L.Rescaling(0.5, offset=0.1)(picture)
    x = L.ZeroPadding2D(((1, 0), (0, 1)))(x)
    x = L.Conv2D(4, 3, padding="same", dilation_rate=2, groups=2, use_bias=False)(x)
    x = L.LeakyReLU(0.2)(L.BatchNormalization()(x))
    x = L.Concatenate()([L.DepthwiseConv2D(2, padding="same", depth_multiplier=2)(x), L.SeparableConv2D(3, 2, padding="same")(x)])
    x = L.GroupNormalization(groups=11)(L.PReLU(shared_axes=[1, 2])(x))
    x = L.Conv2DTranspose(3, 3, strides=2, padding="same", activation="elu")(L.AveragePooling2D(2, padding="same")(x))
    x = L.Cropping2D(1)(L.UpSampling2D(2, interpolation="bilinear")(x))
    x = L.Activation("hard_sigmoid")(L.GlobalAveragePooling2D()(x))
    y = L.Embedding(9, 6)(tokens)
    y = L.LayerNormalization()(L.Add()([y, L.MultiHeadAttention(2, 3)(y, y, use_causal_mask=True)]))
    y = L.Bidirectional(L.LSTM(2, return_sequences=True))(L.TimeDistributed(L.Dense(5))(y))
    y = L.Conv1D(3, 2, padding="causal")(y)
    y = L.GRU(3, reset_after=True)(L.SimpleRNN(4, activation="sigmoid", return_sequences=True)(y))
    inner = K.Sequential([K.Input((3,)), L.Dense(3, activation="gelu"), L.UnitNormalization()], name="inner")
    z = L.Multiply()([inner(y), scale]) + 2.0 * inner(scale)[:, ::-1]
    z = L.Reshape((3, 1))(L.Maximum()([x, z]))
    z = L.Flatten()(L.Permute((2, 1))(L.Softmax(axis=1)(z)))
    return K.Model([picture, tokens, scale], [L.Dense(4, name="answer")(L.Dropout(0.3)(z)), L.Dot(axes=1, name="score")([x, y])], name="zoo")


def sequence(K):
    L = K.layers
    x = K.Input((5,), name="words")
    y = L.Bidirectional(L.LSTM(2, return_sequences=True))(L.Embedding(7, 3)(x))
    y = L.MultiHeadAttention(2, 3)(y, y)
    inner = K.Sequential([K.Input((4,)), L.Dense(3, activation="relu"), L.BatchNormalization(), L.Dense(3, trainable=False)], name="inner")
    return K.Model(x, inner(L.GRU(4)(y)), name="sequence")


def frozen(K):
    """Parts that are not trained, whose weights Keras 2 lists last."""
    L = K.layers
    x = K.Input((4, 6), name="steps")
    attention, both = L.MultiHeadAttention(2, 3), L.Bidirectional(L.LSTM(2, return_sequences=True))
    y = L.LayerNormalization()(attention(x, x))
    inside = K.Model(x, both(y), name="inside")
    attention._query_dense.trainable = False
    both.forward_layer.trainable = False
    head = K.Sequential([K.Input((4, 4)), L.Dense(3, activation="relu"), L.BatchNormalization(), L.Dense(2)], name="head")
    head.layers[0].trainable = False
    return K.Sequential([K.Input((4, 6), name="steps"), inside, head, L.Flatten(), L.Dense(3)], name="frozen")


def save_folder(model, name, inputs, expected):
    """A SavedModel without TensorFlow's own graph, which is not read: with keras_metadata.pb, and as TensorFlow before 2.5 wrote it."""
    from tensorflow.core.protobuf import saved_model_pb2
    with tempfile.TemporaryDirectory() as folder:
        whole = pathlib.Path(folder)
        model.save(whole, save_format="tf")
        old = saved_model_pb2.SavedModel(saved_model_schema_version=1)
        read = saved_model_pb2.SavedModel.FromString((whole / "saved_model.pb").read_bytes())
        metadata = (whole / "keras_metadata.pb").read_bytes()
        texts = {node: (kind, text) for node, kind, text in described(metadata)}
        objects = old.meta_graphs.add().object_graph_def
        for number, _ in enumerate(read.meta_graphs[0].object_graph_def.nodes):
            node = objects.nodes.add()
            if number in texts:
                node.user_object.identifier, node.user_object.metadata = texts[number]
        for kind, graph in (("new", b"\x08\x01"), ("old", old.SerializeToString())):
            target = FOLDER / f"{name}_{kind}"
            shutil.rmtree(target, ignore_errors=True)
            (target / "variables").mkdir(parents=True)
            (target / "saved_model.pb").write_bytes(graph)
            if kind == "new":
                (target / "keras_metadata.pb").write_bytes(metadata)
            for file in (whole / "variables").iterdir():
                shutil.copy(file, target / "variables")
            remember(model, target.name, inputs, expected)


def described(metadata):
    """(node, kind, text) of keras_metadata.pb."""
    for _, node in fields(metadata):
        of = dict(fields(node))
        yield of.get(2, 0), of[4].decode(), of[5].decode()


def save(model, name, inputs, expected):
    path = FOLDER / name
    path.unlink(missing_ok=True)
    model.save(path)
    if name.endswith(".keras"):  # dates out, compression in
        with zipfile.ZipFile(path) as archive:
            entries = {entry: archive.read(entry) for entry in archive.namelist()}
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for entry, content in entries.items():
                archive.writestr(zipfile.ZipInfo(entry), content, compress_type=zipfile.ZIP_DEFLATED)
    remember(model, name, inputs, expected)


def remember(model, name, inputs, expected):
    outputs = model.predict([x[None] for x in inputs.values()] if len(inputs) > 1 else next(iter(inputs.values()))[None], verbose=0)
    outputs = outputs if isinstance(outputs, list) else [outputs]
    expected[name] = {"inputs": [[float(f"{v:.9g}") for v in x.ravel()] for x in inputs.values()],
                      "outputs": [[float(f"{v:.9g}") for v in y.ravel()] for y in outputs]}


def main():
    expected = {}
    random = np.random.default_rng(5)
    picture = random.uniform(-1, 1, (6, 5, 2)).astype(np.float32)
    for K, label in ((keras, "keras3"), (tf_keras, "keras2")):
        for form in ("keras", "h5"):
            K.backend.clear_session()
            model = small(K)
            draw_weights(model, np.random.default_rng(3))
            save(model, f"small_{label}.{form}", {"x": picture}, expected)
    tf_keras.backend.clear_session()
    model = frozen(tf_keras)
    draw_weights(model, np.random.default_rng(8))
    save(model, "frozen.h5", {"steps": np.random.default_rng(9).uniform(-1, 1, (4, 6)).astype(np.float32)}, expected)
    model = zoo(keras)
    draw_weights(model, np.random.default_rng(4))
    save(model, "zoo.keras", {"picture": picture, "tokens": random.integers(0, 9, 4).astype(np.int32), "scale": random.uniform(0.5, 1, 3).astype(np.float32)}, expected)
    tf_keras.backend.clear_session()
    model = sequence(tf_keras)
    draw_weights(model, np.random.default_rng(6))
    save_folder(model, "sequence", {"words": random.integers(0, 7, 5).astype(np.int32)}, expected)
    (FOLDER / "expected.json").write_text(json.dumps(expected) + "\n")

    numbers = np.arange(24).reshape(2, 3, 4)
    with h5py.File(FOLDER / "values.h5", "w") as file:
        for kind in ("<f2", "<f4", "<f8", ">f4", ">f8", "i1", "<i2", ">i4", "<i8", "u1", ">u2"):
            file.create_dataset(kind.replace("<", "little_").replace(">", "big_"), data=numbers.astype(kind))
        file.create_dataset("gzip", data=numbers.astype("f4"), chunks=(1, 2, 3), compression="gzip", shuffle=True, fletcher32=True)
        file.create_dataset("chunks", data=np.arange(1000, dtype="i4"), chunks=(7,))
        file.create_dataset("bool", data=numbers % 3 == 0)
        file.create_dataset("scalar", data=np.float32(3.5))
        file.create_dataset("empty", data=np.zeros((0, 4), "f4"))
        file.create_dataset("compound", data=np.zeros(2, [("a", "f4"), ("b", "i4")]))
        many = file.create_group("many")
        for i in range(30):
            many[f"x_{i}"] = np.float32(i)
        file.attrs["fixed"] = np.array([b"one", b"three"])
        file.attrs["text"] = "a longer text \u00e9"
        file.attrs["texts"] = np.array(["first", "", "third"], dtype=h5py.string_dtype())
        file["soft"] = h5py.SoftLink("/gzip")
    with h5py.File(FOLDER / "latest.h5", "w", libver="latest") as file:
        group = file.create_group("group")
        group["x"] = numbers.astype("f4")
        group.attrs["text"] = "new"
        file.create_dataset("chunks", data=numbers.astype("f4"), chunks=(1, 3, 4), compression="gzip")
    write_fill_values(FOLDER / "fill.h5")


def write_fill_values(path):
    """Datasets of which no element, or only some, were written."""
    def without_fill(file, name, chunk=None):
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        plist.set_alloc_time(h5py.h5d.ALLOC_TIME_LATE)
        if chunk:
            plist.set_chunk(chunk)
            plist.set_alloc_time(h5py.h5d.ALLOC_TIME_INCR)
        return h5py.Dataset(h5py.h5d.create(file.id, name.encode(), h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple((6,)), plist))

    with h5py.File(path, "w") as file:
        file.create_dataset("contiguous", (6,), "<f4", fillvalue=2.5)
        file.create_dataset("big", (6,), ">i4", fillvalue=-7)
        file.create_dataset("chunked", (6,), "<f4", fillvalue=2.5, chunks=(2,))
        file.create_dataset("some", (5, 3), "<f4", fillvalue=2.5, chunks=(2, 2), compression="gzip")[1, 1] = 1
        file.create_dataset("zeros", (6,), "<f4", chunks=(2,))
        without_fill(file, "never")
        without_fill(file, "all_written", (2,))[:] = 1


if __name__ == "__main__":
    main()
