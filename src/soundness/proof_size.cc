// SPDX-License-Identifier: Apache-2.0
#include "soundness/proof_size.h"

#include <cmath>
#include <cstdio>

namespace zkinfer::soundness {

namespace {

constexpr double kDigestBytes = 32.0;
constexpr double kExtensionBytes = 24.0;
constexpr double kNonceBytes = 8.0;
constexpr std::uint64_t kBaseBytes = 8;

double oracle_bytes(const pcs::CodeParams& oracle, std::uint64_t leaf_bytes) {
  return expected_query_bytes(oracle.log_domain, oracle.num_queries, leaf_bytes);
}

}  // namespace

double ProofSize::total() const {
  double sum = 0.0;
  for (const SizePart& part : parts) sum += part.bytes;
  return sum;
}

std::string ProofSize::to_text() const {
  std::string out;
  char line[128];
  for (const SizePart& part : parts) {
    std::snprintf(line, sizeof line, "%-24s %9.1f KiB\n", part.label.c_str(), part.bytes / 1024.0);
    out += line;
  }
  std::snprintf(line, sizeof line, "%-24s %9.1f KiB\n", "opening", total() / 1024.0);
  return out + line;
}

double expected_digests(std::uint32_t log_domain, std::uint64_t num_queries) {
  const double queries = static_cast<double>(num_queries);
  double digests = 0.0;
  double empty_above = 0.0;  // (1 - 2^-(j-1))^t; the root is never empty
  for (std::uint32_t depth = 1; depth <= log_domain; ++depth) {
    const double nodes = std::exp2(depth);
    const double empty = std::exp2(queries * std::log2(1.0 - 1.0 / nodes));
    digests += nodes * (empty - empty_above);
    empty_above = empty;
  }
  return digests;
}

double expected_query_bytes(std::uint32_t log_domain, std::uint64_t num_queries, std::uint64_t leaf_bytes) {
  return static_cast<double>(num_queries * leaf_bytes) + kDigestBytes * expected_digests(log_domain, num_queries);
}

ProofSize estimate_proof_bytes(const pcs::OpeningParams& params) {
  ProofSize size;
  const auto add = [&size](std::string label, double bytes) { size.parts.push_back({std::move(label), bytes}); };
  const double round_bytes = 2.0 * kExtensionBytes;
  add("root of W", kDigestBytes);
  add("first rounds", params.first_rounds() * round_bytes);
  if (params.has_model) add("queries of M", oracle_bytes(params.model, kBaseBytes << params.model.log_lanes));
  for (std::size_t i = 0; i < params.data.size(); ++i) {
    const pcs::CodeParams& data = params.data[i].oracle;
    add("queries of D_" + std::to_string(i + 1), oracle_bytes(data, kBaseBytes << data.log_lanes));
  }
  add("queries of W", oracle_bytes(params.witness, kBaseBytes << params.witness.log_lanes));
  for (std::size_t i = 0; i < params.folds.size(); ++i) {
    const pcs::CodeParams& fold = params.folds[i];
    const std::string name = "g_" + std::to_string(i + 1);
    // Root, out-of-domain value, rounds.
    add("messages of " + name, kDigestBytes + kExtensionBytes + fold.log_lanes * round_bytes);
    add("queries of " + name, oracle_bytes(fold, 3 * kBaseBytes << fold.log_lanes));
  }
  add("final vector", static_cast<double>(params.final_size()) * kExtensionBytes);
  add("final rounds", params.final_rounds() * round_bytes);
  double nonces = static_cast<double>(params.folds.size() + 1);
  if (params.security.zero_knowledge) {
    nonces += 1.0;
    // Root of X, (X*, r*), mu_S.
    add("mask messages", kDigestBytes + static_cast<double>(params.mask.dimension() + 1) * kExtensionBytes);
    add("queries of X", oracle_bytes(params.mask, 6 * kBaseBytes));
  }
  add("nonces", nonces * kNonceBytes);
  return size;
}

}  // namespace zkinfer::soundness
