// SPDX-License-Identifier: Apache-2.0
// Copies of a secret on one machine: no slot twice, whichever of them counts on, and nothing refused that is right.
#include "slots/slot_ledger.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "slots/test_faults.h"
#include "slots/test_folder.h"
#include "zkinfer/slot_memory.h"

namespace zkinfer {
namespace {

namespace fs = std::filesystem;

class Ledger : public ::testing::Test {
 protected:
  Ledger() {
    remember_slots_in(ledger_);
    make("a", 64);
  }
  ~Ledger() override { remember_slots_in(""); }

  void make(const std::string& name, std::uint64_t total) {
    EXPECT_TRUE(SlotFile::create(path(name), kModelSecretFile, test_payload(), SlotRange::whole(total, 1)).ok());
  }
  std::string path(const std::string& name) const { return folder_.file(name); }
  void copy(const std::string& from, const std::string& to) const {
    fs::copy_file(path(from), path(to), fs::copy_options::overwrite_existing);
  }
  Result<std::uint64_t> take(const std::string& name) const {
    Result<SlotFile> file = SlotFile::open(path(name), kModelSecretFile);
    if (!file.ok()) return file.status();
    return file->take_slot(SlotUse::kProof);
  }
  void expect_copy(const std::string& name, const std::string& other) const {
    const Status status = take(name).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_NE(status.message().find("'" + path(name) + "' is a copy"), std::string::npos) << status.message();
    EXPECT_NE(status.message().find(path(other)), std::string::npos) << status.message();
  }

  TestFolder folder_;
  std::string ledger_ = folder_.file("state/zkinfer/slots");
};

TEST_F(Ledger, ASecondCopyThatServesIsRefused) {
  EXPECT_EQ(take("a").value(), 0u);
  copy("a", "b");
  EXPECT_EQ(take("a").value(), 1u);
  expect_copy("b", "a");
  EXPECT_EQ(take("a").value(), 2u);
  // Whichever is faster: the other one stops.
  copy("a", "c");
  EXPECT_EQ(take("c").value(), 3u);
  expect_copy("a", "c");
  expect_copy("b", "c");
}

TEST_F(Ledger, AnOlderCopyThatIsBroughtBackIsRefused) {
  copy("a", "kept");
  for (std::uint64_t slot = 0; slot < 5; ++slot) EXPECT_EQ(take("a").value(), slot);
  copy("kept", "a");
  expect_copy("a", "a");
  // Nothing was taken by being refused.
  EXPECT_EQ(SlotFile::open(path("a"), kModelSecretFile)->slots().next, 0u);
}

TEST_F(Ledger, WhatMovesGoesOn) {
  EXPECT_EQ(take("a").value(), 0u);
  fs::rename(path("a"), path("moved"));
  EXPECT_EQ(take("moved").value(), 1u);
  EXPECT_EQ(take("moved").value(), 2u);
}

TEST_F(Ledger, SlicesGoOnAndACopyFromBeforeTheSplitDoesNot) {
  copy("a", "kept");
  EXPECT_TRUE(SlotFile::open(path("a"), kModelSecretFile)->split({path("s"), path("t")}).ok());
  for (const char* slice : {"s", "t"}) {
    const std::uint64_t first = take(slice).value();
    EXPECT_EQ(take(slice).value(), first + 1);
  }
  // Its own slots were all taken away, and those that it still counts as its own belong to the slices.
  bool refused = false;
  for (int i = 0; i < 64 && !refused; ++i) {
    const Result<std::uint64_t> slot = take("kept");
    refused = !slot.ok();
    if (refused) EXPECT_EQ(slot.status().code(), StatusCode::kInvalidArgument) << slot.status().to_string();
  }
  EXPECT_TRUE(refused);
}

TEST_F(Ledger, AnotherSecretIsAnotherEntry) {
  EXPECT_EQ(take("a").value(), 0u);
  Bytes payload = test_payload();
  payload.back() ^= 1;
  EXPECT_TRUE(SlotFile::create(path("other"), kModelSecretFile, payload, SlotRange::whole(8, 1)).ok());
  EXPECT_EQ(take("other").value(), 0u);
  EXPECT_EQ(std::distance(fs::directory_iterator(ledger_), fs::directory_iterator{}), 2);
  EXPECT_EQ(fs::status(ledger_).permissions(), fs::perms::owner_all);
}

TEST_F(Ledger, KnowsWhereARestoreGoesOn) {
  for (std::uint64_t slot = 0; slot < 5; ++slot) EXPECT_EQ(take("a").value(), slot);
  const auto first_unused = [&](const SlotRange& slots) {
    return SlotLedger::open(system_file_ops(), ledger_, test_payload()).first_unused(slots);
  };
  EXPECT_EQ(first_unused({0, 2, 64, 64, 1}), 5u);
  EXPECT_EQ(first_unused({0, 9, 64, 64, 1}), 9u);
  EXPECT_EQ(SlotLedger::open(system_file_ops(), "", test_payload()).first_unused({0, 2, 64, 64, 1}), 2u);
}

// It may know too little, and then says nothing: no damage of it stops a secret that counts.
TEST_F(Ledger, DamageMakesItForget) {
  EXPECT_EQ(take("a").value(), 0u);
  const std::string entry = fs::directory_iterator(ledger_)->path().string();
  std::uint64_t next = 1;
  for (const std::string& text : {std::string(), std::string(100, '\0'), std::string("0"), std::string("x y z\n"),
                                  std::string("9 3 p\n"), std::string("0 1"), std::string(3000000, '0')}) {
    std::ofstream(entry, std::ios::trunc) << text;
    EXPECT_EQ(take("a").value(), next++) << text.substr(0, 20);
  }
  fs::permissions(ledger_, fs::perms::none);
  EXPECT_EQ(take("a").value(), next++);
  fs::permissions(ledger_, fs::perms::owner_all);
  fs::remove_all(ledger_);
  std::ofstream(ledger_) << "a file";
  EXPECT_EQ(take("a").value(), next++);
}

// The entry comes after the count: a process that is stopped anywhere leaves a secret that goes on.
TEST_F(Ledger, AStopAtAnyStepRefusesNothing) {
  make("b", 256);
  for (std::size_t stop = 0; stop < 40; ++stop) {
    HookedFileOps ops;
    ops.hook = [&](const std::string&, std::size_t step, HookedFileOps::Moment moment) -> Status {
      return step >= stop && moment == HookedFileOps::Moment::kAfter ? io_error("stopped") : ok_status();
    };
    {
      Result<SlotFile> file = SlotFile::open(path("b"), kModelSecretFile, ops);
      if (file.ok()) static_cast<void>(file->take_slot(SlotUse::kProof));
    }
    EXPECT_TRUE(take("b").ok()) << stop;
  }
}

}  // namespace
}  // namespace zkinfer
