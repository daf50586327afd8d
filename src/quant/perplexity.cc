// SPDX-License-Identifier: Apache-2.0
#include "quant/perplexity.h"

#include <algorithm>
#include <cmath>

#include "quant/plan.h"

namespace zkinfer::quant {

namespace {

bool fits(const Shape& tokens, const Shape& scores) {
  return tokens.rank() == 2 && tokens[0] == 1 && tokens[1] > 1 && scores.rank() > 0 && scores[scores.rank() - 1] > 1 &&
         scores.num_elements() == tokens[1] * scores[scores.rank() - 1];
}

// What an ArgMax behind it chose from, or the value itself.
ir::ValueId scores_of(const ir::Graph& graph) {
  const std::vector<std::int32_t> producers = ir::producers(graph);
  ir::ValueId id = graph.outputs[0];
  while (producers[static_cast<std::size_t>(id)] >= 0) {
    const ir::Node& node = graph.nodes[static_cast<std::size_t>(producers[static_cast<std::size_t>(id)])];
    if (node.op != ir::OpKind::kArgMax && !is_movement(node.op)) break;
    id = node.inputs[0];
    if (node.op == ir::OpKind::kArgMax) return id;
  }
  return graph.outputs[0];
}

qir::ValueId scores_of(const qir::QGraph& graph) {
  qir::ValueId id = graph.outputs[0];
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    if (node->output != id) continue;
    if (node->op == qir::Op::kArgMax) return node->inputs[0];
    if (node->op != qir::Op::kReshape) break;
    id = node->inputs[0];
  }
  return graph.outputs[0];
}

// -ln of the share that softmax gives to a token.
double surprise_of(std::span<const float> scores, std::size_t token) {
  const double most = *std::ranges::max_element(scores);
  double sum = 0;
  for (const float score : scores) sum += std::exp(score - most);
  return most + std::log(sum) - scores[token];
}

}  // namespace

std::optional<Perplexity> Perplexity::of(const ir::Graph& graph, const qir::QGraph& integer_graph) {
  if (graph.inputs.size() != 1 || graph.outputs.size() != 1) return std::nullopt;
  if (integer_graph.inputs.size() != 1 || integer_graph.outputs.size() != 1) return std::nullopt;
  const ir::Value& tokens = graph.value(graph.inputs[0]);
  const ir::Value& scores = graph.value(scores_of(graph));
  Perplexity out;
  out.integer_scores_ = scores_of(integer_graph);
  const Shape& integers = integer_graph.value(out.integer_scores_).shape;
  if (tokens.dtype == ir::DataType::kFloat || !fits(tokens.shape, scores.shape) || !fits(tokens.shape, integers))
    return std::nullopt;
  out.float_scores_ = scores.name;
  out.num_scores_ = static_cast<std::size_t>(scores.shape[scores.shape.rank() - 1]);
  if (integers[integers.rank() - 1] != scores.shape[scores.shape.rank() - 1]) return std::nullopt;
  return out;
}

void Perplexity::add(std::span<const float> tokens, std::span<const float> expected, std::span<const float> got) {
  const auto best = [](std::span<const float> line) { return std::ranges::max_element(line) - line.begin(); };
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    const auto next = static_cast<std::int64_t>(tokens[i + 1]);
    if (next < 0 || static_cast<std::size_t>(next) >= num_scores_) continue;
    const std::span<const float> floats = expected.subspan(i * num_scores_, num_scores_),
                                 integers = got.subspan(i * num_scores_, num_scores_);
    float_surprise_ += surprise_of(floats, static_cast<std::size_t>(next));
    surprise_ += surprise_of(integers, static_cast<std::size_t>(next));
    num_agreed_ += best(floats) == best(integers) ? 1 : 0;
    ++num_tokens_;
  }
}

std::optional<LanguageFidelity> Perplexity::result() const {
  if (num_tokens_ == 0) return std::nullopt;
  const auto count = static_cast<double>(num_tokens_);
  return LanguageFidelity{num_tokens_, std::exp(float_surprise_ / count), std::exp(surprise_ / count),
                          static_cast<double>(num_agreed_) / count};
}

}  // namespace zkinfer::quant
