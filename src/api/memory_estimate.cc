// SPDX-License-Identifier: Apache-2.0
#include "api/memory_estimate.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "api/secret.h"
#include "prover/choose_opening.h"
#include "relations/recipes.h"
#include "soundness/caps.h"
#include "zkinfer/prove.h"

namespace zkinfer::api {

namespace {

constexpr double kFpBytes = 8, kFeBytes = 24,
                 kTreeBytes = 64;  // of a point of a code: its leaf's digest and the nodes above
// Measured: what a proof takes of what is counted; a value in the trial of a commitment; two code words of weights, between which a commitment
// rotates, with what goes with them; of one that is written to a file.
constexpr double kProof = 1.15, kTrialValue = 35, kTwoCodes = 2.25, kCodeInFile = 0.8;
// So many segments are looked at by what their proofs take, and by their weights.
constexpr std::size_t kLookedAt = 3;

double code_bytes(const pcs::CodeParams& code, double element) {
  return static_cast<double>(code.domain_size()) * (element * static_cast<double>(code.num_lanes()) + kTreeBytes);
}

struct Program {
  const qir::QGraph& graph;
  const qir::WeightStore& weights;
};

Result<MemoryEstimate> estimate(const Program& program, const prover::ModelOptions& options, bool code_in_file) {
  ZKI_ASSIGN_OR_RETURN(const relations::CompiledCircuit compiled,
                       relations::compile(program.graph, options.security.zero_knowledge, options.visibility));
  ZKI_ASSIGN_OR_RETURN(const pcs::OpeningParams params, prover::choose_opening(program.graph, compiled, options));
  const auto placed = static_cast<double>(params.witness.dimension() * params.witness.num_lanes());
  const auto values = static_cast<double>(compiled.num_elements(circuit::Oracle::kWitness));
  // Columns, where they are placed, and the functional that opens them; what they are encoded to, and the folds.
  double proof = kFpBytes * (values + placed) + kFeBytes * placed + code_bytes(params.witness, kFpBytes);
  for (const pcs::CodeParams& fold : params.folds) proof += code_bytes(fold, kFeBytes);
  for (const pcs::TensorOracle& data : params.data) proof += code_bytes(data.oracle, kFpBytes);
  if (params.security.zero_knowledge) proof += code_bytes(params.mask, 2 * kFeBytes);
  const double code = params.has_model ? code_bytes(params.model, kFpBytes) : 0;
  const auto base = static_cast<double>(kLeastMemory + 2 * program.weights.num_weights());
  MemoryEstimate out;
  out.prove_bytes = static_cast<std::uint64_t>(base + kProof * proof + (code_in_file ? 0 : code));
  out.commit_bytes =
      static_cast<std::uint64_t>(base + kTrialValue * values + (code_in_file ? kCodeInFile : kTwoCodes) * code);
  return out;
}

}  // namespace

Result<LargestSegment> largest_segment(const package::Package& package, const std::vector<ProofCost>& costs) {
  prover::ModelOptions usual;
  usual.visibility.outputs = {Exposure::kPublic};
  ZKI_ASSIGN_OR_RETURN(const auto cut, cut_of(package));
  LargestSegment out;
  const std::uint64_t num_weights = package.weights.num_weights();
  usual.budget = soundness::default_model_budget(num_weights);
  const bool in_file = code_file_pays(num_weights, usual.budget);
  if (cut == nullptr) {
    ZKI_ASSIGN_OR_RETURN(out.memory, estimate({package.graph, package.weights}, usual, in_file));
    out.end = costs.size();
    return out;
  }
  const std::size_t num_segments = cut->parts.size();
  std::vector<std::size_t> ends(package.cuts.begin(), package.cuts.end());
  ends.push_back(costs.size());
  std::vector<ProofCost> sums(num_segments);
  for (std::size_t i = 0; i < num_segments; ++i) {
    for (std::size_t node = i == 0 ? 0 : ends[i - 1]; node < ends[i]; ++node) sums[i] += costs[node];
  }
  std::set<std::size_t> looked_at;
  const auto add_largest = [&](const auto& size) {
    std::vector<std::size_t> order(num_segments);
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t i) { return size(sums[i]); });
    looked_at.insert(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(std::min(kLookedAt, num_segments)));
  };
  add_largest([](const ProofCost& cost) { return cost.values + cost.lookups; });
  add_largest([](const ProofCost& cost) { return cost.weights; });
  std::uint64_t most = 0;
  for (const std::size_t i : looked_at) {
    const prover::Part& part = cut->parts[i];
    auto one = estimate({part.graph, part.weights}, prover::segment_options(*cut, usual, i), in_file);
    if (!one.ok()) return one.status().with_context("segment " + std::to_string(i + 1));
    out.memory.commit_bytes = std::max(out.memory.commit_bytes, one->commit_bytes);
    out.memory.prove_bytes = std::max(out.memory.prove_bytes, one->prove_bytes);
    if (one->most() <= most) continue;
    most = one->most();
    out.begin = i == 0 ? 0 : ends[i - 1];
    out.end = ends[i];
  }
  return out;
}

}  // namespace zkinfer::api
