// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>

#include "zkinfer/slots.h"

namespace zkinfer {

std::uint64_t SlotRange::num_left(SlotUse use) const {
  const std::uint64_t limit = use == SlotUse::kRotation ? end : std::min(end, total - num_kept);
  return limit > next ? limit - next : 0;
}

std::string SlotRange::to_string() const {
  const bool whole_commitment = begin == 0 && end == total;
  return std::to_string(num_used()) + " of " + std::to_string(end - begin) + " slots used" +
         (whole_commitment
              ? ""
              : " (slice " + std::to_string(begin) + ".." + std::to_string(end) + " of " + std::to_string(total) + ")");
}

Result<std::uint64_t> SlotRange::take(SlotUse use, std::uint64_t count) {
  const std::uint64_t left = num_left(use);
  if (left >= count) {
    next += count;
    return next - count;
  }
  if (left > 0) return resource_limit(to_string() + ", and " + std::to_string(count) + " are needed together");
  if (next < end)
    return resource_limit(to_string() + ", and the last " +
                          (num_kept == 1 ? "one is" : std::to_string(num_kept) + " are") + " kept for rotation");
  return resource_limit(to_string() + ", none is left");
}

Result<std::vector<SlotRange>> SlotRange::split(std::uint64_t num_parts) const {
  // Kept slots go to the last, but where all are kept (a root's) they are shared like proofs.
  const bool all_kept = num_kept == total;
  const std::uint64_t num_proofs = num_left(all_kept ? SlotUse::kRotation : SlotUse::kProof);
  if (num_parts == 0 || num_parts > num_proofs) {
    return resource_limit("cannot cut " + std::to_string(num_proofs) + (all_kept ? " rotations" : " proofs") +
                          " that are left into " + std::to_string(num_parts) +
                          " slices; expected 1 to as many slices as proofs");
  }
  std::vector<SlotRange> parts;
  std::uint64_t from = next;
  for (std::uint64_t i = 0; i < num_parts; ++i) {
    const std::uint64_t size = num_proofs / num_parts + (i < num_proofs % num_parts ? 1 : 0);
    const std::uint64_t to = i + 1 == num_parts ? end : from + size;
    parts.push_back({from, from, to, total, num_kept});
    from = to;
  }
  return parts;
}

MemorySlots::MemorySlots(const SlotRange& slots) : slots_(slots), process_(getpid()) {}

Result<std::uint64_t> MemorySlots::take_slots(SlotUse use, std::uint64_t count) {
  ZKI_RETURN_IF_ERROR(check_process());
  return slots_.take(use, count);
}

Result<SlotRange> MemorySlots::slots() const {
  ZKI_RETURN_IF_ERROR(check_process());
  return slots_;
}

Status MemorySlots::check_process() const {
  if (getpid() == process_) return ok_status();
  return invalid_argument(
      "the slots of this commitment are counted in the memory of the process that made it, and this is a child of it: "
      "both would use the same ones; keep the count in a file before the process forks (Prover::save), or make all "
      "proofs in one process");
}

Status with_slot_spent(const Status& status) {
  return {status.code(), status.message() + "; the slot that was taken for it is spent"};
}

}  // namespace zkinfer
