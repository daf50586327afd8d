// SPDX-License-Identifier: Apache-2.0
#include "frontend/language/source.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

namespace zkinfer::frontend_language {

Result<std::shared_ptr<const Source>> Source::open(const std::string& path) {
  const auto failed = [&] { return io_error("cannot open " + in_quotes(path) + ": " + std::strerror(errno)); };
  std::shared_ptr<Source> source(new Source);
  source->path_ = path;
  source->file_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (source->file_ < 0) return failed();
  struct stat entry {};
  if (::fstat(source->file_, &entry) != 0) return failed();
  if (!S_ISREG(entry.st_mode)) return invalid_argument(in_quotes(path) + " is no regular file");
  source->size_ = static_cast<std::uint64_t>(entry.st_size);
  return std::shared_ptr<const Source>(std::move(source));
}

std::shared_ptr<const Source> Source::borrowed(ByteView bytes) {
  std::shared_ptr<Source> source(new Source);
  source->bytes_ = bytes;
  source->size_ = bytes.size();
  return source;
}

Source::~Source() {
  if (file_ >= 0) ::close(file_);
}

Status Source::read(std::uint64_t offset, std::span<std::uint8_t> into) const {
  if (offset > size_ || into.size() > size_ - offset)
    return corrupt(std::to_string(into.size()) + " bytes from offset " + std::to_string(offset) +
                   " are beyond the end, at " + std::to_string(size_));
  if (file_ < 0) {
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), into.size(), into.begin());
    return ok_status();
  }
  while (!into.empty()) {
    const ssize_t got = ::pread(file_, into.data(), into.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error("cannot read " + in_quotes(path_) + ": " + std::strerror(errno));
    if (got == 0) return io_error(in_quotes(path_) + " was cut while it was read");
    into = into.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return ok_status();
}

Result<Bytes> Source::read(std::uint64_t offset, std::uint64_t num_bytes) const {
  if (offset > size_ || num_bytes > size_ - offset)
    return corrupt(std::to_string(num_bytes) + " bytes from offset " + std::to_string(offset) +
                   " are beyond the end, at " + std::to_string(size_));
  Bytes out(static_cast<std::size_t>(num_bytes));
  ZKI_RETURN_IF_ERROR(read(offset, out));
  return out;
}

}  // namespace zkinfer::frontend_language
