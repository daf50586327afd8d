// SPDX-License-Identifier: Apache-2.0
#include "hiding/pad_values.h"

#include "base/check.h"

namespace zkinfer::hiding {

std::vector<Fe> fill_pads(const PadAllocator& counted, RandomSource& random) {
  if (!counted.zero_knowledge()) return {};
  const PadLayout& layout = counted.layout();
  ZKI_CHECK_EQ(counted.used().num_plain, layout.num_plain, "the counting pass used every plain pad");
  ZKI_CHECK_EQ(counted.used().num_triples, layout.num_triples, "the counting pass used every triple");
  std::vector<Fe> pads(layout.num_pads());
  const std::size_t num_rows = layout.num_triples == 0 ? 0 : layout.num_triples + 1;
  FpVec uniform(3 * (layout.num_plain + 2 * num_rows));
  random.fill(uniform.span());
  std::size_t next = 0;
  const auto draw = [&] {
    next += 3;
    return Fe(uniform[next - 3], uniform[next - 2], uniform[next - 1]);
  };
  for (std::size_t i = 0; i < layout.num_plain; ++i) pads[i] = draw();
  for (std::size_t row = 0; row < num_rows; ++row) {
    pads[layout.a_begin() + row] = draw();
    pads[layout.b_begin() + row] = draw();
  }
  // Sources are operands of earlier messages, never targets of another copy.
  for (const auto& [target, source] : counted.copies()) pads[target] = pads[source];
  for (std::size_t row = 0; row < num_rows; ++row)
    pads[layout.c_begin() + row] = pads[layout.a_begin() + row] * pads[layout.b_begin() + row];
  return pads;
}

FpVec pad_column(std::span<const Fe> pads, std::size_t num_pads) {
  FpVec column(3 * num_pads);
  for (std::size_t i = 0; i < pads.size(); ++i) {
    for (std::size_t j = 0; j < 3; ++j) column[j * num_pads + i] = pads[i].c[j];
  }
  return column;
}

}  // namespace zkinfer::hiding
