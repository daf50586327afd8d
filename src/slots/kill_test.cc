// SPDX-License-Identifier: Apache-2.0
// Processes that are killed at every step of taking a slot, of making a slot file and of splitting it, and processes that
// fight for one file: no slot is ever used twice, and no torn file is taken for a good one.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <set>

#include <sys/mman.h>

#include "slots/test_faults.h"
#include "slots/test_folder.h"
#include "slots/test_process.h"

namespace zkinfer {
namespace {

using Moment = HookedFileOps::Moment;
constexpr SlotUse kProof = SlotUse::kProof;

// Slots that processes say they got; memory that they share.
struct Ledger {
  std::atomic<std::size_t> count{0};
  std::array<std::atomic<std::uint64_t>, 4096> slots{};

  void add(std::uint64_t slot) { slots[count.fetch_add(1)] = slot; }
};

class SharedLedger {
 public:
  SharedLedger() : memory_(::mmap(nullptr, sizeof(Ledger), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
    ZKI_CHECK(memory_ != MAP_FAILED, "a test gets shared memory");
    new (memory_) Ledger;
  }
  ~SharedLedger() { ::munmap(memory_, sizeof(Ledger)); }
  Ledger* operator->() { return static_cast<Ledger*>(memory_); }
  // All slots so far; a doubled one fails the test.
  std::set<std::uint64_t> slots() {
    std::set<std::uint64_t> found;
    for (std::size_t i = 0; i < (*this)->count; ++i)
      EXPECT_TRUE(found.insert((*this)->slots[i]).second) << "slot " << (*this)->slots[i] << " twice";
    return found;
  }

 private:
  void* memory_;
};

// Runs work in a process that is killed before or after its given step; false once it lives through.
bool killed_at(std::size_t deadly, Moment moment, const std::function<void(FileOps&)>& work) {
  const End end = end_of(start([&] {
    HookedFileOps ops;
    ops.max_write_bytes = 150;  // several writes, so that it also dies within the file
    ops.hook = [&](const std::string&, std::size_t step, Moment now) {
      if (step == deadly && now == moment) ::raise(SIGKILL);
      return ok_status();
    };
    work(ops);
  }));
  EXPECT_NE(end, End::kOther);
  return end == End::kKilled;
}

void take_and_record(const std::string& path, FileOps& ops, SharedLedger& ledger) {
  Result<SlotFile> file = SlotFile::open(path, kModelSecretFile, ops);
  ZKI_CHECK(file.ok(), file.status().to_string().c_str());
  Result<std::uint64_t> slot = file->take_slot(kProof);
  ZKI_CHECK(slot.ok(), "there is a slot");
  ledger->add(*slot);
}

TEST(Kill, TakingASlot) {
  const TestFolder folder;
  const std::string path = folder.file("a.zksecret");
  ASSERT_TRUE(SlotFile::create(path, kModelSecretFile, test_payload(), SlotRange::whole(1000, 1)).ok());
  SharedLedger ledger;
  std::size_t num_kills = 0;
  for (const Moment moment : {Moment::kBefore, Moment::kAfter}) {
    std::size_t step = 0;
    while (killed_at(step, moment, [&](FileOps& ops) { take_and_record(path, ops, ledger); })) {
      ++step;
      ++num_kills;
      // What the dead process left behind, lock included, stops nobody.
      take_and_record(path, system_file_ops(), ledger);
    }
    // open, read, close, lock (2), open, read, close, folder, create, 3 writes, sync, close, rename, sync, 2 closes
    EXPECT_EQ(step, 19u);
  }
  const std::set<std::uint64_t> used = ledger.slots();
  const Result<SlotFile> file = SlotFile::open(path, kModelSecretFile);
  ASSERT_TRUE(file.ok()) << file.status().to_string();
  EXPECT_LE(*used.rbegin(), file->slots().next);
  // A kill costs at most one slot.
  EXPECT_LE(file->slots().next, used.size() + num_kills);
  EXPECT_GT(file->slots().next, used.size());
}

TEST(Kill, MakingTheFile) {
  const TestFolder folder;
  const std::string path = folder.file("a.zksecret");
  std::size_t num_absent = 0;
  for (const Moment moment : {Moment::kBefore, Moment::kAfter}) {
    for (std::size_t step = 0;; ++step) {
      const bool killed = killed_at(step, moment, [&](FileOps& ops) {
        static_cast<void>(SlotFile::create(path, kModelSecretFile, test_payload(), SlotRange::whole(8, 1), ops));
      });
      if (std::filesystem::exists(path)) {
        const Result<SlotFile> file = SlotFile::open(path, kModelSecretFile);
        ASSERT_TRUE(file.ok()) << step << ": " << file.status().to_string();
        EXPECT_EQ(file->slots(), SlotRange::whole(8, 1));
      } else {
        ++num_absent;
      }
      if (!killed) break;
      std::filesystem::remove(path);
    }
    EXPECT_TRUE(std::filesystem::exists(path));
    std::filesystem::remove(path);
  }
  EXPECT_GT(num_absent, 10u);
}

// Takes every slot that any of the files has.
std::set<std::uint64_t> drain(const std::vector<std::string>& paths) {
  std::set<std::uint64_t> slots;
  for (const std::string& path : paths) {
    if (!std::filesystem::exists(path)) continue;
    Result<SlotFile> file = SlotFile::open(path, kModelSecretFile);
    EXPECT_TRUE(file.ok()) << path << ": " << file.status().to_string();
    if (!file.ok()) continue;
    for (auto slot = file->take_slot(SlotUse::kRotation); slot.ok(); slot = file->take_slot(SlotUse::kRotation)) {
      EXPECT_TRUE(slots.insert(*slot).second) << "slot " << *slot << " twice, in " << path;
    }
  }
  return slots;
}

TEST(Kill, SplittingAFile) {
  constexpr std::uint64_t kTotal = 9;
  std::size_t num_steps = 0;
  std::size_t num_losses = 0;
  for (const Moment moment : {Moment::kBefore, Moment::kAfter}) {
    for (std::size_t step = 0;; ++step, ++num_steps) {
      const TestFolder folder;
      const std::string path = folder.file("a.zksecret");
      const std::vector<std::string> parts = {folder.file("1"), folder.file("2"), folder.file("3")};
      ASSERT_TRUE(SlotFile::create(path, kModelSecretFile, test_payload(), SlotRange::whole(kTotal, 1)).ok());
      const bool killed = killed_at(step, moment, [&](FileOps& ops) {
        Result<SlotFile> file = SlotFile::open(path, kModelSecretFile, ops);
        ZKI_CHECK(file.ok() && file->split(parts).ok(), "the file can be split");
      });
      std::vector<std::string> all = parts;
      all.push_back(path);
      const std::size_t num_found = drain(all).size();
      if (!killed) {
        EXPECT_EQ(num_found, kTotal);
        break;
      }
      // One slice may be lost, of three slots at most.
      EXPECT_GE(num_found, kTotal - 3) << step;
      num_losses += num_found < kTotal ? 1 : 0;
    }
  }
  EXPECT_GT(num_steps, 100u);
  EXPECT_GT(num_losses, 0u);  // else the test does not reach the moments in between
}

// A slice must not be made while the file that it comes from still has its slots: checked at every step of a split.
TEST(Kill, SlotsAreNeverInTwoFiles) {
  const TestFolder folder;
  const std::string path = folder.file("a.zksecret");
  const std::vector<std::string> all = {path, folder.file("1"), folder.file("2"), folder.file("3")};
  ASSERT_TRUE(SlotFile::create(path, kModelSecretFile, test_payload(), SlotRange::whole(9, 1)).ok());
  HookedFileOps ops;
  std::size_t num_looks = 0;
  ops.hook = [&](const std::string&, std::size_t, Moment) {
    std::set<std::uint64_t> slots;
    for (const std::string& name : all) {
      if (!std::filesystem::exists(name)) continue;
      const Result<SlotFile> file = SlotFile::open(name, kModelSecretFile);
      EXPECT_TRUE(file.ok()) << file.status().to_string();
      if (!file.ok()) continue;
      for (std::uint64_t slot = file->slots().next; slot < file->slots().end; ++slot)
        EXPECT_TRUE(slots.insert(slot).second) << slot;
    }
    ++num_looks;
    return ok_status();
  };
  Result<SlotFile> file = SlotFile::open(path, kModelSecretFile, ops);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(file->split({all.begin() + 1, all.end()}).ok());
  EXPECT_GT(num_looks, 100u);
}

TEST(Processes, EightTakeDistinctSlots) {
  constexpr std::uint64_t kProcesses = 8;
  constexpr std::uint64_t kEach = 25;
  const TestFolder folder;
  const std::string path = folder.file("a.zksecret");
  ASSERT_TRUE(
      SlotFile::create(path, kModelSecretFile, test_payload(), SlotRange::whole(kProcesses * kEach + 1, 1)).ok());
  SharedLedger ledger;
  std::vector<::pid_t> children;
  for (std::uint64_t i = 0; i < kProcesses; ++i) {
    children.push_back(start([&] {
      for (std::uint64_t j = 0; j < kEach; ++j) take_and_record(path, system_file_ops(), ledger);
    }));
  }
  for (const ::pid_t child : children) EXPECT_EQ(end_of(child), End::kDone);
  EXPECT_EQ(ledger.slots().size(), kProcesses * kEach);
  Result<SlotFile> file = SlotFile::open(path, kModelSecretFile);
  ASSERT_TRUE(file.ok()) << file.status().to_string();
  EXPECT_EQ(file->take_slot(kProof).status().code(), StatusCode::kResourceLimit);
  EXPECT_EQ(file->take_slot(SlotUse::kRotation).value(), kProcesses * kEach);
}

// Processes that take slots and are killed at random steps, while others go on.
TEST(Processes, SomeAreKilledAmongOthers) {
  const TestFolder folder;
  const std::string path = folder.file("a.zksecret");
  ASSERT_TRUE(SlotFile::create(path, kModelSecretFile, test_payload(), SlotRange::whole(2000, 1)).ok());
  SharedLedger ledger;
  std::size_t num_kills = 0;
  for (std::size_t round = 0; round < 6; ++round) {
    std::vector<::pid_t> children;
    for (std::size_t i = 0; i < 8; ++i) {
      children.push_back(start([&, i] {
        HookedFileOps ops;
        ops.hook = [&](const std::string&, std::size_t step, Moment) {
          if (i % 2 == 0 && step == 13 * 2 + (round * 8 + i) % 13) ::raise(SIGKILL);
          return ok_status();
        };
        for (int j = 0; j < 6; ++j) take_and_record(path, ops, ledger);
      }));
    }
    for (std::size_t i = 0; i < children.size(); ++i) {
      const End end = end_of(children[i]);
      EXPECT_NE(end, End::kOther);
      num_kills += end == End::kKilled ? 1 : 0;
    }
  }
  EXPECT_EQ(num_kills, 24u);
  const std::size_t num_used = ledger.slots().size();
  const Result<SlotFile> file = SlotFile::open(path, kModelSecretFile);
  ASSERT_TRUE(file.ok()) << file.status().to_string();
  EXPECT_LE(file->slots().next, num_used + num_kills);
}

}  // namespace
}  // namespace zkinfer
