// SPDX-License-Identifier: Apache-2.0
// Between the public types for tensors and those of the protocol.
#pragma once

#include "api/access.h"
#include "statement/statement.h"
#include "zkinfer/tensor_commitment.h"

namespace zkinfer {

struct TensorCommitment::Impl {
  TensorInfo tensor;
  pcs::TensorOracle oracle;
  statement::Commitment commitment;
};

namespace api {

TensorInfo tensor_info(const qir::Value& value);
// The other way round; kind and name aside, what canonical bytes need.
qir::Value value_of(const TensorInfo& tensor);
// invalid_argument, as qir::validate would say it of an input: shape, range, scale.
Status check_tensor(const TensorInfo& tensor);

}  // namespace api
}  // namespace zkinfer
