// SPDX-License-Identifier: Apache-2.0
// Locks and files that survive a crash, over FileOps.
#pragma once

#include <functional>
#include <utility>

#include "slots/file_ops.h"

namespace zkinfer {

// An open file, closed at the end of its scope.
class Descriptor {
 public:
  Descriptor(FileOps& ops, int fd) : ops_(&ops), fd_(fd) {}
  ~Descriptor() { static_cast<void>(close()); }
  Descriptor(Descriptor&& other) noexcept : ops_(other.ops_), fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  int get() const { return fd_; }
  Status close() {
    const int fd = std::exchange(fd_, -1);
    return fd < 0 ? ok_status() : ops_->close(fd);
  }

 private:
  FileOps* ops_;
  int fd_;
};

// How long somebody waits for a lock: 2 milliseconds each time.
struct LockWait {
  int max_waits = 5'000;             // ten seconds; taking a slot holds the lock for milliseconds
  std::function<void()> first_wait;  // called when the lock is not free at once
  std::function<void()> slow;        // called once, after a second
};
// The locked lock file. io: it stays taken, or cannot be locked.
Result<Descriptor> take_lock(FileOps& ops, const std::string& path, const LockWait& wait = {});

// All of a regular file.
Result<Bytes> read_whole(FileOps& ops, const std::string& path, std::uint64_t max_bytes);

// Afterwards the name stands for these bytes, whatever crashes; if it fails or is stopped, for these or for the old ones.
// Readable by its owner only.
Status write_durably(FileOps& ops, const std::string& path, ByteView bytes);

// "/a/b" -> "/a"
std::string folder_of(const std::string& path);

}  // namespace zkinfer
