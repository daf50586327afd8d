// SPDX-License-Identifier: Apache-2.0
// Inputs with channels and one to three other axes, and windows that move along those as TensorFlow moves them.
#pragma once

#include "frontend/keras/layer.h"

namespace zkinfer::frontend_keras {

struct Spatial {
  Value value;               // channels are axis 1 of its tensor
  bool keras_first = false;  // and in Keras' order too
  std::int64_t batch = 1, channels = 1;
  Dims lengths;

  // What an ONNX operator makes of it.
  Value result(Net& net, const std::string& op, const std::vector<std::string>& inputs, const Attributes& attributes,
               std::int64_t out_channels, const Dims& out_lengths) const;
};

// The layer's only input, with `rank` axes besides batch and channels.
Result<Spatial> spatial_input(LayerCall& call, std::size_t rank);

struct Windows {
  Dims size, stride, dilation;
  std::string padding;  // "valid", "same", "causal"
  // Set by fit: padding 'same' puts the odd element behind.
  Dims begin, end, out;

  Status fit(const Dims& lengths);
  Dims pads() const;
};

Result<Windows> read_windows(const Config& config, std::string_view size_key, std::size_t rank, bool is_pool);

}  // namespace zkinfer::frontend_keras
