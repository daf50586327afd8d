// SPDX-License-Identifier: Apache-2.0
// The one thing of a commitment that changes: where its slots are counted. Everything else that a Prover or a CommittedTensor
// holds is made once and only read, so any number of threads may prove with it.
#pragma once

#include <memory>
#include <utility>

#include "base/mutex.h"
#include "zkinfer/slots.h"

namespace zkinfer::api {

class SlotCounter {
 public:
  // In memory, until it is moved.
  void begin(const SlotRange& slots) {
    own_ = std::make_shared<MemorySlots>(slots);
    store_ = own_;
  }
  void begin(std::shared_ptr<SlotStore> store) { store_ = std::move(store); }

  Result<std::uint64_t> take(SlotUse use, std::uint64_t count = 1) {
    const Lock lock(mutex_);
    return store_->take_slots(use, count);
  }

  // make_store gets what is used of the slots, and from then on its result counts; meanwhile nobody takes one.
  template <class MakeStore>
  Status move_to(const MakeStore& make_store) {
    const Lock lock(mutex_);
    if (own_ == nullptr) {
      return invalid_argument(
          "the slots of this commitment are counted elsewhere already; a second count would use them again");
    }
    ZKI_ASSIGN_OR_RETURN(const SlotRange slots, own_->slots());
    ZKI_ASSIGN_OR_RETURN(store_, make_store(slots));
    own_ = nullptr;
    return ok_status();
  }

 private:
  Mutex mutex_;
  std::shared_ptr<MemorySlots> own_;  // until the count lives elsewhere
  std::shared_ptr<SlotStore> store_;
};

}  // namespace zkinfer::api
