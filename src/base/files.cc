// SPDX-License-Identifier: Apache-2.0
#include "base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

#include "base/text.h"

namespace zkinfer {

namespace {
struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

Status system_error(const std::string& what, const std::string& path) {
  return io_error(what + " " + in_quotes(path) + ": " + std::strerror(errno));
}
}  // namespace

namespace {

Result<Bytes> read_opened(File file, const std::string& path, std::uint64_t max_bytes) {
  constexpr std::size_t kChunk = std::size_t{1} << 20;
  Bytes out;
  struct stat entry {};
  if (::fstat(::fileno(file.get()), &entry) == 0) {
    if (S_ISDIR(entry.st_mode)) return invalid_argument(in_quotes(path) + " is a folder, expected a file");
    if (S_ISREG(entry.st_mode) && static_cast<std::uint64_t>(entry.st_size) > max_bytes) {
      return resource_limit("file " + in_quotes(path) + " has " + std::to_string(entry.st_size) + " bytes, at most " +
                            std::to_string(max_bytes) + " are read");
    }
    if (S_ISREG(entry.st_mode)) out.reserve(static_cast<std::size_t>(entry.st_size) + kChunk);
  }
  // Grows with what is really there, so pipes work.
  while (true) {
    const std::size_t old_bytes = out.size();
    out.resize(old_bytes + kChunk);
    const std::size_t got = std::fread(out.data() + old_bytes, 1, kChunk, file.get());
    out.resize(old_bytes + got);
    if (out.size() > max_bytes) {
      return resource_limit("file " + in_quotes(path) + " is larger than the limit of " + std::to_string(max_bytes) +
                            " bytes");
    }
    if (got < kChunk) break;
  }
  if (std::ferror(file.get()) != 0) return system_error("cannot read", path);
  return out;
}

}  // namespace

Result<Bytes> read_file(const std::string& path, std::uint64_t max_bytes) {
  File file(std::fopen(path.c_str(), "rb"));
  if (!file) return system_error("cannot open", path);
  return read_opened(std::move(file), path, max_bytes);
}

Result<Bytes> read_regular_file(const std::string& path, std::uint64_t max_bytes) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return system_error("cannot open", path);
  Result<Bytes> bytes = read_open_file(fd, path, max_bytes);
  ::close(fd);
  return bytes;
}

Result<Bytes> read_open_file(int fd, const std::string& path, std::uint64_t max_bytes) {
  struct stat entry {};
  if (::fstat(fd, &entry) != 0) return system_error("cannot look at", path);
  if (!S_ISREG(entry.st_mode)) {
    return invalid_argument(in_quotes(path) + " is no regular file; nothing else is read in a folder");
  }
  const int own = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
  File file(own < 0 ? nullptr : ::fdopen(own, "rb"));
  if (file && std::fseek(file.get(), 0, SEEK_SET) == 0) return read_opened(std::move(file), path, max_bytes);
  const Status status = system_error("cannot read", path);
  if (!file && own >= 0) ::close(own);
  return status;
}

Status write_file(const std::string& path, ByteView bytes) {
  const std::string temporary = path + ".tmp" + std::to_string(::getpid());
  File file(std::fopen(temporary.c_str(), "wb"));
  if (!file) return system_error("cannot create", temporary);
  const bool written = std::fwrite(bytes.data(), 1, bytes.size(), file.get()) == bytes.size() &&
                       std::fflush(file.get()) == 0 && ::fsync(::fileno(file.get())) == 0;
  const int write_errno = errno;
  file.reset();
  if (!written) {
    std::remove(temporary.c_str());
    errno = write_errno;
    return system_error("cannot write", temporary);
  }
  if (std::rename(temporary.c_str(), path.c_str()) != 0) {
    const Status status = system_error("cannot rename the finished file to", path);
    std::remove(temporary.c_str());
    return status;
  }
  return ok_status();
}

}  // namespace zkinfer
