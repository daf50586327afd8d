// SPDX-License-Identifier: Apache-2.0
#include "circuit/narrow_vec.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/parallel.h"
#include "field/narrow.h"

namespace zkinfer::circuit {

namespace {

constexpr std::size_t kGrain = std::size_t{1} << 15;

std::pair<std::int64_t, std::int64_t> range_of(FpCSpan values) {
  std::vector<std::pair<std::int64_t, std::int64_t>> ranges(num_chunks(values.size(), kGrain));
  parallel_chunks(values.size(), kGrain, [&](std::size_t chunk, std::size_t begin, std::size_t end) {
    ranges[chunk] = vec::int_range(values.subspan(begin, end - begin));
  });
  std::pair<std::int64_t, std::int64_t> all{0, 0};
  for (const auto& [lo, hi] : ranges) all = {std::min(all.first, lo), std::max(all.second, hi)};
  return all;
}

}  // namespace

void ColumnView::copy(std::size_t begin, FpSpan out) const {
  if (!ints.empty()) return vec::from_ints(ints.subspan(begin, out.size()), out);
  std::copy_n(elements.data() + begin, out.size(), out.data());
}

NarrowVec::NarrowVec(FpVec values) : elements_(std::move(values)) {
  if (elements_.size() < kMinNarrowed) return;
  const auto [lo, hi] = range_of(elements_.span());
  if (lo < INT32_MIN || hi > INT32_MAX) return;
  const std::uint8_t width = int_width(lo, hi);
  AlignedMemory ints(elements_.size() * width, Contents::kUnset);
  auto* const out = static_cast<std::uint8_t*>(ints.data());
  parallel_for(elements_.size(), kGrain, [&](std::size_t begin, std::size_t end) {
    vec::to_ints(elements_.span().subspan(begin, end - begin), width, out + begin * width);
  });
  *this = of_ints(std::move(ints), elements_.size(), width);
}

NarrowVec NarrowVec::of_elements(FpVec values) {
  NarrowVec out;
  out.elements_ = std::move(values);
  return out;
}

NarrowVec NarrowVec::of_ints(AlignedMemory ints, std::size_t size, std::uint8_t width) {
  NarrowVec out;
  out.memory_ = std::make_shared<const AlignedMemory>(std::move(ints));
  out.ints_ = {static_cast<const std::uint8_t*>(out.memory_->data()), size, width};
  return out;
}

}  // namespace zkinfer::circuit
