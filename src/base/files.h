// SPDX-License-Identifier: Apache-2.0
// Whole files as bytes. A library of its own: verifiers do without files.
#pragma once

#include <string>

#include "base/bytes.h"

namespace zkinfer {

// Whole-file input and output. write_file writes to a temporary name in the same folder and renames it, so that a
// reader never sees a half-written file.
Result<Bytes> read_file(const std::string& path, std::uint64_t max_bytes);
// The same of a member of a folder, which nobody named: a regular file, or an error at once. A pipe would be waited for.
Result<Bytes> read_regular_file(const std::string& path, std::uint64_t max_bytes);
// The same of what is open already, from its beginning; `path` is for messages. The descriptor stays open.
Result<Bytes> read_open_file(int fd, const std::string& path, std::uint64_t max_bytes);
Status write_file(const std::string& path, ByteView bytes);

}  // namespace zkinfer
