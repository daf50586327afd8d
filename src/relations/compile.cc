// SPDX-License-Identifier: Apache-2.0
#include "relations/compile.h"

#include <algorithm>

#include "circuit/batch.h"

namespace zkinfer::relations {

namespace {

Status check_axes(const std::string& name, const circuit::Box& box) {
  for (const std::uint64_t n : box) {
    if (n > kMaxAxis)
      return resource_limit("'" + name + "': an axis of " + std::to_string(n) + ", at most 2^26 is allowed");
  }
  return ok_status();
}

Status check_sizes(const circuit::Circuit& circuit) {
  std::uint64_t total = 0;
  const auto add_box = [&](const std::string& name, const circuit::Box& box) -> Status {
    ZKI_RETURN_IF_ERROR(check_axes(name, box));
    std::uint64_t size = 1;
    for (const std::uint64_t n : box) size = size > kMaxCircuitElements / n ? kMaxCircuitElements : size * n;
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
    ZKI_RETURN_IF_ERROR(check_axes(name, box));
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
  const auto check_tuples = [&](const std::string& name, const circuit::Tuples& tuples) -> Status {
    for (const circuit::LinExpr& entry : tuples.tuple) ZKI_RETURN_IF_ERROR(check(name, tuples.box, {&entry}));
    return check(name, tuples.whole_box(), {&tuples.run});
  };
  for (const circuit::Lookup& lookup : circuit.lookups) ZKI_RETURN_IF_ERROR(check_tuples(lookup.name, lookup));
  for (const circuit::Table& table : circuit.tables) {
    if (table.committed) ZKI_RETURN_IF_ERROR(check_tuples("a committed table", *table.committed));
  }
  for (const circuit::Equality& equality : circuit.equalities)
    ZKI_RETURN_IF_ERROR(check(equality.name, equality.box, {&equality.expr}));
  for (const circuit::PublicTensor& output : circuit.public_tensors)
    ZKI_RETURN_IF_ERROR(check("an output", output.box, {&output.expr}));
  return ok_status();
}

Result<circuit::Circuit> checked(Result<circuit::Circuit> built) {
  if (!built.ok()) return built;
  ZKI_RETURN_IF_ERROR(check_sizes(*built));
  ZKI_RETURN_IF_ERROR(check_relations(*built));
  return built;
}

}  // namespace

Result<circuit::Circuit> build(const qir::QGraph& graph, const qir::Visibility& visibility, std::uint64_t max_bytes,
                               RecipeSink* recipes, std::uint64_t num_rows) {
  return checked(Builder(graph, visibility, max_bytes, recipes, num_rows).build());
}
Result<circuit::Circuit> build_batch(const qir::QGraph& graph, const qir::Visibility& visibility,
                                     std::uint64_t num_rows, std::uint64_t max_bytes, RecipeSink* recipes) {
  if (num_rows < 1 || num_rows > kMaxAxis) {
    return resource_limit("a batch of " + std::to_string(num_rows) + " rows, 1 to 2^26 are allowed");
  }
  ZKI_ASSIGN_OR_RETURN(circuit::Circuit row, build(graph, visibility, max_bytes, recipes, num_rows));
  return checked(circuit::batched(std::move(row), num_rows));
}
Result<circuit::Circuit> build_joint(const qir::QGraph& graph, std::uint64_t num_seats, std::uint64_t max_bytes,
                                     RecipeSink* recipes) {
  const qir::Visibility seen{{Exposure::kPublic, TensorHash::kNone}};
  ZKI_ASSIGN_OR_RETURN(circuit::Circuit circuit, build_batch(graph, seen, num_seats, max_bytes, recipes));
  circuit::Seats seats;
  seats.tensors = std::move(circuit.public_tensors);
  circuit.public_tensors.clear();
  seats.pads = static_cast<circuit::ColumnId>(circuit.columns.size());
  circuit.columns.push_back({"seat pads", circuit::Oracle::kWitness, {num_seats, 3}});
  circuit.seats = std::move(seats);
  return circuit;
}
Result<circuit::Circuit> build_certificate(const qir::QGraph& graph, RecipeSink* recipes) {
  return checked(Builder(graph, {}, kMaxCircuitBytes, recipes).build_certificate());
}
Result<circuit::Circuit> build_rotation(const qir::QGraph& graph, RecipeSink* recipes) {
  return checked(Builder(graph, {}, kMaxCircuitBytes, recipes).build_rotation());
}
Result<circuit::Circuit> build_encryption(const qir::QGraph& graph, const EncryptionChunk& chunk, RecipeSink* recipes) {
  return checked(Builder(graph, {}, kMaxCircuitBytes, recipes).build_encryption(chunk));
}

}  // namespace zkinfer::relations
