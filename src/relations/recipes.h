// SPDX-License-Identifier: Apache-2.0
// The prover's side of relations/recipe_sink.h: circuits with a recipe for every column.
#pragma once

#include "relations/compile.h"

namespace zkinfer::relations {

// How the prover computes a column.
struct Recipe {
  enum class Kind : std::uint8_t {
    kGiven,      // set by the protocol: pads, blind, multiplicities; or constant
    kParameter,  // the functions of RecipeSink
    kValue,
    kRounded,
    kExpression,
    kPositivePart,
    kMaximum,
    kArgMaxStep,
    kPicked,
    kTable,
    kLimb,
    kProduct,
    kSha256,
    kKeystream,
  };
  Kind kind = Kind::kGiven;
  qir::ValueId value = 0;
  std::uint32_t node = 0;
  Map map;
  circuit::LinExpr expr;
  circuit::LinExpr other;
  circuit::Box box;  // of expr and other
  std::int32_t table = 0;
  int limb_shift = 0;
  int limb_bits = 0;
  Sha256Column sha256 = Sha256Column::kBits;
  std::size_t entry_bytes = 1;
  KeystreamColumn keystream = KeystreamColumn::kInput;
};

// Precondition of all: the circuit was compiled for a prover (below).
const Recipe& recipe_of(const CompiledCircuit& compiled, std::size_t column);
// The graph value whose parameters the column holds; -1 for other columns.
std::int64_t param_of_column(const CompiledCircuit& compiled, std::size_t column);

// A listener for verifier::prepare and the like: what they compile is then for a prover.
std::shared_ptr<RecipeSink> new_recipes();

// relations::build and its like, completed, with recipes.
Result<CompiledCircuit> compile(const qir::QGraph& graph, bool zero_knowledge, const qir::Visibility& visibility = {},
                                std::uint64_t num_rows = 1);
Result<CompiledCircuit> compile_certificate(const qir::QGraph& graph, bool zero_knowledge);
Result<CompiledCircuit> compile_rotation(const qir::QGraph& graph);
Result<CompiledCircuit> compile_encryption(const qir::QGraph& graph, const EncryptionChunk& chunk, bool zero_knowledge);

}  // namespace zkinfer::relations
