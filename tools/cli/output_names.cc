// SPDX-License-Identifier: Apache-2.0
#include "output_names.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace zkinfer::cli {

std::string system_text() { return std::strerror(errno); }

std::optional<int> given_descriptor(const std::string& path) {
  if (path == "-" || path == "/dev/stdout") return STDOUT_FILENO;
  if (path == "/dev/stderr") return STDERR_FILENO;
  for (const std::string_view folder : {"/dev/fd/", "/proc/self/fd/"}) {
    if (!path.starts_with(folder) || path.size() == folder.size() || path.size() > folder.size() + 6) continue;
    const std::string digits = path.substr(folder.size());
    if (std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; })) return std::atoi(digits.c_str());
  }
  return std::nullopt;
}

std::string followed(const std::string& path) {
  std::string name = path;
  for (int links = 0; links < 40; ++links) {
    char* whole = ::realpath(name.c_str(), nullptr);
    if (whole != nullptr) {
      std::string found = whole;
      std::free(whole);
      return found;
    }
    const std::size_t slash = name.find_last_of('/');
    const std::string folder = slash == std::string::npos ? "." : name.substr(0, slash + 1);
    const std::string last = slash == std::string::npos ? name : name.substr(slash + 1);
    if (errno != ENOENT || last.empty()) return {};
    char* real_folder = ::realpath(folder.c_str(), nullptr);
    if (real_folder == nullptr) return {};
    const std::string base = real_folder;
    std::free(real_folder);
    // A link to a file that is not there yet.
    std::string target(4096, '\0');
    const ssize_t length = ::readlink(name.c_str(), target.data(), target.size());
    if (length < 0) return (base == "/" ? "" : base) + "/" + last;
    target.resize(static_cast<std::size_t>(length));
    name = target.starts_with('/') ? target : base + "/" + target;
  }
  errno = ELOOP;
  return {};
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

Bytes first_bytes(const std::string& path, std::size_t count) {
  Bytes head(count);
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return {};
  const ssize_t got = ::read(fd, head.data(), head.size());
  ::close(fd);
  head.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return head;
}

bool write_whole(int fd, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

bool is_named_file(const std::string& path) {
  if (path == "-" || path.starts_with("/dev/std") || path.starts_with("/dev/fd/") || path.starts_with("/proc/"))
    return false;
  struct stat entry {};
  return ::stat(path.c_str(), &entry) != 0 || S_ISREG(entry.st_mode);
}

bool reserve_room(int fd, std::uint64_t num_bytes) {
  if (num_bytes == 0) return true;
  int result = 0;
  do result = ::fallocate(fd, 0, 0, static_cast<off_t>(num_bytes));
  while (result != 0 && errno == EINTR);
  return result == 0 || (errno != ENOSPC && errno != EDQUOT && errno != EFBIG);
}

}  // namespace zkinfer::cli
