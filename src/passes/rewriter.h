// SPDX-License-Identifier: Apache-2.0
// Builds a new graph from an old one node by node: the frame of every pass. Inputs and outputs keep their order and
// names; constants are shared and copied only when something uses them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "ir/graph.h"
#include "zkinfer/status.h"

namespace zkinfer::passes {

class Rewriter {
 public:
  explicit Rewriter(const ir::Graph& from);

  const ir::Graph& from() const { return from_; }
  ir::Graph& to() { return to_; }
  // The new value that stands for an old one; constants are copied at the first call.
  ir::ValueId mapped(ir::ValueId old);
  std::vector<ir::ValueId> mapped(const std::vector<ir::ValueId>& old);
  // Appends a node in place of `source`. The last one, which makes the old output, has no step name.
  Result<ir::ValueId> emit(ir::OpKind op, const ir::Node& source, std::vector<ir::ValueId> inputs,
                           ir::Attributes attributes = {}, std::string_view step = {});
  // A number of the rewrite itself (ir::Value::literal).
  ir::ValueId literal(const ir::Node& source, float number, std::string_view step,
                      ir::DataType dtype = ir::DataType::kFloat);
  ir::ValueId constant(const ir::Node& source, FloatTensor tensor, std::string_view step);
  // Index in to().nodes of the node that makes a new value, -1 for inputs and constants.
  std::int32_t producer(ir::ValueId value) const;
  // The old node that makes an old value, null for inputs and constants.
  const ir::Node* maker(ir::ValueId old) const {
    const std::int32_t node = old == ir::kNoValue ? -1 : from_producers_[static_cast<std::size_t>(old)];
    return node < 0 ? nullptr : &from_.nodes[static_cast<std::size_t>(node)];
  }
  // True when the old value is read once and is no graph output.
  bool used_once(ir::ValueId old) const {
    return uses_[static_cast<std::size_t>(old)] == 1 && !is_output_[static_cast<std::size_t>(old)];
  }

 private:
  friend Result<ir::Graph> rewrite(const ir::Graph& graph,
                                   const std::function<Result<ir::ValueId>(Rewriter&, const ir::Node&)>& replace);
  Status finish();

  const ir::Graph& from_;
  ir::Graph to_;
  std::vector<ir::ValueId> mapped_;
  std::vector<std::int32_t> uses_;
  std::vector<std::int32_t> from_producers_;
  std::vector<bool> is_output_;
  mutable std::vector<std::int32_t> producers_;  // of to_.values, extended on demand
  mutable std::size_t producers_done_ = 0;
};

// Calls `replace` for every node in order; it returns the new value of the node's output, or kNoValue to copy the node.
// Dead nodes and values are gone from the result.
Result<ir::Graph> rewrite(const ir::Graph& graph,
                          const std::function<Result<ir::ValueId>(Rewriter&, const ir::Node&)>& replace);

}  // namespace zkinfer::passes
