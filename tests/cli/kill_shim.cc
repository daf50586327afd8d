// SPDX-License-Identifier: Apache-2.0
// Preloaded into zkinfer by slots_test.sh: kills the process before or after one of its calls that put files on the disk.
//   ZKI_TEST_KILL_AT     number of the call, from 0
//   ZKI_TEST_KILL_AFTER  if set: after it instead of before
// Counted: flock, fsync, rename, linkat, unlink of such a name, and opening a file to create it or writing to it where its name contains ".zksecret".
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

namespace {

constexpr char kSecretName[] = ".zksecret";

long num_calls = 0;

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

template <class Call>
auto counted(Call call) {
  const char* at = std::getenv("ZKI_TEST_KILL_AT");
  const bool deadly = at != nullptr && num_calls++ == std::atol(at);
  const bool after = std::getenv("ZKI_TEST_KILL_AFTER") != nullptr;
  if (deadly && !after) ::raise(SIGKILL);
  const auto result = call();
  if (deadly) ::raise(SIGKILL);
  return result;
}

bool writes_secret(int fd) {
  char path[4096];
  const ssize_t length = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, sizeof(path));
  return length > 0 && std::string(path, static_cast<std::size_t>(length)).find(kSecretName) != std::string::npos;
}

}  // namespace

extern "C" {

int flock(int fd, int operation) {
  return counted([&] { return next<int(int, int)>("flock")(fd, operation); });
}

int fsync(int fd) {
  return counted([&] { return next<int(int)>("fsync")(fd); });
}

int rename(const char* from, const char* to) noexcept {
  return counted([&] { return next<int(const char*, const char*)>("rename")(from, to); });
}

int linkat(int from_fd, const char* from, int to_fd, const char* to, int flags) noexcept {
  return counted(
      [&] { return next<int(int, const char*, int, const char*, int)>("linkat")(from_fd, from, to_fd, to, flags); });
}

int unlink(const char* path) noexcept {
  const auto call = [&] { return next<int(const char*)>("unlink")(path); };
  return std::strstr(path, kSecretName) != nullptr ? counted(call) : call();
}

ssize_t write(int fd, const void* bytes, size_t count) {
  const auto call = [&] { return next<ssize_t(int, const void*, size_t)>("write")(fd, bytes, count); };
  return writes_secret(fd) ? counted(call) : call();
}

int open(const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(list, mode_t) : 0;
  va_end(list);
  const auto call = [&] { return next<int(const char*, int, ...)>("open")(path, flags, mode); };
  return (flags & O_CREAT) != 0 && std::strstr(path, kSecretName) != nullptr ? counted(call) : call();
}

}  // extern "C"
