// SPDX-License-Identifier: Apache-2.0
// Operators that carry a state from call to call (opset 27): a causal convolution and linear attention, unrolled over the sequence.
#include <array>
#include <cmath>

#include "frontend/onnx/attention.h"
#include "frontend/onnx/proto_text.h"

namespace zkinfer::frontend_onnx {

namespace {

using ir::OpKind;
using ir::ValueId;
using std::int64_t;

constexpr int64_t kMostSteps = 2048;

// The state is what lies before the input: the last kernel - 1 positions of the call before, or zeros.
Result<Outputs> import_causal_convolution(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  ZKI_ASSIGN_OR_RETURN(const std::string activation, context.string_attribute("activation", "none"));
  if (activation != "none" && activation != "silu" && activation != "swish")
    return corrupt("activation " + in_quotes(activation));
  const Shape x = context.shape(0);
  const Shape w = context.shape(1);
  if (x.rank() != 3 || w.rank() != 3 || w[0] != x[1] || w[1] != 1 || w[2] < 1)
    return invalid_argument("input and weight of shapes " + x.to_string() + " and " + w.to_string());
  const int64_t carried = w[2] - 1;
  Build b(context);
  ValueId before = context.input(3);
  if (before == ir::kNoValue && carried > 0)
    before = b.literal(FloatTensor(Shape{x[0], x[1], carried}), ir::DataType::kFloat);
  const ValueId all = carried > 0 ? b.concat({before, context.input(0)}, 2) : context.input(0);
  std::vector<ValueId> inputs{all, context.input(1)};
  if (context.has_input(2)) inputs.push_back(context.input(2));
  ValueId y = b.op(OpKind::kConv, std::move(inputs), ir::ConvAttributes{{1}, {1}, {0}, {0}, x[1]});
  if (activation != "none") y = b.function(ir::function("Swish"), y, 1);
  return b.outputs({y, b.slice(all, 2, x[2], carried)});
}

struct LinearRule {
  bool decays = false, corrects = false;
};

Result<LinearRule> read_rule(const NodeContext& context) {
  ZKI_ASSIGN_OR_RETURN(const std::string rule, context.string_attribute("update_rule", "gated_delta"));
  LinearRule read{rule == "gated" || rule == "gated_delta", rule == "delta" || rule == "gated_delta"};
  if (!read.decays && !read.corrects && rule != "linear") return corrupt("update_rule " + in_quotes(rule));
  if (read.decays != context.has_input(4) || read.corrects != context.has_input(5))
    return corrupt("update_rule " + in_quotes(rule) + " with or without decay and beta");
  return read;
}

// state = exp(decay) * state; state += key^T (beta (value - key state)); y = scale * query state, step by step.
Result<Outputs> import_linear_attention(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(3));
  ZKI_ASSIGN_OR_RETURN(const int64_t q_heads, context.int_attribute("q_num_heads", 0));
  ZKI_ASSIGN_OR_RETURN(const int64_t heads, context.int_attribute("kv_num_heads", 0));
  ZKI_ASSIGN_OR_RETURN(const float given_scale, context.float_attribute("scale", 0));
  ZKI_ASSIGN_OR_RETURN(const LinearRule rule, read_rule(context));
  if (heads < 1 || q_heads < 1 || q_heads % heads != 0)
    return corrupt("q_num_heads " + std::to_string(q_heads) + " and kv_num_heads " + std::to_string(heads));
  const int64_t steps = context.shape(0).rank() == 3 ? context.shape(0)[1] : 0;
  if (steps < 1) return invalid_argument("query of shape " + context.shape(0).to_string());
  if (steps > kMostSteps) return unsupported(std::to_string(steps) + " steps | at most 2048 are unrolled");
  Build b(context);
  const ValueId queries = split_heads(b, context.input(0), q_heads);
  const ValueId keys = split_heads(b, context.input(1), heads);
  const ValueId values = split_heads(b, context.input(2), heads);
  const ValueId decays = rule.decays ? split_heads(b, context.input(4), heads) : ir::kNoValue;
  ValueId betas = ir::kNoValue;
  if (rule.corrects && context.shape(5).rank() == 3) betas = split_heads(b, context.input(5), context.shape(5)[2]);
  if (!b.ok()) return b.status();
  const Shape q = b.shape(queries);
  const int64_t sharing = q_heads / heads;
  const double scale = given_scale != 0 ? static_cast<double>(given_scale) : 1 / std::sqrt(static_cast<double>(q[3]));
  ValueId state = context.input(3);
  std::vector<ValueId> results;
  for (int64_t t = 0; t < steps && b.ok(); ++t) {
    const auto at = [&](ValueId x) { return b.slice(x, 2, t, 1); };
    const ValueId key = at(keys);
    ValueId value = at(values);
    if (rule.decays && state != ir::kNoValue)
      state = b.mul(state, b.swap_last(b.function(ir::function("Exp"), at(decays))));
    if (rule.corrects) value = b.mul(at(betas), state == ir::kNoValue ? value : b.sub(value, b.matmul(key, state)));
    const ValueId written = b.mul(b.swap_last(key), value);
    state = state == ir::kNoValue ? written : b.add(state, written);
    const ValueId query = b.reshape(b.mul(at(queries), b.number(scale)), {q[0], heads, sharing, q[3]});
    const ValueId read = b.matmul(query, state);
    const Shape& shape = b.shape(read);
    if (b.ok()) results.push_back(b.reshape(read, {q[0], 1, q_heads * shape[3]}));
  }
  return b.outputs({b.concat(std::move(results), 1), state});
}

constexpr auto kHandlers = std::to_array<Handler>({
    {"CausalConvWithState", "activation", no_check, import_causal_convolution},
    {"LinearAttention", "chunk_size kv_num_heads q_num_heads scale update_rule", no_check, import_linear_attention},
});

}  // namespace

std::span<const Handler> state_handlers() { return kHandlers; }

}  // namespace zkinfer::frontend_onnx
