// SPDX-License-Identifier: Apache-2.0
// Channels of one tensor share a scale. Where their sizes differ by orders of magnitude (a BatchNormalization's factors), the small
// ones would have hardly any bits: they are made larger by powers of two in the weights that make them, and smaller again in
// the weights that read them. After Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction" (2019).
#pragma once

#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "ir/graph.h"

namespace zkinfer::quant {

// Largest absolute value of each channel (axis 1 of a Conv's, the last of a MatMul's output), by value name.
using ChannelSizes = std::unordered_map<std::string, std::vector<float>>;

// The values whose channels may be scaled: what contractions make and, through functions that commute with positive factors, only
// contractions read. By name, with the channel axis.
std::unordered_map<std::string, std::size_t> scalable_channels(const ir::Graph& graph);

// The largest absolute value seen of a value of this name.
using Reach = std::function<double(const std::string&)>;

// The same function of the inputs, up to rounding. Values whose channels are scaled have new names.
ir::Graph equalize_channels(ir::Graph graph, const ChannelSizes& sizes, const Reach& reach);

}  // namespace zkinfer::quant
