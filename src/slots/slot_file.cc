// SPDX-License-Identifier: Apache-2.0
// Bytes and the order of steps: docs/formats/secret.md.
#include <algorithm>

#include "base/text.h"
#include "formats/frame.h"
#include "hash/keccak.h"
#include "slots/durable.h"
#include "slots/slot_ledger.h"
#include "zkinfer/slot_memory.h"
#include "zkinfer/slots.h"

namespace zkinfer {

namespace {

constexpr int kMaxReplaced = 100;

void (*say_slow_lock)(const std::string& lock_path) = nullptr;

std::string& ledger_folder() {
  static std::string folder;
  return folder;
}

Result<Descriptor> lock_for(FileOps& ops, const std::string& path) {
  LockWait wait;
  wait.slow = [&] {
    if (say_slow_lock != nullptr) say_slow_lock(path + ".lock");
  };
  Result<Descriptor> lock = take_lock(ops, path + ".lock", wait);
  if (lock.ok()) return lock;
  return Status(
      lock.status().code(),
      in_quotes(path) + " cannot be locked against other processes: " + lock.status().message() +
          ". No slot was taken; put the file in a folder where you may create files, on a disk with file locks");
}

Bytes file_bytes(const SlotFileKind& kind, const SlotRange& slots, ByteView payload) {
  ByteWriter writer;
  write_frame(writer, kind.kind);
  for (const std::uint64_t x : {slots.begin, slots.next, slots.end, slots.total, slots.num_kept}) writer.u64(x);
  writer.blob(payload);
  writer.raw(keccak256(writer.bytes()));
  return std::move(writer).take();
}

struct Content {
  SlotRange slots;
  Bytes payload;
};

Result<Content> parse(ByteView bytes, const SlotFileKind& kind) {
  const FileFormat& format = kind.format();
  const std::string name(format.name);
  Result<ByteReader> opened = open_frame(format.kind, bytes);
  if (!opened.ok()) return opened.status();
  ByteReader reader = *opened;
  Content content;
  for (std::uint64_t* x :
       {&content.slots.begin, &content.slots.next, &content.slots.end, &content.slots.total, &content.slots.num_kept}) {
    *x = reader.u64();
  }
  const ByteView payload = reader.blob(format.max_bytes);
  const std::size_t checked_bytes = reader.offset();
  const ByteView checksum = reader.raw(sizeof(Digest));
  // Nobody can say how many slots a damaged file has used, so it is not repaired.
  if (!reader.finished() || !std::ranges::equal(checksum, keccak256(bytes.first(checked_bytes))) ||
      !content.slots.valid()) {
    return corrupt("damaged " + name +
                   ": its checksum does not fit its content, so its count of used slots cannot be trusted. Do not go "
                   "back to an older "
                   "copy, which would use slots again; " +
                   std::string(kind.lost));
  }
  content.payload.assign(payload.begin(), payload.end());
  return content;
}

}  // namespace

void SlotFile::on_slow_lock(void (*say)(const std::string& lock_path)) { say_slow_lock = say; }

void remember_slots_in(const std::string& folder) { ledger_folder() = folder; }
const std::string& slots_remembered_in() { return ledger_folder(); }

Result<SlotFile> SlotFile::create(const std::string& path, const SlotFileKind& kind, ByteView payload,
                                  const SlotRange& slots) {
  return create(path, kind, payload, slots, system_file_ops());
}

Result<SlotFile> SlotFile::open(const std::string& path, const SlotFileKind& kind) {
  return open(path, kind, system_file_ops());
}

Result<SlotFile> SlotFile::create(const std::string& path, const SlotFileKind& kind, ByteView payload,
                                  const SlotRange& slots, FileOps& ops) {
  if (!slots.valid()) return invalid_argument(in_quotes(path) + ": the slice of slots is not inside its commitment");
  ZKI_ASSIGN_OR_RETURN(const std::string real_path, ops.resolve(path));
  SlotFile file(real_path, kind, ops);
  file.payload_.assign(payload.begin(), payload.end());
  ZKI_ASSIGN_OR_RETURN(const Descriptor lock, lock_for(ops, real_path));
  ZKI_ASSIGN_OR_RETURN(const FileOps::Facts facts, ops.facts(real_path));
  if (facts.exists) {
    return invalid_argument(in_quotes(path) + " is there already, and may be the only " +
                            std::string(kind.format().name) +
                            " of a commitment in use; name another file, or move it away");
  }
  ZKI_RETURN_IF_ERROR(file.replace(slots));
  return file;
}

Result<SlotFile> SlotFile::open(const std::string& path, const SlotFileKind& kind, FileOps& ops) {
  Result<std::string> real_path = ops.resolve(path);
  if (!real_path.ok()) return real_path.status().with_context(kind.format().name);
  SlotFile file(*real_path, kind, ops);
  ZKI_RETURN_IF_ERROR(file.read(true));
  return file;
}

// Checked and read through one descriptor, so that what was checked is what is read.
Result<Bytes> SlotFile::bytes_there() const {
  const std::string name(kind_.format().name);
  const auto check = [&](const FileOps::Facts& facts) -> Status {
    if (!facts.exists) {
      return io_error(name + ": there is no file " + in_quotes(path_) + ", which `" + std::string(kind_.maker) +
                      "` makes; " + std::string(kind_.lost));
    }
    if (!facts.is_file) {
      return invalid_argument(in_quotes(path_) + " is no regular file, which a " + name + " must be: it counts");
    }
    if (facts.num_links > 1) {
      return invalid_argument(
          in_quotes(path_) +
          " has a second name (a hard link), under which its slots could be used again; remove the other name");
    }
    return ok_status();
  };
  for (int times = 0; times < kMaxReplaced; ++times) {
    ZKI_ASSIGN_OR_RETURN(const FileOps::Facts named, ops_->facts(path_));
    ZKI_RETURN_IF_ERROR(check(named));
    ZKI_ASSIGN_OR_RETURN(const int fd, ops_->open_file(path_));
    const Descriptor file(*ops_, fd);
    ZKI_ASSIGN_OR_RETURN(const FileOps::Facts facts, ops_->facts_of(fd));
    ZKI_RETURN_IF_ERROR(check(facts));
    // No name at all: another process took a slot, and its new file has the name now.
    if (facts.num_links == 1) return ops_->read(fd, path_, kind_.format().max_bytes);
  }
  return io_error(in_quotes(path_) + " was replaced " + std::to_string(kMaxReplaced) +
                  " times while it was read; is another program writing it all the time?");
}

Status SlotFile::read(bool first) {
  ZKI_ASSIGN_OR_RETURN(const Bytes bytes, bytes_there());
  Result<Content> content = parse(bytes, kind_);
  if (!content.ok()) return content.status().with_context(in_quotes(path_));
  if (!first && content->payload != payload_) {
    return invalid_argument(in_quotes(path_) + " was replaced by another " + std::string(kind_.format().name) +
                            " meanwhile; start again with the new one");
  }
  payload_ = std::move(content->payload);
  slots_ = content->slots;
  return ok_status();
}

Status SlotFile::replace(const SlotRange& slots) {
  ZKI_RETURN_IF_ERROR(write_durably(*ops_, path_, file_bytes(kind_, slots, payload_)));
  slots_ = slots;
  return ok_status();
}

Result<std::uint64_t> SlotFile::take_slots(SlotUse use, std::uint64_t count) {
  ZKI_ASSIGN_OR_RETURN(const Descriptor lock, lock_for(*ops_, path_));
  ZKI_RETURN_IF_ERROR(read(false));
  SlotRange slots = slots_;
  const Result<std::uint64_t> slot = slots.take(use, count);
  if (!slot.ok()) {
    const std::string remedy = use == SlotUse::kRotation ? "commit again, under a new name" : std::string(kind_.remedy);
    return Status(slot.status().code(), in_quotes(path_) + ": " + slot.status().message() + "; " + remedy);
  }
  SlotLedger ledger = SlotLedger::open(*ops_, ledger_folder(), payload_);
  const SlotLedger::Slice* user = nullptr;
  for (std::uint64_t taken = *slot; taken < *slot + count && user == nullptr; ++taken) user = ledger.user_of(taken);
  if (user != nullptr) {
    return invalid_argument(in_quotes(path_) + " is a copy: its next slot is " + std::to_string(*slot) +
                            ", and on this machine " + in_quotes(user->path) + " has used those below " +
                            std::to_string(user->next) +
                            ". A slot that is used twice shows what the secret hides: go on with the one that has "
                            "counted on, and remove this one. Where that is lost: " +
                            std::string(kind_.lost));
  }
  ZKI_RETURN_IF_ERROR(replace(slots));
  ledger.note(slots, path_);
  return slot;
}

Status SlotFile::split(const std::vector<std::string>& paths) {
  ZKI_ASSIGN_OR_RETURN(const Descriptor lock, lock_for(*ops_, path_));
  ZKI_RETURN_IF_ERROR(read(false));
  Result<std::vector<SlotRange>> parts = slots_.split(paths.size());
  if (!parts.ok()) return parts.status().with_context(in_quotes(path_));
  std::vector<std::string> real_paths;
  for (const std::string& path : paths) {
    ZKI_ASSIGN_OR_RETURN(const std::string real_path, ops_->resolve(path));
    ZKI_ASSIGN_OR_RETURN(const FileOps::Facts facts, ops_->facts(real_path));
    if (facts.exists || std::ranges::count(real_paths, real_path) > 0) {
      return invalid_argument(
          in_quotes(path) + " is there already and may hold slots of its own; move it away first. Nothing was changed");
    }
    real_paths.push_back(real_path);
  }
  for (std::size_t i = parts->size(); i-- > 0;) {
    const SlotRange& part = (*parts)[i];
    SlotRange rest = slots_;
    rest.end = part.begin;
    ZKI_RETURN_IF_ERROR(replace(rest));
    const Status written = write_durably(*ops_, real_paths[i], file_bytes(kind_, part, payload_));
    if (!written.ok()) {
      return Status(written.code(), written.message() + ". The slots " + std::to_string(part.begin) + ".." +
                                        std::to_string(part.end) +
                                        " are lost; the slices written before are good, and " + in_quotes(path_) +
                                        " holds the rest: " + rest.to_string());
    }
  }
  return ok_status();
}

}  // namespace zkinfer
