// SPDX-License-Identifier: Apache-2.0
// Apart from models, because whoever checks evaluations has none.
#include "api/tensor_commitment_impl.h"
#include "quant/scale.h"
#include "zkinfer/model.h"

namespace zkinfer {

Result<std::vector<std::int64_t>> to_integers(const TensorInfo& input, const TensorView& values, Clipping* clipping) {
  ZKI_RETURN_IF_ERROR(api::check_tensor(input));
  if (const Status status = check_view(values); !status.ok()) return status.with_context("input '" + input.name + "'");
  return quant::quantize_input(api::value_of(input), values, clipping);
}

}  // namespace zkinfer
