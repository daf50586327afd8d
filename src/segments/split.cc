// SPDX-License-Identifier: Apache-2.0
#include "segments/split.h"

#include <algorithm>
#include <map>
#include <string>

namespace zkinfer::segments {

namespace {

using qir::QGraph;
using qir::ValueId;
using qir::ValueKind;

constexpr std::uint32_t kNowhere = ~std::uint32_t{0};  // parameters

struct Crossing {
  std::vector<std::vector<ValueId>> gives, takes;  // by segment, ascending
};

class Splitter {
 public:
  Splitter(const QGraph& graph, const std::vector<std::uint32_t>& cuts)
      : graph_(graph), cuts_(cuts), home_(graph.values.size(), kNowhere) {
    for (const ValueId id : graph.inputs) home_[id] = 0;
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) home_[graph.nodes[i].output] = segment_of(i);
  }

  Result<Split> run() const {
    const Crossing crossing = find_crossing();
    Split out;
    std::map<ValueId, std::uint32_t> boundary;
    for (const std::vector<ValueId>& gives : crossing.gives) {
      for (const ValueId id : gives) boundary.emplace(id, static_cast<std::uint32_t>(boundary.size()));
    }
    for (std::size_t s = 0; s <= cuts_.size(); ++s) {
      std::vector<std::uint32_t>& reads = out.reads.emplace_back();
      std::vector<ValueId> takes = crossing.takes[s];
      std::ranges::sort(takes, {}, [&](ValueId id) { return boundary.at(id); });
      for (const ValueId id : takes) reads.push_back(boundary.at(id));
      const bool is_last = s == cuts_.size();
      out.segments.push_back(make(s, s == 0 ? graph_.inputs : takes, is_last ? graph_.outputs : crossing.gives[s]));
      const QGraph& made = out.segments.back().graph;
      if (made.inputs.empty() || made.outputs.empty()) {
        return invalid_argument("segment " + std::to_string(s + 1) + " of " + std::to_string(cuts_.size() + 1) +
                                (made.inputs.empty() ? " reads no" : " gives no") +
                                " tensor of another; cut into fewer segments");
      }
      if (const Status status = qir::validate(made); !status.ok())
        return status.with_context("segment " + std::to_string(s + 1));
    }
    return out;
  }

 private:
  std::uint32_t segment_of(std::size_t node) const {
    return static_cast<std::uint32_t>(std::ranges::upper_bound(cuts_, node) - cuts_.begin());
  }

  Crossing find_crossing() const {
    Crossing out;
    out.gives.resize(cuts_.size() + 1);
    out.takes.resize(cuts_.size() + 1);
    const auto read = [&](ValueId id, std::uint32_t by) {
      if (home_[id] == kNowhere || home_[id] >= by) return;
      out.takes[by].push_back(id);
      out.gives[home_[id]].push_back(id);
    };
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      for (const ValueId id : graph_.nodes[i].inputs) read(id, segment_of(i));
    }
    for (const ValueId id : graph_.outputs) read(id, static_cast<std::uint32_t>(cuts_.size()));
    for (auto* lists : {&out.gives, &out.takes}) {
      for (std::vector<ValueId>& ids : *lists) {
        std::ranges::sort(ids);
        ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
      }
    }
    return out;
  }

  Segment make(std::size_t s, const std::vector<ValueId>& inputs, const std::vector<ValueId>& outputs) const {
    const std::size_t begin = s == 0 ? 0 : cuts_[s - 1];
    const std::size_t end = s == cuts_.size() ? graph_.nodes.size() : cuts_[s];
    Segment out;
    std::vector<ValueId>& origin = out.origin;
    origin = inputs;
    std::vector<std::int32_t> tables;
    for (std::size_t i = begin; i < end; ++i) {
      const qir::Node& node = graph_.nodes[i];
      origin.push_back(node.output);
      for (const ValueId id : node.inputs) {
        if (home_[id] == kNowhere) origin.push_back(id);
      }
      if (node.requant.table_index != qir::kNoTable) tables.push_back(node.requant.table_index);
    }
    // What nobody reads would be committed to for nothing, but it belongs to the model's identity: it goes to the first segment.
    if (s == 0) {
      for (const ValueId id : unread_parameters()) origin.push_back(id);
    }
    std::ranges::sort(origin);
    origin.erase(std::unique(origin.begin(), origin.end()), origin.end());
    std::ranges::sort(tables);
    tables.erase(std::unique(tables.begin(), tables.end()), tables.end());
    const auto local = [&](ValueId id) {
      return static_cast<ValueId>(std::ranges::lower_bound(origin, id) - origin.begin());
    };
    QGraph& graph = out.graph;
    graph.name = graph_.name;
    for (const ValueId id : origin) graph.values.push_back(graph_.value(id));
    for (const ValueId id : inputs) {
      graph.inputs.push_back(local(id));
      graph.values[graph.inputs.back()].kind = ValueKind::kInput;
    }
    for (const ValueId id : outputs) graph.outputs.push_back(local(id));
    for (const std::int32_t table : tables) graph.tables.push_back(graph_.tables[static_cast<std::size_t>(table)]);
    for (std::size_t i = begin; i < end; ++i) {
      qir::Node node = graph_.nodes[i];
      for (ValueId& id : node.inputs) id = local(id);
      node.output = local(node.output);
      if (node.requant.table_index != qir::kNoTable) {
        node.requant.table_index =
            static_cast<std::int32_t>(std::ranges::lower_bound(tables, node.requant.table_index) - tables.begin());
      }
      graph.nodes.push_back(std::move(node));
    }
    return out;
  }

  std::vector<ValueId> unread_parameters() const {
    std::vector<bool> is_read(graph_.values.size(), false);
    for (const qir::Node& node : graph_.nodes) {
      for (const ValueId id : node.inputs) is_read[id] = true;
    }
    std::vector<ValueId> out;
    for (ValueId id = 0; id < graph_.values.size(); ++id) {
      if (graph_.value(id).kind == ValueKind::kParam && !is_read[id]) out.push_back(id);
    }
    return out;
  }

  const QGraph& graph_;
  const std::vector<std::uint32_t>& cuts_;
  std::vector<std::uint32_t> home_;  // by value: the segment that has it first
};

}  // namespace

Status check_cuts(const QGraph& graph, const std::vector<std::uint32_t>& cuts) {
  if (cuts.size() >= kMaxSegments)
    return corrupt(std::to_string(cuts.size() + 1) + " segments, at most " + std::to_string(kMaxSegments));
  std::uint32_t last = 0;
  for (const std::uint32_t cut : cuts) {
    if (cut <= last || cut >= graph.nodes.size())
      return corrupt("a cut before node " + std::to_string(cut) + ", expected ascending ones within the program");
    last = cut;
  }
  return ok_status();
}

Result<Split> split(const QGraph& graph, const std::vector<std::uint32_t>& cuts) {
  ZKI_RETURN_IF_ERROR(check_cuts(graph, cuts));
  return Splitter(graph, cuts).run();
}

QGraph join(const std::vector<const QGraph*>& segments, const std::vector<std::vector<std::uint32_t>>& reads) {
  QGraph whole;
  std::vector<ValueId> boundaries;
  for (std::size_t s = 0; s < segments.size(); ++s) {
    const QGraph& graph = *segments[s];
    if (s == 0) whole.name = graph.name;
    std::vector<ValueId> place(graph.values.size(), kNowhere);
    for (std::size_t i = 0; i < reads[s].size(); ++i) place[graph.inputs[i]] = boundaries[reads[s][i]];
    for (ValueId id = 0; id < place.size(); ++id) {
      if (place[id] != kNowhere) continue;
      place[id] = static_cast<ValueId>(whole.values.size());
      whole.values.push_back(graph.values[id]);
    }
    if (s == 0) {
      for (const ValueId id : graph.inputs) whole.inputs.push_back(place[id]);
    }
    const auto first_table = static_cast<std::int32_t>(whole.tables.size());
    whole.tables.insert(whole.tables.end(), graph.tables.begin(), graph.tables.end());
    for (qir::Node node : graph.nodes) {
      for (ValueId& id : node.inputs) id = place[id];
      node.output = place[node.output];
      if (node.requant.table_index != qir::kNoTable) node.requant.table_index += first_table;
      whole.nodes.push_back(std::move(node));
    }
    std::vector<ValueId>& gives = s + 1 == segments.size() ? whole.outputs : boundaries;
    for (const ValueId id : graph.outputs) gives.push_back(place[id]);
  }
  return whole;
}

}  // namespace zkinfer::segments
