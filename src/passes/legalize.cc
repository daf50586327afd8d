// SPDX-License-Identifier: Apache-2.0
#include "passes/legalize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>

#include "ir/op_table.h"
#include "passes/rewrites.h"

namespace zkinfer::passes {

namespace {

struct Pass {
  std::string_view name;
  Result<ir::Graph> (*run)(const ir::Graph&);
};

// expand may leave constant nodes behind (a transposed weight), so folding follows it, and again after widen_to_2d.
constexpr auto kPasses = std::to_array<Pass>({
    {"tabulate", tabulate},
    {"drop_empty", drop_empty},
    {"remove_identities", remove_identities},
    {"resolve_special", [](const ir::Graph& graph) { return resolve_special(graph, nullptr); }},
    {"stabilize", stabilize},
    {"mask_softmax", mask_softmax},
    {"log_softmax", log_softmax},
    {"expand", expand},
    {"remove_expanded_identities", remove_identities},
    {"fold_constants", fold_constants},
    {"weigh_before_squares", weigh_before_squares},
    {"scale_early", scale_early},
    {"compare_early", compare_early},
    {"fold_affine", fold_affine},
    {"sink_affine", sink_affine},
    {"fold_affine_into_next", fold_affine_into_next},
    {"join_products", join_products},
    {"widen_to_2d", widen_to_2d},
    {"fold_widened_constants", fold_constants},
    {"simplify", simplify},
});

// The first constant operand that is not finite: infinity has no integer form.
std::optional<ir::Unsupported> infinite_operand(const ir::Graph& graph, const ir::Node& node) {
  for (const ir::ValueId id : node.inputs) {
    const FloatTensor* floats = id == ir::kNoValue ? nullptr : graph.value(id).floats();
    if (floats == nullptr) continue;
    for (const float x : floats->data())
      if (!std::isfinite(x))
        return ir::Unsupported{"its operand '" + graph.value(id).name + "' holds infinity or NaN",
                               "use finite numbers; masks are understood right before a Softmax or a maximum"};
  }
  return std::nullopt;
}

// Everything that is still not core, all at once.
Status require_core(const ir::Graph& graph) {
  std::string problems;
  std::size_t count = 0;
  for (const ir::Node& node : graph.nodes) {
    std::optional<ir::Unsupported> reason = ir::unsupported_reason(graph, node);
    if (!reason) reason = infinite_operand(graph, node);
    const auto is_empty = [&](ir::ValueId id) {
      return id != ir::kNoValue && graph.value(id).shape.num_elements() == 0;
    };
    if (!reason && (is_empty(node.output) || std::any_of(node.inputs.begin(), node.inputs.end(), is_empty)))
      reason = ir::Unsupported{"reads a tensor without elements", "give its axes other sizes, or remove it"};
    if (!reason && ir::schema(node.op).level != ir::OpLevel::kCore)
      reason = ir::Unsupported{"still not a core operator after all passes",
                               "that is a fault of zkinfer: report it with the model"};
    if (!reason && node.op == ir::OpKind::kPad && node.as<ir::PadAttributes>().value != 0)
      reason = ir::Unsupported{"pads with minus infinity or the lowest number",
                               "only a MaxPool whose windows all see the input may follow; pad with a number"};
    if (!reason) continue;
    ++count;
    problems += "\n  node '" + node.name + "' (" +
                (node.origin.empty() ? std::string(ir::op_name(node.op)) : node.origin) + "): " + reason->reason +
                "; " + reason->remedy;
  }
  if (count == 0) return ok_status();
  return unsupported(std::to_string(count) + " part(s) of the model cannot be proved:" + problems);
}

}  // namespace

Result<ir::Graph> legalize(ir::Graph graph) {
  ZKI_RETURN_IF_ERROR(ir::verify(graph).with_context("before all passes"));
  for (const Pass& pass : kPasses) {
    const std::string where = "pass " + std::string(pass.name);
    Result<ir::Graph> result = pass.run(graph);
    if (!result.ok()) return result.status().with_context(where);
    graph = std::move(*result);
    ZKI_RETURN_IF_ERROR(ir::verify(graph).with_context("after " + where));
  }
  ZKI_RETURN_IF_ERROR(require_core(graph));
  return graph;
}

bool may_change_numbers(const ir::Graph& given) {
  constexpr float kLowest = -1000;  // masks are lower (mask_softmax.cc)
  return std::ranges::any_of(given.nodes, [](const ir::Node& node) { return node.op == ir::OpKind::kIsSpecial; }) ||
         std::ranges::any_of(given.values, [&](const ir::Value& value) {
           const FloatTensor* floats = value.floats();
           return floats != nullptr && std::ranges::any_of(floats->data(), [&](float x) { return !(x > kLowest); });
         });
}

}  // namespace zkinfer::passes
