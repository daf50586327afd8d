// SPDX-License-Identifier: Apache-2.0
// A foreign network through the whole compiler.
#include "exec/integer/executor.h"
#include "fuzz/networks.h"
#include "passes/legalize.h"
#include "quant/quantize.h"
#include "relations/recipes.h"

namespace zkinfer::fuzz {

namespace {

// Small enough to run in a millisecond.
bool is_tiny(const ir::Graph& graph) {
  if (graph.nodes.size() > 16) return false;
  std::int64_t total = 0;
  for (const ir::Value& value : graph.values) {
    if (value.shape.num_elements() > 256) return false;
    total += value.shape.num_elements();
  }
  return total <= 1024;
}

// Import, legalize, quantize with one input, run in integers, build the relations: `zkinfer compile` on a foreign file.
void onnx_compile(ByteView bytes) {
  Result<ir::Graph> imported = frontend_onnx::import_onnx(bytes, small_import());
  if (!imported.ok() || !is_tiny(*imported)) return;
  const Result<ir::Graph> graph = passes::legalize(std::move(*imported));
  if (!graph.ok()) {
    ZKI_CHECK(graph.status().code() != StatusCode::kInternal, graph.status().to_string().c_str());
    return;
  }
  if (!is_tiny(*graph)) return;
  TensorMap input;
  for (const ir::ValueId id : graph->inputs) {
    FloatTensor tensor(graph->value(id).shape);
    for (std::size_t i = 0; i < tensor.data().size(); ++i) tensor[i] = static_cast<float>(i % 17) / 8 - 1;
    input.emplace(graph->value(id).name, std::move(tensor));
  }
  quant::QuantOptions options;
  options.activation_bits = 8;
  options.shift = 8;
  const auto quantized = quant::quantize(*graph, std::vector<TensorMap>{input}, options);
  if (!quantized.ok()) {
    ZKI_CHECK(quantized.status().code() != StatusCode::kInternal, quantized.status().to_string().c_str());
    return;
  }
  exec_integer::Inputs integers;
  for (const qir::ValueId id : quantized->graph.inputs) {
    const qir::Value& value = quantized->graph.value(id);
    integers.emplace_back(static_cast<std::size_t>(value.shape.num_elements()), value.hi);
  }
  const auto witness = exec_integer::run(quantized->graph, quantized->params, integers);
  ZKI_CHECK(witness.ok(), witness.status().to_string().c_str());
  static_cast<void>(relations::compile(quantized->graph, true));
}

constexpr Target kTargets[] = {{"onnx_compile", onnx_compile, onnx_seeds, 4000}};

}  // namespace

std::span<const Target> compile_targets() { return kTargets; }

}  // namespace zkinfer::fuzz
