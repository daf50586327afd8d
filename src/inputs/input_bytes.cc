// SPDX-License-Identifier: Apache-2.0
#include "inputs/input_bytes.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <string_view>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/text.h"
#include "formats/frame.h"
#include "inputs/input_file.h"

namespace zkinfer {
namespace {

// What cannot be read twice, by the name it was given, and the file in memory that holds a copy of it as long as the process lives.
std::map<std::string, std::string>& memory_files() {
  static std::map<std::string, std::string> files;
  return files;
}

Status failed(const std::string& what) { return io_error(what + ": " + std::strerror(errno)); }

// Ours, an input, a network in a format with a magic, or perhaps an ONNX file, which begins with the tag of a field of a protobuf
// ModelProto.
bool begins_like_something(ByteView head) {
  if (head.empty() || find_format(head) != nullptr || begins_like_input(head)) return true;
  const std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
  if (text.starts_with("PK") || text.starts_with("\x89HDF") ||
      text.substr(std::min<std::size_t>(text.size(), 4)).starts_with("TFL3"))
    return true;
  constexpr std::array<std::uint8_t, 12> kTags = {0x08, 0x12, 0x1a, 0x22, 0x28, 0x32,
                                                  0x3a, 0x42, 0x72, 0xa2, 0xca, 0xd2};
  return std::ranges::count(kTags, head[0]) > 0;
}

// The next bytes, as many as fit unless they end before; pipes give them in pieces.
Result<ByteView> next_block(int fd, Bytes& block) {
  std::size_t filled = 0;
  while (filled < block.size()) {
    const ssize_t count = ::read(fd, block.data() + filled, block.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed("cannot read it");
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  return ByteView(block).first(filled);
}

// Copies it to the end; of what begins like nothing that is read here only the beginning, which says what is wrong with it.
Status copy(int from, int to, std::uint64_t max_bytes, Content content) {
  Bytes block(std::size_t{1} << 16);
  for (std::uint64_t total = 0;;) {
    ZKI_ASSIGN_OR_RETURN(const ByteView got, next_block(from, block));
    const bool is_head = total == 0;
    if (const FileFormat* format = is_head && content == Content::kKnown ? find_format(got) : nullptr) {
      max_bytes = std::min<std::uint64_t>(max_bytes, format->max_bytes);
    }
    total += got.size();
    if (total > max_bytes) return resource_limit("more than " + std::to_string(max_bytes) + " bytes");
    for (std::size_t done = 0; done < got.size();) {
      const ssize_t written = ::write(to, got.data() + done, got.size() - done);
      if (written < 0 && errno != EINTR) return failed("cannot keep a copy of it");
      if (written > 0) done += static_cast<std::size_t>(written);
    }
    if (got.size() < block.size()) return ok_status();
    if (is_head && content == Content::kKnown && !begins_like_something(got)) return ok_status();
  }
}

Result<std::string> copy_in_memory(const std::string& path, std::uint64_t max_bytes, Content content) {
  const std::string name = path == "-" ? "standard input" : in_quotes(path);
  const int from = path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (from < 0) return failed("cannot open " + name);
  const int to = ::memfd_create("zkinfer input", MFD_CLOEXEC);
  const Status copied = to < 0 ? failed("cannot keep a copy of it") : copy(from, to, max_bytes, content);
  if (from != STDIN_FILENO) ::close(from);
  if (copied.ok()) return "/proc/self/fd/" + std::to_string(to);
  if (to >= 0) ::close(to);
  return copied.with_context(name);
}

// The first num_bytes of a file that can be read again.
Result<Bytes> head_of(const std::string& path, std::size_t num_bytes) {
  struct stat entry {};
  if (::stat(path.c_str(), &entry) != 0) return failed("cannot open " + in_quotes(path));
  if (S_ISDIR(entry.st_mode)) return invalid_argument(in_quotes(path) + " is a folder, expected a file");
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

}  // namespace

Result<std::string> opened_path(const std::string& path, std::uint64_t max_bytes, Content content) {
  struct stat entry {};
  const bool can_be_read_again =
      path != "-" && (::stat(path.c_str(), &entry) != 0 || S_ISREG(entry.st_mode) || S_ISDIR(entry.st_mode));
  if (can_be_read_again) return path;
  std::string& copy = memory_files()[path];
  if (copy.empty()) {
    ZKI_ASSIGN_OR_RETURN(copy, copy_in_memory(path, max_bytes, content));
  }
  return copy;
}

Result<std::string> opened_text(const std::string& name, const std::string& text) {
  const int to = ::memfd_create("zkinfer input", MFD_CLOEXEC);
  if (to < 0 || ::write(to, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return failed("cannot keep a copy of " + name);
  return memory_files()[name] = "/proc/self/fd/" + std::to_string(to);
}

std::string with_input_names(std::string text) {
  for (const auto& [name, path] : memory_files()) {
    if (path.empty()) continue;
    for (std::size_t at = text.find(path); at != std::string::npos; at = text.find(path, at)) {
      const std::size_t end = at + path.size();
      if (end < text.size() && text[end] >= '0' && text[end] <= '9') {
        at = end;
        continue;
      }
      const std::string shown = name == "-" ? "standard input" : printable(name);
      text.replace(at, path.size(), shown);
      at += shown.size();
    }
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
  ZKI_ASSIGN_OR_RETURN(Bytes head, head_of(opened, kFrameBytes));
  if (!check_frame(kind, head).ok()) return head;
  return read_file(opened, format_of(kind).max_bytes);
}

Result<Bytes> read_bytes(const std::string& path, std::uint64_t max_bytes, Content content) {
  ZKI_ASSIGN_OR_RETURN(const std::string opened, opened_path(path, max_bytes, content));
  return read_file(opened, max_bytes);
}

}  // namespace zkinfer
