// SPDX-License-Identifier: Apache-2.0
#include "qir/weight_store.h"

#include <algorithm>

#include "base/bytes.h"

namespace zkinfer::qir {

namespace {

std::pair<std::int32_t, std::int32_t> bounds_of(const IntSpan& values) {
  if (values.empty()) return {0, 0};
  return values.with_reader([&](const auto& read) {
    std::int32_t least = read(0);
    std::int32_t greatest = least;
    for (std::size_t i = 1; i < values.size; ++i) {
      const std::int32_t x = read(i);
      least = std::min(least, x);
      greatest = std::max(greatest, x);
    }
    return std::pair(least, greatest);
  });
}

bool same_values(const IntSpan& a, const IntSpan& b) {
  if (a.size != b.size) return false;
  if (a.width == b.width) return a.empty() || std::memcmp(a.data, b.data, a.num_bytes()) == 0;
  for (std::size_t i = 0; i < a.size; ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

// Stores integers of T's range in T's bytes.
template <class T>
void narrow(std::span<const std::int32_t> values, std::uint8_t* out) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const T x = static_cast<T>(values[i]);
    std::memcpy(out + i * sizeof(T), &x, sizeof(T));
  }
}

}  // namespace

WeightStore::WeightStore(std::vector<IntSpan> values, std::shared_ptr<const void> owner) {
  auto contents = std::make_shared<Contents>();
  for (const IntSpan& tensor : values) contents->bounds.push_back(bounds_of(tensor));
  contents->values = std::move(values);
  contents->owner = std::move(owner);
  contents_ = std::move(contents);
}

WeightStore::WeightStore(const Weights& values) {
  std::vector<IntSpan> spans;
  std::size_t num_bytes = 0;
  for (const std::vector<std::int32_t>& tensor : values) {
    const auto [least, greatest] =
        bounds_of({reinterpret_cast<const std::uint8_t*>(tensor.data()), tensor.size(), sizeof(std::int32_t)});
    spans.push_back({nullptr, tensor.size(), int_width(least, greatest)});
    num_bytes += spans.back().num_bytes();
  }
  auto memory = std::make_shared<Bytes>(num_bytes);
  std::uint8_t* out = memory->data();
  for (std::size_t id = 0; id < values.size(); ++id) {
    spans[id].data = out;
    switch (spans[id].width) {
      case 1: narrow<std::int8_t>(values[id], out); break;
      case 2: narrow<std::int16_t>(values[id], out); break;
      default: narrow<std::int32_t>(values[id], out); break;
    }
    out += spans[id].num_bytes();
  }
  *this = WeightStore(std::move(spans), std::move(memory));
}

std::uint64_t WeightStore::num_weights() const {
  std::uint64_t count = 0;
  for (std::size_t id = 0; id < size(); ++id) count += (*this)[id].size;
  return count;
}

Weights WeightStore::to_vectors() const {
  Weights out(size());
  for (std::size_t id = 0; id < size(); ++id) {
    out[id].resize((*this)[id].size);
    (*this)[id].copy(0, std::span<std::int32_t>(out[id]));
  }
  return out;
}

bool operator==(const WeightStore& a, const WeightStore& b) {
  if (a.contents_ == b.contents_) return true;
  if (a.size() != b.size()) return false;
  for (std::size_t id = 0; id < a.size(); ++id) {
    if (!same_values(a[id], b[id])) return false;
  }
  return true;
}

}  // namespace zkinfer::qir
