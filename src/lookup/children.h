// SPDX-License-Identifier: Apache-2.0
// Children: the nodes below a layer of the grand sum, in memory, or leaves that are made block by block when they are read.
// 2^24 leaves in K are 400 MiB, what they are made of a third of that or less.
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
  Children(const Numerators& p, FeCSpan q) : p_(p), q_(q) {}
  explicit Children(const LeafSource& source) : p_(FpCSpan()), source_(&source) {}

  std::size_t size() const { return source_ != nullptr ? source_->size() : q_.size; }
  Fe p(std::size_t i) const;
  Fe q(std::size_t i) const;

  // The kernels of gkr_kernels.h over these children, rows [begin, begin + eq.size), or parents [begin, end).
  void build_parents(std::size_t begin, std::size_t end, FeSpan out_p, FeSpan out_q) const;
  RoundSums first_round(FeCSpan parent_p, FeCSpan parent_q, const Fe& lambda, FeCSpan eq, std::size_t begin) const;
  RoundSums fold(const Fe& lambda, const Fe& s, FeCSpan eq, std::size_t begin, const LayerTables& out) const;

 private:
  // Rows [begin + k * stride, .. + count), k < num_pieces, one piece behind the other.
  struct Pieces {
    FpCSpan p;
    FeCSpan q;
  };
  Pieces load(std::size_t begin, std::size_t stride, std::size_t num_pieces, std::size_t count) const;
  // Whether the second children of the parents from `begin` on are all 0 / 1.
  bool is_second_trivial(std::size_t begin) const { return begin + size() / 2 >= source_->num_used(); }

  Numerators p_;
  FeCSpan q_;
  const LeafSource* source_ = nullptr;
};

}  // namespace zkinfer::lookup
