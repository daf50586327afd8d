// SPDX-License-Identifier: Apache-2.0
// What a sampled answer was drawn with: random numbers from the context, and the input that holds them (docs/sampling.md).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "qir/sampler.h"
#include "zkinfer/generation.h"

namespace zkinfer::api {

struct Sampler {
  qir::SamplerShape shape;
  Digest structure{};  // KeyInfo::structure_digest

  // Of the token behind `position`: noise and rule, [candidates + 3].
  std::vector<std::int64_t> drawn_at(const SamplingRule& rule, const GenerationContext& context,
                                     std::uint32_t position) const;
  // The input behind that of the tokens.
  std::vector<std::int64_t> drawn(const GenerationClaim& claim) const;
};

// invalid_argument: numbers out of range, or more than the model's candidates.
Status check_rule(const SamplingRule& rule, std::int64_t num_candidates);

}  // namespace zkinfer::api
