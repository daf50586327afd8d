// SPDX-License-Identifier: Apache-2.0
// Weights of an axis as registers of a verification program: what argument::AxisWeights is as numbers.
#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "evm/program_writer.h"

namespace zkinfer::evm {

// Weight of index begin + i for i < length, zero elsewhere.
struct AxisVector {
  bool is_eq = false;
  Reg src = 0;  // eq: the point, highest bit first, of `bits` registers; else the weights
  int bits = 0;
  std::uint64_t begin = 0, length = 0;

  std::uint64_t end() const { return begin + length; }
  friend auto operator<=>(const AxisVector&, const AxisVector&) = default;
};
inline AxisVector list_of(Reg src, std::uint64_t length) { return {false, src, 0, 0, length}; }
inline AxisVector eq_of(Reg src, int bits, std::uint64_t length, std::uint64_t begin = 0) {
  return {true, src, bits, begin, length};
}
using BoxVectors = std::vector<AxisVector>;

// coef times a register.
struct Scaled {
  Fp coef{1};
  Reg reg = kOne;
};

// Instructions on axis vectors.
class VectorWriter {
 public:
  explicit VectorWriter(ProgramWriter& out) : out_(out) {}

  // Its weights, from index begin on.
  Reg values(const AxisVector& vector) {
    return vector.is_eq ? out_.eq(vector.src, vector.bits, vector.length) : vector.src;
  }
  // Its weights at 0 .. length - 1.
  Reg values_from_zero(const AxisVector& vector, std::uint64_t length);
  Reg total(const AxisVector& vector);
  // sum index weight.
  Linear moment(const AxisVector& vector);
  // sum_idx (prod_axis vectors[axis][idx_axis]) r[numbers + row-major idx], the numbers being in F.
  Reg weighted_sum(const BoxVectors& vectors, const std::vector<std::uint64_t>& shape, Reg numbers);
  Scaled times(const Scaled& a, const Scaled& b) { return {a.coef * b.coef, out_.mul(a.reg, b.reg)}; }
  void add(Linear& sum, const Linear& other, const Scaled& factor);

 private:
  ProgramWriter& out_;
};

// sum_i 2^i r[the register of bit i], of a point of `bits` registers.
Linear mean_of(Reg src, int bits);

}  // namespace zkinfer::evm
