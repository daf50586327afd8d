// SPDX-License-Identifier: Apache-2.0
// What a public CommittedTensor holds; shared by the files of this folder.
#pragma once

#include "api/access.h"
#include "prover/commit_tensor.h"
#include "zkinfer/commit_tensor.h"

namespace zkinfer {

struct CommittedTensor::Impl {
  TensorInfo tensor;
  std::shared_ptr<const prover::CommittedValues> data;
  TensorCommitment commitment;
  std::shared_ptr<MemorySlots> own_slots;  // until the count lives elsewhere
  std::shared_ptr<SlotStore> slots;

  Impl(TensorInfo info, std::shared_ptr<const prover::CommittedValues> committed, const SlotRange& range);
};

}  // namespace zkinfer
