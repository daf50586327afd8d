// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/segments.h"

#include <algorithm>
#include <numeric>

#include "api/model_impl.h"
#include "api/proof_cost.h"
#include "segments/choose_cuts.h"

namespace zkinfer {

namespace {

// Bytes at the peak of one segment's proof, by what it adds to (docs/benchmarks.md, "Segments").
constexpr double kProcess = 40e6, kValue = 400, kLookup = 100, kTableRow = 100, kOperand = 4, kWeight = 150;

double bytes_of(const ProofCost& cost) {
  return kValue * static_cast<double>(cost.values) + kLookup * static_cast<double>(cost.lookups) +
         kTableRow * cost.table_rows + kOperand * static_cast<double>(cost.operands) +
         kWeight * static_cast<double>(cost.weights);
}

Result<segments::Work> work_of(const qir::QGraph& graph) {
  ZKI_ASSIGN_OR_RETURN(const api::ProofCosts costs, api::proof_costs(graph));
  segments::Work work;
  for (const ProofCost& node : costs.nodes) work.nodes.push_back(bytes_of(node));
  work.nodes.front() += bytes_of(costs.inputs);
  // The column, its range, and the committed tensor beside it.
  work.crossing_element = 3 * kValue + kLookup;
  return work;
}

std::string mebibytes(double bytes) { return std::to_string(static_cast<std::uint64_t>(bytes / 1048576) + 1) + " MiB"; }

}  // namespace

Result<Model> cut_model(const Model& model, const CutOptions& options) {
  const package::Package& package = api::impl(model).package;
  if ((options.num_segments > 0) == (options.memory_bytes > 0))
    return invalid_argument("cut a model: expected a number of segments or an amount of memory");
  ZKI_ASSIGN_OR_RETURN(const segments::Work work, work_of(package.graph));
  auto impl = std::make_shared<api::Access::Impl<Model>>();
  impl->package = package;
  if (options.num_segments > 0) {
    ZKI_ASSIGN_OR_RETURN(impl->package.cuts, segments::cut_into(package.graph, work, options.num_segments));
  } else {
    const double most = static_cast<double>(options.memory_bytes) - kProcess;
    const double largest_node = *std::ranges::max_element(work.nodes);
    auto cuts = segments::cut_within(package.graph, work, most);
    if (!cuts.ok()) {
      return cuts.status().with_context("a model within " + mebibytes(static_cast<double>(options.memory_bytes)) +
                                        ", whose largest operator alone needs about " +
                                        mebibytes(kProcess + largest_node));
    }
    impl->package.cuts = std::move(cuts).value();
  }
  return api::Access::make<Model>(std::move(impl));
}

Result<std::uint64_t> estimate_memory(const Model& model) {
  const package::Package& package = api::impl(model).package;
  ZKI_ASSIGN_OR_RETURN(const segments::Work work, work_of(package.graph));
  double largest = 0;
  std::size_t begin = 0;
  std::vector<std::uint32_t> ends = package.cuts;
  ends.push_back(static_cast<std::uint32_t>(work.nodes.size()));
  for (const std::uint32_t end : ends) {
    const auto at = [&](std::size_t i) { return work.nodes.begin() + static_cast<std::ptrdiff_t>(i); };
    largest = std::max(largest, std::accumulate(at(begin), at(end), 0.0));
    begin = end;
  }
  return static_cast<std::uint64_t>(kProcess + largest);
}

}  // namespace zkinfer
