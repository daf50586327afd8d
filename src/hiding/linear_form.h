// SPDX-License-Identifier: Apache-2.0
// LinearForm: what the verifier knows of a hidden value u: u = constant + sum_i coef_i * pad[i], where pad is the vector
// of one-time pads inside a committed oracle. A message u travels as the ciphertext ct = u + pad[i], so that the form of
// u is ct - pad[i]; every check of the protocol is linear in hidden values (products go through triples), hence linear in
// the pads, and is settled by one opening. With zero knowledge off there are no pads and every form is a constant.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "field/fe.h"

namespace zkinfer::hiding {

using PadIndex = std::uint32_t;
inline constexpr PadIndex kNoPad = 0xffffffff;

class LinearForm {
 public:
  struct Term {
    PadIndex pad;
    Fe coef;
  };

  LinearForm() = default;
  explicit LinearForm(const Fe& constant) : constant_(constant) {}
  // ct - pad[index]; ct itself when index is kNoPad.
  static LinearForm from_ciphertext(const Fe& ciphertext, PadIndex index);

  const Fe& constant() const { return constant_; }
  const std::vector<Term>& terms() const { return terms_; }
  bool is_constant() const { return terms_.empty(); }

  LinearForm& operator+=(const LinearForm& other);
  LinearForm& operator-=(const LinearForm& other);
  LinearForm& operator+=(const Fe& constant);
  LinearForm& operator-=(const Fe& constant);
  LinearForm& operator*=(const Fe& factor);
  // this += factor * other.
  void add_scaled(const LinearForm& other, const Fe& factor);

  friend LinearForm operator+(LinearForm a, const LinearForm& b) { return a += b; }
  friend LinearForm operator-(LinearForm a, const LinearForm& b) { return a -= b; }
  friend LinearForm operator*(LinearForm a, const Fe& b) { return a *= b; }

 private:
  Fe constant_;
  std::vector<Term> terms_;  // a pad may occur several times; sums are taken when the form is used
};

}  // namespace zkinfer::hiding
