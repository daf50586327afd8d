#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a network of full size for 224x224 colour pictures with RANDOM weights: a benchmark of size, not a classifier.

Networks: resnet18, resnet50, mobilenet_v2, squeezenet1_1, .. : any image classifier of torchvision (--list).
Weights: torchvision's own initialization, seeded; the statistics of batch normalizations are taken from pictures layer by
layer, as training would have left them, so that activations keep their range at any depth. They stay nodes of their own in the
file: folding them is the compiler's work. The ONNX file says in its name, doc string and metadata that weights are random.
Usage: make_fullsize.py OUTPUT_FOLDER NETWORK [--seed N] [--size 224] [--calibration 8]
Also writes NETWORK_calibration.npy and NETWORK_input.npy (float32 pictures of smoothed noise, normalized as usual).
Needs Debian's python3-torch, python3-torchvision, python3-onnx, python3-numpy.
"""
import argparse
import os

import numpy as np
import onnx
import torch
import torchvision
from torch import nn

MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def pictures(count, size, seed):
    """Smooth colour noise (a 7x7 random grid, enlarged, plus a little fine noise), normalized like photographs."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, 3, 7, 7, generator=generator)
    smooth = nn.functional.interpolate(coarse, size=(size, size), mode="bilinear", align_corners=False)
    picture = (smooth + 0.1 * torch.randn(count, 3, size, size, generator=generator)).clamp(0, 1)
    return (picture - torch.tensor(MEAN).view(1, 3, 1, 1)) / torch.tensor(SPREAD).view(1, 3, 1, 1)


def settle(model, samples):
    """Sets every batch normalization's mean and variance to those of the samples, and spreads scale and shift a little."""
    generator = torch.Generator().manual_seed(7)
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None  # the plain average over the batches that follow
            module.reset_running_stats()
            channels = module.num_features
            module.weight.data.copy_(0.5 + torch.rand(channels, generator=generator))
            module.bias.data.copy_(0.2 * torch.randn(channels, generator=generator))
    with torch.no_grad():
        model.train()(samples)
    return model.eval()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output_folder")
    parser.add_argument("network", choices=torchvision.models.list_models(module=torchvision.models))
    parser.add_argument("--seed", type=int, default=18)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--calibration", type=int, default=8, help="pictures")
    arguments = parser.parse_args()
    os.makedirs(arguments.output_folder, exist_ok=True)
    torch.manual_seed(arguments.seed)
    # init_weights: inception and googlenet ask for it; the others have no such parameter.
    model = torchvision.models.get_model(arguments.network, weights=None)
    calibration = pictures(arguments.calibration, arguments.size, 1)
    settle(model, calibration)
    num_parameters = sum(p.numel() for p in model.parameters())
    name = arguments.network
    path = os.path.join(arguments.output_folder, f"{name}.onnx")
    torch.onnx.export(model, torch.zeros(1, 3, arguments.size, arguments.size), path, opset_version=13,
                      input_names=["image"], output_names=["logits"],
                      training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False)
    exported = onnx.load(path)
    exported.graph.name = f"{name}-random-weights"
    exported.doc_string = "RANDOM weights, not trained: for benchmarks only"
    entry = exported.metadata_props.add()
    entry.key, entry.value = "weights", f"random, torchvision's initialization, seed {arguments.seed}"
    onnx.save(exported, path)
    np.save(os.path.join(arguments.output_folder, f"{name}_calibration.npy"), calibration.numpy())
    np.save(os.path.join(arguments.output_folder, f"{name}_input.npy"), pictures(1, arguments.size, 2).numpy())
    print(f"{path}: {num_parameters} parameters (random weights)")


if __name__ == "__main__":
    main()
