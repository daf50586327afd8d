// SPDX-License-Identifier: Apache-2.0
#include "qir/fixed_point.h"

#include <algorithm>
#include <array>
#include <bit>

#include "qir/ops/rules.h"

namespace zkinfer::qir {

namespace {

constexpr std::int64_t kLog2E = 6196328019;  // round(2^32 / ln 2)
constexpr int kStepBits = 48;

__extension__ using UnsignedWide = unsigned __int128;

// floor(sqrt(x)).
constexpr std::uint64_t root_of(Wide x) {
  Wide root = 0;
  for (Wide bit = Wide{1} << 62; bit > 0; bit >>= 1) {
    if ((root + bit) * (root + bit) <= x) root += bit;
  }
  return static_cast<std::uint64_t>(root);
}

// 2^62 2^-(1/2), 2^-(1/4), .., each the root of the one before, rounded down.
constexpr auto kRoots = [] {
  std::array<std::uint64_t, 32> roots{};
  std::uint64_t root = std::uint64_t{1} << 61;
  for (std::uint64_t& out : roots) out = root = root_of(static_cast<Wide>(root) << 62);
  return roots;
}();

}  // namespace

bool is_at_most(const Scale& unit, int exponent) {
  const int bits = exponent - unit.exponent;
  return bits > 62 || (bits >= 0 && unit.mantissa <= std::int64_t{1} << bits);
}

int coarser(const Scale& unit, int steps) {
  int shift = 0;
  while (is_at_most(unit, -steps - shift - 1)) ++shift;
  return shift;
}

Table exponentials(std::int64_t step, std::int64_t farthest, int bits) {
  Table table;
  table.kind = TableKind::kExplicit;
  while (Wide{table.num_rows() - 1} * step >> kStepBits < farthest) ++table.log_size;
  table.first = 1 - table.num_rows();
  // What is farther is as good as that far.
  const auto most = static_cast<std::uint64_t>(farthest + 1) << kStepBits;
  for (auto d = static_cast<std::uint64_t>(-table.first) + 1; d-- > 0;)
    table.values.push_back(exponential(std::min(d * static_cast<std::uint64_t>(step), most), bits));
  return table;
}

std::int64_t fixed(const Scale& unit, int shift) {
  const int by = 48 + unit.exponent + shift;
  if (by < -63) return 0;
  return static_cast<std::int64_t>(by >= 0 ? Wide{unit.mantissa} << by : Wide{unit.mantissa} >> -by);
}

std::int64_t log2_of(std::uint64_t x, int fraction_bits) {
  const int whole = static_cast<int>(std::bit_width(x)) - 1;
  // m / 2^63, 1 <= m < 2; squared, it is 2 or more where the next bit is 1.
  std::uint64_t m = x << (63 - whole);
  std::int64_t log = whole;
  for (int i = 0; i < fraction_bits; ++i) {
    const auto square = static_cast<UnsignedWide>(m) * m;
    const bool is_one = (square >> 127) != 0;
    m = static_cast<std::uint64_t>(square >> (is_one ? 64 : 63));
    log = 2 * log + (is_one ? 1 : 0);
  }
  return log;
}

std::int32_t exponential(std::uint64_t x, int bits) {
  const auto y = static_cast<std::uint64_t>(Wide{static_cast<std::int64_t>(x)} * kLog2E >> 32);  // 2^-y, in 1/2^48
  if (y >> kStepBits >= 32) return 0;
  std::uint64_t product = std::uint64_t{1} << 62;
  for (int i = 0; i < 32; ++i) {
    if (y >> (kStepBits - 1 - i) & 1)
      product = static_cast<std::uint64_t>(static_cast<Wide>(product) * kRoots[static_cast<std::size_t>(i)] >> 62);
  }
  const int shift = 62 - bits + static_cast<int>(y >> kStepBits);
  return shift > 63 ? 0 : static_cast<std::int32_t>(((product >> (shift - 1)) + 1) >> 1);
}

}  // namespace zkinfer::qir
