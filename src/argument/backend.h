// SPDX-License-Identifier: Apache-2.0
// The seam for other back ends in the phases before the opening; commit/pcs/backend.h has commitments and the opening, and
// says where it is cut and why. The columns are the witness as the executor left it: they cross once per phase, everything
// made of them (leaves, layers, tables) stays.
#pragma once

#include <memory>

#include "argument/compiled.h"
#include "circuit/evaluate.h"
#include "lookup/grand_sum.h"
#include "sumcheck/product_rounds.h"

namespace zkinfer::argument {

// The values of every lookup's tuple over its box: [lookup][entry][box], row-major (circuit::evaluate of the tuples).
using TupleValues = std::vector<std::vector<circuit::NarrowVec>>;

// Any number of threads may use one back end. compiled and data outlive the results.
class Backend {
 public:
  virtual ~Backend() = default;
  // Over the leaves of compiled.plan: tuples and table rows as alpha - sum beta^j entry_j.
  virtual std::unique_ptr<lookup::GrandSum> grand_sum(const Compiled& compiled, const circuit::ColumnValues& data,
                                                      TupleValues tuples, const Fe& alpha, const Fe& beta) const = 0;
  // The contractions at tau, the i-th times gamma^i.
  virtual std::unique_ptr<sumcheck::ProductRounds> contractions(const Compiled& compiled,
                                                                const circuit::ColumnValues& data,
                                                                std::span<const Fe> tau, const Fe& gamma) const = 0;
};

}  // namespace zkinfer::argument
