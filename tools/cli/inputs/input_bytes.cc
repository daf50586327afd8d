// SPDX-License-Identifier: Apache-2.0
#include "inputs/input_bytes.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/text.h"
#include "formats/frame.h"

namespace zkinfer::cli {
namespace {

std::string& memory_path() {
  static std::string path;
  return path;
}

Status failed(const std::string& what) { return io_error(what + ": " + std::strerror(errno)); }

// Standard input copied into a file that lives in memory as long as the process.
Result<std::string> copy_standard_input(std::uint64_t max_bytes) {
  const int fd = ::memfd_create("standard input", MFD_CLOEXEC);
  if (fd < 0) return failed("cannot keep standard input");
  std::uint64_t total = 0;
  Bytes block(std::size_t{1} << 16);
  while (true) {
    const ssize_t count = ::read(STDIN_FILENO, block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed("cannot read standard input");
    if (count == 0) break;
    total += static_cast<std::uint64_t>(count);
    if (total > max_bytes) return resource_limit("standard input: more than " + std::to_string(max_bytes) + " bytes");
    for (ssize_t done = 0; done < count;) {
      const ssize_t written = ::write(fd, block.data() + done, static_cast<std::size_t>(count - done));
      if (written < 0 && errno != EINTR) return failed("cannot keep standard input");
      if (written > 0) done += written;
    }
  }
  return "/proc/self/fd/" + std::to_string(fd);
}

// The first num_bytes of a file that can be read again; nothing of pipes, which cannot.
Result<Bytes> head_of(const std::string& path, std::size_t num_bytes) {
  struct stat entry {};
  if (::stat(path.c_str(), &entry) != 0) return failed("cannot open " + in_quotes(path));
  if (S_ISDIR(entry.st_mode)) return invalid_argument(in_quotes(path) + " is a folder, expected a file");
  if (!S_ISREG(entry.st_mode)) return Bytes{};
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return failed("cannot open " + in_quotes(path));
  Bytes head(num_bytes);
  const ssize_t got = ::read(fd, head.data(), head.size());
  const Status status = got < 0 ? failed("cannot read " + in_quotes(path)) : ok_status();
  ::close(fd);
  if (!status.ok()) return status;
  head.resize(static_cast<std::size_t>(got));
  return head;
}

bool is_pipe(const std::string& path) {
  struct stat entry {};
  return ::stat(path.c_str(), &entry) == 0 && !S_ISREG(entry.st_mode) && !S_ISDIR(entry.st_mode);
}

}  // namespace

Result<std::string> opened_path(const std::string& path, std::uint64_t max_bytes) {
  if (path != "-") return path;
  if (memory_path().empty()) {
    ZKI_ASSIGN_OR_RETURN(memory_path(), copy_standard_input(max_bytes));
  }
  return memory_path();
}

std::string with_input_names(std::string text) {
  const std::string& path = memory_path();
  if (path.empty()) return text;
  for (std::size_t at = text.find(path); at != std::string::npos; at = text.find(path, at)) {
    const std::size_t end = at + path.size();
    if (end < text.size() && text[end] >= '0' && text[end] <= '9') {
      at = end;
      continue;
    }
    text.replace(at, path.size(), "standard input");
  }
  return text;
}

Result<const FileFormat*> kind_of_file(const std::string& path) {
  ZKI_ASSIGN_OR_RETURN(const std::string opened, opened_path(path));
  ZKI_ASSIGN_OR_RETURN(const Bytes head, head_of(opened, kFrameBytes));
  return find_format(head);
}

Result<Bytes> read_kind(const std::string& path, FileKind kind) {
  ZKI_ASSIGN_OR_RETURN(const std::string opened, opened_path(path));
  if (!is_pipe(opened)) {
    ZKI_ASSIGN_OR_RETURN(Bytes head, head_of(opened, kFrameBytes));
    if (!check_frame(kind, head).ok()) return head;
  }
  return read_file(opened, format_of(kind).max_bytes);
}

Result<Bytes> read_bytes(const std::string& path, std::uint64_t max_bytes) {
  ZKI_ASSIGN_OR_RETURN(const std::string opened, opened_path(path, max_bytes));
  return read_file(opened, max_bytes);
}

}  // namespace zkinfer::cli
