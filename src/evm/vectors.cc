// SPDX-License-Identifier: Apache-2.0
#include "evm/vectors.h"

namespace zkinfer::evm {

Linear mean_of(Reg src, int bits) {
  Linear sum;
  for (int i = 0; i < bits; ++i) add_to(sum, src + static_cast<Reg>(bits - 1 - i), Fp(std::uint64_t{1} << i));
  return sum;
}

Reg VectorWriter::values_from_zero(const AxisVector& vector, std::uint64_t length) {
  const Reg own = values(vector);
  if (vector.begin == 0 && vector.length == length) return own;
  const Source source{own, static_cast<std::uint32_t>(vector.length), 1, 1};
  return out_.correlate(length, {{kOne, static_cast<std::int64_t>(vector.begin), {source}}});
}

Reg VectorWriter::total(const AxisVector& vector) {
  if (vector.is_eq) {
    return vector.length >> vector.bits != 0 ? kOne : out_.below(vector.src, vector.bits, vector.length);
  }
  Linear sum;
  for (std::uint64_t i = 0; i < vector.length; ++i) add_to(sum, vector.src + static_cast<Reg>(i), Fp(1));
  return out_.linear(sum);
}

Linear VectorWriter::moment(const AxisVector& vector) {
  Linear sum;
  const Fp begin = Fp::from_int(static_cast<std::int64_t>(vector.begin));
  if (!vector.is_eq) {
    for (std::uint64_t i = 0; i < vector.length; ++i)
      add_to(sum, vector.src + static_cast<Reg>(i), begin + Fp::from_int(static_cast<std::int64_t>(i)));
    return sum;
  }
  if (vector.length >> vector.bits != 0) {
    sum = mean_of(vector.src, vector.bits);
    add_to(sum, kOne, begin);
    return sum;
  }
  const Reg below = out_.below(vector.src, vector.bits, vector.length);
  add_to(sum, below + 1, Fp(1));
  add_to(sum, below, begin);
  return sum;
}

Reg VectorWriter::weighted_sum(const BoxVectors& vectors, const std::vector<std::uint64_t>& shape, Reg numbers) {
  std::uint64_t groups = 1;
  for (const std::uint64_t n : shape) groups *= n;
  if (shape.empty()) return numbers;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    const Reg weights = values_from_zero(vectors[axis], shape[axis]);
    groups /= shape[axis];
    const auto n = static_cast<std::size_t>(shape[axis]), g = static_cast<std::size_t>(groups);
    numbers =
        axis + 1 == shape.size() ? out_.field_dot(weights, numbers, n, g) : out_.vector_dot(weights, numbers, n, g);
  }
  return numbers;
}

void VectorWriter::add(Linear& sum, const Linear& other, const Scaled& factor) {
  for (const auto& [reg, coef] : other) add_to(sum, out_.mul(reg, factor.reg), coef * factor.coef);
}

}  // namespace zkinfer::evm
