// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zkinfer/slots.h"

namespace zkinfer {
namespace {

TEST(SlotRange, TheKeptSlotIsForRotationOnly) {
  SlotRange slots = SlotRange::whole(4, 1);
  for (std::uint64_t i = 0; i < 3; ++i) EXPECT_EQ(slots.take(SlotUse::kProof).value(), i);
  EXPECT_EQ(slots.num_left(SlotUse::kProof), 0u);
  const auto refused = slots.take(SlotUse::kProof);
  EXPECT_EQ(refused.status().code(), StatusCode::kResourceLimit);
  EXPECT_NE(refused.status().message().find("kept for rotation"), std::string::npos) << refused.status().message();
  EXPECT_EQ(slots.next, 3u);
  EXPECT_EQ(slots.take(SlotUse::kRotation).value(), 3u);
  EXPECT_EQ(slots.take(SlotUse::kRotation).status().code(), StatusCode::kResourceLimit);
  EXPECT_NE(slots.take(SlotUse::kProof).status().message().find("none is left"), std::string::npos);
}

TEST(SlotRange, RotationBeforeTheEndTakesTheNextSlot) {
  SlotRange slots = SlotRange::whole(4, 1);
  EXPECT_EQ(slots.take(SlotUse::kRotation).value(), 0u);
  EXPECT_EQ(slots.num_left(SlotUse::kProof), 2u);
}

TEST(MemorySlots, AChildProcessGetsNone) {
  MemorySlots slots(SlotRange::whole(4, 1));
  EXPECT_EQ(slots.take_slot(SlotUse::kProof).value(), 0u);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    // Nor may it write down its copy of the count, from which slots would be taken again.
    const Status taken = slots.take_slot(SlotUse::kProof).status(), written = slots.slots().status();
    _exit(taken.code() == StatusCode::kInvalidArgument && written.code() == StatusCode::kInvalidArgument ? 0 : 1);
  }
  int status = 1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0) << "the child used, or wrote down, a slot of its parent";
  EXPECT_EQ(slots.take_slot(SlotUse::kProof).value(), 1u);
}

TEST(SlotRange, NothingToTake) {
  for (const SlotRange& slots : {SlotRange::whole(0, 0), SlotRange::whole(1, 1), SlotRange{3, 5, 5, 9, 1}}) {
    SlotRange copy = slots;
    EXPECT_FALSE(copy.take(SlotUse::kProof).ok());
    EXPECT_EQ(copy, slots);
  }
}

TEST(SlotRange, ValidOnlyInsideTheCommitment) {
  EXPECT_TRUE((SlotRange{2, 3, 4, 4, 4}.valid()));
  EXPECT_FALSE((SlotRange{3, 2, 4, 4, 0}.valid()));
  EXPECT_FALSE((SlotRange{2, 5, 4, 9, 0}.valid()));
  EXPECT_FALSE((SlotRange{2, 3, 5, 4, 0}.valid()));
  EXPECT_FALSE((SlotRange{0, 0, 4, 4, 5}.valid()));
}

// For many sizes: the slices are disjoint, leave nothing out, serve a proof each, and only the last has kept slots.
TEST(SlotRange, SlicesAreDisjointAndComplete) {
  for (std::uint64_t total = 1; total < 24; ++total) {
    for (std::uint64_t num_kept = 0; num_kept <= std::min<std::uint64_t>(total, 2); ++num_kept) {
      for (std::uint64_t used = 0; used + num_kept < total; ++used) {
        SlotRange slots = SlotRange::whole(total, num_kept);
        slots.next = used;
        const std::uint64_t num_proofs = slots.num_left(SlotUse::kProof);
        for (std::uint64_t num_parts = 1; num_parts <= num_proofs; ++num_parts) {
          std::vector<SlotRange> parts = slots.split(num_parts).value();
          ASSERT_EQ(parts.size(), num_parts);
          std::uint64_t next = used;
          std::uint64_t num_taken = 0;
          for (SlotRange& part : parts) {
            EXPECT_TRUE(part.valid());
            EXPECT_EQ(part.begin, next);
            EXPECT_GE(part.num_left(SlotUse::kProof), num_proofs / num_parts);
            EXPECT_LE(part.num_left(SlotUse::kProof), num_proofs / num_parts + 1);
            next = part.end;
            while (part.take(SlotUse::kProof).ok()) ++num_taken;
            EXPECT_EQ(part.num_left(SlotUse::kRotation), &part == &parts.back() ? num_kept : 0);
          }
          EXPECT_EQ(next, total);
          EXPECT_EQ(num_taken, num_proofs);
        }
        EXPECT_EQ(slots.split(num_proofs + 1).status().code(), StatusCode::kResourceLimit);
        EXPECT_EQ(slots.split(0).status().code(), StatusCode::kResourceLimit);
      }
    }
  }
}

}  // namespace
}  // namespace zkinfer
