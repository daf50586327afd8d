// SPDX-License-Identifier: Apache-2.0
// Models from files; their bytes: model.cc.
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "base/files.h"
#include "base/text.h"
#include "package/package.h"
#include "zkinfer/formats.h"
#include "zkinfer/model.h"

namespace zkinfer {

Result<Model> Model::open(const std::string& path) {
  // Of a pipe nothing can be said before it is read.
  if (std::error_code error; std::filesystem::is_regular_file(path, error)) {
    std::ifstream file(path, std::ios::binary);
    const int open_error = errno;
    const auto read = [&](std::uint64_t offset, std::uint64_t num_bytes) -> Result<Bytes> {
      file.clear();
      file.seekg(static_cast<std::streamoff>(offset));
      Bytes bytes(num_bytes);
      file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(num_bytes));
      if (!file.is_open()) return io_error(std::string("cannot open it: ") + std::strerror(open_error));
      if (file.bad()) return io_error("cannot read " + in_quotes(path));
      bytes.resize(static_cast<std::size_t>(file.gcount()));
      return bytes;
    };
    const std::uint64_t file_bytes = std::filesystem::file_size(path, error);
    if (Status status = package::check_sizes(file_bytes, read); !status.ok())
      return status.with_context(in_quotes(path));
  }
  ZKI_ASSIGN_OR_RETURN(Bytes bytes, read_file(path, kMaxModelBytes));
  Result<Model> model = from_bytes(std::move(bytes));
  if (!model.ok()) return model.status().with_context(in_quotes(path));
  return model;
}

}  // namespace zkinfer
