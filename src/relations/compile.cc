// SPDX-License-Identifier: Apache-2.0
#include "relations/compile.h"

namespace zkinfer::relations {

std::uint64_t CompiledCircuit::num_elements(circuit::Oracle oracle) const {
  std::uint64_t count = 0;
  for (const circuit::Column& column : circuit.columns) {
    if (column.oracle == oracle) count += column.num_elements();
  }
  return count;
}

namespace {

Status check_sizes(const circuit::Circuit& circuit) {
  std::uint64_t total = 0;
  const auto add_box = [&](const std::string& name, const circuit::Box& box) -> Status {
    std::uint64_t size = 1;
    for (const std::uint64_t n : box) {
      if (n > kMaxAxis) return resource_limit("'" + name + "': an axis of " + std::to_string(n) + ", at most 2^26 is allowed");
      if (size > kMaxCircuitElements / n) size = kMaxCircuitElements;
      else size *= n;
    }
    total += size;
    if (total > kMaxCircuitElements) return resource_limit("'" + name + "': the circuit has more than 2^34 elements");
    return ok_status();
  };
  for (const circuit::Column& column : circuit.columns) ZKI_RETURN_IF_ERROR(add_box(column.name, column.shape));
  for (const circuit::Lookup& lookup : circuit.lookups) ZKI_RETURN_IF_ERROR(add_box(lookup.name, lookup.box));
  return ok_status();
}

}  // namespace

Result<CompiledCircuit> compile(const qir::QGraph& graph, bool zero_knowledge) {
  ZKI_ASSIGN_OR_RETURN(BuiltCircuit built, Builder(graph).build());
  ZKI_RETURN_IF_ERROR(check_sizes(built.circuit));
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

Result<Layouts> place(const CompiledCircuit& compiled, const pcs::OpeningParams& params) {
  Layouts out;
  const bool has_model = compiled.num_elements(circuit::Oracle::kModel) > 0;
  if (has_model != params.has_model) return invalid_argument("parameters: model oracle expected " + std::to_string(has_model));
  out.witness = circuit::place_columns(compiled.circuit, circuit::Oracle::kWitness, params.witness.log_lanes);
  if (out.witness.num_rows != params.witness.num_rows) {
    return invalid_argument("parameters: witness rows " + std::to_string(params.witness.num_rows) + ", the circuit needs " +
                            std::to_string(out.witness.num_rows));
  }
  if (has_model) {
    out.model = circuit::place_columns(compiled.circuit, circuit::Oracle::kModel, params.model.log_lanes);
    if (out.model.num_rows != params.model.num_rows) {
      return invalid_argument("parameters: model rows " + std::to_string(params.model.num_rows) + ", the circuit needs " +
                              std::to_string(out.model.num_rows));
    }
  }
  return out;
}

}  // namespace zkinfer::relations
