// SPDX-License-Identifier: Apache-2.0
#include "lookup/children.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace zkinfer::lookup {

namespace {

// Children of one block of rows.
constexpr std::size_t kMaxLoaded = 4 * kMaxBlockRows;

// One thread's leaves, of two blocks of rows: a second-level cache's worth.
struct Scratch {
  FpVec p{2 * kMaxLoaded};
  FeVec q{2 * kMaxLoaded};
};

// Of the parents above one block of rows.
struct RowScratch {
  FeVec p{kMaxBlockRows}, q{kMaxBlockRows};
};

// Of the leaves' parents, likewise, and the leaves below one block of them.
struct ParentScratch {
  FpVec leaf_p{2 * kMaxBlockRows};
  FeVec leaf_q{2 * kMaxBlockRows};
  FeVec p{2 * kMaxLoaded}, q{2 * kMaxLoaded};
};

template <class Memory>
Memory& scratch() {
  thread_local Memory memory;
  return memory;
}

}  // namespace

Children::Children(const LeafSource& source, std::size_t num_there)
    : log_size_(std::countr_zero(source.size())), num_there_(num_there), source_(&source) {}

Children Children::parents_of(const LeafSource& source, std::size_t num_there) {
  Children out(source, num_there);
  --out.log_size_;
  out.above_leaves_ = true;
  ZKI_CHECK(out.layer() > kBlockBits + 1, "the second round has whole blocks, too");
  return out;
}

Strides Children::strides() const {
  const std::size_t block = kMaxBlockRows;
  if (layer() > kBlockBits) return {block, 2 * block};
  const std::size_t num_parents = std::size_t{1} << layer();
  return {num_parents, num_parents / 2};
}

std::size_t Children::spread(std::size_t row, std::size_t nodes_per_row) const {
  if (layer() <= kBlockBits) return row;
  return row / kMaxBlockRows * (nodes_per_row * kMaxBlockRows) + row % kMaxBlockRows;
}

std::size_t Children::second_parent(std::size_t row) const {
  return first_parent(row) + (std::size_t{1} << child_bit(layer() - 1));
}

Nodes Children::load(std::size_t begin, std::size_t count, std::size_t slot) const {
  if (above_leaves_) {
    auto& memory = scratch<ParentScratch>();
    const FeSpan p = memory.p.subspan(slot * kMaxLoaded, count), q = memory.q.subspan(slot * kMaxLoaded, count);
    for (std::size_t done = 0; done < count; done += kMaxBlockRows) {
      for (const std::size_t half : {std::size_t{0}, kMaxBlockRows})
        source_->load(2 * (begin + done) + half, memory.leaf_p.span().subspan(half, kMaxBlockRows),
                      memory.leaf_q.subspan(half, kMaxBlockRows));
      lookup::build_parents({FpCSpan(memory.leaf_p.span()), FeCSpan(memory.leaf_q.span())}, kMaxBlockRows,
                            p.subspan(done, kMaxBlockRows), q.subspan(done, kMaxBlockRows));
    }
    return {FeCSpan(p), FeCSpan(q)};
  }
  auto& memory = scratch<Scratch>();
  const FpSpan p = memory.p.span().subspan(slot * kMaxLoaded, count);
  const FeSpan q = memory.q.subspan(slot * kMaxLoaded, count);
  for (std::size_t done = 0; done < count; done += kMaxBlockRows) {
    const std::size_t piece = std::min(kMaxBlockRows, count - done);
    source_->load(begin + done, p.subspan(done, piece), q.subspan(done, piece));
  }
  return {FpCSpan(p), FeCSpan(q)};
}

Nodes Children::nodes(std::size_t row, std::size_t count, std::size_t slot) const {
  if (source_ == nullptr) return nodes_.from(first_child(row));
  // Few leaves are loaded all at once.
  if (source_->size() <= kMaxLoaded) return load(0, source_->size(), slot).from(first_child(row));
  return load(first_child(row), 4 * count, slot);
}

Fe Children::p(std::size_t i) const {
  ZKI_CHECK(!above_leaves_, "single nodes are those of short layers");
  return source_ == nullptr ? nodes_.p.get(i) : load(i, 1, 0).p.get(0);
}
Fe Children::q(std::size_t i) const {
  ZKI_CHECK(!above_leaves_, "single nodes are those of short layers");
  return source_ == nullptr ? nodes_.q.get(i) : load(i, 1, 0).q.get(0);
}

void Children::build_parents(std::size_t begin, FeSpan out_p, FeSpan out_q) const {
  const std::size_t block = std::min(kMaxBlockRows, std::size_t{1} << layer());
  for (std::size_t done = 0; done < out_q.size; done += block) {
    const std::size_t first = 2 * (begin + done);
    const FeSpan p = out_p.subspan(done, block), q = out_q.subspan(done, block);
    if (first >= num_there_) {
      vec::fill(Fe(), p);
      vec::fill(Fe::one(), q);
      continue;
    }
    lookup::build_parents(source_ == nullptr ? nodes_.from(first) : load(first, 2 * block, 0), block, p, q);
  }
}

Fe Children::first_top(const Fe& lambda, FeCSpan eq, std::size_t begin) const {
  return lookup::first_top(nodes(begin, eq.size, 0), strides(), lambda, eq);
}

Fe Children::parents_sum(const Nodes& nodes, const Fe& lambda, FeCSpan eq) const {
  auto& memory = scratch<RowScratch>();
  const FeSpan p = memory.p.subspan(0, eq.size), q = memory.q.subspan(0, eq.size);
  lookup::build_parents(nodes, strides().child, p, q);
  return vec::dot(eq, p) + lambda * vec::dot(eq, q);
}

RoundSums Children::first_sums(const Fe& lambda, FeCSpan eq, std::size_t begin) const {
  const Nodes all = nodes(begin, eq.size, 0);
  return {parents_sum(all, lambda, eq), lookup::first_top(all, strides(), lambda, eq)};
}

Fe Children::first_at_one(const Fe& lambda, FeCSpan eq, std::size_t begin) const {
  return parents_sum(nodes(begin, eq.size, 0).from(strides().row), lambda, eq);
}

RoundSums Children::fold(const Fe& lambda, const Fe& s, FeCSpan eq, std::size_t x, std::size_t half,
                         const LayerTables& out) const {
  const Nodes low = nodes(x, eq.size, 0);
  if (x + half >= num_rows()) return fold_children(low, nullptr, strides(), lambda, s, eq, x, x + half, out);
  const Nodes high = nodes(x + half, eq.size, 1);
  return fold_children(low, &high, strides(), lambda, s, eq, x, x + half, out);
}

}  // namespace zkinfer::lookup
