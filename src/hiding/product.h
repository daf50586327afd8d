// SPDX-License-Identifier: Apache-2.0
// Verifier side of products of two hidden values through the triples of PadLayout.
#pragma once

#include "hiding/verifier_channel.h"

namespace zkinfer::hiding {

struct ProductForms {
  LinearForm u, v, uv;
  PadIndex u_pad = kNoPad, v_pad = kNoPad;
};

// Verifier: the form of u v, from the forms ct_u - A, ct_v - B and triple row `row`:
// u v = ct_u ct_v - ct_u B - ct_v A + C. Without pads the product of the two constants.
LinearForm product_form(const Fe& ct_u, const Fe& ct_v, const PadAllocator& pads, std::size_t row);

ProductForms receive_product(VerifierChannel& channel, const char* label_u, const char* label_v);

// A third product, of the two values that were sent as second operands (v) of `first` and `second`: a fresh row whose
// operands are copies (PadAllocator::copied_triple). The form of second.v * first.v.
// Adds the two copy constraints.
LinearForm copied_product(VerifierChannel& channel, const ProductForms& first, const ProductForms& second);

}  // namespace zkinfer::hiding
