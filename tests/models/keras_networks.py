# SPDX-License-Identifier: Apache-2.0
"""The networks of keras_models.py. Each is built by one module: Keras 3 or tf_keras."""
from dataclasses import dataclass, field
from typing import Callable


@dataclass
class Case:
    name: str
    build: Callable
    only: str = ""          # "keras3", "keras2"
    low: float = -2.0       # of inputs
    high: float = 2.0
    tokens: int = 0         # inputs are whole numbers below it
    lengths: dict = field(default_factory=dict)  # of open axes
    classes: bool = True    # the largest output counts
    refused: tuple = ()     # parts of the message
    operations: bool = False  # of keras.ops: Keras 3 itself does not read them back from .h5


CASES = []


def add(name, build, **more):
    CASES.append(Case(name, build, **more))


def layer(name, shape, make, **more):
    """A network of one layer: make(layers, keras) gives it."""
    def build(keras):
        x = keras.Input(shape)
        return keras.Model(x, make(keras.layers)(x))
    add(name, build, **more)


def chain(name, shape, make, **more):
    """A Sequential: make(layers) gives a list."""
    add(name, lambda keras: keras.Sequential([keras.Input(shape), *make(keras.layers)]), **more)


def graph(name, shapes, make, **more):
    """A functional model: make(keras, layers, *inputs) gives its outputs."""
    def build(keras):
        inputs = [keras.Input(shape) for shape in shapes]
        return keras.Model(inputs if len(inputs) > 1 else inputs[0], make(keras, keras.layers, *inputs))
    add(name, build, **more)


# Dense and what needs no weights.
layer("dense", (7,), lambda L: L.Dense(5))
layer("dense without bias", (7,), lambda L: L.Dense(5, use_bias=False, activation="relu"))
layer("dense on steps", (4, 7), lambda L: L.Dense(5, activation="tanh"))
layer("dense on pictures", (3, 4, 5), lambda L: L.Dense(6))
for name in ("relu elu selu softplus softsign sigmoid tanh exponential hard_sigmoid linear gelu swish softmax").split():
    layer("activation " + name, (4, 6), lambda L, name=name: L.Activation(name))
for name in ("relu6 leaky_relu silu hard_silu mish log_softmax celu hard_tanh hard_shrink soft_shrink tanh_shrink squareplus log_sigmoid").split():
    layer("activation " + name, (4, 6), lambda L, name=name: L.Activation(name), only="keras3")
layer("ReLU 6", (9,), lambda L: L.ReLU(max_value=6.0), low=-3, high=9)
layer("ReLU slope", (9,), lambda L: L.ReLU(negative_slope=0.2))
layer("ReLU threshold", (9,), lambda L: L.ReLU(max_value=1.5, negative_slope=0.25, threshold=0.5))
layer("LeakyReLU", (9,), lambda L: L.LeakyReLU())
layer("PReLU", (3, 4, 2), lambda L: L.PReLU())
layer("PReLU shared", (3, 4, 2), lambda L: L.PReLU(shared_axes=[1, 2]))
layer("ELU", (9,), lambda L: L.ELU(alpha=0.7))
layer("ThresholdedReLU", (9,), lambda L: L.ThresholdedReLU(theta=0.6), only="keras2")
layer("Softmax axis 1", (5, 4), lambda L: L.Softmax(axis=1), classes=False)
layer("Softmax", (3, 5, 4), lambda L: L.Softmax())
chain("activation layer as function", (6,), lambda L: [L.Dense(5, activation=L.LeakyReLU(0.1)), L.Dense(4, activation=L.ReLU(max_value=2.0))])
for kind, arguments in (("Dropout", (0.4,)), ("GaussianNoise", (0.3,)), ("GaussianDropout", (0.3,)), ("AlphaDropout", (0.2,)), ("SpatialDropout1D", (0.3,)),
                        ("ActivityRegularization", (0.1,))):
    chain(kind, (5, 6), lambda L, kind=kind, arguments=arguments: [L.Dense(4), getattr(L, kind)(*arguments), L.Dense(3)])
chain("SpatialDropout2D", (5, 6, 2), lambda L: [L.Conv2D(4, 2), L.SpatialDropout2D(0.4), L.Conv2D(3, 2)])

# Moving elements.
layer("Flatten", (3, 4, 2), lambda L: L.Flatten())
layer("Flatten channels first", (3, 4, 2), lambda L: L.Flatten(data_format="channels_first"))
layer("Reshape", (4, 6), lambda L: L.Reshape((3, 8)))
layer("Reshape open", (4, 6), lambda L: L.Reshape((-1, 2, 3)))
layer("Permute", (2, 3, 4), lambda L: L.Permute((3, 1, 2)), classes=False)
layer("RepeatVector", (5,), lambda L: L.RepeatVector(3))
layer("ZeroPadding1D", (4, 3), lambda L: L.ZeroPadding1D((1, 2)))
layer("ZeroPadding2D", (4, 3, 2), lambda L: L.ZeroPadding2D(((1, 0), (2, 3))))
layer("ZeroPadding2D symmetric", (4, 3, 2), lambda L: L.ZeroPadding2D((1, 2)))
layer("ZeroPadding2D channels first", (2, 4, 3), lambda L: L.ZeroPadding2D((1, 2), data_format="channels_first"))
layer("ZeroPadding3D", (3, 2, 3, 2), lambda L: L.ZeroPadding3D(1))
layer("Cropping1D", (6, 3), lambda L: L.Cropping1D((1, 2)))
layer("Cropping2D", (6, 5, 2), lambda L: L.Cropping2D(((1, 2), (0, 1))))
layer("Cropping3D", (4, 4, 5, 2), lambda L: L.Cropping3D(1))
layer("UpSampling1D", (4, 3), lambda L: L.UpSampling1D(3))
layer("UpSampling2D", (4, 3, 2), lambda L: L.UpSampling2D((2, 3)))
layer("UpSampling2D bilinear", (4, 3, 2), lambda L: L.UpSampling2D(2, interpolation="bilinear"))
layer("UpSampling3D", (2, 3, 2, 2), lambda L: L.UpSampling3D(2))
layer("Resizing", (6, 8, 2), lambda L: L.Resizing(9, 5))
layer("CenterCrop", (7, 8, 2), lambda L: L.CenterCrop(4, 3))

# Convolutions.
for padding in ("valid", "same"):
    for stride in (1, 2, 3):
        layer(f"Conv2D {padding} stride {stride}", (9, 8, 3), lambda L, p=padding, s=stride: L.Conv2D(4, (3, 2), strides=s, padding=p, activation="relu"))
        layer(f"Conv1D {padding} stride {stride}", (11, 3), lambda L, p=padding, s=stride: L.Conv1D(4, 4, strides=s, padding=p))
        layer(f"Conv2DTranspose {padding} stride {stride}", (4, 5, 3), lambda L, p=padding, s=stride: L.Conv2DTranspose(2, (3, 2), strides=s, padding=p))
    layer(f"Conv2D {padding} dilated", (9, 8, 3), lambda L, p=padding: L.Conv2D(4, 3, dilation_rate=2, padding=p))
    layer(f"Conv3D {padding}", (5, 4, 5, 2), lambda L, p=padding: L.Conv3D(3, 2, strides=2, padding=p))
    layer(f"DepthwiseConv2D {padding}", (6, 7, 3), lambda L, p=padding: L.DepthwiseConv2D(3, depth_multiplier=2, padding=p))
    layer(f"DepthwiseConv2D {padding} stride 2", (7, 8, 3), lambda L, p=padding: L.DepthwiseConv2D(3, strides=2, padding=p, activation="relu"))
    layer(f"DepthwiseConv1D {padding}", (9, 3), lambda L, p=padding: L.DepthwiseConv1D(3, depth_multiplier=2, padding=p))
    layer(f"SeparableConv2D {padding}", (6, 7, 3), lambda L, p=padding: L.SeparableConv2D(4, 3, depth_multiplier=2, padding=p))
    layer(f"SeparableConv1D {padding}", (9, 3), lambda L, p=padding: L.SeparableConv1D(4, 3, strides=2, padding=p))
    layer(f"Conv1DTranspose {padding}", (5, 3), lambda L, p=padding: L.Conv1DTranspose(2, 3, strides=2, padding=p))
    layer(f"Conv3DTranspose {padding}", (2, 3, 2, 2), lambda L, p=padding: L.Conv3DTranspose(2, 2, strides=2, padding=p))
layer("Conv1D causal", (9, 3), lambda L: L.Conv1D(4, 3, padding="causal", dilation_rate=2))
layer("Conv2D groups", (6, 5, 4), lambda L: L.Conv2D(6, 3, groups=2))
layer("Conv2D without bias", (6, 5, 4), lambda L: L.Conv2D(6, 1, use_bias=False))
layer("Conv2DTranspose output padding", (4, 5, 3), lambda L: L.Conv2DTranspose(2, 3, strides=2, padding="same", output_padding=1))
layer("Conv2DTranspose wide stride", (4, 5, 3), lambda L: L.Conv2DTranspose(2, 2, strides=3, padding="valid"))

# Pools.
for kind in ("MaxPooling", "AveragePooling"):
    layer(kind + "1D", (9, 3), lambda L, k=kind: getattr(L, k + "1D")(2))
    layer(kind + "1D same", (9, 3), lambda L, k=kind: getattr(L, k + "1D")(3, strides=2, padding="same"))
    layer(kind + "2D", (6, 7, 3), lambda L, k=kind: getattr(L, k + "2D")(2))
    layer(kind + "2D same", (6, 7, 3), lambda L, k=kind: getattr(L, k + "2D")((3, 2), strides=2, padding="same"))
    layer(kind + "3D", (4, 4, 5, 2), lambda L, k=kind: getattr(L, k + "3D")(2))
for kind in ("GlobalMaxPooling", "GlobalAveragePooling"):
    layer(kind + "1D", (9, 3), lambda L, k=kind: getattr(L, k + "1D")())
    layer(kind + "2D", (4, 5, 3), lambda L, k=kind: getattr(L, k + "2D")())
    layer(kind + "2D kept", (4, 5, 3), lambda L, k=kind: getattr(L, k + "2D")(keepdims=True))
    layer(kind + "3D", (3, 2, 3, 2), lambda L, k=kind: getattr(L, k + "3D")())

# Normalizations.
layer("BatchNormalization", (5, 4, 3), lambda L: L.BatchNormalization())
layer("BatchNormalization rank 2", (7,), lambda L: L.BatchNormalization(epsilon=0.01))
layer("BatchNormalization rank 3", (5, 4), lambda L: L.BatchNormalization(scale=False))
layer("BatchNormalization axis 1", (3, 5, 4), lambda L: L.BatchNormalization(axis=1, center=False))
layer("BatchNormalization axis 2", (3, 5, 4), lambda L: L.BatchNormalization(axis=2))
layer("LayerNormalization", (5, 8), lambda L: L.LayerNormalization())
layer("LayerNormalization axes", (3, 4, 5), lambda L: L.LayerNormalization(axis=[2, 3], epsilon=1e-5))
layer("LayerNormalization axis 1", (6, 5), lambda L: L.LayerNormalization(axis=1), classes=False)
layer("LayerNormalization plain", (5, 8), lambda L: L.LayerNormalization(center=False, scale=False))
layer("GroupNormalization", (4, 3, 6), lambda L: L.GroupNormalization(groups=3))
layer("GroupNormalization instance", (4, 3, 6), lambda L: L.GroupNormalization(groups=-1))
layer("UnitNormalization", (5, 6), lambda L: L.UnitNormalization())
layer("RMSNormalization", (5, 6), lambda L: L.RMSNormalization(), only="keras3")

# Several inputs.
for kind in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"):
    graph(kind, [(4, 5), (4, 5)], lambda K, L, a, b, kind=kind: getattr(L, kind)()([a, b]))
for kind in ("Add", "Multiply"):
    graph(kind + " broadcast", [(4, 5), (1, 5)], lambda K, L, a, b, kind=kind: getattr(L, kind)()([a, b]))
graph("Add of three", [(5,), (5,), (5,)], lambda K, L, a, b, c: L.Add()([a, b, c]))
graph("Concatenate axis 1", [(4, 5), (2, 5)], lambda K, L, a, b: L.Concatenate(axis=1)([a, b]))
graph("Dot", [(5,), (5,)], lambda K, L, a, b: L.Dot(axes=1)([a, b]))
graph("Dot normalized", [(5,), (5,)], lambda K, L, a, b: L.Dot(axes=1, normalize=True)([a, b]))
graph("Dot of matrices", [(4, 5), (3, 5)], lambda K, L, a, b: L.Dot(axes=(2, 2))([a, b]))
graph("two outputs", [(6,)], lambda K, L, x: [L.Dense(3, name="left")(x), L.Dense(4, name="right", activation="softmax")(x)])
graph("outputs by name", [(6,)], lambda K, L, x: {"small": L.Dense(3)(x), "large": L.Dense(4)(x)}, only="keras3")

# Tokens and sequences.
chain("Embedding", (6,), lambda L: [L.Embedding(11, 4), L.Flatten(), L.Dense(3)], tokens=11)
graph("Embedding twice", [(6,)], lambda K, L, x: L.Concatenate()([L.Embedding(11, 4)(x), L.Embedding(11, 2)(x)]), tokens=11)
for kind in ("SimpleRNN", "LSTM", "GRU"):
    layer(kind, (5, 4), lambda L, k=kind: getattr(L, k)(3))
    layer(kind + " sequences", (5, 4), lambda L, k=kind: getattr(L, k)(3, return_sequences=True))
    layer(kind + " backwards", (5, 4), lambda L, k=kind: getattr(L, k)(3, return_sequences=True, go_backwards=True))
    layer(kind + " without bias", (5, 4), lambda L, k=kind: getattr(L, k)(3, use_bias=False))
    layer(kind + " relu", (4, 3), lambda L, k=kind: getattr(L, k)(3, activation="relu", return_sequences=True))
    layer("Bidirectional " + kind, (5, 4), lambda L, k=kind: L.Bidirectional(getattr(L, k)(3)))
    layer("Bidirectional sequences " + kind, (5, 4), lambda L, k=kind: L.Bidirectional(getattr(L, k)(3, return_sequences=True), merge_mode="sum"))
layer("LSTM hard_sigmoid", (4, 3), lambda L: L.LSTM(3, recurrent_activation="hard_sigmoid"))
layer("GRU reset before", (5, 4), lambda L: L.GRU(3, reset_after=False))
layer("GRU reset before written", (4, 3), lambda L: L.GRU(3, reset_after=False, recurrent_activation="hard_sigmoid", return_sequences=True))
layer("GRU hard_sigmoid", (4, 3), lambda L: L.GRU(3, recurrent_activation="hard_sigmoid"))
layer("RNN of a cell", (5, 4), lambda L: L.RNN(L.LSTMCell(3)))
graph("LSTM states", [(5, 4)], lambda K, L, x: L.LSTM(3, return_state=True, return_sequences=True)(x))
graph("LSTM of states", [(5, 4), (3,), (3,)], lambda K, L, x, h, c: L.LSTM(3)(x, initial_state=[h, c]))
graph("encoder and decoder", [(5, 4), (3, 2)], lambda K, L, x, y: L.GRU(3, return_sequences=True)(y, initial_state=L.GRU(3, return_state=True)(x)[1]))
layer("TimeDistributed Dense", (4, 6), lambda L: L.TimeDistributed(L.Dense(3, activation="relu")))
layer("TimeDistributed Conv2D", (3, 6, 5, 2), lambda L: L.TimeDistributed(L.Conv2D(3, 3)))
chain("stacked LSTM", (6, 4), lambda L: [L.LSTM(5, return_sequences=True), L.LSTM(4), L.Dense(3, activation="softmax")])
graph("open steps", [(None, 4)], lambda K, L, x: L.Dense(2)(L.LSTM(3)(x)), lengths={1: 6})

# Attention.
graph("MultiHeadAttention", [(5, 8)], lambda K, L, x: L.MultiHeadAttention(2, 4)(x, x))
graph("MultiHeadAttention causal", [(5, 8)], lambda K, L, x: L.MultiHeadAttention(2, 3, use_bias=False)(x, x, use_causal_mask=True))
graph("MultiHeadAttention cross", [(5, 8), (4, 6)], lambda K, L, x, y: L.MultiHeadAttention(2, 4, value_dim=3)(x, y))
graph("Attention", [(5, 8), (4, 8)], lambda K, L, x, y: L.Attention()([x, y]))
graph("Attention scaled", [(5, 8), (4, 8)], lambda K, L, x, y: L.Attention(use_scale=True)([x, y]))
graph("AdditiveAttention", [(5, 8), (4, 8)], lambda K, L, x, y: L.AdditiveAttention()([x, y]))
layer("EinsumDense", (5, 6), lambda L: L.EinsumDense("abc,cd->abd", output_shape=(None, 4), bias_axes="d"), only="keras3")
layer("EinsumDense dots", (5, 6), lambda L: L.EinsumDense("...x,xy->...y", output_shape=4), only="keras3")

# Preprocessing inside the network.
layer("Rescaling", (4, 4, 3), lambda L: L.Rescaling(1 / 127.5, offset=-1), low=0, high=255)
layer("Normalization given", (4, 3), lambda L: L.Normalization(mean=[0.1, 0.2, 0.3], variance=[1.0, 2.0, 0.5]))
layer("Normalization learned", (4, 3), lambda L: L.Normalization())
layer("Discretization", (5,), lambda L: L.Discretization(bin_boundaries=[-1.0, 0.0, 0.7]), classes=False)
layer("CategoryEncoding", (4,), lambda L: L.CategoryEncoding(num_tokens=7, output_mode="multi_hot"), tokens=7, classes=False)

# Operations.
graph("arithmetic", [(4, 5), (4, 5)], lambda K, L, a, b: (a + 2.0) * b - a / 3.0 + (1.0 - b), operations=True)
graph("slices", [(6, 5)], lambda K, L, x: L.Concatenate()([x[:, 1:4, ::2], x[:, -3:, :1]]), operations=True)
graph("an index", [(6, 5)], lambda K, L, x: L.Dense(3)(x[:, -1]), operations=True)
graph("an ellipsis", [(6, 5)], lambda K, L, x: x[..., 0], operations=True)


def keras_ops(K, L, x):
    o = K.ops
    y = o.reshape(x, (-1, 12))
    z = o.concatenate([y, o.relu(y)], axis=-1)
    z = o.squeeze(o.transpose(o.expand_dims(z, 1), (0, 2, 1)), -1)
    z = o.clip(z, -1, 1.5) * o.sigmoid(z) + o.square(z)
    return [o.mean(x, axis=-1, keepdims=True), o.max(z, axis=1, keepdims=True), o.softmax(z), o.matmul(x, o.transpose(x, (0, 2, 1)))]


def tf_ops(K, L, x):
    import tensorflow as tf
    y = tf.reshape(x, (-1, 12))
    z = tf.concat([y, tf.nn.relu(y)], -1)
    z = tf.squeeze(tf.expand_dims(z, 1), 1)
    z = tf.clip_by_value(z, -1.0, 1.5) * tf.sigmoid(z) + z**2
    a, b = tf.split(x, 2, axis=2)
    return [tf.reduce_mean(x, axis=-1, keepdims=True), tf.nn.softmax(z), tf.matmul(x, x, transpose_b=True), tf.maximum(a, b), tf.stack([a, b], 1)]


graph("keras.ops", [(3, 4)], keras_ops, only="keras3", classes=False, operations=True)
graph("operations of tf", [(3, 4)], tf_ops, only="keras2", classes=False)


# Whole networks.
chain("classifier", (12, 12, 2), lambda L: [L.Conv2D(4, 3, padding="same", activation="relu"), L.BatchNormalization(), L.MaxPooling2D(),
                                           L.Conv2D(6, 3, strides=2, padding="same", activation="relu"), L.Flatten(), L.Dense(16, activation="relu"),
                                           L.Dropout(0.5), L.Dense(5, activation="softmax")])


def residual(K, L, x):
    y = L.Conv2D(4, 3, padding="same")(x)
    for _ in range(2):
        z = L.ReLU()(L.BatchNormalization()(L.Conv2D(4, 3, padding="same")(y)))
        y = L.Add()([y, L.DepthwiseConv2D(3, padding="same")(z)])
    return L.Dense(5, activation="softmax")(L.GlobalAveragePooling2D()(L.Concatenate()([y, x])))


def siamese(K, L, a, b):
    tower = L.Dense(6, activation="tanh")
    return L.Dense(1, activation="sigmoid")(L.Subtract()([tower(a), tower(b)]))


def nested(K, L, x):
    inner = K.Sequential([K.Input((6,)), L.Dense(5, activation="relu"), L.BatchNormalization()], name="inner")
    i = K.Input((5,))
    outer = K.Model(i, [L.Dense(4)(i), L.Dense(4, activation="tanh")(i)], name="outer")
    a, b = outer(inner(x))
    return L.Dense(3)(L.Multiply()([a, b]))


def deeper(K, L, x):
    innermost = K.Sequential([K.Input((5,)), L.Dense(5, name="same"), L.BatchNormalization(name="norm")], name="innermost")
    middle = K.Sequential([K.Input((6,)), L.Dense(5, name="first"), innermost], name="middle")
    return L.Dense(2)(middle(x))


def transformer(K, L, tokens):
    x = L.Embedding(17, 8)(tokens)
    y = L.MultiHeadAttention(2, 4)(x, x)
    x = L.LayerNormalization(epsilon=1e-6)(L.Add()([x, y]))
    y = L.Dense(8)(L.Dense(16, activation="gelu")(x))
    x = L.LayerNormalization(epsilon=1e-6)(L.Add()([x, y]))
    return L.Dense(4, activation="softmax")(L.GlobalAveragePooling1D()(x))


def u_net(K, L, x):
    a = L.Conv2D(4, 3, padding="same", activation="relu")(x)
    b = L.Conv2D(6, 3, padding="same", activation="relu")(L.MaxPooling2D()(a))
    c = L.Conv2DTranspose(4, 2, strides=2)(b)
    return L.Conv2D(2, 1, activation="sigmoid")(L.Concatenate()([a, c]))


graph("residual network", [(8, 8, 3)], residual)
graph("siamese network", [(5,), (5,)], siamese)
graph("nested models", [(6,)], nested)
graph("models in models", [(6,)], deeper)
graph("transformer", [(7,)], transformer, tokens=17)
graph("u-net", [(8, 8, 2)], u_net)
chain("frozen layers", (6,), lambda L: [L.Dense(5, trainable=False), L.BatchNormalization(), L.Dense(4), L.Dense(3)])
chain("keyword spotting", (20, 8, 1), lambda L: [L.Conv2D(8, (5, 3), strides=2, padding="same"), L.BatchNormalization(), L.Activation("relu"),
                                                L.DepthwiseConv2D(3, padding="same"), L.Conv2D(8, 1), L.AveragePooling2D((10, 4)), L.Flatten(),
                                                L.Dense(4, activation="softmax")])
chain("autoencoder", (16,), lambda L: [L.Dense(8), L.BatchNormalization(), L.Activation("relu"), L.Dense(2, activation="relu"), L.Dense(16)], classes=False)

# What is refused, all at once.
graph("Lambda and Masking", [(4, 5)], lambda K, L, x: L.LSTM(2)(L.Masking()(L.Lambda(lambda t: t * 2, name="twice")(x))),
      refused=("part(s)", "'twice'", "Masking"))
chain("mask of tokens", (6,), lambda L: [L.Embedding(11, 4, mask_zero=True), L.LSTM(3)], tokens=11, refused=("mask",))
chain("ConvLSTM", (3, 6, 6, 2), lambda L: [L.ConvLSTM2D(3, 2), L.Flatten()], refused=("ConvLSTM2D",))
graph("training forced", [(6,)], lambda K, L, x: L.Dropout(0.5)(x, training=True), only="keras2", refused=("training=True",))
graph("training ignored", [(6,)], lambda K, L, x: L.Dense(3)(L.Dropout(0.5)(x, training=True)), only="keras3")
