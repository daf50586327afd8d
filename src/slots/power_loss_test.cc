// SPDX-License-Identifier: Apache-2.0
// A simulated disk that loses its power before every operation. What was not synced may be there, or not, or in part: every
// combination is tried, and after each the slots that the files still give out are compared with those handed out before.
// The same test must see the fault when a sync is left out.
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <set>

#include "slots/file_ops.h"
#include "slots/test_folder.h"

namespace zkinfer {
namespace {

constexpr SlotUse kRotation = SlotUse::kRotation;
constexpr int kFolderFd = 1;
constexpr int kLockFd = 2;
constexpr int kFirstFileFd = 10;

struct Content {
  Bytes now;
  std::optional<Bytes> synced;  // none: never synced
};
// One change of names that the disk makes wholly or not at all: name -> file number, or none.
using NameChange = std::map<std::string, std::optional<std::size_t>>;

struct DiskState {
  std::vector<Content> files;
  std::map<std::string, std::size_t> synced_names;
  std::vector<NameChange> pending;  // since the folder was synced

  std::map<std::string, std::size_t> names(std::uint32_t mask) const {
    std::map<std::string, std::size_t> out = synced_names;
    for (std::size_t i = 0; i < pending.size(); ++i) {
      if ((mask >> i & 1) == 0) continue;
      for (const auto& [name, file] : pending[i]) {
        if (file)
          out[name] = *file;
        else
          out.erase(name);
      }
    }
    return out;
  }
  std::map<std::string, std::size_t> names_now() const { return names(~0u); }
};

// One folder, one process.
class SimulatedDisk final : public FileOps {
 public:
  DiskState state;
  bool file_syncs_work = true;
  bool folder_syncs_work = true;
  std::function<void()> before_step;

  Result<std::string> resolve(const std::string& path) override { return path; }
  Result<Facts> facts(const std::string& path) override {
    if (path.ends_with(".lock")) return Facts{true, true, 1, 1, 1};
    return Facts{state.names_now().contains(path), true, 1, 2, 1};
  }
  Result<Facts> facts_of(int) override { return Facts{true, true, 1, 1, 1}; }
  Result<Bytes> read(const std::string& path, std::uint64_t) override {
    const auto names = state.names_now();
    const auto found = names.find(path);
    if (found == names.end()) return io_error("no such file");
    return state.files[found->second].now;
  }
  Result<int> open_empty(const std::string& path) override {
    step();
    if (state.names_now().contains(path)) state.pending.push_back({{path, std::nullopt}});
    state.files.push_back({});
    state.pending.push_back({{path, state.files.size() - 1}});
    return kFirstFileFd + static_cast<int>(state.files.size() - 1);
  }
  Result<int> open_folder(const std::string&) override { return kFolderFd; }
  Result<int> open_lock(const std::string&) override { return kLockFd; }
  Result<bool> try_lock(int) override { return true; }
  void wait() override {}
  Result<std::size_t> write(int fd, ByteView bytes) override {
    step();
    const std::size_t count = std::min<std::size_t>(bytes.size(), 150);
    Bytes& now = state.files[static_cast<std::size_t>(fd - kFirstFileFd)].now;
    now.insert(now.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
    return count;
  }
  Status sync(int fd) override {
    step();
    if (fd >= kFirstFileFd) {
      Content& file = state.files[static_cast<std::size_t>(fd - kFirstFileFd)];
      if (file_syncs_work) file.synced = file.now;
    } else if (folder_syncs_work) {
      state.synced_names = state.names_now();
      state.pending.clear();
    }
    return ok_status();
  }
  Status close(int) override { return ok_status(); }
  Status rename(const std::string& from, const std::string& to) override {
    step();
    state.pending.push_back({{from, std::nullopt}, {to, state.names_now().at(from)}});
    return ok_status();
  }
  Status remove(const std::string& path) override {
    step();
    state.pending.push_back({{path, std::nullopt}});
    return ok_status();
  }
  Result<std::vector<std::string>> list(const std::string&) override { return std::vector<std::string>{}; }
  Status make_folder(const std::string&) override { return ok_status(); }

 private:
  void step() {
    if (before_step) before_step();
  }
};

// What a disk may hold of a file after the power came back.
std::vector<Bytes> possible_contents(const Content& file) {
  if (file.synced == file.now) return {file.now};
  std::vector<Bytes> out = {
      file.now, file.synced.value_or(Bytes{}), Bytes(file.now.size(), 0),
      Bytes(file.now.begin(), file.now.begin() + static_cast<std::ptrdiff_t>(file.now.size() / 2))};
  Bytes torn = file.now;  // its beginning is lost: blocks go out in any order
  std::fill(torn.begin(), torn.begin() + static_cast<std::ptrdiff_t>(torn.size() / 2), 0);
  out.push_back(torn);
  return out;
}

// Every state in which the disk may come back.
std::vector<DiskState> after_power_loss(const DiskState& state) {
  std::vector<DiskState> out;
  for (std::uint32_t mask = 0; mask < 1u << state.pending.size(); ++mask) {
    std::vector<DiskState> variants = {{}};
    for (const auto& [name, file] : state.names(mask)) {
      std::vector<DiskState> longer;
      for (const DiskState& variant : variants) {
        for (const Bytes& content : possible_contents(state.files[file])) {
          longer.push_back(variant);
          longer.back().files.push_back({content, content});
          longer.back().synced_names[name] = longer.back().files.size() - 1;
        }
      }
      variants = std::move(longer);
    }
    out.insert(out.end(), variants.begin(), variants.end());
  }
  return out;
}

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
