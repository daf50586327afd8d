// SPDX-License-Identifier: Apache-2.0
// Slots: how often a commitment may still be used. A commitment hides what it holds for a fixed number of proofs, its
// slots; every proof takes one, and takes it for good before anything of the proof is computed.
//
//   SlotRange   the rules: which slot is next, which are kept, slices. A plain value.
//   SlotStore   where a commitment's count lives; a program that keeps it elsewhere (a database) derives from it.
//   SlotFile    the store of the command line: one file, safe against crashes and against other processes.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "zkinfer/bytes.h"
#include "zkinfer/formats.h"
#include "zkinfer/status.h"

namespace zkinfer {

enum class SlotUse : std::uint8_t {
  kProof,     // a proof or a certificate: leaves the kept slots alone
  kRotation,  // the proof that leads to a fresh commitment: may use the kept slots too
};

// What one holder may use of the slots 0 .. total - 1 of a commitment: the slice [begin, end), of which [begin, next) are
// used. The last num_kept slots of the whole commitment are kept for rotation.
struct SlotRange {
  std::uint64_t begin = 0, next = 0, end = 0;
  std::uint64_t total = 0;
  std::uint64_t num_kept = 0;

  static SlotRange whole(std::uint64_t total, std::uint64_t num_kept) { return {0, 0, total, total, num_kept}; }
  bool valid() const { return begin <= next && next <= end && end <= total && num_kept <= total; }
  std::uint64_t num_used() const { return next - begin; }
  std::uint64_t num_left(SlotUse use) const;
  // The first of the next `count` slots, which are used from now on. kResourceLimit, and none is used, if there are fewer for this use.
  Result<std::uint64_t> take(SlotUse use, std::uint64_t count = 1);
  // What is left, in slices of nearly equal size; kept slots go to the last. kResourceLimit with less than one proof for each.
  Result<std::vector<SlotRange>> split(std::uint64_t num_parts) const;
  // "12 of 4096 used", for people.
  std::string to_string() const;
  friend bool operator==(const SlotRange&, const SlotRange&) = default;
};

class SlotStore {
 public:
  virtual ~SlotStore() = default;
  // Takes `count` slots that follow each other, 1 or more, and returns the first. Once it does, no other call for this commitment may return
  // one of them, in whatever process or machine and after whatever crash. On an error no proof is made; slots may be lost, never used twice.
  virtual Result<std::uint64_t> take_slots(SlotUse use, std::uint64_t count) = 0;
  Result<std::uint64_t> take_slot(SlotUse use) { return take_slots(use, 1); }
};

// A count in memory: for tests, and for commitments whose secret never leaves the process. After fork() the child has a copy
// of the count and would use the parent's slots again, or write them down as its own: it gets kInvalidArgument instead.
class MemorySlots final : public SlotStore {
 public:
  explicit MemorySlots(const SlotRange& slots);
  Result<std::uint64_t> take_slots(SlotUse use, std::uint64_t count) override;
  // What is used and left, for a store that counts from then on.
  Result<SlotRange> slots() const;

 private:
  Status check_process() const;

  SlotRange slots_;
  std::int64_t process_ = 0;  // that counts
};

// What a slot file belongs to; messages quote it.
struct SlotFileKind {
  FileKind kind;
  std::string_view maker;   // the function that writes it
  std::string_view remedy;  // what to do when no slot is left
  std::string_view lost;    // what to do when the file is missing or damaged

  constexpr const FileFormat& format() const { return format_of(kind); }
};
// The .zksecret of a model commitment (docs/formats/secret.md); its payload is Prover::commitment_secret().
inline constexpr SlotFileKind kModelSecretFile = {
    FileKind::kCommitmentSecret, "Prover::save",
    "move to a fresh commitment (Prover::rotate), or commit again with a larger CommitOptions::budget",
    "where verifiers have its key already, bring the secret back, or restore it from a backup (`restore_root`), which "
    "keeps the "
    "model's name; a new commitment (`Prover::save`) is a new name, under which earlier proofs are rejected"};

class FileOps;  // src/slots/file_ops.h; tests put faults there

// A file with a secret payload and the slots that this copy may use. Every change is made under a lock (path + ".lock"),
// written beside the file, synced, renamed over it, and the folder is synced, before a slot is handed out. A file that was
// changed, cut or copied by a link is refused, never repaired. A symbolic link is followed once, when the file is opened.
class SlotFile final : public SlotStore {
 public:
  // Writes a new file, readable by its owner only. kInvalidArgument if there is one of that name: of several processes that
  // make it at the same time, one succeeds.
  static Result<SlotFile> create(const std::string& path, const SlotFileKind& kind, ByteView payload,
                                 const SlotRange& slots);
  static Result<SlotFile> open(const std::string& path, const SlotFileKind& kind);
  // The same through other file operations, which must outlive the object.
  static Result<SlotFile> create(const std::string& path, const SlotFileKind& kind, ByteView payload,
                                 const SlotRange& slots, FileOps& ops);
  static Result<SlotFile> open(const std::string& path, const SlotFileKind& kind, FileOps& ops);

  // From now on `say` is called with the lock's path, once for each lock that another process holds for over a second; after
  // ten the lock is given up. Not thread-safe: for the beginning of a program.
  static void on_slow_lock(void (*say)(const std::string& lock_path));

  const std::string& path() const { return path_; }
  const Bytes& payload() const { return payload_; }
  const SlotRange& slots() const { return slots_; }  // as last read or written
  // Reads the file again each time: other processes take slots of it too.
  Result<std::uint64_t> take_slots(SlotUse use, std::uint64_t count) override;
  // Moves all that is left to new files, one slice each. Each slice leaves this file, on disk, before its new file exists:
  // a crash loses at most one slice and never doubles a slot. kInvalidArgument if one of the new files is there already.
  Status split(const std::vector<std::string>& paths);

 private:
  SlotFile(std::string path, const SlotFileKind& kind, FileOps& ops)
      : path_(std::move(path)), kind_(kind), ops_(&ops) {}
  Result<Bytes> bytes_there() const;
  Status read(bool first);
  Status replace(const SlotRange& slots);

  std::string path_;
  SlotFileKind kind_;
  FileOps* ops_;
  Bytes payload_;
  SlotRange slots_;
};

// Says of what went wrong after a slot was taken that the slot is spent.
Status with_slot_spent(const Status& status);

}  // namespace zkinfer
