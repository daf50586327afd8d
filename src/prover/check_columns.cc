// SPDX-License-Identifier: Apache-2.0
#include "prover/check_columns.h"

#include "prover/witness.h"

namespace zkinfer::prover {

namespace {

using circuit::AxisRole;
using circuit::Contraction;

Status failed(const std::string& relation, std::size_t position, Fp got, Fp expected) {
  return internal_error("relation '" + relation + "' position " + std::to_string(position) + ": got " +
                        std::to_string(got.to_int()) + ", expected " + std::to_string(expected.to_int()));
}

// Values of a contraction's operand over the whole box, and their sum over the k axes per (a, b, c) point.
Status check_contraction(const Contraction& relation, const relations::CompiledCircuit& compiled,
                         const circuit::ColumnValues& data) {
  const auto& columns = compiled.circuit.columns;
  const FpVec lhs = circuit::evaluate(relation.lhs, columns, data, relation.box);
  const FpVec rhs = circuit::evaluate(relation.rhs, columns, data, relation.box);
  const FpVec y = circuit::evaluate(relation.y, columns, data, relation.box);
  // Key of a box point without its k coordinates; y is read where they are all zero.
  std::vector<std::size_t> key_strides(relation.box.size(), 0);
  std::size_t num_keys = 1;
  for (std::size_t axis = relation.box.size(); axis-- > 0;) {
    if (relation.roles[axis] == AxisRole::kK) continue;
    key_strides[axis] = num_keys;
    num_keys *= relation.box[axis];
  }
  FpVec sums(num_keys);
  FpVec wanted(num_keys);
  std::vector<std::uint64_t> index(relation.box.size(), 0);
  for (std::size_t i = 0; i < lhs.size(); ++i) {
    std::size_t key = 0;
    bool first = true;
    for (std::size_t axis = 0; axis < index.size(); ++axis) {
      key += index[axis] * key_strides[axis];
      if (relation.roles[axis] == AxisRole::kK && index[axis] != 0) first = false;
    }
    sums[key] += lhs[i] * rhs[i];
    if (first) wanted[key] = y[i];
    for (std::size_t axis = index.size(); axis-- > 0;) {
      if (++index[axis] < relation.box[axis]) break;
      index[axis] = 0;
    }
  }
  for (std::size_t i = 0; i < num_keys; ++i) {
    if (!(sums[i] == wanted[i])) return failed(relation.name + " (contraction)", i, wanted[i], sums[i]);
  }
  return ok_status();
}

Status check_lookups(const relations::CompiledCircuit& compiled, const circuit::ColumnValues& data) {
  const TupleValues tuples = evaluate_tuples(compiled, data);
  for (std::size_t i = 0; i < tuples.size(); ++i) {
    const circuit::Lookup& lookup = compiled.circuit.lookups[i];
    const circuit::Table& table = compiled.circuit.tables[lookup.table];
    std::vector<std::int64_t> tuple(tuples[i].size());
    for (std::size_t j = 0; j < tuples[i][0].size(); ++j) {
      for (std::size_t k = 0; k < tuple.size(); ++k) tuple[k] = tuples[i][k][j].to_int();
      const auto row = table.row_of(tuple);
      if (!row) return failed(lookup.name + " (lookup domain)", j, tuples[i][0][j], Fp::from_int(table.entry(0, 0)));
      for (std::size_t k = 0; k < tuple.size(); ++k) {
        const std::int64_t expected = table.entry(*row, k);
        if (tuple[k] != expected) {
          return failed(lookup.name + " (lookup value)", j, tuples[i][k][j], Fp::from_int(expected));
        }
      }
    }
  }
  return ok_status();
}

}  // namespace

Status check_columns(const relations::CompiledCircuit& compiled, const circuit::ColumnValues& data,
                     const statement::PublicValues& tensors) {
  const circuit::Circuit& circuit = compiled.circuit;
  for (const Contraction& relation : circuit.contractions)
    ZKI_RETURN_IF_ERROR(check_contraction(relation, compiled, data));
  ZKI_RETURN_IF_ERROR(check_lookups(compiled, data));
  for (const circuit::Equality& equality : circuit.equalities) {
    const FpVec values = circuit::evaluate(equality.expr, circuit.columns, data, equality.box);
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!values[i].is_zero()) return failed(equality.name + " (equality)", i, values[i], Fp());
    }
  }
  for (std::size_t o = 0; o < circuit.public_tensors.size(); ++o) {
    const circuit::PublicTensor& tensor = circuit.public_tensors[o];
    const FpVec values = circuit::evaluate(tensor.expr, circuit.columns, data, tensor.box);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const Fp expected = Fp::from_int(tensors[o][i]);
      if (!(values[i] == expected)) return failed("public output", i, values[i], expected);
    }
  }
  return ok_status();
}

}  // namespace zkinfer::prover
