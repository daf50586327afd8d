// SPDX-License-Identifier: Apache-2.0
#include "api/sampling.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iterator>

#include "base/bytes.h"
#include "hash/keccak.h"

namespace zkinfer {

namespace {

constexpr std::string_view kSeedTag = "zkinfer sampling";
constexpr std::uint32_t kTemperatureOne = 1 << 10, kShareOne = 1 << 16, kRepetitionOne = 1 << 10;

// "0.8": the shortest that is this multiple of 1 / one.
std::string number(std::uint32_t value, std::uint32_t one) {
  for (int digits = 0;; ++digits) {
    char text[32];
    std::snprintf(text, sizeof text, "%.*f", digits, static_cast<double>(value) / one);
    if (digits > 8 || std::llround(std::strtod(text, nullptr) * one) == value) return text;
  }
}

Result<std::uint32_t> in_units(const char* what, double value, double least, double most, std::uint32_t one) {
  if (!(value >= least && value <= most)) {
    char text[160];
    std::snprintf(text, sizeof text, "%s %g: expected %g to %g", what, value, least, most);
    return invalid_argument(text);
  }
  return static_cast<std::uint32_t>(std::llround(value * one));
}

}  // namespace

Result<SamplingRule> SamplingRule::of(double temperature, std::int64_t top_k, double top_p, double repetition) {
  SamplingRule rule;
  ZKI_ASSIGN_OR_RETURN(rule.temperature, in_units("temperature", temperature, 0, 2, kTemperatureOne));
  if (temperature > 0 && rule.temperature == 0) {
    char text[80];
    std::snprintf(text, sizeof text, "temperature %g: expected 0, or 0.001 to 2", temperature);
    return invalid_argument(text);
  }
  if (top_k < 0 || top_k > UINT16_MAX)
    return invalid_argument("top-k " + std::to_string(top_k) + ": expected 1 to 65,535, or 0 for all candidates");
  rule.top_k = static_cast<std::uint32_t>(top_k);
  ZKI_ASSIGN_OR_RETURN(rule.top_p, in_units("top-p", top_p, 1.0 / kShareOne, 1, kShareOne));
  ZKI_ASSIGN_OR_RETURN(rule.repetition, in_units("repetition penalty", repetition, 0.5, 2, kRepetitionOne));
  return rule;
}

Result<std::optional<SamplingRule>> SamplingRule::of(const SamplingOptions& options) {
  const auto& [temperature, top_p, repetition, top_k] = options;
  if (!temperature.has_value() && (top_k.has_value() || top_p.has_value())) {
    return invalid_argument(
        std::string(top_k.has_value() ? "top-k" : "top-p") +
        ": without a temperature the most likely token is given; give a temperature too, 1 for the model's own");
  }
  if (top_k.has_value() && *top_k == 0) return invalid_argument("top-k 0: expected 1 to 65,535; without it, all");
  if (!temperature.has_value() && !repetition.has_value()) return std::optional<SamplingRule>();
  ZKI_ASSIGN_OR_RETURN(const SamplingRule rule, SamplingRule::of(temperature.value_or(0), top_k.value_or(0),
                                                                 top_p.value_or(1), repetition.value_or(1)));
  return std::optional(rule);
}

std::string SamplingRule::to_string() const {
  std::string out = "temperature " + number(temperature, kTemperatureOne);
  if (top_k > 0) out += ", top-k " + std::to_string(top_k);
  if (top_p < kShareOne) out += ", top-p " + number(top_p, kShareOne);
  if (repetition != kRepetitionOne) out += ", repetition penalty " + number(repetition, kRepetitionOne);
  return out;
}

namespace api {

Status check_rule(const SamplingRule& rule, std::int64_t num_candidates) {
  const auto is_in = [](std::uint32_t x, std::uint32_t least, std::uint32_t most) { return x >= least && x <= most; };
  if (rule.temperature > qir::kMostTemperature || !is_in(rule.top_p, 1, kShareOne) ||
      !is_in(rule.repetition, kRepetitionOne / 2, 2 * kRepetitionOne)) {
    return invalid_argument("sampling: " + rule.to_string() +
                            "; expected a temperature of 0 to 2, top-p above 0 to 1, a repetition penalty of 0.5 to 2");
  }
  if (rule.top_k > num_candidates) {
    return invalid_argument("top-k " + std::to_string(rule.top_k) + ": the model draws from " +
                            std::to_string(num_candidates) +
                            " candidates; give fewer, or compile the model for more candidates");
  }
  return ok_status();
}

std::vector<std::int64_t> Sampler::drawn_at(const SamplingRule& rule, const GenerationContext& context,
                                            std::uint32_t position) const {
  ByteWriter seed;
  seed.raw({reinterpret_cast<const std::uint8_t*>(kSeedTag.data()), kSeedTag.size()});
  seed.raw(structure);
  seed.raw(context);
  const Digest seed_digest = keccak256(seed.bytes());
  std::vector<std::int64_t> noise(static_cast<std::size_t>(shape.candidates), 0);
  const std::size_t drawn = rule.top_k > 0 ? std::min<std::size_t>(rule.top_k, noise.size()) : noise.size();
  Digest block{};
  constexpr std::size_t kNumbers = sizeof(Digest) / sizeof(std::uint32_t);
  for (std::size_t rank = 0; rank < drawn; ++rank) {
    if (rank % kNumbers == 0) {
      ByteWriter place;
      place.raw(seed_digest);
      place.u32(position);
      place.u32(static_cast<std::uint32_t>(rank / kNumbers));
      block = keccak256(place.bytes());
    }
    ByteReader reader(ByteView(block).subspan(rank % kNumbers * sizeof(std::uint32_t)));
    noise[rank] = qir::noise_of(shape, rule.temperature, reader.u32());
  }
  std::ranges::copy(qir::rule_numbers(rule.top_p, rule.repetition), std::back_inserter(noise));
  return noise;
}

std::vector<std::int64_t> Sampler::drawn(const GenerationClaim& claim) const {
  const SamplingRule rule = claim.sampling.value_or(SamplingRule{});
  // Where no token of the answer is drawn: the rule alone.
  std::vector<std::int64_t> quiet(static_cast<std::size_t>(shape.candidates), 0);
  std::ranges::copy(qir::rule_numbers(rule.top_p, rule.repetition), std::back_inserter(quiet));
  std::vector<std::int64_t> out;
  for (std::uint32_t position = 0; position < shape.positions; ++position) {
    const bool is_answer = position + 1 >= claim.num_prompt && position + 1 < claim.num_tokens;
    std::ranges::copy(is_answer ? drawn_at(rule, claim.context, position) : quiet, std::back_inserter(out));
  }
  return out;
}

}  // namespace api
}  // namespace zkinfer
