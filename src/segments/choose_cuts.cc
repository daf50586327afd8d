// SPDX-License-Identifier: Apache-2.0
#include "segments/choose_cuts.h"

#include <algorithm>
#include <limits>
#include <string>

#include "segments/split.h"

namespace zkinfer::segments {

namespace {

// Bytes of proofs, about: what a further segment has of its own, what each side opens of a tensor (decision 13), and what grows with it.
constexpr double kSegmentBytes = 100e3, kTensorBytes = 30e3, kElementBytes = 0.1;
constexpr double kNever = std::numeric_limits<double>::infinity();

struct Place {
  std::size_t num_tensors = 0;
  double num_elements = 0;
  bool is_open() const { return num_tensors > 0 && num_tensors <= kMostCrossing; }
};

// By the index of the node before which the cut is: what crosses there. Inputs begin before all nodes, outputs are needed behind them.
std::vector<Place> places_of(const qir::QGraph& graph) {
  const std::size_t num_nodes = graph.nodes.size();
  std::vector<std::size_t> made(graph.values.size(), 0), read(graph.values.size(), 0);
  for (std::size_t i = 0; i < num_nodes; ++i) {
    for (const qir::ValueId id : graph.nodes[i].inputs) read[id] = i;
    made[graph.nodes[i].output] = i + 1;
  }
  for (const qir::ValueId id : graph.outputs) read[id] = num_nodes;
  std::vector<Place> out(num_nodes + 1);
  for (std::size_t id = 0; id < graph.values.size(); ++id) {
    const qir::Value& value = graph.values[id];
    if (value.kind == qir::ValueKind::kParam) continue;
    for (std::size_t at = std::max<std::size_t>(made[id], 1); at <= read[id] && at < num_nodes; ++at) {
      ++out[at].num_tensors;
      out[at].num_elements += static_cast<double>(value.shape.num_elements());
    }
  }
  return out;
}

class Chooser {
 public:
  Chooser(const qir::QGraph& graph, const Work& work)
      : num_nodes_(graph.nodes.size()), work_(work), places_(places_of(graph)), sums_(num_nodes_ + 1, 0) {
    for (std::size_t i = 0; i < num_nodes_; ++i) sums_[i + 1] = sums_[i] + work.nodes[i];
  }

  double whole() const { return sums_[num_nodes_]; }

  // The cheapest cuts with segments of at most `most`; nothing where there are none.
  bool cut(double most, std::vector<std::uint32_t>& cuts) const {
    std::vector<double> price(num_nodes_ + 1, kNever);
    std::vector<std::size_t> before(num_nodes_ + 1, 0);
    price[0] = 0;
    for (std::size_t end = 1; end <= num_nodes_; ++end) {
      if (end < num_nodes_ && !places_[end].is_open()) continue;
      for (std::size_t begin = end; begin-- > 0;) {
        if (sums_[end] - sums_[begin] > most) break;
        if (price[begin] == kNever || between(begin, end) > most) continue;
        const double here = price[begin] + price_of(end);
        if (here >= price[end]) continue;
        price[end] = here;
        before[end] = begin;
      }
    }
    if (price[num_nodes_] == kNever) return false;
    cuts.clear();
    for (std::size_t at = before[num_nodes_]; at > 0; at = before[at]) cuts.push_back(static_cast<std::uint32_t>(at));
    std::ranges::reverse(cuts);
    return true;
  }

 private:
  double between(std::size_t begin, std::size_t end) const {
    const double crossing =
        (begin > 0 ? places_[begin].num_elements : 0) + (end < num_nodes_ ? places_[end].num_elements : 0);
    return sums_[end] - sums_[begin] + work_.crossing_element * crossing;
  }
  double price_of(std::size_t end) const {
    if (end == num_nodes_) return kSegmentBytes;
    const Place& place = places_[end];
    return kSegmentBytes + 2 * kTensorBytes * static_cast<double>(place.num_tensors) +
           kElementBytes * place.num_elements;
  }

  std::size_t num_nodes_;
  const Work& work_;
  std::vector<Place> places_;
  std::vector<double> sums_;
};

}  // namespace

Result<std::vector<std::uint32_t>> cut_within(const qir::QGraph& graph, const Work& work, double most) {
  std::vector<std::uint32_t> cuts;
  const bool found = Chooser(graph, work).cut(most, cuts);
  if (found && cuts.size() < kMaxSegments) return cuts;
  return resource_limit(found ? "it takes " + std::to_string(cuts.size() + 1) + " segments, at most " +
                                    std::to_string(kMaxSegments) + " are possible"
                              : "between the places where at most " + std::to_string(kMostCrossing) +
                                    " tensors cross, a part of the program needs more");
}

Result<std::vector<std::uint32_t>> cut_into(const qir::QGraph& graph, const Work& work, std::size_t num_segments) {
  if (num_segments < 1 || num_segments > kMaxSegments)
    return invalid_argument(std::to_string(num_segments) + " segments, expected 1 to " + std::to_string(kMaxSegments));
  const Chooser chooser(graph, work);
  double high = 2 * chooser.whole(), low = 0;  // one segment is sure to keep that
  std::vector<std::uint32_t> best, cuts;
  if (!chooser.cut(high, best)) return internal_error("a program that cannot be cut into one segment");
  for (int step = 0; step < 30 && high - low > 0.01 * high; ++step) {
    const double middle = (low + high) / 2;
    if (chooser.cut(middle, cuts) && cuts.size() < num_segments) {
      high = middle;
      best = cuts;
    } else {
      low = middle;
    }
  }
  return best;
}

}  // namespace zkinfer::segments
