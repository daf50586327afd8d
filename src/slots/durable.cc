// SPDX-License-Identifier: Apache-2.0
#include "slots/durable.h"

#include "base/text.h"

namespace zkinfer {

namespace {

constexpr int kSlowWaits = 500;

Status replace_name(FileOps& ops, const std::string& path, ByteView bytes) {
  const std::string temporary = path + ".tmp";
  ZKI_ASSIGN_OR_RETURN(const int folder_fd, ops.open_folder(folder_of(path)));
  const Descriptor folder(ops, folder_fd);
  const auto write_temporary = [&]() -> Status {
    ZKI_ASSIGN_OR_RETURN(const int fd, ops.open_empty(temporary));
    Descriptor file(ops, fd);
    for (ByteView left = bytes; !left.empty();) {
      ZKI_ASSIGN_OR_RETURN(const std::size_t count, ops.write(fd, left));
      if (count == 0 || count > left.size()) return io_error("the disk takes no more bytes of " + in_quotes(temporary));
      left = left.subspan(count);
    }
    ZKI_RETURN_IF_ERROR(ops.sync(fd));
    ZKI_RETURN_IF_ERROR(file.close());
    return ops.rename(temporary, path);
  };
  if (const Status status = write_temporary(); !status.ok()) {
    static_cast<void>(ops.remove(temporary));
    return status;
  }
  return ops.sync(folder.get());
}

}  // namespace

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

// A file of its own, because the file that it guards is replaced, which would leave others waiting on the old one.
Result<Descriptor> take_lock(FileOps& ops, const std::string& path, const LockWait& wait) {
  for (int waits = 0; waits < wait.max_waits; ++waits) {
    ZKI_ASSIGN_OR_RETURN(const int fd, ops.open_lock(path));
    Descriptor lock(ops, fd);
    ZKI_ASSIGN_OR_RETURN(const bool taken, ops.try_lock(fd));
    if (taken) {
      // Whoever removed the lock file meanwhile makes others lock another one.
      ZKI_ASSIGN_OR_RETURN(const FileOps::Facts ours, ops.facts_of(fd));
      ZKI_ASSIGN_OR_RETURN(const FileOps::Facts there, ops.facts(path));
      if (there.exists && there.inode == ours.inode && there.device == ours.device) return lock;
    }
    if (waits == 0 && wait.first_wait) wait.first_wait();
    if (waits == kSlowWaits && wait.slow) wait.slow();
    ops.wait();
  }
  return io_error("another process holds " + in_quotes(path) + " for longer than it should need; is one stopped?");
}

Result<Bytes> read_whole(FileOps& ops, const std::string& path, std::uint64_t max_bytes) {
  ZKI_ASSIGN_OR_RETURN(const int fd, ops.open_file(path));
  const Descriptor file(ops, fd);
  return ops.read(fd, path, max_bytes);
}

Status write_durably(FileOps& ops, const std::string& path, ByteView bytes) {
  return replace_name(ops, path, bytes).with_context(in_quotes(path));
}

}  // namespace zkinfer
