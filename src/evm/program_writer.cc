// SPDX-License-Identifier: Apache-2.0
#include "evm/program_writer.h"

#include <algorithm>

#include "evm/append.h"

namespace zkinfer::evm {

namespace {

constexpr std::size_t kMaxRegisters = std::size_t{1} << 16;
constexpr std::size_t kMaxProducts = (std::size_t{1} << 16) - 1;
constexpr std::uint64_t kSmall = std::uint64_t{1} << 15;

}  // namespace

void add_to(Linear& sum, Reg reg, Fp coef) {
  Fp& at = sum[reg];
  at += coef;
  if (at.is_zero()) sum.erase(reg);
}

void ProgramWriter::put(Bytes& out, std::uint64_t value, int bytes) {
  too_large_ = too_large_ || (bytes < 8 && value >> (8 * bytes) != 0);
  append_integer(out, value, bytes);
}

Reg ProgramWriter::append(Bytes instruction, std::size_t results) {
  const auto [known, is_new] = known_.try_emplace(std::move(instruction), static_cast<Reg>(next_));
  if (!is_new) return known->second;
  const Bytes& written = known->first;
  if (written[0] != static_cast<std::uint8_t>(Op::kMul)) {
    products_ = 0;
    bytes_.insert(bytes_.end(), written.begin(), written.end());
  } else {
    constexpr std::size_t kHead = 3;
    if (products_ == 0 || bytes_.size() - products_ == kHead + 4 * kMaxProducts) {
      products_ = bytes_.size();
      bytes_.insert(bytes_.end(), {written[0], 0, 0});
    }
    bytes_.insert(bytes_.end(), written.begin() + 1, written.end());
    const std::size_t count = (bytes_.size() - products_ - kHead) / 4;
    bytes_[products_ + 1] = static_cast<std::uint8_t>(count >> 8);
    bytes_[products_ + 2] = static_cast<std::uint8_t>(count);
  }
  next_ += results;
  too_large_ = too_large_ || next_ > kMaxRegisters;
  return known->second;
}

Reg ProgramWriter::input(std::size_t count) {
  const Reg first = static_cast<Reg>(next_);
  next_ += count;
  return first;
}

Reg ProgramWriter::mul(Reg a, Reg b) {
  if (a > b) std::swap(a, b);
  if (a == kOne) return b;
  Bytes out = begin(Op::kMul);
  put(out, a, 2);
  put(out, b, 2);
  return append(std::move(out), 1);
}

Reg ProgramWriter::dot(std::vector<std::pair<Reg, Reg>> products) {
  for (auto& [a, b] : products) {
    if (a > b) std::swap(a, b);
  }
  std::sort(products.begin(), products.end());
  if (products.size() == 1) return mul(products[0].first, products[0].second);
  Bytes out = begin(Op::kDot);
  put(out, products.size(), 2);
  for (const auto& [a, b] : products) {
    put(out, a, 2);
    put(out, b, 2);
  }
  return append(std::move(out), 1);
}

Reg ProgramWriter::linear(const Linear& sum) {
  if (sum.size() == 1 && sum.begin()->second == Fp(1)) return sum.begin()->first;
  // Coefficients within 16 bits, negative ones too, are written short.
  const auto is_small = [](const auto& term) { return term.second.v < kSmall || (-term.second).v <= kSmall; };
  const bool is_short = std::all_of(sum.begin(), sum.end(), is_small);
  Bytes out = begin(is_short ? Op::kSmallLinear : Op::kLinear);
  put(out, sum.size(), 2);
  for (const auto& [reg, coef] : sum) {
    if (is_short) {
      put(out, coef.v < kSmall ? coef.v : 2 * kSmall - (-coef).v, 2);
    } else {
      put(out, coef.v, 8);
    }
    put(out, reg, 2);
  }
  return append(std::move(out), 1);
}

Reg ProgramWriter::vector_dot(Reg a, Reg b, std::size_t n, std::size_t groups) {
  if (n == 1 && groups == 1) return mul(a, b);
  Bytes out = begin(Op::kVectorDot);
  for (const std::uint64_t x : {std::uint64_t{a}, std::uint64_t{b}, std::uint64_t{n}, std::uint64_t{groups}})
    put(out, x, 2);
  return append(std::move(out), groups);
}

Reg ProgramWriter::field_dot(Reg a, Reg b, std::size_t n, std::size_t groups) {
  Bytes out = begin(Op::kFieldDot);
  for (const std::uint64_t x : {std::uint64_t{a}, std::uint64_t{b}, std::uint64_t{n}, std::uint64_t{groups}})
    put(out, x, 2);
  return append(std::move(out), groups);
}

Reg ProgramWriter::eq(Reg src, int bits, std::uint64_t count) {
  if (bits == 0) return kOne;
  Bytes out = begin(Op::kEq);
  put(out, src, 2);
  put(out, static_cast<std::uint64_t>(bits), 1);
  put(out, count, 2);
  return append(std::move(out), static_cast<std::size_t>(count));
}

Reg ProgramWriter::eq_dot(Reg a, Reg b, int bits, std::uint64_t count) {
  if (bits == 0) return kOne;
  Bytes out = begin(Op::kEqDot);
  put(out, std::min(a, b), 2);
  put(out, std::max(a, b), 2);
  put(out, static_cast<std::uint64_t>(bits), 1);
  put(out, count, 4);
  return append(std::move(out), 1);
}

Reg ProgramWriter::complement(Reg src, std::size_t n) {
  Bytes out = begin(Op::kComplement);
  put(out, src, 2);
  put(out, n, 2);
  return append(std::move(out), n);
}

Reg ProgramWriter::powers(Reg a, std::size_t n) {
  Bytes out = begin(Op::kPowers);
  put(out, a, 2);
  put(out, n, 2);
  return append(std::move(out), n);
}

Reg ProgramWriter::below(Reg src, int bits, std::uint64_t end) {
  Bytes out = begin(Op::kBelow);
  put(out, src, 2);
  put(out, static_cast<std::uint64_t>(bits), 1);
  put(out, end, 4);
  return append(std::move(out), 2);
}

Reg ProgramWriter::correlate(std::uint64_t length, const std::vector<Part>& parts) {
  const auto put_signed = [&](Bytes& out, std::int64_t x) {
    too_large_ = too_large_ || x != static_cast<std::int32_t>(x);
    put(out, static_cast<std::uint32_t>(x), 4);
  };
  Bytes out = begin(Op::kCorrelate);
  put(out, length, 2);
  put(out, parts.size(), 2);
  for (const Part& part : parts) {
    too_large_ = too_large_ || part.sources.size() > kMaxSources;
    put(out, part.factor, 2);
    put_signed(out, part.offset);
    // The last one is the inner loop.
    for (std::size_t i = kMaxSources; i-- > 0;) {
      const Source source = i < part.sources.size() ? part.sources[i] : Source{};
      put(out, source.base, 2);
      put(out, source.length, 2);
      put(out, source.step, 1);
      put_signed(out, source.stride);
    }
  }
  return append(std::move(out), static_cast<std::size_t>(length));
}

Reg ProgramWriter::constants(const std::vector<std::int64_t>& values) {
  Bytes out = begin(Op::kConstants);
  put(out, values.size(), 2);
  for (const std::int64_t x : values) put(out, Fp::from_int(x).v, 8);
  return append(std::move(out), values.size());
}

Result<Bytes> ProgramWriter::finish(std::size_t num_inputs, Reg index, std::size_t index_bits, Reg mu, Reg value) {
  Bytes out;
  put(out, num_inputs, 2);
  put(out, next_, 2);
  put(out, index, 2);
  put(out, index_bits, 1);
  out.insert(out.end(), bytes_.begin(), bytes_.end());
  put(out, static_cast<std::uint64_t>(Op::kEnd), 1);
  put(out, mu, 2);
  put(out, value, 2);
  if (too_large_) return unsupported("verification program: the circuit is too large for one");
  return out;
}

}  // namespace zkinfer::evm
