// SPDX-License-Identifier: Apache-2.0
// Children: the nodes below a layer of the grand sum, in memory, or made block by block when they are read: leaves, or the parents of
// leaves. 2^24 leaves in K are 400 MiB, what they are made of a third of that or less.
#pragma once

#include "lookup/gkr_kernels.h"

namespace zkinfer::lookup {

// Leaves on demand. Thread-safe.
class LeafSource {
 public:
  virtual ~LeafSource() = default;
  virtual std::size_t size() const = 0;  // a power of two
  // Leaves from here on have p = 0, q = 1: nearly half of them where the others just pass a power of two.
  virtual std::size_t num_used() const { return size(); }
  // Leaves [begin, begin + q.size), at most kMaxBlockRows of them, numerators in F. p and q hold anything on entry.
  virtual void load(std::size_t begin, FpSpan p, FeSpan q) const = 0;
};

class Children {
 public:
  // 2^log_size nodes; those beyond the ones that are there are 0 / 1. There are all of them, or a multiple of four blocks.
  Children(int log_size, const Numerators& p, FeCSpan q) : log_size_(log_size), num_there_(q.size), nodes_{p, q} {}
  // num_there: at least those that the source uses.
  Children(const LeafSource& source, std::size_t num_there);
  // The parents of a source's leaves; long layers only.
  static Children parents_of(const LeafSource& source, std::size_t num_there);

  int log_size() const { return log_size_; }
  std::size_t num_there() const { return num_there_; }
  Fe p(std::size_t i) const;
  Fe q(std::size_t i) const;

  // Whole blocks of parents, out_q.size of them from `begin` on.
  void build_parents(std::size_t begin, FeSpan out_p, FeSpan out_q) const;
  // Rows of the first round that have children which are there: those from here on have nodes 0 / 1 alone.
  std::size_t num_rows() const { return num_there_ / 4; }
  // The parents that the first round binds in a row, and in the others of its block behind them.
  std::size_t first_parent(std::size_t row) const { return spread(row, 2); }
  std::size_t second_parent(std::size_t row) const;
  // Of rows [begin, begin + eq.size), one block at most.
  Fe first_top(const Fe& lambda, FeCSpan eq, std::size_t begin) const;
  // The first round's sums where no parents are at hand; and their value at 1.
  RoundSums first_sums(const Fe& lambda, FeCSpan eq, std::size_t begin) const;
  Fe first_at_one(const Fe& lambda, FeCSpan eq, std::size_t begin) const;
  // Binds the first variable to s, for rows x and x + half of 2 half; sums the next round.
  RoundSums fold(const Fe& lambda, const Fe& s, FeCSpan eq, std::size_t x, std::size_t half,
                 const LayerTables& out) const;

 private:
  // Of the layer above.
  int layer() const { return log_size_ - 1; }
  Strides strides() const;
  // Where the nodes of a row begin, in the layer that has so many for each.
  std::size_t spread(std::size_t row, std::size_t nodes_per_row) const;
  // The first child of a row's first parent.
  std::size_t first_child(std::size_t row) const { return spread(row, 4); }
  // The children of `count` rows, one block at most, from `row` on; of a source, in memory number `slot` of the thread.
  Nodes nodes(std::size_t row, std::size_t count, std::size_t slot) const;
  Nodes load(std::size_t begin, std::size_t count, std::size_t slot) const;
  // sum of eq (P' + lambda Q') of the parents above nodes, one block at most.
  Fe parents_sum(const Nodes& nodes, const Fe& lambda, FeCSpan eq) const;

  int log_size_;
  std::size_t num_there_;
  Nodes nodes_{FpCSpan(), FeCSpan()};
  const LeafSource* source_ = nullptr;
  bool above_leaves_ = false;  // the nodes are the parents of the source's leaves
};

}  // namespace zkinfer::lookup
