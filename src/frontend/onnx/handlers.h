// SPDX-License-Identifier: Apache-2.0
// One row per ONNX operator. `check` looks at attributes and outputs only, so that a node behind
// an unsupported one is still judged; `import` builds IR nodes and returns the values of the outputs it offers.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "frontend/onnx/node_context.h"

namespace zkinfer::frontend_onnx {

using Outputs = std::vector<ir::ValueId>;

struct Handler {
  std::string_view op_type;
  std::string_view attributes;  // space-separated names that may occur; any other is reported
  Status (*check)(const NodeContext& context);
  Result<Outputs> (*import)(NodeContext& context);
  // Set for operators that map to one IR operator without attributes.
  std::optional<ir::OpKind> simple = std::nullopt;
  std::size_t num_inputs = 1;  // required ones
};

// The operators of one domain that are in one file. The default domain's name is empty.
struct HandlerFamily {
  std::string_view domain;
  std::span<const Handler> handlers;
};
std::span<const HandlerFamily> handler_families();

// Why an operator of the default domain can have no meaning here; empty for all others.
std::string_view no_meaning(std::string_view op_type);

// nullptr for an operator that no handler takes.
const Handler* find_handler(std::string_view domain, std::string_view op_type);

std::span<const Handler> function_handlers();  // the unary functions of ir/functions.h
std::span<const Handler> contract_handlers();
std::span<const Handler> elementwise_handlers();
std::span<const Handler> pool_handlers();
std::span<const Handler> reduce_handlers();
std::span<const Handler> movement_handlers();
std::span<const Handler> pad_handlers();
std::span<const Handler> gather_handlers();
std::span<const Handler> scatter_handlers();
std::span<const Handler> constant_handlers();
std::span<const Handler> composed_handlers();
std::span<const Handler> resize_handlers();
std::span<const Handler> sample_handlers();
std::span<const Handler> transposed_handlers();
std::span<const Handler> normalize_handlers();
std::span<const Handler> quantized_handlers();
std::span<const Handler> bitwise_handlers();
std::span<const Handler> attention_handlers();
std::span<const Handler> einsum_handlers();
std::span<const Handler> loss_handlers();
std::span<const Handler> state_handlers();
std::span<const Handler> microsoft_handlers();
std::span<const Handler> microsoft_attention_handlers();
std::span<const Handler> microsoft_quantized_handlers();
std::span<const Handler> microsoft_recurrent_handlers();
std::span<const Handler> recurrent_handlers();
std::span<const Handler> signal_handlers();
// Domain ai.onnx.ml.
std::span<const Handler> ml_handlers();
std::span<const Handler> ml_tree_handlers();
std::span<const Handler> ml_svm_handlers();

Status no_check(const NodeContext& context);

// Wraps one value as the outputs of a node.
Result<Outputs> one_output(Result<ir::ValueId> value);

// strides, dilations and pads of a convolution or pool, with auto_pad and ceil_mode resolved to explicit pads.
struct Windows {
  Dims kernel, strides, dilations, pads_begin, pads_end;
  bool extended = false;  // ceil_mode made the end pads larger
};
// input: shape [N, C, spatial..]; kernel: one entry per spatial axis.
Result<Windows> read_windows(const NodeContext& context, const Shape& input, Dims kernel);
// The attributes of Conv and its quantized forms, for an input and a weight of these shapes.
Result<ir::ConvAttributes> read_conv(const NodeContext& context, const Shape& x, const Shape& w);
// unsupported unless 1 or 2 spatial axes.
Status check_spatial_rank(const Shape& input);
Status check_auto_pad(const NodeContext& context);

}  // namespace zkinfer::frontend_onnx
