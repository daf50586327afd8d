// SPDX-License-Identifier: Apache-2.0
#include "slots/slot_ledger.h"

#include <algorithm>
#include <filesystem>
#include <sstream>

#include <sys/stat.h>
#include <unistd.h>

#include "hash/keccak.h"
#include "zkinfer/hex.h"

namespace zkinfer {

namespace {

constexpr std::size_t kMaxEntryBytes = std::size_t{1} << 20;

// Says nothing of the secret: its seed has 256 random bits.
std::string name_of(ByteView payload) { return to_hex(keccak256(payload)).substr(0, 32); }

// Parents too, as they are made for whatever else keeps its state there.
bool make_folders(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(folder).parent_path(), error);
  return ::mkdir(folder.c_str(), 0700) == 0 || std::filesystem::is_directory(folder, error);
}

}  // namespace

SlotLedger SlotLedger::open(FileOps& ops, const std::string& folder, ByteView payload) {
  SlotLedger ledger;
  if (folder.empty() || !make_folders(folder)) return ledger;
  Result<Descriptor> entry = take_lock(ops, folder + "/" + name_of(payload));
  if (!entry.ok()) return ledger;
  ledger.entry_.emplace(std::move(entry).value());
  std::string text(kMaxEntryBytes, '\0');
  const ssize_t num_read = ::pread(ledger.entry_->get(), text.data(), text.size(), 0);
  text.resize(num_read > 0 ? static_cast<std::size_t>(num_read) : 0);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    Slice slice;
    if (!(words >> slice.begin >> slice.next) || slice.begin > slice.next) continue;
    std::getline(words >> std::ws, slice.path);
    ledger.slices_.push_back(std::move(slice));
  }
  return ledger;
}

const SlotLedger::Slice* SlotLedger::user_of(std::uint64_t slot) const {
  const auto user =
      std::ranges::find_if(slices_, [&](const Slice& slice) { return slice.begin <= slot && slot < slice.next; });
  return user == slices_.end() ? nullptr : &*user;
}

std::uint64_t SlotLedger::first_unused(const SlotRange& slots) const {
  std::uint64_t slot = slots.next;
  for (const Slice* user = user_of(slot); user != nullptr && slot < slots.end; user = user_of(slot)) slot = user->next;
  return slot;
}

void SlotLedger::note(const SlotRange& slots, const std::string& path) {
  if (!entry_.has_value()) return;
  auto slice = std::ranges::find(slices_, slots.begin, &Slice::begin);
  if (slice == slices_.end()) slice = slices_.insert(slice, Slice{slots.begin, 0, {}});
  slice->next = std::max(slice->next, slots.next);
  slice->path = path;
  std::string text;
  for (const Slice& one : slices_) {
    std::string name = one.path;
    std::ranges::replace(name, '\n', ' ');
    text += std::to_string(one.begin) + " " + std::to_string(one.next) + " " + name + "\n";
  }
  if (text.size() > kMaxEntryBytes) return;
  // In one piece, so that a process that is ended leaves the old or the new one.
  if (::pwrite(entry_->get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) return;
  static_cast<void>(::ftruncate(entry_->get(), static_cast<off_t>(text.size())));
}

}  // namespace zkinfer
