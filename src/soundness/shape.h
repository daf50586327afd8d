// SPDX-License-Identifier: Apache-2.0
// What the soundness analysis must know of the outer protocol (everything before the opening): counts only, all fixed
// by the circuit. Each count may be an upper bound; a larger count never raises a bound.
#pragma once

#include <cstdint>

namespace zkinfer::soundness {

struct OuterShape {
  std::uint32_t log_leaves = 0;          // log2 of the LogUp leaves (padded); 0: no lookups
  std::uint32_t max_tuple_width = 1;     // columns of the widest lookup tuple, without the tag
  std::uint32_t num_relations = 1;       // relations batched by powers of gamma
  std::uint32_t relation_variables = 0;  // variables of the largest relation bound by eq(tau); 0: batched_rounds
  std::uint32_t batched_rounds = 0;      // rounds of the batched sumcheck
  std::uint32_t batched_degree = 4;      // degree of its round polynomials, eq factor included
  std::uint64_t num_triples = 0;         // product triples
  std::uint32_t log_triple_rows = 0;     // log2 of the padded triple rows: rounds of the zero-check of A B - C
  std::uint64_t num_seats = 0;           // rows with a mark of their own (circuit::Seats)
  std::uint32_t seat_degree = 0;         // of a mark in theta_0 and theta
  std::uint64_t num_functionals = 1;     // linear constraints batched by powers of delta

  // Of the largest relation.
  std::uint32_t tau_variables() const { return relation_variables > 0 ? relation_variables : batched_rounds; }
};

}  // namespace zkinfer::soundness
