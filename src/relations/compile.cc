// SPDX-License-Identifier: Apache-2.0
#include "relations/compile.h"

#include <algorithm>

namespace zkinfer::relations {

std::uint64_t CompiledCircuit::num_elements(circuit::Oracle oracle) const {
  std::uint64_t count = 0;
  for (const circuit::Column& column : circuit.columns) {
    if (column.oracle == oracle) count += column.num_elements();
  }
  return count;
}

std::size_t CompiledCircuit::num_data_oracles() const {
  std::size_t count = 0;
  for (const circuit::Column& column : circuit.columns) {
    if (column.oracle < circuit::Oracle::kFirstData) continue;
    count = std::max(
        count, 1 + static_cast<std::size_t>(column.oracle) - static_cast<std::size_t>(circuit::Oracle::kFirstData));
  }
  return count;
}

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
  CompiledCircuit out;
  out.circuit = std::move(built.circuit);
  out.recipes = std::move(built.recipes);
  out.param_of_column = std::move(built.param_of_column);
  out.plan = circuit::make_plan(out.circuit);
  out.pads = circuit::count_pads(out.circuit, out.plan, zero_knowledge);
  circuit::add_pad_column(out.circuit, out.pads.layout());
  out.recipes.emplace_back();
  out.param_of_column.push_back(-1);
  out.shape = circuit::outer_shape(out.circuit, out.plan, out.pads.layout());
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

const circuit::Layout& Layouts::of(circuit::Oracle oracle) const {
  if (oracle == circuit::Oracle::kModel) return model;
  if (oracle == circuit::Oracle::kWitness) return witness;
  return data[static_cast<std::size_t>(oracle) - static_cast<std::size_t>(circuit::Oracle::kFirstData)];
}

Result<CompiledCircuit> compile_rotation(const qir::QGraph& graph) {
  ZKI_ASSIGN_OR_RETURN(BuiltCircuit built, build_rotation(graph));
  return complete(std::move(built), true);
}

Result<Layouts> place(const CompiledCircuit& compiled, const pcs::OpeningParams& params) {
  Layouts out;
  const bool has_model = compiled.num_elements(circuit::Oracle::kModel) > 0;
  if (has_model != params.has_model)
    return invalid_argument("parameters: model oracle expected " + std::to_string(has_model));
  if (compiled.num_data_oracles() != params.data.size()) {
    return invalid_argument("parameters: " + std::to_string(params.data.size()) + " data oracles, expected " +
                            std::to_string(compiled.num_data_oracles()));
  }
  const auto add = [&](circuit::Oracle oracle, const std::string& name,
                       const pcs::CodeParams& oracle_params) -> Result<circuit::Layout> {
    circuit::Layout layout = circuit::place_columns(compiled.circuit, oracle, oracle_params.log_lanes);
    if (layout.num_coefs == oracle_params.num_coefs) return layout;
    return invalid_argument("parameters: " + name + " rows " + std::to_string(oracle_params.num_coefs) +
                            ", the circuit needs " + std::to_string(layout.num_coefs));
  };
  ZKI_ASSIGN_OR_RETURN(out.witness, add(circuit::Oracle::kWitness, "witness", params.witness));
  if (has_model) {
    ZKI_ASSIGN_OR_RETURN(out.model, add(circuit::Oracle::kModel, "model", params.model));
  }
  for (std::size_t i = 0; i < params.data.size(); ++i) {
    ZKI_ASSIGN_OR_RETURN(circuit::Layout layout,
                         add(circuit::data_oracle(i), "data " + std::to_string(i), params.data[i].oracle));
    out.data.push_back(std::move(layout));
  }
  return out;
}

}  // namespace zkinfer::relations
