// SPDX-License-Identifier: Apache-2.0
// The file operations behind slot files, one call of the operating system each, so that tests can stop a process or a
// simulated machine between any two of them.
// Errors: io, naming the path; nothing is retried but interrupted calls.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "zkinfer/status.h"

namespace zkinfer {

class FileOps {
 public:
  struct Facts {
    bool exists = false;
    bool is_file = false;  // a regular file
    std::uint64_t device = 0, inode = 0, num_links = 0;
  };

  virtual ~FileOps() = default;
  // Symbolic links followed; the last part need not exist.
  virtual Result<std::string> resolve(const std::string& path) = 0;
  virtual Result<Facts> facts(const std::string& path) = 0;
  virtual Result<Facts> facts_of(int fd) = 0;
  // Descriptors: the file for reading, no link followed; for writing, an empty file that only its owner can read; the folder;
  // the lock file, made if missing.
  virtual Result<int> open_file(const std::string& path) = 0;
  virtual Result<int> open_empty(const std::string& path) = 0;
  virtual Result<int> open_folder(const std::string& path) = 0;
  virtual Result<int> open_lock(const std::string& path) = 0;
  // Takes the exclusive lock, or says false if somebody has it. Ends with the descriptor or the process.
  virtual Result<bool> try_lock(int fd) = 0;
  virtual void wait() = 0;                                                                   // a few milliseconds
  virtual Result<Bytes> read(int fd, const std::string& path, std::uint64_t max_bytes) = 0;  // all of it
  virtual Result<std::size_t> write(int fd, ByteView bytes) = 0;                             // how many bytes went out
  // Everything written to the file (the names made in the folder) survives a crash once this returns.
  virtual Status sync(int fd) = 0;
  virtual Status close(int fd) = 0;
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  virtual Status remove(const std::string& path) = 0;
  // Names in a folder, in no order; none if there is no such folder.
  virtual Result<std::vector<std::string>> list(const std::string& folder) = 0;
  // Only its owner can enter; no error if it is there.
  virtual Status make_folder(const std::string& path) = 0;
};

// The operating system's.
FileOps& system_file_ops();

}  // namespace zkinfer
