// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/segments.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "api/memory_estimate.h"
#include "api/model_impl.h"
#include "api/proof_cost.h"
#include "base/text.h"
#include "segments/choose_cuts.h"
#include "zkinfer/formats.h"

namespace zkinfer {

namespace {

// Shares of a proof's memory, by which work is split evenly; what a segment takes is then estimated from its own parameters.
constexpr double kValue = 160, kLookup = 60, kOperand = 4, kWeight = 60;

constexpr std::pair<const char*, double> kUnits[] = {
    {"", 1},         {"B", 1},    {"KiB", 1024.0}, {"MiB", 1048576.0}, {"GiB", 1073741824.0},
    {"TiB", 0x1p40}, {"KB", 1e3}, {"MB", 1e6},     {"GB", 1e9},        {"TB", 1e12},
};

constexpr char kNotePrefix[] = "cut into ";

std::string mebibytes(std::uint64_t bytes) { return std::to_string((bytes + 0xfffff) >> 20) + " MiB"; }

double work_of(const ProofCost& cost) {
  return kValue * static_cast<double>(cost.values) + kLookup * static_cast<double>(cost.lookups) +
         kOperand * static_cast<double>(cost.operands) + kWeight * static_cast<double>(cost.weights);
}

Result<std::vector<ProofCost>> costs_of(const qir::QGraph& graph) {
  ZKI_ASSIGN_OR_RETURN(api::ProofCosts costs, api::proof_costs(graph));
  costs.nodes.front() += costs.inputs;
  return std::move(costs.nodes);
}

segments::Work split_work(const std::vector<ProofCost>& costs) {
  segments::Work work;
  for (const ProofCost& node : costs) work.nodes.push_back(work_of(node));
  // The column, its range, and the committed tensor beside it.
  work.crossing_element = 3 * kValue + kLookup;
  return work;
}

struct Cut {
  package::Package package;
  api::LargestSegment largest;
};

class Cutter {
 public:
  Cutter(const package::Package& package, const std::vector<ProofCost>& costs)
      : package_(package), costs_(costs), work_(split_work(costs)) {}

  Result<Cut> into(std::size_t num_segments) const {
    Cut cut{package_, {}};
    cut.package.cuts.clear();
    if (num_segments > 1) {
      ZKI_ASSIGN_OR_RETURN(cut.package.cuts, segments::cut_into(package_.graph, work_, num_segments));
    }
    ZKI_ASSIGN_OR_RETURN(cut.largest, api::largest_segment(cut.package, costs_));
    return cut;
  }

  // As few segments as stay within it.
  Result<Cut> within(std::uint64_t memory) const {
    ZKI_ASSIGN_OR_RETURN(Cut whole, into(1));
    if (whole.largest.memory.most() <= memory) return whole;
    ZKI_ASSIGN_OR_RETURN(Cut best, into(kMaxSegments));
    if (best.largest.memory.most() > memory)
      return too_much(best.largest.memory.most() < whole.largest.memory.most() ? best : whole, memory);
    std::size_t low = 1, high = best.package.cuts.size() + 1;  // the second is enough, the first is not
    while (high - low > 1) {
      const std::size_t middle = (low + high) / 2;
      ZKI_ASSIGN_OR_RETURN(Cut cut, into(middle));
      const bool fits = cut.largest.memory.most() <= memory;
      (fits ? high : low) = middle;
      if (fits) best = std::move(cut);
    }
    return best;
  }

 private:
  // What takes the memory, and what would take less. least: the cut that takes least.
  Status too_much(const Cut& least, std::uint64_t memory) const {
    const api::LargestSegment& largest = least.largest;
    const std::size_t num_segments = least.package.cuts.size() + 1;
    const bool in_commit = largest.memory.commit_bytes > largest.memory.prove_bytes;
    std::string text =
        "CutOptions::memory_bytes: " + mebibytes(memory) + ", and " + (in_commit ? "committing to" : "proving");
    text += num_segments == 1
                ? " the model takes about " + mebibytes(largest.memory.most()) + " as a whole, and no less in segments"
                : " the largest of the " + std::to_string(num_segments) +
                      " segments that it can be cut into takes about " + mebibytes(largest.memory.most());
    // The node that has most of what the segment is largest by.
    const auto share = [&](std::size_t node) {
      return in_commit ? static_cast<double>(costs_[node].weights) : work_of(costs_[node]);
    };
    std::size_t most = largest.begin;
    for (std::size_t node = largest.begin; node < largest.end; ++node) {
      if (share(node) > share(most)) most = node;
    }
    const ProofCost& cost = costs_[most];
    const std::string name = in_quotes(package_.graph.value(package_.graph.nodes[most].output).name);
    text += in_commit ? " (at the default budget; most is for the " + std::to_string(cost.weights) + " weights of " +
                            name + ")"
                      : " (most is for " + name + ", with " + std::to_string(cost.values) + " values and " +
                            std::to_string(cost.lookups) + " lookups)";
    text += "; cuts are where at most " + std::to_string(segments::kMostCrossing) + " tensors cross. Allow more";
    return resource_limit(text + (in_commit
                                      ? ", or compile without a bound and commit with a smaller CommitOptions::budget"
                                      : ", or make the model's inputs smaller (fewer tokens, smaller pictures)"));
  }

  const package::Package& package_;
  const std::vector<ProofCost>& costs_;
  segments::Work work_;
};

void add_notes(const CutOptions& options, const MemoryEstimate& whole, const Cut& cut, std::vector<Note>& notes) {
  const std::size_t num_segments = cut.package.cuts.size() + 1;
  const std::string count = std::to_string(num_segments) + (num_segments == 1 ? " segment" : " segments");
  if (options.num_segments > num_segments) {
    notes.push_back({false, kNotePrefix + count + ", not " + std::to_string(options.num_segments) +
                                ": more would not make the largest of them smaller, with cuts where at most " +
                                std::to_string(segments::kMostCrossing) + " tensors cross"});
  }
  // Nine tenths: what a proof of several parts takes of its own is worth more than that.
  if (num_segments > 1 && cut.largest.memory.most() > whole.most() / 10 * 9) {
    notes.push_back({false, kNotePrefix + count + ", it takes about " + mebibytes(cut.largest.memory.most()) +
                                " of memory to commit and prove, and as a whole " + mebibytes(whole.most()) +
                                ": here segments save little or no memory, and make proofs longer and slower"});
  }
}

}  // namespace

Result<std::uint64_t> parse_memory(const std::string& text) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  std::string unit = end;
  if (!unit.empty() && unit.front() == ' ') unit.erase(0, 1);
  for (const auto& [name, bytes] : kUnits) {
    if (end == text.c_str() || unit != name || !std::isfinite(number)) continue;
    if (number * bytes >= 1 && number * bytes < 0x1p60) return static_cast<std::uint64_t>(number * bytes);
  }
  return invalid_argument("CutOptions::memory_bytes: " + in_quotes(text) +
                          ": expected an amount of memory, as 4GiB or 512MiB");
}

Status check_cut(const CutOptions& options) {
  if (options.num_segments > 0 && options.memory_bytes > 0)
    return invalid_argument("CutOptions::num_segments and CutOptions::memory_bytes: expected one of the two");
  if (options.num_segments > kMaxSegments)
    return invalid_argument("CutOptions::num_segments: " + std::to_string(options.num_segments) + ", expected 1 to " +
                            std::to_string(kMaxSegments));
  const std::uint64_t least = api::kLeastMemory;
  if (options.memory_bytes == 0 || options.memory_bytes >= least) return ok_status();
  return resource_limit("CutOptions::memory_bytes: " + std::to_string(options.memory_bytes) +
                        " bytes, and the program alone takes about " + mebibytes(least) +
                        " when it commits or proves; allow more");
}

Result<Model> cut_model(const Model& model, const CutOptions& options) {
  const package::Package& package = api::impl(model).package;
  ZKI_RETURN_IF_ERROR(check_cut(options));
  if (options.num_segments == 0 && options.memory_bytes == 0)
    return invalid_argument("cut a model: expected a number of segments or an amount of memory");
  ZKI_ASSIGN_OR_RETURN(const std::vector<ProofCost> costs, costs_of(package.graph));
  const Cutter cutter(package, costs);
  auto cut = options.num_segments > 0 ? cutter.into(options.num_segments) : cutter.within(options.memory_bytes);
  if (!cut.ok()) return cut.status();
  ZKI_ASSIGN_OR_RETURN(const Cut whole, cutter.into(1));
  std::vector<Note>& notes = cut->package.record.notes;
  std::erase_if(notes, [](const Note& note) { return note.text.starts_with(kNotePrefix); });  // of an earlier cut
  add_notes(options, whole.largest.memory, *cut, notes);
  if (notes.size() > CompileRecord::kMaxNotes) notes.resize(CompileRecord::kMaxNotes);
  auto impl = std::make_shared<api::Access::Impl<Model>>();
  impl->package = std::move(cut->package);
  return api::Access::make<Model>(std::move(impl));
}

Result<MemoryEstimate> estimate_memory(const Model& model) {
  const package::Package& package = api::impl(model).package;
  ZKI_ASSIGN_OR_RETURN(const std::vector<ProofCost> costs, costs_of(package.graph));
  ZKI_ASSIGN_OR_RETURN(const api::LargestSegment largest, api::largest_segment(package, costs));
  return largest.memory;
}

}  // namespace zkinfer
