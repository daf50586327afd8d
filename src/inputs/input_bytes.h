// SPDX-License-Identifier: Apache-2.0
// Files that a command reads: "-" is standard input, a file says what it is before it is read, and none is read that is larger
// than its kind may be. Errors name the file.
#pragma once

#include <string>

#include "base/bytes.h"
#include "zkinfer/formats.h"

namespace zkinfer {

enum class Content : std::uint8_t {
  kKnown,  // a file of ours, an input, an ONNX file: what begins like none of them is not read on
  kAny,    // bytes as they are
};
// The path under which a file can be opened, several times: for "-", pipes and devices that of a copy in memory, at most max_bytes;
// else the path itself.
Result<std::string> opened_path(const std::string& path, std::uint64_t max_bytes = std::uint64_t{1} << 32,
                                Content content = Content::kKnown);
// The path of a copy in memory of text that was given instead of a file, under the name that messages call it by.
Result<std::string> opened_text(const std::string& name, const std::string& text);
// `text` with the names of such copies replaced by those that were given, for people.
std::string with_input_names(std::string text);

// The kind that the file's beginning says; null: none of ours.
Result<const FileFormat*> kind_of_file(const std::string& path);
// The whole file, or only its first bytes where they are not those of this kind: its reader says what is wrong with them.
Result<Bytes> read_kind(const std::string& path, FileKind kind);
// Any file.
Result<Bytes> read_bytes(const std::string& path, std::uint64_t max_bytes, Content content);

}  // namespace zkinfer
