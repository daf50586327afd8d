// SPDX-License-Identifier: Apache-2.0
// PadLayout: the indices of the pad vector of W, fixed by the circuit and used in this order by prover and verifier:
//   [0, num_plain)                         pads of messages that are only used linearly
//   A: [a_begin(), a_begin() + rows)       first operands of product triples, B and C likewise; C[i] = A[i] B[i].
// Triple i < num_triples serves one product of two hidden values: u is sent under pad A[i], v under pad B[i], and
//   u v = (ct_u - A)(ct_v - B) = ct_u ct_v - ct_u B - ct_v A + C.
// Row num_triples is random and serves no message: it hides A~(s) and B~(s), which the zero-check opens in clear.
// The remaining rows up to the power of two are zero. Without triples the three sections are empty.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "hiding/linear_form.h"

namespace zkinfer::hiding {

struct PadLayout {
  std::size_t num_plain = 0;
  std::size_t num_triples = 0;

  // log2 of the padded number of triple rows: the smallest k with 2^k > num_triples (one random row).
  int log_triple_rows() const;
  std::size_t triple_rows() const { return num_triples == 0 ? 0 : std::size_t{1} << log_triple_rows(); }
  std::size_t a_begin() const { return num_plain; }
  std::size_t b_begin() const { return a_begin() + triple_rows(); }
  std::size_t c_begin() const { return b_begin() + triple_rows(); }
  // Number of K-elements of the pad vector.
  std::size_t num_pads() const { return num_plain + 3 * triple_rows(); }
  friend bool operator==(const PadLayout&, const PadLayout&) = default;
};

// Hands out pad indices in protocol order. The same allocator runs in the counting pass, the prover and the verifier, so
// the three cannot disagree: the counting pass runs without a layout and its used() is the layout of the other two. With zero knowledge off every index is kNoPad.
class PadAllocator {
 public:
  explicit PadAllocator(bool zero_knowledge) : zero_knowledge_(zero_knowledge) {}
  void set_layout(const PadLayout& layout) { layout_ = layout; }

  PadIndex plain() { return zero_knowledge_ ? static_cast<PadIndex>(used_.num_plain++) : kNoPad; }
  // A fresh triple's row index.
  std::size_t triple() { return used_.num_triples++; }
  PadIndex a(std::size_t row) const {
    return zero_knowledge_ ? static_cast<PadIndex>(layout_.a_begin() + row) : kNoPad;
  }
  PadIndex b(std::size_t row) const {
    return zero_knowledge_ ? static_cast<PadIndex>(layout_.b_begin() + row) : kNoPad;
  }
  PadIndex c(std::size_t row) const {
    return zero_knowledge_ ? static_cast<PadIndex>(layout_.c_begin() + row) : kNoPad;
  }
  // A fresh triple without messages of its own, whose operands must equal the pads u_pad and v_pad: the maker of the pads
  // copies them (copies(): target, source), and the verifier adds the constraints target - source = 0.
  std::size_t copied_triple(PadIndex u_pad, PadIndex v_pad);
  const std::vector<std::pair<PadIndex, PadIndex>>& copies() const { return copies_; }
  bool zero_knowledge() const { return zero_knowledge_; }
  const PadLayout& used() const { return used_; }
  const PadLayout& layout() const { return layout_; }

 private:
  bool zero_knowledge_;
  PadLayout layout_;
  PadLayout used_;
  std::vector<std::pair<PadIndex, PadIndex>> copies_;
};

}  // namespace zkinfer::hiding
