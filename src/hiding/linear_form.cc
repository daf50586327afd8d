// SPDX-License-Identifier: Apache-2.0
#include "hiding/linear_form.h"

namespace zkinfer::hiding {

LinearForm LinearForm::from_ciphertext(const Fe& ciphertext, PadIndex index) {
  LinearForm form(ciphertext);
  if (index != kNoPad) form.terms_.push_back({index, -Fe::one()});
  return form;
}

LinearForm& LinearForm::operator+=(const LinearForm& other) {
  constant_ += other.constant_;
  terms_.insert(terms_.end(), other.terms_.begin(), other.terms_.end());
  return *this;
}

LinearForm& LinearForm::operator-=(const LinearForm& other) {
  add_scaled(other, -Fe::one());
  return *this;
}

LinearForm& LinearForm::operator+=(const Fe& constant) {
  constant_ += constant;
  return *this;
}

LinearForm& LinearForm::operator-=(const Fe& constant) {
  constant_ -= constant;
  return *this;
}

LinearForm& LinearForm::operator*=(const Fe& factor) {
  constant_ *= factor;
  for (Term& term : terms_) term.coef *= factor;
  return *this;
}

void LinearForm::add_scaled(const LinearForm& other, const Fe& factor) {
  constant_ += other.constant_ * factor;
  for (const Term& term : other.terms_) terms_.push_back({term.pad, term.coef * factor});
}

}  // namespace zkinfer::hiding
