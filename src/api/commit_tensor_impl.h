// SPDX-License-Identifier: Apache-2.0
// What a public CommittedTensor holds; shared by the files of this folder.
#pragma once

#include "api/access.h"
#include "api/slot_counter.h"
#include "prover/commit_tensor.h"
#include "zkinfer/commit_tensor.h"

namespace zkinfer {

struct CommittedTensor::Impl {
  TensorInfo tensor;
  std::shared_ptr<const prover::CommittedValues> data;
  TensorCommitment commitment;
  mutable api::SlotCounter slots;

  Impl(TensorInfo info, std::shared_ptr<const prover::CommittedValues> committed);
  Impl(TensorInfo info, std::shared_ptr<const prover::CommittedValues> committed, const SlotRange& range)
      : Impl(std::move(info), std::move(committed)) {
    slots.begin(range);
  }
};

}  // namespace zkinfer
