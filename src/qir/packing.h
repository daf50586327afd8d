// SPDX-License-Identifier: Apache-2.0
// How a model's parameters become a list of numbers below 2^63 that is encrypted: so many parameters to a number as fit. A function of the
// structure alone.
//
// A parameter of range [lo, hi] is w - min(lo, 0), in `bits` bits. Where a tensor has axes (of length above 1), one of them is cut in
// `per_number` parts of `part` indices: number e of the packed box holds, at bit i * bits, the parameter at e with part * i added to that axis' index;
// behind the axis' end there are zeros instead. Tensors follow each other in the order of values, their numbers row-major.
#pragma once

#include <cstdint>
#include <vector>

#include "qir/qgraph.h"

namespace zkinfer::qir {

inline constexpr int kPackedBits = 63;

struct PackedParam {
  ValueId id = 0;
  std::int64_t base = 0;  // min(lo, 0)
  int bits = 1;
  std::vector<std::uint64_t> axes;  // the parameter's, those of length 1 left out
  std::vector<std::uint64_t> box;   // of numbers, likewise; as `axes` but for the one that is cut
  std::size_t axis = 0;             // without meaning where there are none
  std::uint64_t part = 1;
  std::uint32_t per_number = 1;
  std::uint64_t first = 0;  // number of the list
  std::uint64_t size = 1;   // numbers of this tensor
};
struct Packing {
  std::vector<PackedParam> params;
  std::uint64_t num_numbers = 0;
};
Packing packing_of(const QGraph& graph);

// The parameters of a structure, and two inputs: the shares of the key that its packed parameters are encrypted under.
inline constexpr std::int64_t kShareBytes = 30;
QGraph with_key_shares(const QGraph& structure);

// The number that stands for (element of `axes`) -> at which number and part it is, for all of a tensor's elements, in their order:
// visit(element, number, part); element = ~0 for a part behind the axis' end.
template <class Visit>
void for_each_packed(const PackedParam& param, const Visit& visit) {
  std::uint64_t outer = 1, n = 1, inner = 1;
  for (std::size_t i = 0; i < param.axes.size(); ++i)
    (i < param.axis ? outer : i == param.axis ? n : inner) *= param.axes[i];
  for (std::uint64_t o = 0; o < outer; ++o) {
    for (std::uint32_t i = 0; i < param.per_number; ++i) {
      for (std::uint64_t a = 0; a < param.part; ++a) {
        const std::uint64_t index = a + i * param.part;
        for (std::uint64_t r = 0; r < inner; ++r) {
          const std::uint64_t element = index < n ? (o * n + index) * inner + r : ~std::uint64_t{0};
          visit(element, (o * param.part + a) * inner + r, i);
        }
      }
    }
  }
}

// [begin, end) of a box's row-major numbers as boxes in the same order: `start` and `size` along each axis.
struct BoxPart {
  std::vector<std::uint64_t> start, size;
};
std::vector<BoxPart> box_parts(const std::vector<std::uint64_t>& box, std::uint64_t begin, std::uint64_t end);

}  // namespace zkinfer::qir
