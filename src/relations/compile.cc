// SPDX-License-Identifier: Apache-2.0
#include "relations/compile.h"

#include <algorithm>

namespace zkinfer::relations {

namespace {

Status check_sizes(const circuit::Circuit& circuit) {
  std::uint64_t total = 0;
  const auto add_box = [&](const std::string& name, const circuit::Box& box) -> Status {
    std::uint64_t size = 1;
    for (const std::uint64_t n : box) {
      if (n > kMaxAxis)
        return resource_limit("'" + name + "': an axis of " + std::to_string(n) + ", at most 2^26 is allowed");
      if (size > kMaxCircuitElements / n)
        size = kMaxCircuitElements;
      else
        size *= n;
    }
    total += size;
    if (total > kMaxCircuitElements) return resource_limit("'" + name + "': the circuit has more than 2^34 elements");
    return ok_status();
  };
  for (const circuit::Column& column : circuit.columns) ZKI_RETURN_IF_ERROR(add_box(column.name, column.shape));
  for (const circuit::Lookup& lookup : circuit.lookups) ZKI_RETURN_IF_ERROR(add_box(lookup.name, lookup.box));
  return ok_status();
}

// Axes that a verifier has vectors for, and indices that its arithmetic holds.
Status check_relations(const circuit::Circuit& circuit) {
  const auto check = [](const std::string& name, const circuit::Box& box,
                        std::initializer_list<const circuit::LinExpr*> exprs) -> Status {
    for (const std::uint64_t n : box) {
      if (n > kMaxAxis)
        return resource_limit("'" + name + "': an axis of " + std::to_string(n) + ", at most 2^26 is allowed");
    }
    for (const circuit::LinExpr* expr : exprs) {
      if (circuit::indices_fit(*expr, box)) continue;
      return resource_limit("'" + name +
                            "': it reads at indices beyond 2^61; use smaller strides, steps and pads, or copy a "
                            "tensor between them (give it a table)");
    }
    return ok_status();
  };
  for (const circuit::Contraction& c : circuit.contractions)
    ZKI_RETURN_IF_ERROR(check(c.name, c.box, {&c.y, &c.lhs, &c.rhs}));
  for (const circuit::Lookup& lookup : circuit.lookups) {
    for (const circuit::LinExpr& entry : lookup.tuple) ZKI_RETURN_IF_ERROR(check(lookup.name, lookup.box, {&entry}));
  }
  for (const circuit::Equality& equality : circuit.equalities)
    ZKI_RETURN_IF_ERROR(check(equality.name, equality.box, {&equality.expr}));
  for (const circuit::PublicTensor& output : circuit.public_tensors)
    ZKI_RETURN_IF_ERROR(check("an output", output.box, {&output.expr}));
  return ok_status();
}

Result<BuiltCircuit> checked(Result<BuiltCircuit> built) {
  if (!built.ok()) return built;
  ZKI_RETURN_IF_ERROR(check_sizes(built->circuit));
  ZKI_RETURN_IF_ERROR(check_relations(built->circuit));
  return built;
}

}  // namespace

CompiledCircuit complete(BuiltCircuit built, bool zero_knowledge) {
  CompiledCircuit out{argument::compile(std::move(built.circuit), zero_knowledge), std::move(built.recipes),
                      std::move(built.param_of_column)};
  // The pad column.
  out.recipes.emplace_back();
  out.param_of_column.push_back(-1);
  return out;
}

Result<BuiltCircuit> build(const qir::QGraph& graph, const qir::Visibility& visibility, std::uint64_t max_bytes) {
  return checked(Builder(graph, visibility, max_bytes).build());
}
Result<BuiltCircuit> build_certificate(const qir::QGraph& graph) { return checked(Builder(graph).build_certificate()); }
Result<BuiltCircuit> build_rotation(const qir::QGraph& graph) { return checked(Builder(graph).build_rotation()); }

Result<CompiledCircuit> compile(const qir::QGraph& graph, bool zero_knowledge, const qir::Visibility& visibility) {
  ZKI_ASSIGN_OR_RETURN(BuiltCircuit built, build(graph, visibility));
  return complete(std::move(built), zero_knowledge);
}

Result<CompiledCircuit> compile_certificate(const qir::QGraph& graph, bool zero_knowledge) {
  ZKI_ASSIGN_OR_RETURN(BuiltCircuit built, build_certificate(graph));
  return complete(std::move(built), zero_knowledge);
}

Result<CompiledCircuit> compile_rotation(const qir::QGraph& graph) {
  ZKI_ASSIGN_OR_RETURN(BuiltCircuit built, build_rotation(graph));
  return complete(std::move(built), true);
}

}  // namespace zkinfer::relations
