// SPDX-License-Identifier: Apache-2.0
#include "quant/as_given.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include "exec/float/float_executor.h"
#include "quant/scale.h"

namespace zkinfer::quant {

Result<AsGiven> compare_as_given(const ir::Graph& given, const ir::Graph& core, std::span<const TensorMap> inputs,
                                 const std::vector<std::string>& watched) {
  AsGiven out;
  std::unordered_map<std::string, std::string> node_of;  // by the value it makes
  for (const ir::Node& node : given.nodes)
    if (std::ranges::find(watched, node.name) != watched.end()) node_of[given.output_of(node).name] = node.name;
  std::unordered_set<std::string> found;
  std::unordered_map<std::string, double> largest, differences;
  for (const TensorMap& input : inputs) {
    const exec_float::FloatObserver observe = [&](const ir::Value& value, const FloatTensor& tensor) {
      const auto node = node_of.find(value.name);
      if (node != node_of.end() && std::ranges::any_of(tensor.data(), [](float x) { return x != 0; }))
        found.insert(node->second);
    };
    ZKI_ASSIGN_OR_RETURN(const TensorMap expected, exec_float::run_float(given, input, observe));
    ZKI_ASSIGN_OR_RETURN(const TensorMap got, exec_float::run_float(core, input));
    for (const auto& [name, floats] : expected) {
      const FloatTensor& made = got.at(name);
      for (std::size_t i = 0; i < floats.data().size(); ++i) {
        ++out.num_elements;
        if (!std::isfinite(floats[i])) {
          ++out.num_not_finite;
          continue;
        }
        const double x = static_cast<double>(floats[i]);
        largest[name] = std::max(largest[name], std::abs(x));
        differences[name] = std::max(differences[name], std::abs(x - static_cast<double>(made[i])));
      }
    }
  }
  for (const auto& [name, difference] : differences) {
    const double relative = difference > 0 ? difference / std::max(largest[name], 1e-30) : 0;
    if (relative <= out.difference) continue;
    out.difference = relative;
    out.output = name;
  }
  for (const std::string& name : watched)
    if (found.contains(name)) out.found.push_back(name);
  return out;
}

Result<std::vector<std::string>> may_leave_type(const ir::Graph& given, const qir::QGraph& program,
                                                std::span<const TensorMap> inputs) {
  constexpr auto kArithmetic = std::to_array<std::string_view>(
      {"Add", "Sub", "Mul", "Neg", "Abs", "Sum", "Pow", "MatMul", "ReduceSum", "ReduceProd", "CumSum", "CumProd"});
  constexpr std::int64_t kNarrow = 65535;                 // those wrap (frontend/onnx/wrap.h)
  std::unordered_map<std::string, const ir::Node*> open;  // by value
  for (const ir::Node& node : given.nodes) {
    const ir::Value& value = given.output_of(node);
    if (value.dtype == ir::DataType::kInt64 && value.declared && value.declared->hi - value.declared->lo > kNarrow &&
        std::ranges::find(kArithmetic, node.origin) != kArithmetic.end())
      open.emplace(value.name, &node);
  }
  for (const qir::Value& value : program.values) {
    const auto found = open.find(value.name);
    if (found == open.end() || scale_of(value) != 1) continue;
    const ir::IntegerRange& type = *given.output_of(*found->second).declared;
    if (value.lo >= type.lo && value.hi <= type.hi) open.erase(found);
  }
  for (std::size_t i = 0; i < inputs.size() && !open.empty(); ++i) {
    Status refused;
    const exec_float::FloatObserver observe = [&](const ir::Value& value, const FloatTensor& tensor) {
      const auto found = open.find(value.name);
      if (found == open.end() || !refused.ok()) return;
      constexpr double kRounded = 1 + 1e-6;  // floats show the numbers
      for (const float x : tensor.data()) {
        const double real = static_cast<double>(x);
        if (real <= kRounded * static_cast<double>(value.declared->hi) &&
            real >= kRounded * static_cast<double>(value.declared->lo))
          continue;
        refused = unsupported(
            "node '" + found->second->name + "' (" + found->second->origin + "): reaches " +
            std::to_string(static_cast<std::int64_t>(real)) + " on calibration input " + std::to_string(i) +
            ", beyond its type's " + std::to_string(value.declared->lo) + " .. " + std::to_string(value.declared->hi) +
            ", where the network goes on at the other end and a proof does not; cast to int64 before");
        return;
      }
    };
    ZKI_RETURN_IF_ERROR(exec_float::run_float(given, inputs[i], observe).status());
    ZKI_RETURN_IF_ERROR(refused);
  }
  std::vector<std::string> names;
  for (const ir::Node& node : given.nodes)
    if (open.contains(given.output_of(node).name)) names.push_back("'" + node.name + "'");
  return names;
}

}  // namespace zkinfer::quant
