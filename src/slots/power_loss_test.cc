// SPDX-License-Identifier: Apache-2.0
// A simulated disk (test_disk.h) loses its power before every operation: every state in which it may come back
// is tried, and after each the slots that the files still give out are compared with those handed out before.
// The same test must see the fault when a sync is left out.
#include <gtest/gtest.h>

#include <set>

#include "slots/test_disk.h"
#include "slots/test_folder.h"

namespace zkinfer {
namespace {

constexpr SlotUse kRotation = SlotUse::kRotation;
const std::vector<std::string> kNames = {"/a", "/b", "/c"};
constexpr std::uint64_t kTotal = 9;

struct Outcome {
  std::size_t num_states = 0;
  std::size_t num_doubled = 0;     // states in which a slot is used twice
  std::size_t num_unreadable = 0;  // states in which a file is refused
  std::uint64_t most_lost = 0;
};

// Makes a file, takes four slots, cuts the rest in two and takes a slot of each; loses power before every operation.
Outcome lose_power_everywhere(bool file_syncs_work, bool folder_syncs_work) {
  struct Moment {
    DiskState state;
    std::set<std::uint64_t> handed_out;
  };
  SimulatedDisk disk;
  disk.file_syncs_work = file_syncs_work;
  disk.folder_syncs_work = folder_syncs_work;
  std::vector<Moment> moments;
  std::set<std::uint64_t> handed_out;
  disk.before_step = [&] { moments.push_back({disk.state, handed_out}); };
  Result<SlotFile> file =
      SlotFile::create(kNames[0], kModelSecretFile, test_payload(), SlotRange::whole(kTotal, 1), disk);
  EXPECT_TRUE(file.ok());
  const std::size_t num_moments_before_file = moments.size();
  const auto take = [&](SlotFile& from) {
    const Result<std::uint64_t> slot = from.take_slot(SlotUse::kProof);
    EXPECT_TRUE(slot.ok()) << slot.status().to_string();
    if (slot.ok()) EXPECT_TRUE(handed_out.insert(*slot).second);
  };
  for (int i = 0; i < 4; ++i) take(*file);
  EXPECT_TRUE(file->split({kNames[1], kNames[2]}).ok());
  for (const std::string& name : {kNames[1], kNames[2]}) {
    Result<SlotFile> part = SlotFile::open(name, kModelSecretFile, disk);
    EXPECT_TRUE(part.ok());
    if (part.ok()) take(*part);
  }
  moments.push_back({disk.state, handed_out});

  Outcome outcome;
  for (std::size_t i = 0; i < moments.size(); ++i) {
    if (moments[i].state.pending.size() > 8) moments[i].state.pending.resize(8);  // enough for the faulty disks
    for (const DiskState& state : after_power_loss(moments[i].state)) {
      SimulatedDisk back;
      back.state = state;
      std::set<std::uint64_t> used = moments[i].handed_out;
      bool doubled = false;
      bool unreadable = i > num_moments_before_file && !state.synced_names.contains(kNames[0]);
      for (const std::string& name : kNames) {
        if (!state.synced_names.contains(name)) continue;
        Result<SlotFile> again = SlotFile::open(name, kModelSecretFile, back);
        unreadable |= !again.ok();
        if (!again.ok()) continue;
        for (auto slot = again->take_slot(kRotation); slot.ok(); slot = again->take_slot(kRotation))
          doubled |= !used.insert(*slot).second;
      }
      ++outcome.num_states;
      outcome.num_doubled += doubled ? 1 : 0;
      outcome.num_unreadable += unreadable ? 1 : 0;
      if (i > num_moments_before_file) outcome.most_lost = std::max(outcome.most_lost, kTotal - used.size());
    }
  }
  return outcome;
}

TEST(PowerLoss, NoSlotTwiceAndEveryFileGood) {
  const Outcome outcome = lose_power_everywhere(true, true);
  EXPECT_GT(outcome.num_states, 300u);
  EXPECT_EQ(outcome.num_doubled, 0u);
  EXPECT_EQ(outcome.num_unreadable, 0u);
  EXPECT_LE(outcome.most_lost, 3u);  // a slice in the middle of a split
  EXPECT_GT(outcome.most_lost, 0u);
}

TEST(PowerLoss, TheTestSeesAMissingSyncOfTheFolder) { EXPECT_GT(lose_power_everywhere(true, false).num_doubled, 0u); }

// The checksum refuses what was torn, so that no slot is doubled, but the commitment would be lost.
TEST(PowerLoss, TheTestSeesAMissingSyncOfTheFile) {
  const Outcome outcome = lose_power_everywhere(false, true);
  EXPECT_GT(outcome.num_unreadable, 0u);
  EXPECT_EQ(outcome.num_doubled, 0u);
}

}  // namespace
}  // namespace zkinfer
