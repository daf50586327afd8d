// SPDX-License-Identifier: Apache-2.0
// Cutting a model into segments, so that proving it takes the memory of the largest one.
#pragma once

#include <cstdint>

#include "zkinfer/model.h"

namespace zkinfer {

// One of the two.
struct CutOptions {
  std::size_t num_segments = 0;    // at most so many, as even as places with little crossing allow
  std::uint64_t memory_bytes = 0;  // as few as keep the estimated memory of commit and prove within this
};

// The same model, which the verbs of a model take as before; its key, secret, certificate and proofs are of all segments. A model that
// was cut before is cut anew. resource_limit: it cannot be cut so; the message says what it needs.
Result<Model> cut_model(const Model& model, const CutOptions& options);

// What committing to the model (at the default budget) and proving it take at its largest segment, estimated from its relations.
Result<std::uint64_t> estimate_memory(const Model& model);

}  // namespace zkinfer
