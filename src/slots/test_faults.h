// SPDX-License-Identifier: Apache-2.0
// For tests: the system's file operations with a hook before and after each one. A hook may end the process, or return a
// status: then the operation fails (after having been done, if the hook is the one after).
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "slots/file_ops.h"

namespace zkinfer {

class HookedFileOps final : public FileOps {
 public:
  enum class Moment { kBefore, kAfter };
  // name of the operation, how many operations were begun before it, moment
  std::function<Status(const std::string& name, std::size_t step, Moment moment)> hook;
  std::size_t max_write_bytes = std::size_t{1} << 20;  // what one write takes at most
  std::vector<std::string> steps;                      // operations begun, in order

  Result<std::string> resolve(const std::string& path) override { return real_.resolve(path); }
  Result<Facts> facts(const std::string& path) override { return real_.facts(path); }
  Result<Facts> facts_of(int fd) override { return real_.facts_of(fd); }
  void wait() override { real_.wait(); }
  Result<std::vector<std::string>> list(const std::string& folder) override { return real_.list(folder); }
  Result<int> open_empty(const std::string& path) override {
    return around<Result<int>>("create", [&] { return real_.open_empty(path); });
  }
  Result<int> open_folder(const std::string& path) override {
    return around<Result<int>>("open folder", [&] { return real_.open_folder(path); });
  }
  Result<int> open_lock(const std::string& path) override {
    return around<Result<int>>("open lock", [&] { return real_.open_lock(path); });
  }
  Result<bool> try_lock(int fd) override {
    return around<Result<bool>>("lock", [&] { return real_.try_lock(fd); });
  }
  Result<int> open_file(const std::string& path) override {
    return around<Result<int>>("open", [&] { return real_.open_file(path); });
  }
  Result<Bytes> read(int fd, const std::string& path, std::uint64_t max_bytes) override {
    return around<Result<Bytes>>("read", [&] { return real_.read(fd, path, max_bytes); });
  }
  Result<std::size_t> write(int fd, ByteView bytes) override {
    return around<Result<std::size_t>>(
        "write", [&] { return real_.write(fd, bytes.first(std::min(bytes.size(), max_write_bytes))); });
  }
  Status sync(int fd) override {
    return around<Status>("sync", [&] { return real_.sync(fd); });
  }
  Status close(int fd) override {
    return around<Status>("close", [&] { return real_.close(fd); });
  }
  Status rename(const std::string& from, const std::string& to) override {
    return around<Status>("rename", [&] { return real_.rename(from, to); });
  }

  Status remove(const std::string& path) override {
    return around<Status>("remove", [&] { return real_.remove(path); });
  }
  Status make_folder(const std::string& path) override {
    return around<Status>("make folder", [&] { return real_.make_folder(path); });
  }

 private:
  FileOps& real_ = system_file_ops();

  template <class T>
  T around(const char* name, const std::function<T()>& operation) {
    const std::size_t step = steps.size();
    steps.emplace_back(name);
    if (hook) {
      if (Status status = hook(name, step, Moment::kBefore); !status.ok()) return status;
    }
    T result = operation();
    if (hook) {
      if (Status status = hook(name, step, Moment::kAfter); !status.ok()) return status;
    }
    return result;
  }
};

}  // namespace zkinfer
