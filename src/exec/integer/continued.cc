// SPDX-License-Identifier: Apache-2.0
// An element with reach r is the same function of input elements 0 .. r whatever the operands that its rule left out are within their intervals
// (qir/causality.cc), so it may be computed while those still are of another input.
#include "exec/integer/continued.h"

#include <string>
#include <utility>

namespace zkinfer::exec_integer {

Result<Continued> Continued::begin(const qir::QGraph& graph, const qir::WeightStore& params, Inputs inputs,
                                   std::int64_t known) {
  Continued out(graph, params);
  out.known_ = known;
  if (inputs.size() != graph.inputs.size() || inputs.empty())
    return invalid_argument("the program has " + std::to_string(graph.inputs.size()) + " inputs, got " +
                            std::to_string(inputs.size()));
  out.steps_.resize(inputs[0].size());
  std::vector<qir::OtherInput> others;
  for (std::size_t i = 1; i < inputs.size(); ++i) {
    if (inputs[i].size() != static_cast<std::size_t>(graph.value(graph.inputs[i]).shape.num_elements()))
      return invalid_argument("input '" + graph.value(graph.inputs[i]).name + "' has another number of elements");
    others.push_back({inputs[i], {}});
  }
  Status status;
  const auto told = [&](std::size_t node, const qir::ReachOf& reach) {
    const auto count = static_cast<std::size_t>(graph.value(graph.nodes[node].output).shape.num_elements());
    for (std::size_t i = 0; i < count;) {
      const std::int64_t last = reach(i);
      std::size_t end = i + 1;
      while (end < count && reach(end) == last) ++end;
      if (last >= known) {
        std::vector<Part>& parts = out.steps_[static_cast<std::size_t>(last)];
        if (parts.empty() || parts.back().node != node) parts.push_back({node, {}});
        parts.back().runs.push_back({static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(end - i)});
        const bool all = end - i == count;
        if (status.ok() && !all && !computes_parts(graph.nodes[node].op))
          status = unsupported("node '" + graph.nodes[node].name + "' is computed as a whole only");
      }
      i = end;
    }
  };
  ZKI_ASSIGN_OR_RETURN(auto reach, qir::reach_of_outputs(graph, others, {}, told));
  out.reach_ = std::move(reach[0]);
  ZKI_RETURN_IF_ERROR(status);
  ZKI_ASSIGN_OR_RETURN(out.witness_, run(graph, params, inputs));
  return out;
}

Status Continued::next(std::int64_t element) {
  const qir::Value& input = graph_->value(graph_->inputs[0]);
  const auto at = static_cast<std::size_t>(known_);
  if (at >= steps_.size()) return out_of_range("input '" + input.name + "' has no element " + std::to_string(at));
  if (element < input.lo || element > input.hi) {
    return out_of_range("input '" + input.name + "': element " + std::to_string(at) + " is " + std::to_string(element) +
                        ", outside the declared range [" + std::to_string(input.lo) + ", " + std::to_string(input.hi) +
                        "]");
  }
  witness_.values[graph_->inputs[0]][at] = element;
  for (const Part& part : steps_[at]) ZKI_RETURN_IF_ERROR(compute(*graph_, *params_, part.node, part.runs, witness_));
  ++known_;
  return ok_status();
}

}  // namespace zkinfer::exec_integer
