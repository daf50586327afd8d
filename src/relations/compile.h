// SPDX-License-Identifier: Apache-2.0
// From the structure of an integer graph to its circuit, with what the outer protocol makes of it; the same for prover and
// verifier.
#pragma once

#include "argument/compiled.h"
#include "relations/builder.h"

namespace zkinfer::relations {

// Everything after its base is the prover's.
struct CompiledCircuit : argument::Compiled {
  std::vector<Recipe> recipes;                // by ColumnId, the pad column included
  std::vector<std::int64_t> param_of_column;  // by ColumnId
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

}  // namespace zkinfer::relations
