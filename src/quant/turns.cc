// SPDX-License-Identifier: Apache-2.0
#include "quant/turns.h"

#include <algorithm>

#include "exec/float/float_executor.h"
#include "qir/turn.h"

namespace zkinfer::quant {

Result<std::vector<TensorMap>> turns_of(const ir::Graph& graph, const FloatTensor& text) {
  const ir::Value &tokens = graph.value(graph.inputs[0]), &places = graph.value(graph.inputs[1]);
  const qir::TurnShape shape{tokens.shape[1], text.num_elements(), 0};
  std::vector<FloatTensor> history;
  for (std::size_t j = kTurnInputs; j < graph.inputs.size(); ++j)
    history.emplace_back(graph.value(graph.inputs[j]).shape);
  std::vector<TensorMap> out;
  for (std::int64_t begin = 0; begin < shape.rows; begin += shape.tokens) {
    TensorMap turn;
    FloatTensor own(tokens.shape), numbers(places.shape);
    std::ranges::copy(text.data().subspan(static_cast<std::size_t>(begin),
                                          static_cast<std::size_t>(std::min(shape.tokens, shape.rows - begin))),
                      own.data().begin());
    std::ranges::transform(shape.places(begin), numbers.data().begin(),
                           [](std::int64_t x) { return static_cast<float>(x); });
    turn.emplace(tokens.name, std::move(own));
    turn.emplace(places.name, std::move(numbers));
    for (std::size_t j = 0; j < history.size(); ++j)
      turn.emplace(graph.value(graph.inputs[kTurnInputs + j]).name, history[j]);
    ZKI_ASSIGN_OR_RETURN(const TensorMap left, exec_float::run_float(graph, turn));
    for (std::size_t j = 0; j < history.size(); ++j) history[j] = left.at(graph.value(graph.outputs[1 + j]).name);
    out.push_back(std::move(turn));
  }
  return out;
}

}  // namespace zkinfer::quant
