// SPDX-License-Identifier: Apache-2.0
// Names of files that are to be written, and bytes into what is open: what output_files.cc asks of the system.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "zkinfer/status.h"

namespace zkinfer::cli {

std::string system_text();  // of errno
// "-", /dev/stdout and the like: a descriptor that this process was given.
std::optional<int> given_descriptor(const std::string& path);
// A regular file, or what may become one: standard output and the like are none, whatever they were redirected to.
bool is_named_file(const std::string& path);
// The path with its links followed; the last part need not be there. Empty, with errno: there is no such folder.
std::string followed(const std::string& path);
std::string folder_of(const std::string& path);
Bytes first_bytes(const std::string& path, std::size_t count);
// All of a file that is open and empty, or reserved; false, with errno.
bool write_whole(int fd, ByteView bytes);
// Room for so many bytes, which nobody else can take. False, with errno: there is none. Where the file system reserves none, it is not known.
bool reserve_room(int fd, std::uint64_t num_bytes);

}  // namespace zkinfer::cli
