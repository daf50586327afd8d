// SPDX-License-Identifier: Apache-2.0
#include "field/vec.h"

#include <cstring>

#include "base/check.h"

namespace zkinfer {

namespace {

// An odd number of cache lines between planes keeps equal indices of the planes out of one cache set.
std::size_t plane_stride(std::size_t num_values) { return ((num_values + 7) / 8 | 1) * 8; }

}  // namespace

FeVec::FeVec(std::size_t num_values, Contents contents) : size_(num_values) {
  if (num_values == 0) return;
  stride_ = plane_stride(num_values);
  planes_ = FpVec(3 * stride_, contents);
}

FeVec::FeVec(std::span<const Fe> values) : FeVec(values.size(), Contents::kUnset) {
  for (std::size_t i = 0; i < values.size(); ++i) set(i, values[i]);
}

void FeVec::resize(std::size_t num_values) {
  if (num_values <= size_) {
    size_ = num_values;
    return;
  }
  const std::size_t stride = plane_stride(num_values);
  FpVec next(3 * stride);
  for (std::size_t j = 0; j < 3 && size_ != 0; ++j) {
    std::memcpy(static_cast<void*>(next.data() + j * stride), planes_.data() + j * stride_, size_ * sizeof(Fp));
  }
  planes_ = std::move(next);
  stride_ = stride;
  size_ = num_values;
}

std::vector<Fe> FeVec::to_vector() const {
  std::vector<Fe> values(size_);
  for (std::size_t i = 0; i < size_; ++i) values[i] = get(i);
  return values;
}

namespace vec {

void fold_high(FeSpan v, Fe r) { fold_high(v, r, v.subspan(0, v.size / 2)); }
void fold_low(FeSpan v, Fe r) { fold_low(v, r, v.subspan(0, v.size / 2)); }

void lift(FpCSpan x, FeSpan out) {
  ZKI_CHECK_EQ(x.size(), out.size, "vector length");
  if (x.empty()) return;
  if (out.c[0] != x.data()) std::memmove(static_cast<void*>(out.c[0]), x.data(), x.size() * sizeof(Fp));
  std::memset(static_cast<void*>(out.c[1]), 0, x.size() * sizeof(Fp));
  std::memset(static_cast<void*>(out.c[2]), 0, x.size() * sizeof(Fp));
}

void fill(Fe a, FeSpan out) {
  for (int j = 0; j < 3; ++j)
    for (Fp& x : out.plane(j)) x = a.c[static_cast<std::size_t>(j)];
}

void powers(Fp a, Fp z, FpSpan out) {
  if (out.empty()) return;
  out[0] = a;
  // Doubling: [z^0 .. z^(h-1)] times z^h gives the next h values.
  Fp factor = z;
  for (std::size_t done = 1; done < out.size(); done *= 2, factor *= factor) {
    const std::size_t num_next = done < out.size() - done ? done : out.size() - done;
    scale(factor, out.subspan(0, num_next), out.subspan(done, num_next));
  }
}

void powers(Fe a, Fe z, FeSpan out) {
  if (out.size == 0) return;
  out.set(0, a);
  Fe factor = z;
  for (std::size_t done = 1; done < out.size; done *= 2, factor *= factor) {
    const std::size_t num_next = done < out.size - done ? done : out.size - done;
    scale(factor, out.subspan(0, num_next), out.subspan(done, num_next));
  }
}

void eq_table(std::span<const Fe> point, FeSpan out, Fe scale_by) {
  ZKI_CHECK(point.size() < 48, "eq table too large");
  ZKI_CHECK_EQ(out.size, std::size_t{1} << point.size(), "eq table length");
  out.set(0, scale_by);
  // The last coordinate is the lowest bit, so it comes first: table[h + x] = r table[x], table[x] -= table[h + x].
  for (std::size_t bit = 0; bit < point.size(); ++bit) {
    const std::size_t half = std::size_t{1} << bit;
    const FeSpan low = out.subspan(0, half);
    const FeSpan high = out.subspan(half, half);
    scale(point[point.size() - 1 - bit], low, high);
    sub(low, high, low);
  }
}

}  // namespace vec
}  // namespace zkinfer
