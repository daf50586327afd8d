// SPDX-License-Identifier: Apache-2.0
// For tests: a simulated disk that can lose its power before every operation. What was not synced may be there, or not, or in
// part; after_power_loss() gives every combination.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "slots/durable.h"

namespace zkinfer {

struct DiskContent {
  Bytes now;
  std::optional<Bytes> synced;  // none: never synced
};
// One change of names that the disk makes wholly or not at all: name -> file number, or none. Of one folder.
using NameChange = std::map<std::string, std::optional<std::size_t>>;

struct DiskState {
  std::vector<DiskContent> files;
  std::map<std::string, std::size_t> synced_names;
  std::vector<NameChange> pending;  // since their folder was synced

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
    // What is in a folder is there if the folder is.
    std::erase_if(
        out, [&](const auto& entry) { return folder_of(entry.first) != "/" && !out.contains(folder_of(entry.first)); });
    return out;
  }
  std::map<std::string, std::size_t> names_now() const { return names(~0u); }
};

// One process; paths begin with "/".
class SimulatedDisk final : public FileOps {
 public:
  DiskState state;
  bool file_syncs_work = true;
  bool folder_syncs_work = true;
  std::size_t max_write_bytes = 150;
  std::function<void()> before_step;

  Result<std::string> resolve(const std::string& path) override { return path; }
  Result<Facts> facts(const std::string& path) override {
    if (path.ends_with(".lock")) return Facts{true, true, 1, 1, 1};
    return Facts{state.names_now().contains(path), true, 1, 2, 1};
  }
  Result<Facts> facts_of(int fd) override {
    if (fd == kLockFd) return Facts{true, true, 1, 1, 1};
    const auto names = state.names_now();
    const auto is_name = [&](const auto& entry) { return entry.second == file_of(fd); };
    return Facts{true, true, 1, 2, static_cast<std::uint64_t>(std::ranges::count_if(names, is_name))};
  }
  Result<int> open_file(const std::string& path) override {
    const auto names = state.names_now();
    const auto found = names.find(path);
    if (found == names.end()) return io_error("no such file");
    return kFirstFileFd + static_cast<int>(found->second);
  }
  Result<Bytes> read(int fd, const std::string&, std::uint64_t) override { return state.files[file_of(fd)].now; }
  Result<int> open_empty(const std::string& path) override {
    step();
    if (state.names_now().contains(path)) state.pending.push_back({{path, std::nullopt}});
    return kFirstFileFd + static_cast<int>(add(path));
  }
  Result<int> open_folder(const std::string& path) override {
    folders_.push_back(path);
    return static_cast<int>(folders_.size() - 1);
  }
  Result<int> open_lock(const std::string&) override { return kLockFd; }
  Result<bool> try_lock(int) override { return true; }
  void wait() override {}
  Result<std::size_t> write(int fd, ByteView bytes) override {
    step();
    const std::size_t count = std::min(bytes.size(), max_write_bytes);
    Bytes& now = state.files[file_of(fd)].now;
    now.insert(now.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
    return count;
  }
  Status sync(int fd) override {
    step();
    if (fd >= kFirstFileFd) {
      DiskContent& file = state.files[file_of(fd)];
      if (file_syncs_work) file.synced = file.now;
    } else if (folder_syncs_work) {
      sync_folder(folders_[static_cast<std::size_t>(fd)]);
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
  Result<std::vector<std::string>> list(const std::string& folder) override {
    std::vector<std::string> out;
    for (const auto& [name, file] : state.names_now()) {
      if (folder_of(name) == folder && name != folder) out.push_back(name.substr(name.find_last_of('/') + 1));
    }
    return out;
  }
  Status make_folder(const std::string& path) override {
    if (state.names_now().contains(path)) return ok_status();
    step();
    state.files[add(path)].synced = Bytes{};
    return ok_status();
  }

 private:
  static constexpr int kFirstFileFd = 1 << 20;
  static constexpr int kLockFd = kFirstFileFd - 1;

  static std::size_t file_of(int fd) { return static_cast<std::size_t>(fd - kFirstFileFd); }
  void step() {
    if (before_step) before_step();
  }
  std::size_t add(const std::string& path) {
    state.files.push_back({});
    state.pending.push_back({{path, state.files.size() - 1}});
    return state.files.size() - 1;
  }
  void sync_folder(const std::string& folder) {
    std::vector<NameChange> others;
    for (const NameChange& change : state.pending) {
      if (folder_of(change.begin()->first) != folder) {
        others.push_back(change);
        continue;
      }
      for (const auto& [name, file] : change) {
        if (file)
          state.synced_names[name] = *file;
        else
          state.synced_names.erase(name);
      }
    }
    state.pending = std::move(others);
  }

  std::vector<std::string> folders_;  // by descriptor
};

// What a disk may hold of a file after the power came back.
inline std::vector<Bytes> possible_contents(const DiskContent& file) {
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
inline std::vector<DiskState> after_power_loss(const DiskState& state) {
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

}  // namespace zkinfer
