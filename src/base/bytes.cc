// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include <unistd.h>

namespace zkinfer {

void ByteWriter::blob(ByteView x) {
  ZKI_CHECK(x.size() <= UINT32_MAX, "blob longer than its 32-bit length");
  u32(static_cast<std::uint32_t>(x.size()));
  raw(x);
}

void ByteWriter::text(std::string_view x) { blob(ByteView(reinterpret_cast<const std::uint8_t*>(x.data()), x.size())); }

std::uint64_t ByteReader::little_endian(std::size_t num_bytes) {
  const ByteView view = raw(num_bytes);
  std::uint64_t x = 0;
  for (std::size_t i = 0; i < view.size(); ++i) x |= static_cast<std::uint64_t>(view[i]) << (8 * i);
  return x;
}

ByteView ByteReader::raw(std::size_t num_bytes) {
  if (!ok_ || num_bytes > remaining()) {
    ok_ = false;
    return {};
  }
  const ByteView view = bytes_.subspan(offset_, num_bytes);
  offset_ += num_bytes;
  return view;
}

ByteView ByteReader::blob(std::size_t max_bytes) {
  const std::uint32_t num_bytes = u32();
  if (num_bytes > max_bytes) {
    ok_ = false;
    return {};
  }
  return raw(num_bytes);
}

std::string ByteReader::text(std::size_t max_bytes) {
  const ByteView view = blob(max_bytes);
  return std::string(reinterpret_cast<const char*>(view.data()), view.size());
}

std::string to_hex(ByteView bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(2 * bytes.size());
  for (std::uint8_t b : bytes) {
    out.push_back(kDigits[b >> 4]);
    out.push_back(kDigits[b & 15]);
  }
  return out;
}

Result<Bytes> from_hex(std::string_view text) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  if (text.size() % 2 != 0) return invalid_argument("hexadecimal text has an odd number of digits");
  Bytes out;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit(text[i]);
    const int low = digit(text[i + 1]);
    if (high < 0 || low < 0) return invalid_argument("not a hexadecimal digit at position " + std::to_string(i));
    out.push_back(static_cast<std::uint8_t>(16 * high + low));
  }
  return out;
}

namespace {
struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

Status system_error(const std::string& what, const std::string& path) {
  return io_error(what + " '" + path + "': " + std::strerror(errno));
}
}  // namespace

Result<Bytes> read_file(const std::string& path, std::uint64_t max_bytes) {
  File file(std::fopen(path.c_str(), "rb"));
  if (!file) return system_error("cannot open", path);
  Bytes out;
  // Grows with what is really there, so pipes work and a lying size cannot make us allocate.
  constexpr std::size_t kChunk = std::size_t{1} << 20;
  while (true) {
    const std::size_t old_bytes = out.size();
    out.resize(old_bytes + kChunk);
    const std::size_t got = std::fread(out.data() + old_bytes, 1, kChunk, file.get());
    out.resize(old_bytes + got);
    if (out.size() > max_bytes) {
      return resource_limit("file '" + path + "' is larger than the limit of " + std::to_string(max_bytes) + " bytes");
    }
    if (got < kChunk) break;
  }
  if (std::ferror(file.get()) != 0) return system_error("cannot read", path);
  return out;
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
