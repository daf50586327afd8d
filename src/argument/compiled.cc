// SPDX-License-Identifier: Apache-2.0
#include "argument/compiled.h"

#include <algorithm>

namespace zkinfer::argument {

Compiled compile(circuit::Circuit circuit, bool zero_knowledge) {
  Compiled out;
  out.circuit = std::move(circuit);
  out.plan = make_plan(out.circuit);
  out.pads = count_pads(out.circuit, out.plan, zero_knowledge);
  add_pad_column(out.circuit, out.pads.layout());
  out.shape = outer_shape(out.circuit, out.plan, out.pads.layout());
  return out;
}

std::uint64_t Compiled::num_elements(circuit::Oracle oracle) const {
  std::uint64_t count = 0;
  for (const circuit::Column& column : circuit.columns) {
    if (column.oracle == oracle) count += column.num_elements();
  }
  return count;
}

std::size_t Compiled::num_data_oracles() const {
  std::size_t count = 0;
  for (const circuit::Column& column : circuit.columns) {
    if (column.oracle < circuit::Oracle::kFirstData) continue;
    count = std::max(
        count, 1 + static_cast<std::size_t>(column.oracle) - static_cast<std::size_t>(circuit::Oracle::kFirstData));
  }
  return count;
}

const circuit::Layout& Layouts::of(circuit::Oracle oracle) const {
  if (oracle == circuit::Oracle::kModel) return model;
  if (oracle == circuit::Oracle::kWitness) return witness;
  return data[static_cast<std::size_t>(oracle) - static_cast<std::size_t>(circuit::Oracle::kFirstData)];
}

Result<Layouts> place(const Compiled& compiled, const pcs::OpeningParams& params) {
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

}  // namespace zkinfer::argument
