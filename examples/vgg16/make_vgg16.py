#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes VGG-16 for 32x32 colour pictures with RANDOM weights: a benchmark of size, not a classifier.

Layers: configuration D of K. Simonyan and A. Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition"
(ICLR 2015), 13 convolutions, with the classifier that is usual for 32x32 pictures: 512-512-512-10 (15.2 M weights in all).
Weights: Kaiming normal, biases zero; the ONNX file says so in its name, its doc string and its metadata.
Usage: make_vgg16.py OUTPUT_FOLDER [--seed N] [--batch-norm]
Also writes calibration.npy and input.npy (uint8 pictures of smoothed noise, seeded): there is nothing to recognize.
Needs Debian's python3-torch, python3-torchvision, python3-onnx, python3-numpy.
"""
import argparse
import os

import numpy as np
import onnx
import torch
from torch import nn
from torchvision.models import vgg


def build(batch_norm):
    features = vgg.make_layers(vgg.cfgs["D"], batch_norm=batch_norm)
    classifier = nn.Sequential(nn.Flatten(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10))
    model = nn.Sequential(features, classifier)
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            nn.init.zeros_(module.bias)
    return model.eval()


def pictures(count, seed):
    """Smooth colour noise: each picture is a 4x4 random grid, enlarged, plus a little fine noise."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, 3, 4, 4, generator=generator)
    smooth = nn.functional.interpolate(coarse, size=(32, 32), mode="bilinear", align_corners=False)
    fine = 0.1 * torch.randn(count, 3, 32, 32, generator=generator)
    return ((smooth + fine).clamp(0, 1) * 255).round().to(torch.uint8).numpy()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output_folder")
    parser.add_argument("--seed", type=int, default=16)
    parser.add_argument("--batch-norm", action="store_true")
    arguments = parser.parse_args()
    os.makedirs(arguments.output_folder, exist_ok=True)
    torch.manual_seed(arguments.seed)
    model = build(arguments.batch_norm)
    num_parameters = sum(p.numel() for p in model.parameters())
    path = os.path.join(arguments.output_folder, "vgg16.onnx")
    torch.onnx.export(model, torch.zeros(1, 3, 32, 32), path, opset_version=13, input_names=["image"], output_names=["logits"],
                      training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False)
    exported = onnx.load(path)
    exported.graph.name = "vgg16-random-weights"
    exported.doc_string = "RANDOM Kaiming weights, not trained: for benchmarks only"
    entry = exported.metadata_props.add()
    entry.key, entry.value = "weights", f"random, Kaiming normal, seed {arguments.seed}"
    onnx.save(exported, path)
    np.save(os.path.join(arguments.output_folder, "calibration.npy"), pictures(32, 1))
    np.save(os.path.join(arguments.output_folder, "input.npy"), pictures(1, 2))
    print(f"{path}: {num_parameters} parameters (random weights)")


if __name__ == "__main__":
    main()
