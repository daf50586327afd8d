// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include <sys/stat.h>

#include "base/files.h"
#include "slots/test_faults.h"
#include "slots/test_folder.h"
#include "zkinfer/formats.h"

namespace zkinfer {
namespace {

constexpr SlotUse kProof = SlotUse::kProof;

SlotFile make(const std::string& path, std::uint64_t total) {
  Result<SlotFile> file = SlotFile::create(path, kModelSecretFile, test_payload(), SlotRange::whole(total, 1));
  ZKI_CHECK(file.ok(), "a test's slot file can be made");
  return std::move(file).value();
}

Result<SlotFile> reopen(const std::string& path) { return SlotFile::open(path, kModelSecretFile); }

// A refusal that names the file and says `what`.
void expect_refused(const Status& status, const std::string& path, const std::string& what) {
  EXPECT_FALSE(status.ok()) << what;
  EXPECT_NE(status.message().find(path), std::string::npos) << status.message();
  EXPECT_NE(status.message().find(what), std::string::npos) << status.message();
}

TEST(SlotFile, CountsAcrossObjects) {
  const TestFolder folder;
  const std::string path = folder.file("a.zksecret");
  SlotFile first = make(path, 4);
  EXPECT_EQ(first.take_slot(kProof).value(), 0u);
  SlotFile second = reopen(path).value();
  EXPECT_EQ(second.payload(), test_payload());
  EXPECT_EQ(second.slots(), (SlotRange{0, 1, 4, 4, 1}));
  EXPECT_EQ(second.take_slot(kProof).value(), 1u);
  EXPECT_EQ(first.take_slot(kProof).value(), 2u);
  expect_refused(second.take_slot(kProof).status(), path, "Prover::rotate");
  EXPECT_EQ(second.take_slot(SlotUse::kRotation).value(), 3u);
  expect_refused(first.take_slot(SlotUse::kRotation).status(), path, "none is left");
}

TEST(SlotFile, OnlyItsOwnerReadsIt) {
  const TestFolder folder;
  const std::string path = folder.file("a.zksecret");
  const auto mode = [&] {
    struct stat entry {};
    return ::stat(path.c_str(), &entry) == 0 ? entry.st_mode & 0777 : 0;
  };
  SlotFile file = make(path, 4);
  EXPECT_EQ(mode(), 0600u);
  ASSERT_TRUE(file.take_slot(kProof).ok());
  EXPECT_EQ(mode(), 0600u);
}

TEST(SlotFile, EveryChangedOrMissingByteIsRefused) {
  const TestFolder folder;
  const std::string path = folder.file("a.zksecret");
  ASSERT_TRUE(make(path, 4).take_slot(kProof).ok());
  const Bytes good = read_file(path, 1 << 20).value();
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes changed = good;
    changed[i] ^= 1;
    ASSERT_TRUE(write_file(path, changed).ok());
    const auto file = reopen(path);
    // The fourth byte says which kind of file it is: changed by one, it is a backup.
    EXPECT_EQ(file.status().code(), i == 3 ? StatusCode::kInvalidArgument : StatusCode::kCorrupt) << i;
    ASSERT_TRUE(write_file(path, ByteView(good).first(i)).ok());
    EXPECT_EQ(reopen(path).status().code(), StatusCode::kCorrupt) << i;
  }
  Bytes longer = good;
  longer.push_back(0);
  ASSERT_TRUE(write_file(path, longer).ok());
  expect_refused(reopen(path).status(), path, "damaged");
  ASSERT_TRUE(write_file(path, good).ok());
  EXPECT_TRUE(reopen(path).ok());
}

// Damage after the file was opened: the slot is refused, and the file stays as it is.
TEST(SlotFile, DamageIsSeenWhenASlotIsTaken) {
  const TestFolder folder;
  const std::string path = folder.file("a.zksecret");
  SlotFile file = make(path, 4);
  Bytes bytes = read_file(path, 1 << 20).value();
  bytes[16] ^= 1;
  ASSERT_TRUE(write_file(path, bytes).ok());
  expect_refused(file.take_slot(kProof).status(), path, "damaged");
  EXPECT_EQ(read_file(path, 1 << 20).value(), bytes);
  std::filesystem::remove(path);
  expect_refused(file.take_slot(kProof).status(), path, "no file");
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(SlotFile, OtherKindsAndVersionsAreRefused) {
  const TestFolder folder;
  const std::string path = folder.file("a.zksecret");
  static_cast<void>(make(path, 4));
  SlotFileKind other = kModelSecretFile;
  other.kind = FileKind::kTensorSecret;
  expect_refused(SlotFile::open(path, other).status(), path, "not a tensor secret");
  Bytes bytes = read_file(path, 1 << 20).value();
  ++bytes[4];
  ASSERT_TRUE(write_file(path, bytes).ok());
  const std::uint32_t own = format_of(FileKind::kCommitmentSecret).version;
  expect_refused(reopen(path).status(), path,
                 "version " + std::to_string(own + 1) + ", this program reads version " + std::to_string(own));
  expect_refused(reopen(folder.file("absent")).status(), "absent", "Prover::save");
  EXPECT_FALSE(SlotFile::create(path, kModelSecretFile, test_payload(), SlotRange{0, 3, 2, 4, 1}).ok());
}

TEST(SlotFile, AnotherCommitmentUnderTheSameNameIsNotCounted) {
  const TestFolder folder;
  const std::string path = folder.file("a.zksecret");
  SlotFile file = make(path, 4);
  expect_refused(SlotFile::create(path, kModelSecretFile, Bytes(300, 1), SlotRange::whole(4, 1)).status(), path,
                 "is there already");
  std::filesystem::remove(path);
  ASSERT_TRUE(SlotFile::create(path, kModelSecretFile, Bytes(300, 1), SlotRange::whole(4, 1)).ok());
  expect_refused(file.take_slot(kProof).status(), path, "replaced");
  EXPECT_EQ(reopen(path)->slots().next, 0u);
}

// Under a hard link the old count would live on; a symbolic link is another name of the one file.
TEST(SlotFile, LinksDoNotDoubleTheCount) {
  const TestFolder folder;
  const std::string path = folder.file("a.zksecret");
  const std::string link = folder.file("link.zksecret");
  SlotFile file = make(path, 8);
  std::filesystem::create_symlink(path, link);
  SlotFile linked = reopen(link).value();
  EXPECT_EQ(linked.take_slot(kProof).value(), 0u);
  EXPECT_EQ(file.take_slot(kProof).value(), 1u);
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(reopen(link)->take_slot(kProof).value(), 2u);
  std::filesystem::create_hard_link(path, folder.file("hard.zksecret"));
  expect_refused(file.take_slot(kProof).status(), path, "hard link");
  expect_refused(reopen(folder.file("hard.zksecret")).status(), "hard.zksecret", "hard link");
  std::filesystem::remove(folder.file("hard.zksecret"));
  EXPECT_EQ(file.take_slot(kProof).value(), 3u);
  // A file that turns into a link, and a link to nowhere.
  std::filesystem::rename(path, folder.file("moved.zksecret"));
  std::filesystem::create_symlink(folder.file("moved.zksecret"), path);
  EXPECT_FALSE(file.take_slot(kProof).ok());
  std::filesystem::create_symlink(folder.file("nowhere"), folder.file("dangling.zksecret"));
  EXPECT_FALSE(
      SlotFile::create(folder.file("dangling.zksecret"), kModelSecretFile, test_payload(), SlotRange::whole(4, 1))
          .ok());
}

// Whoever opens a file does not hold its lock: another process may take a slot, which puts a new file under the name, between
// any two looks at it. The old file has no name then.
TEST(SlotFile, AFileThatIsReplacedWhileItIsOpenedIsReadAgain) {
  const TestFolder folder;
  const std::string path = folder.file("a.zksecret");
  SlotFile other = make(path, 400);
  for (const std::uint64_t times : {1u, 5u, 99u}) {
    HookedFileOps ops;
    std::uint64_t replaced = 0;
    ops.hook = [&](const std::string& name, std::size_t, HookedFileOps::Moment moment) {
      if (name == "open" && moment == HookedFileOps::Moment::kAfter && replaced < times) {
        EXPECT_TRUE(other.take_slot(kProof).ok());
        ++replaced;
      }
      return ok_status();
    };
    const Result<SlotFile> opened = SlotFile::open(path, kModelSecretFile, ops);
    ASSERT_TRUE(opened.ok()) << opened.status().to_string();
    EXPECT_EQ(replaced, times);
    EXPECT_EQ(opened->slots(), other.slots());
  }
  // Read before it was replaced: an older count, of a whole file.
  HookedFileOps ops;
  ops.hook = [&](const std::string& name, std::size_t, HookedFileOps::Moment moment) {
    if (name == "read" && moment == HookedFileOps::Moment::kBefore) EXPECT_TRUE(other.take_slot(kProof).ok());
    return ok_status();
  };
  const SlotFile opened = SlotFile::open(path, kModelSecretFile, ops).value();
  EXPECT_EQ(opened.slots().next + 1, other.slots().next);
  EXPECT_EQ(opened.payload(), test_payload());
}

TEST(SlotFile, AFileThatIsReplacedWithoutEndIsGivenUp) {
  const TestFolder folder;
  const std::string path = folder.file("a.zksecret");
  SlotFile other = make(path, 400);
  HookedFileOps ops;
  ops.hook = [&](const std::string& name, std::size_t, HookedFileOps::Moment moment) {
    if (name == "open" && moment == HookedFileOps::Moment::kAfter) EXPECT_TRUE(other.take_slot(kProof).ok());
    return ok_status();
  };
  expect_refused(SlotFile::open(path, kModelSecretFile, ops).status(), path, "replaced 100 times");
}

TEST(SlotFile, NoLockNoSlot) {
  const TestFolder folder;
  const std::string path = folder.file("a.zksecret");
  SlotFile file = make(path, 4);
  std::filesystem::remove(path + ".lock");
  std::filesystem::create_directory(path + ".lock");
  expect_refused(file.take_slot(kProof).status(), path, "cannot be locked");
  expect_refused(file.split({folder.file("b")}), path, "cannot be locked");
  expect_refused(SlotFile::create(path, kModelSecretFile, test_payload(), SlotRange::whole(4, 1)).status(), path,
                 "cannot be locked");
  EXPECT_EQ(reopen(path)->slots().next, 0u);
  std::filesystem::remove(path + ".lock");
  EXPECT_EQ(file.take_slot(kProof).value(), 0u);
}

// The lock file is removed while somebody waits: the lock taken then would be on a file that nobody else sees.
TEST(SlotFile, ARemovedLockFileIsNotTrusted) {
  const TestFolder folder;
  const std::string path = folder.file("a.zksecret");
  static_cast<void>(make(path, 4));
  HookedFileOps ops;
  bool removed = false;
  ops.hook = [&](const std::string& name, std::size_t, HookedFileOps::Moment moment) {
    if (name == "lock" && moment == HookedFileOps::Moment::kBefore && !removed)
      removed = std::filesystem::remove(path + ".lock");
    return ok_status();
  };
  SlotFile file = SlotFile::open(path, kModelSecretFile, ops).value();
  EXPECT_EQ(file.take_slot(kProof).value(), 0u);
  EXPECT_TRUE(removed);
  EXPECT_EQ(std::ranges::count(ops.steps, "lock"), 2);
}

// Every operation of taking a slot fails once, before or after it was done: no slot comes back, the file stays good, and
// later slots are fresh.
TEST(SlotFile, FailuresOfTheSystemGiveNoSlot) {
  const TestFolder folder;
  const std::string path = folder.file("a.zksecret");
  static_cast<void>(make(path, 200));
  HookedFileOps counter;
  std::set<std::uint64_t> slots = {SlotFile::open(path, kModelSecretFile, counter)->take_slot(kProof).value()};
  const std::vector<std::string> expected = {"open",  "read",   "close",       "open lock", "lock",  "open",
                                             "read",  "close",  "open folder", "create",    "write", "sync",
                                             "close", "rename", "sync",        "close",     "close"};
  ASSERT_EQ(counter.steps, expected);
  constexpr std::size_t kOpened = 3;      // steps of open()
  constexpr std::size_t kReadClosed = 7;  // what was read is good already
  for (const auto moment : {HookedFileOps::Moment::kBefore, HookedFileOps::Moment::kAfter}) {
    for (std::size_t failing = kOpened; failing < expected.size() - 2; ++failing) {
      if (failing == kReadClosed) continue;
      HookedFileOps ops;
      ops.hook = [&](const std::string&, std::size_t step, HookedFileOps::Moment now) {
        return step == failing && now == moment ? io_error("injected") : ok_status();
      };
      SlotFile file = SlotFile::open(path, kModelSecretFile, ops).value();
      const Status status = file.take_slot(kProof).status();
      expect_refused(status, expected[failing] == "open" || expected[failing] == "read" ? "" : path, "injected");
      const auto next = file.take_slot(kProof);
      ASSERT_TRUE(next.ok()) << expected[failing] << ": " << next.status().to_string();
      EXPECT_TRUE(slots.insert(*next).second) << expected[failing];
      const auto other = reopen(path)->take_slot(kProof);
      ASSERT_TRUE(other.ok()) << expected[failing] << ": " << other.status().to_string();
      EXPECT_TRUE(slots.insert(*other).second) << expected[failing];
    }
  }
  EXPECT_EQ(slots.size(), 45u);
}

TEST(SlotFile, SplitMovesEverySlot) {
  const TestFolder folder;
  const std::string path = folder.file("a.zksecret");
  SlotFile file = make(path, 12);
  ASSERT_TRUE(file.take_slot(kProof).ok());
  const std::vector<std::string> parts = {folder.file("1"), folder.file("2"), folder.file("3")};
  ASSERT_TRUE(file.split(parts).ok());
  EXPECT_EQ(file.slots(), (SlotRange{0, 1, 1, 12, 1}));
  expect_refused(file.take_slot(kProof).status(), path, "none is left");
  std::set<std::uint64_t> slots = {0};
  for (const std::string& part : parts) {
    SlotFile slice = reopen(part).value();
    EXPECT_EQ(slice.payload(), test_payload());
    for (auto slot = slice.take_slot(kProof); slot.ok(); slot = slice.take_slot(kProof))
      EXPECT_TRUE(slots.insert(*slot).second);
    const auto kept = slice.take_slot(SlotUse::kRotation);
    EXPECT_EQ(kept.ok(), part == parts.back());
    if (kept.ok()) EXPECT_TRUE(slots.insert(*kept).second);
  }
  EXPECT_EQ(slots.size(), 12u);
}

TEST(SlotFile, SplitRefusesWhatWouldLoseOrDoubleSlots) {
  const TestFolder folder;
  const std::string path = folder.file("a.zksecret");
  SlotFile file = make(path, 4);
  ASSERT_TRUE(write_file(folder.file("there"), test_payload()).ok());
  expect_refused(file.split({folder.file("b"), folder.file("there")}), "there", "is there already");
  expect_refused(file.split({folder.file("b"), folder.file("b")}), "b", "is there already");
  expect_refused(file.split({folder.file("b"), path}), path, "is there already");
  expect_refused(file.split({folder.file("b"), folder.file("no/folder")}), "no/folder", "folder");
  expect_refused(file.split({}), path, "cannot cut");
  expect_refused(file.split({folder.file("b"), folder.file("c"), folder.file("d"), folder.file("e")}), path,
                 "cannot cut 3 proofs");
  EXPECT_EQ(reopen(path)->slots(), SlotRange::whole(4, 1));
  EXPECT_FALSE(std::filesystem::exists(folder.file("b")));
}

}  // namespace
}  // namespace zkinfer
