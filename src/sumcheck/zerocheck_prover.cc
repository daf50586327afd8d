// SPDX-License-Identifier: Apache-2.0
#include "sumcheck/zerocheck_prover.h"

#include <vector>

#include "base/check.h"
#include "field/vec.h"

namespace zkinfer::sumcheck {
namespace {

void fold(std::vector<Fe>& table, const Fe& s) {
  const std::size_t half = table.size() / 2;
  for (std::size_t i = 0; i < half; ++i) table[i] += s * (table[i + half] - table[i]);
  table.resize(half);
}

}  // namespace

void prove_triples(hiding::ProverChannel& channel, std::span<const Fe> pad_values) {
  const hiding::PadAllocator& pads = channel.pads();
  const hiding::PadLayout& layout = pads.layout();
  if (!pads.zero_knowledge() || layout.num_triples == 0) return;
  ZKI_CHECK_EQ(pad_values.size(), layout.num_pads(), "length of the pad vector");
  const auto section = [&](std::size_t begin) {
    const std::span<const Fe> rows = pad_values.subspan(begin, layout.triple_rows());
    return std::vector<Fe>(rows.begin(), rows.end());
  };
  std::vector<Fe> a = section(layout.a_begin()), b = section(layout.b_begin()), c = section(layout.c_begin());
  const auto log_rows = static_cast<std::size_t>(layout.log_triple_rows());
  const std::vector<Fe> tau = channel.transcript().challenges("zerocheck tau", log_rows);

  for (std::size_t round = 0; round < log_rows; ++round) {
    const std::size_t half = a.size() / 2;
    FeVec eq(half);
    vec::eq_table(std::span(tau).subspan(round + 1), eq);
    Fe at_zero, at_one, c2;
    for (std::size_t i = 0; i < half; ++i) {
      const std::size_t j = i + half;
      at_zero += eq.get(i) * (a[i] * b[i] - c[i]);
      at_one += eq.get(i) * (a[j] * b[j] - c[j]);
      c2 += eq.get(i) * ((a[j] - a[i]) * (b[j] - b[i]));
    }
    channel.send_hidden("zerocheck round", at_one - at_zero - c2);
    channel.send_hidden("zerocheck round", c2);
    const Fe s = channel.challenge("zerocheck round");
    fold(a, s);
    fold(b, s);
    fold(c, s);
  }
  channel.send_clear("zerocheck a", a[0]);
  channel.send_clear("zerocheck b", b[0]);
}

}  // namespace zkinfer::sumcheck
