// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/segments.h"

#include <algorithm>

#include "api/model_impl.h"
#include "api/proof_cost.h"
#include "segments/choose_cuts.h"

namespace zkinfer {

namespace {

// Bytes at the peak, measured (docs/benchmarks.md, "Segments"). Of a proof: the process with the code word of a small model, then what
// grows with the circuit, as where oracles are full. Of a commit, whose largest part is the rotation to the first commitment
// that serves, at the default budget: two code words.
constexpr double kProcess = 90e6, kValue = 240, kLookup = 100, kTableRow = 270, kOperand = 4, kWeight = 60;
constexpr double kCommit = 280e6, kCommitWeight = 150;

double proof_bytes(const ProofCost& cost) {
  return kValue * static_cast<double>(cost.values) + kLookup * static_cast<double>(cost.lookups) +
         kOperand * static_cast<double>(cost.operands) + kWeight * static_cast<double>(cost.weights);
}
double commit_bytes(const ProofCost& cost) { return kCommitWeight * static_cast<double>(cost.weights); }

Result<std::vector<ProofCost>> costs_of(const qir::QGraph& graph) {
  ZKI_ASSIGN_OR_RETURN(api::ProofCosts costs, api::proof_costs(graph));
  costs.nodes.front() += costs.inputs;
  return std::move(costs.nodes);
}

// What a proof takes before any operator: tables are in every segment that looks up in them, perhaps in all.
double proof_floor(const std::vector<ProofCost>& costs) {
  double rows = 0;
  for (const ProofCost& cost : costs) rows += cost.table_rows;
  return kProcess + kTableRow * rows;
}

// In shares of `memory`, of which a segment may take one in a proof and one in a commit.
segments::Work work_of(const std::vector<ProofCost>& costs, double memory) {
  segments::Work work;
  const double in_proof = memory - proof_floor(costs), in_commit = memory - kCommit;
  for (const ProofCost& node : costs)
    work.nodes.push_back(std::max(proof_bytes(node) / in_proof, commit_bytes(node) / in_commit));
  // The column, its range, and the committed tensor beside it.
  work.crossing_element = (3 * kValue + kLookup) / in_proof;
  return work;
}

std::string mebibytes(double bytes) { return std::to_string(static_cast<std::uint64_t>(bytes / 1048576) + 1) + " MiB"; }

}  // namespace

Result<Model> cut_model(const Model& model, const CutOptions& options) {
  const package::Package& package = api::impl(model).package;
  if ((options.num_segments > 0) == (options.memory_bytes > 0))
    return invalid_argument("cut a model: expected a number of segments or an amount of memory");
  // Of a number of segments only the proportions count.
  const double memory = options.num_segments > 0 ? 0x1p40 : static_cast<double>(options.memory_bytes);
  ZKI_ASSIGN_OR_RETURN(const std::vector<ProofCost> costs, costs_of(package.graph));
  const double least = std::max(kCommit, proof_floor(costs));
  if (memory <= least) {
    return resource_limit("a model within " + mebibytes(memory) + ": its smallest segment takes about " +
                          mebibytes(least) + "; allow more");
  }
  const segments::Work work = work_of(costs, memory);
  auto impl = std::make_shared<api::Access::Impl<Model>>();
  impl->package = package;
  if (options.num_segments > 0) {
    ZKI_ASSIGN_OR_RETURN(impl->package.cuts, segments::cut_into(package.graph, work, options.num_segments));
  } else {
    auto cuts = segments::cut_within(package.graph, work, 1);
    if (!cuts.ok()) {
      double largest = 0;
      for (const ProofCost& node : costs) largest = std::max(largest, proof_bytes(node));
      return cuts.status().with_context("a model within " + mebibytes(memory) +
                                        ", whose largest operator alone takes about " +
                                        mebibytes(proof_floor(costs) + largest));
    }
    impl->package.cuts = std::move(cuts).value();
  }
  return api::Access::make<Model>(std::move(impl));
}

Result<std::uint64_t> estimate_memory(const Model& model) {
  const package::Package& package = api::impl(model).package;
  ZKI_ASSIGN_OR_RETURN(const std::vector<ProofCost> costs, costs_of(package.graph));
  double largest = 0;
  std::size_t begin = 0;
  std::vector<std::uint32_t> ends = package.cuts;
  ends.push_back(static_cast<std::uint32_t>(costs.size()));
  for (const std::uint32_t end : ends) {
    ProofCost all;
    for (; begin < end; ++begin) all += costs[begin];
    largest = std::max({largest, proof_floor(costs) + proof_bytes(all), kCommit + commit_bytes(all)});
  }
  return static_cast<std::uint64_t>(largest);
}

}  // namespace zkinfer
