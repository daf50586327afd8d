// SPDX-License-Identifier: Apache-2.0
#include "hiding/product.h"

namespace zkinfer::hiding {

LinearForm product_form(const Fe& ct_u, const Fe& ct_v, const PadAllocator& pads, std::size_t row) {
  LinearForm form(ct_u * ct_v);
  if (!pads.zero_knowledge()) return form;
  // from_ciphertext(0, i) is -pad[i].
  form.add_scaled(LinearForm::from_ciphertext(Fe(), pads.b(row)), ct_u);
  form.add_scaled(LinearForm::from_ciphertext(Fe(), pads.a(row)), ct_v);
  form -= LinearForm::from_ciphertext(Fe(), pads.c(row));
  return form;
}

ProductForms receive_product(VerifierChannel& channel, const char* label_u, const char* label_v) {
  const std::size_t row = channel.pads().triple();
  ProductForms forms;
  forms.u_pad = channel.pads().a(row);
  forms.v_pad = channel.pads().b(row);
  forms.u = channel.receive_hidden_at(label_u, forms.u_pad);
  forms.v = channel.receive_hidden_at(label_v, forms.v_pad);
  forms.uv = product_form(forms.u.constant(), forms.v.constant(), channel.pads(), row);
  return forms;
}

LinearForm copied_product(VerifierChannel& channel, const ProductForms& first, const ProductForms& second) {
  PadAllocator& pads = channel.pads();
  const std::size_t row = pads.copied_triple(second.v_pad, first.v_pad);
  if (pads.zero_knowledge()) {
    const auto pad = [](PadIndex index) { return LinearForm::from_ciphertext(Fe(), index) * -Fe::one(); };
    channel.require_zero("triple copy a", pad(pads.a(row)) - pad(second.v_pad));
    channel.require_zero("triple copy b", pad(pads.b(row)) - pad(first.v_pad));
  }
  return product_form(second.v.constant(), first.v.constant(), pads, row);
}

}  // namespace zkinfer::hiding
