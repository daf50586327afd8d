// SPDX-License-Identifier: Apache-2.0
// Compiled: what prover and verifier of the outer protocol share, all of it fixed by the circuit: plan, pad layout, and the shape
// that soundness is computed from. Layouts: where the columns live under opening parameters.
#pragma once

#include "argument/plan.h"
#include "circuit/layout.h"
#include "commit/pcs/params.h"

namespace zkinfer::argument {

struct Compiled {
  circuit::Circuit circuit;
  OuterPlan plan;
  hiding::PadAllocator pads{false};  // counted: layout and copies
  soundness::OuterShape shape;

  std::uint64_t num_elements(circuit::Oracle oracle) const;
  std::size_t num_data_oracles() const;
};

// Appends the pad column. Boxes and columns within relations::build's bounds.
Compiled compile(circuit::Circuit circuit, bool zero_knowledge);

struct Layouts {
  circuit::Layout model;
  circuit::Layout witness;
  std::vector<circuit::Layout> data;

  const circuit::Layout& of(circuit::Oracle oracle) const;
};
// invalid_argument when the parameters are not made for this circuit.
Result<Layouts> place(const Compiled& compiled, const pcs::OpeningParams& params);

}  // namespace zkinfer::argument
