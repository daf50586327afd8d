// SPDX-License-Identifier: Apache-2.0
// Bytes of a file, or of a caller who keeps them, read where they are wanted: weights are never in memory as the file has them.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/bytes.h"
#include "zkinfer/status.h"

namespace zkinfer::frontend_language {

class Source {
 public:
  // A regular file. io: the system said no.
  static Result<std::shared_ptr<const Source>> open(const std::string& path);
  static std::shared_ptr<const Source> borrowed(ByteView bytes);
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  ~Source();

  std::uint64_t size() const { return size_; }
  // corrupt: beyond the end; io: the file cannot be read, or was cut since it was opened.
  Status read(std::uint64_t offset, std::span<std::uint8_t> into) const;
  Result<Bytes> read(std::uint64_t offset, std::uint64_t num_bytes) const;

 private:
  Source() = default;

  std::string path_;
  int file_ = -1;
  ByteView bytes_;
  std::uint64_t size_ = 0;
};

}  // namespace zkinfer::frontend_language
