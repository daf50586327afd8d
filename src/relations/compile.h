// SPDX-License-Identifier: Apache-2.0
// CompiledCircuit: circuit, protocol plan and pad layout of an integer graph; the same for prover and verifier.
#pragma once

#include "circuit/layout.h"
#include "circuit/plan.h"
#include "commit/pcs/params.h"
#include "relations/builder.h"

namespace zkinfer::relations {

struct CompiledCircuit {
  circuit::Circuit circuit;
  std::vector<Recipe> recipes;                // by ColumnId, the pad column included
  std::vector<std::int64_t> param_of_column;  // by ColumnId
  circuit::OuterPlan plan;
  hiding::PadAllocator pads{false};  // counted: layout and copies
  soundness::OuterShape shape;

  std::uint64_t num_elements(circuit::Oracle oracle) const;
  std::size_t num_data_oracles() const;
};

// Verifiers build, count what the circuit costs (verifier/cost.h), and only then complete it.
// Errors: unsupported (builder.h); resource_limit for circuits beyond kMaxCircuitElements, and for those whose expressions
// take more than max_bytes.
Result<BuiltCircuit> build(const qir::QGraph& graph, const qir::Visibility& visibility = {},
                           std::uint64_t max_bytes = kMaxCircuitBytes);
// The certificate's circuit: the model columns of build(), and that every parameter lies in its declared range.
Result<BuiltCircuit> build_certificate(const qir::QGraph& graph);
// The rotation's circuit: the model columns of build() in M and, in the same order, in data oracle 0; equal.
Result<BuiltCircuit> build_rotation(const qir::QGraph& graph);
CompiledCircuit complete(BuiltCircuit built, bool zero_knowledge);

// Both in one.
Result<CompiledCircuit> compile(const qir::QGraph& graph, bool zero_knowledge, const qir::Visibility& visibility = {});
Result<CompiledCircuit> compile_certificate(const qir::QGraph& graph, bool zero_knowledge);
Result<CompiledCircuit> compile_rotation(const qir::QGraph& graph);

inline constexpr std::uint64_t kMaxCircuitElements = std::uint64_t{1} << 34;
inline constexpr std::uint64_t kMaxAxis = std::uint64_t{1} << 26;

// Where the columns live under these parameters. invalid_argument when the parameters are not made for this circuit.
struct Layouts {
  circuit::Layout model;
  circuit::Layout witness;
  std::vector<circuit::Layout> data;

  const circuit::Layout& of(circuit::Oracle oracle) const;
};
Result<Layouts> place(const CompiledCircuit& compiled, const pcs::OpeningParams& params);

}  // namespace zkinfer::relations
