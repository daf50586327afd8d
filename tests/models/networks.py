# SPDX-License-Identifier: Apache-2.0
"""Networks as ONNX files, layer by layer as their authors define them: trained weights from a dictionary, or random ones of the
same shapes; needs onnx and numpy.

Names of weights are those of the PyTorch models they come from.
"""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Network:
    """A graph under construction. weights: {name: array}; those that are not given are drawn, alike in every run. With no weights at
    all a normalization takes mean and variance from the batch and shows both as outputs: `settled` makes weights of them."""

    def __init__(self, shape, weights=None, name="input"):
        self.weights, self.random = weights, np.random.default_rng(0)
        self.used, self.nodes, self.constants, self.measured = set(), [], [], []
        self.input, self.shape = name, tuple(shape)

    def weight(self, name, shape, draw):
        drawn = draw().astype(np.float32) if draw else None
        if name not in (self.weights or {}) and drawn is not None:
            return drawn
        value = np.asarray(self.weights[name], np.float32)
        assert value.shape == tuple(shape), (name, value.shape, shape)
        self.used.add(name)
        return value

    def constant(self, name, value):
        """Once for each name: heads may share weights."""
        if not any(c.name == name for c in self.constants):
            self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(self, kind, *inputs, **attributes):
        output = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], name=output, **attributes))
        return output

    def conv(self, x, name, ins, outs, kernel, stride=1, pads=None, groups=1, bias=False):
        height, width = kernel if isinstance(kernel, tuple) else (kernel, kernel)
        pads = [height // 2, width // 2, height // 2, width // 2] if pads is None else pads
        shape = (outs, ins // groups, height, width)
        deviation = np.sqrt(2 / (ins // groups * height * width))
        inputs = [x, self.constant(name + ".weight", self.weight(name + ".weight", shape, lambda: self.random.normal(0, deviation, shape)))]
        if bias:
            inputs.append(self.constant(name + ".bias", self.weight(name + ".bias", (outs,), lambda: self.random.normal(0, 0.1, outs))))
        return self.node("Conv", *inputs, kernel_shape=[height, width], strides=[stride, stride], pads=pads, group=groups)

    def norm(self, x, name, channels, epsilon=1e-5, gain=1.0, affine=True):
        draws = {"weight": lambda: self.random.uniform(0.5 * gain, 1.5 * gain, channels), "bias": lambda: self.random.normal(0, 0.2, channels)}
        parts = []
        for part in ("weight", "bias"):
            value = self.weight(f"{name}.{part}", (channels,), draws[part]) if affine else np.full(channels, float(part == "weight"), np.float32)
            parts.append(self.constant(f"{name}.{part}", value))
        if self.weights is None:
            mean = self.node("ReduceMean", x, axes=[0, 2, 3])
            centred = self.node("Sub", x, mean)
            variance = self.node("ReduceMean", self.node("Mul", centred, centred), axes=[0, 2, 3])
            self.measured += [(mean, f"{name}.running_mean"), (variance, f"{name}.running_var")]
            parts = [mean, variance, *parts]
            flat = self.constant("flat", np.array([-1]))
            parts = [*parts[2:], *(self.node("Reshape", part, flat) for part in parts[:2])]
        else:
            parts += [self.constant(f"{name}.{part}", self.weight(f"{name}.{part}", (channels,), None)) for part in ("running_mean", "running_var")]
        return self.node("BatchNormalization", x, *parts, epsilon=epsilon)

    def relu(self, x):
        return self.node("Relu", x)

    def relu6(self, x):
        return self.node("Clip", x, self.constant("zero", np.float32(0)), self.constant("six", np.float32(6)))

    def silu(self, x):
        return self.node("Mul", x, self.node("Sigmoid", x))

    def max_pool(self, x, kernel, stride, pad=0, ceil=False):
        return self.node("MaxPool", x, kernel_shape=[kernel, kernel], strides=[stride, stride], pads=[pad] * 4, ceil_mode=int(ceil))

    def linear(self, x, name, ins, outs):
        draw = lambda: self.random.normal(0, np.sqrt(1 / ins), (outs, ins))  # noqa: E731
        weight = self.constant(name + ".weight", self.weight(name + ".weight", (outs, ins), draw))
        bias = self.constant(name + ".bias", self.weight(name + ".bias", (outs,), lambda: self.random.normal(0, 0.1, outs)))
        return self.node("Gemm", x, weight, bias, transB=1)

    def pooled(self, x):
        return self.node("Flatten", self.node("GlobalAveragePool", x))

    def save(self, path, *outputs):
        """All weights must have been used; the outputs' shapes are inferred."""
        rest = [n for n in (self.weights or {}) if n not in self.used and not n.endswith("num_batches_tracked")]
        assert not rest, f"weights that the network has no place for: {rest}"
        shape = self.shape
        if self.weights is None:  # over a batch of any size
            shape = ("pictures", *shape[1:])
            self.nodes += [helper.make_node("Identity", [value], [name]) for value, name in self.measured]
            outputs = [*outputs, *(name for _, name in self.measured)]
        info = [helper.make_tensor_value_info(o, TensorProto.FLOAT, None) for o in outputs]
        graph = helper.make_graph(self.nodes, "network", [helper.make_tensor_value_info(self.input, TensorProto.FLOAT, shape)], info, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 8
        model = onnx.shape_inference.infer_shapes(model, strict_mode=True)
        onnx.checker.check_model(model)
        onnx.save(model, str(path))


def settled(path, network, pictures, run):
    """Writes `network` with random weights whose normalizations have the mean and variance of the pictures, as training would have left
    them. run: (path, {input: array}) -> {output: array}."""
    network(path)
    network(path, {name: value.ravel() for name, value in run(path, {"input": pictures}).items() if ".running_" in name})


def resnet_cifar(path, blocks, weights=None):
    """ResNet of He et al. for CIFAR-10 with 6 * blocks + 2 layers; a shortcut drops every second position and pads channels."""
    net = Network((1, 3, 32, 32), weights)
    x = net.relu(net.norm(net.conv("input", "conv1", 3, 16, 3), "bn1", 16))
    ins = 16
    for stage, outs in enumerate((16, 32, 64), 1):
        for block in range(blocks):
            at, stride = f"layer{stage}.{block}", 2 if block == 0 and outs != ins else 1
            y = net.relu(net.norm(net.conv(x, f"{at}.conv1", ins, outs, 3, stride), f"{at}.bn1", outs))
            y = net.norm(net.conv(y, f"{at}.conv2", outs, outs, 3), f"{at}.bn2", outs, gain=0.5)
            if stride == 2:
                starts, ends = net.constant(at + ".from", np.array([0, 0])), net.constant(at + ".to", np.array([2**31, 2**31]))
                axes, steps = net.constant(at + ".axes", np.array([2, 3])), net.constant(at + ".steps", np.array([2, 2]))
                pads = net.constant(at + ".pads", np.array([0, outs // 4, 0, 0, 0, outs // 4, 0, 0]))
                x = net.node("Pad", net.node("Slice", x, starts, ends, axes, steps), pads)
            x, ins = net.relu(net.node("Add", x, y)), outs
    net.save(path, net.linear(net.pooled(x), "linear", 64, 10))


def resnet(path, layers, weights=None):
    """torchvision's resnet18 and resnet50 at 224 x 224."""
    bottleneck, counts = {18: (False, (2, 2, 2, 2)), 50: (True, (3, 4, 6, 3))}[layers]
    net = Network((1, 3, 224, 224), weights)
    x = net.max_pool(net.relu(net.norm(net.conv("input", "conv1", 3, 64, 7, 2), "bn1", 64)), 3, 2, 1)
    ins = 64
    for stage, (count, width) in enumerate(zip(counts, (64, 128, 256, 512)), 1):
        outs = 4 * width if bottleneck else width
        for block in range(count):
            at, stride = f"layer{stage}.{block}", 2 if block == 0 and stage > 1 else 1
            if bottleneck:
                y = net.relu(net.norm(net.conv(x, f"{at}.conv1", ins, width, 1), f"{at}.bn1", width))
                y = net.relu(net.norm(net.conv(y, f"{at}.conv2", width, width, 3, stride), f"{at}.bn2", width))
                y = net.norm(net.conv(y, f"{at}.conv3", width, outs, 1), f"{at}.bn3", outs, gain=0.5)
            else:
                y = net.relu(net.norm(net.conv(x, f"{at}.conv1", ins, width, 3, stride), f"{at}.bn1", width))
                y = net.norm(net.conv(y, f"{at}.conv2", width, outs, 3), f"{at}.bn2", outs, gain=0.5)
            if ins != outs or stride == 2:
                x = net.norm(net.conv(x, f"{at}.downsample.0", ins, outs, 1, stride), f"{at}.downsample.1", outs)
            x, ins = net.relu(net.node("Add", x, y)), outs
    net.save(path, net.linear(net.pooled(x), "fc", ins, 1000))


def mobilenet_v2(path, weights=None):
    """torchvision's mobilenet_v2 at 224 x 224."""
    net = Network((1, 3, 224, 224), weights)
    x = net.relu6(net.norm(net.conv("input", "features.0.0", 3, 32, 3, 2), "features.0.1", 32))
    ins, at = 32, 1
    for expand, outs, count, first in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)):
        for block in range(count):
            stride, width, y, part = first if block == 0 else 1, ins * expand, x, 0
            if expand > 1:
                y, part = net.relu6(net.norm(net.conv(y, f"features.{at}.conv.0.0", ins, width, 1), f"features.{at}.conv.0.1", width)), 1
            y = net.conv(y, f"features.{at}.conv.{part}.0", width, width, 3, stride, groups=width)
            y = net.relu6(net.norm(y, f"features.{at}.conv.{part}.1", width))
            y = net.norm(net.conv(y, f"features.{at}.conv.{part + 1}", width, outs, 1), f"features.{at}.conv.{part + 2}", outs)
            x, ins, at = net.node("Add", x, y) if stride == 1 and ins == outs else y, outs, at + 1
    x = net.relu6(net.norm(net.conv(x, "features.18.0", ins, 1280, 1), "features.18.1", 1280))
    net.save(path, net.linear(net.pooled(x), "classifier.1", 1280, 1000))


def squeezenet(path, weights=None):
    """torchvision's squeezenet1_1 at 224 x 224."""
    net = Network((1, 3, 224, 224), weights)
    x = net.max_pool(net.relu(net.conv("input", "features.0", 3, 64, 3, 2, [0] * 4, bias=True)), 3, 2, ceil=True)
    ins = 64
    for at, squeeze, outs in ((3, 16, 64), (4, 16, 64), (6, 32, 128), (7, 32, 128), (9, 48, 192), (10, 48, 192), (11, 64, 256), (12, 64, 256)):
        if at in (6, 9):
            x = net.max_pool(x, 3, 2, ceil=True)
        y = net.relu(net.conv(x, f"features.{at}.squeeze", ins, squeeze, 1, bias=True))
        wide = net.relu(net.conv(y, f"features.{at}.expand3x3", squeeze, outs, 3, bias=True))
        x, ins = net.node("Concat", net.relu(net.conv(y, f"features.{at}.expand1x1", squeeze, outs, 1, bias=True)), wide, axis=1), 2 * outs
    net.save(path, net.pooled(net.relu(net.conv(x, "classifier.1", 512, 1000, 1, bias=True))))


def same_pads(size, kernel, stride):
    """TensorFlow's: what does not divide goes behind."""
    pad = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return [pad // 2, pad // 2, pad - pad // 2, pad - pad // 2]


def efficientnet_lite0(path, weights=None):
    """efficientnet-lite0 of TensorFlow's TPU models, in the names of its port to PyTorch."""
    net = Network((1, 3, 224, 224), weights)
    x = net.relu6(net.norm(net.conv("input", "_conv_stem", 3, 32, 3, 2, same_pads(224, 3, 2)), "_bn0", 32, 1e-3))
    ins, at, size = 32, 0, 112
    for count, kernel, first, expand, outs in ((1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112),
                                               (4, 5, 2, 6, 192), (1, 3, 1, 6, 320)):
        for block in range(count):
            stride, width, y, here = first if block == 0 else 1, ins * expand, x, f"_blocks.{at}."
            if expand > 1:
                y = net.relu6(net.norm(net.conv(y, here + "_expand_conv", ins, width, 1), here + "_bn0", width, 1e-3))
            y = net.conv(y, here + "_depthwise_conv", width, width, kernel, stride, same_pads(size, kernel, stride), groups=width)
            y = net.relu6(net.norm(y, here + "_bn1", width, 1e-3))
            y = net.norm(net.conv(y, here + "_project_conv", width, outs, 1), here + "_bn2", outs, 1e-3)
            x, ins, at, size = net.node("Add", x, y) if stride == 1 and ins == outs else y, outs, at + 1, -(-size // stride)
    x = net.relu6(net.norm(net.conv(x, "_conv_head", ins, 1280, 1), "_bn1", 1280, 1e-3))
    net.save(path, net.linear(net.pooled(x), "_fc", 1280, 1000))


def yolo_v3_tiny(path, weights=None):
    """YOLOv3-tiny at 416 x 416: leaky rectifiers, two heads of 3 anchors and 80 classes."""
    net = Network((1, 3, 416, 416), weights)

    def layer(x, at, ins, outs, kernel):
        return net.node("LeakyRelu", net.norm(net.conv(x, f"{at}.conv", ins, outs, kernel), f"{at}.norm", outs), alpha=0.1)
    x, ins, route = "input", 3, None
    for at, outs in enumerate((16, 32, 64, 128, 256, 512)):
        x = layer(x, f"layers.{at}", ins, outs, 3)
        if outs == 256:
            route = x
        if outs < 512:
            x = net.max_pool(x, 2, 2)
        else:
            x = net.node("MaxPool", x, kernel_shape=[2, 2], strides=[1, 1], pads=[0, 0, 1, 1])
        ins = outs
    middle = layer(layer(x, "layers.6", 512, 1024, 3), "layers.7", 1024, 256, 1)
    coarse = net.conv(layer(middle, "layers.8", 256, 512, 3), "head.coarse", 512, 255, 1, bias=True)
    scales = net.constant("twice", np.array([1, 1, 2, 2], np.float32))
    up = net.node("Resize", layer(middle, "layers.9", 256, 128, 1), "", scales, mode="nearest", nearest_mode="floor",
                  coordinate_transformation_mode="asymmetric")
    fine = layer(net.node("Concat", up, route, axis=1), "layers.10", 384, 256, 3)
    net.save(path, coarse, net.conv(fine, "head.fine", 256, 255, 1, bias=True))


def honk_res8(path, weights=None):
    """honk's res8 for speech commands: 101 frames of 40 coefficients, 12 words. Its own scale layers (`scale1.scale`) follow the norms."""
    net = Network((1, 1, 101, 40), weights)
    x = net.relu(net.conv("input", "conv0", 1, 45, 3))
    x = net.node("AveragePool", x, kernel_shape=[4, 3], strides=[4, 3])
    old = x
    for at in range(1, 7):
        x = net.relu(net.conv(x, f"conv{at}", 45, 45, 3))
        if at % 2 == 0:
            x = old = net.node("Add", x, old)
        x = net.norm(x, f"bn{at}", 45, affine=False)
        if f"scale{at}.scale" in (net.weights or {}):
            scale = net.weight(f"scale{at}.scale", (45,), None).reshape(1, 45, 1, 1)
            x = net.node("Mul", x, net.constant(f"scale{at}", scale))
    x = net.node("ReduceMean", x, axes=[2, 3], keepdims=0)
    net.save(path, net.linear(x, "output", 45, 12))


def yolo_fastest_v2(path, weights=None):
    """Yolo-FastestV2 at 352 x 352: ShuffleNetV2 with channel shuffle by reshape and transpose, a light feature pyramid, six heads."""
    net = Network((1, 3, 352, 352), weights)

    def block(x, at, layers):
        """layers: (position, kernel, stride, depthwise, rectified, inputs, outputs), a norm behind each."""
        for position, kernel, stride, depthwise, rectified, ins, outs in layers:
            x = net.norm(net.conv(x, f"{at}.{position}", ins, outs, kernel, stride, groups=ins if depthwise else 1), f"{at}.{position + 1}", outs)
            x = net.relu(x) if rectified else x
        return x

    def unit(x, at, half, size, stride, ins):
        main = [(0, 1, 1, False, True, ins, half), (3, 3, stride, True, False, half, half), (5, 1, 1, False, True, half, half)]
        if stride == 2:
            side = block(x, at + ".branch_proj", [(0, 3, 2, True, False, ins, ins), (2, 1, 1, False, True, ins, half)])
            return net.node("Concat", side, block(x, at + ".branch_main", main), axis=1)
        shape, order = net.constant(at + ".pairs", np.array([half, 2, size * size])), net.constant(at + ".halves", np.array([2, -1, half, size, size]))
        y = net.node("Reshape", net.node("Transpose", net.node("Reshape", x, shape), perm=[1, 0, 2]), order)
        first, second = (net.node("Gather", y, net.constant(f"{at}.{i}", np.int64(i)), axis=0) for i in range(2))
        return net.node("Concat", first, block(second, at + ".branch_main", main), axis=1)

    x = net.relu(net.norm(net.conv("input", "backbone.first_conv.0", 3, 24, 3, 2), "backbone.first_conv.1", 24))
    x, ins, size, levels = net.max_pool(x, 3, 2, 1), 24, 88, []
    for stage, (count, outs) in enumerate(((4, 48), (8, 96), (4, 192)), 2):
        size //= 2
        for at in range(count):
            x = unit(x, f"backbone.stage{stage}.{at}", outs // 2, size, 2 if at == 0 else 1, ins if at == 0 else outs // 2)
        ins = outs
        levels.append(x)
    middle, top = levels[1:]

    def head(x, at):
        return block(x, at + ".block", [(0, 5, 1, True, True, 72, 72), (3, 1, 1, False, False, 72, 72), (5, 5, 1, True, True, 72, 72),
                                        (8, 1, 1, False, False, 72, 72)])
    deep = block(top, "fpn.conv1x1_3", [(0, 1, 1, False, True, 192, 72)])
    scales = net.constant("twice", np.array([1, 1, 2, 2], np.float32))
    up = net.node("Resize", top, "", scales, mode="nearest", nearest_mode="floor", coordinate_transformation_mode="asymmetric")
    joined = net.node("Concat", up, middle, axis=1)
    fine = block(joined, "fpn.conv1x1_2", [(0, 1, 1, False, True, 288, 72)])
    outputs = []
    for level, x in (("2", fine), ("3", deep)):
        classes, boxes = head(x, "fpn.cls_head_" + level), head(x, "fpn.reg_head_" + level)
        for y, name, outs in ((boxes, "output_reg_layers", 12), (classes, "output_obj_layers", 3), (classes, "output_cls_layers", 80)):
            outputs.append((y, name, outs))
    net.save(path, *(net.conv(y, name, 72, outs, 1, bias=True) for y, name, outs in outputs))
