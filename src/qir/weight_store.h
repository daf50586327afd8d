// SPDX-License-Identifier: Apache-2.0
// WeightStore: a model's weights, in memory once. Immutable; copies share the memory, so model, prover and every proof read
// the same bytes. Thread-safe. Each tensor takes 1, 2 or 4 bytes an entry and is read in place (IntSpan).
// The memory is the store's own, or anything that `owner` keeps alive: a model file's bytes, later a mapped file.
#pragma once

#include <memory>
#include <vector>

#include "base/int_span.h"
#include "qir/qgraph.h"

namespace zkinfer::qir {

class WeightStore {
 public:
  WeightStore() = default;
  // By ValueId; empty for what is no parameter. Copies, in the fewest bytes that hold each tensor.
  WeightStore(const Weights& values);  // NOLINT: where weights are read, loose vectors will do
  WeightStore(std::vector<IntSpan> values, std::shared_ptr<const void> owner);

  // One (perhaps empty) span per graph value.
  std::size_t size() const { return contents_ == nullptr ? 0 : contents_->values.size(); }
  const IntSpan& operator[](std::size_t id) const { return contents_->values[id]; }
  // The least and the greatest entry of a tensor that has one.
  std::int32_t least(std::size_t id) const { return contents_->bounds[id].first; }
  std::int32_t greatest(std::size_t id) const { return contents_->bounds[id].second; }
  std::uint64_t num_weights() const;
  // Keeps the memory alive without the store.
  std::shared_ptr<const void> memory() const { return contents_; }
  Weights to_vectors() const;
  // The same integers, in whatever width.
  friend bool operator==(const WeightStore& a, const WeightStore& b);

 private:
  struct Contents {
    std::vector<IntSpan> values;
    std::vector<std::pair<std::int32_t, std::int32_t>> bounds;
    std::shared_ptr<const void> owner;
  };
  std::shared_ptr<const Contents> contents_;
};

}  // namespace zkinfer::qir
