// SPDX-License-Identifier: Apache-2.0
// Cutting a model into segments, so that proving it takes the memory of the largest one.
#pragma once

#include <cstdint>
#include <string>

#include "zkinfer/model.h"

namespace zkinfer {

// One of the two; neither: not cut.
struct CutOptions {
  std::size_t num_segments = 0;    // at most so many, as even as places with little crossing allow; 1: not cut
  std::uint64_t memory_bytes = 0;  // as few as keep the estimated memory of commit and prove within this

  bool is_asked() const { return num_segments > 1 || memory_bytes > 0; }
};

// "4GiB", "512 MiB", "1.5GB", or bytes. invalid_argument.
Result<std::uint64_t> parse_memory(const std::string& text);

// Before there is a model: both are asked for, more than kMaxSegments, or less memory than anything takes (resource_limit).
Status check_cut(const CutOptions& options);

// The same model, which the verbs of a model take as before; its key, secret, certificate and proofs are of all segments. A model that
// was cut before is cut anew. Notes of its record say where it got fewer segments than asked for, and where being cut saves little or no
// memory. resource_limit: it cannot be cut so; the message says what takes the memory, and how much.
Result<Model> cut_model(const Model& model, const CutOptions& options);

// What committing to the model (at the default budget) and proving it take at the peak of a process, from above: the sizes of what its
// largest segments encode under the parameters that would be chosen (docs/benchmarks.md, "Segments").
struct MemoryEstimate {
  std::uint64_t commit_bytes = 0, prove_bytes = 0;

  std::uint64_t most() const { return commit_bytes > prove_bytes ? commit_bytes : prove_bytes; }
};
Result<MemoryEstimate> estimate_memory(const Model& model);

}  // namespace zkinfer
