// SPDX-License-Identifier: Apache-2.0
// Where there are no files (WebAssembly) code words stay in memory.
#include "commit/pcs/code_file.h"

namespace zkinfer::pcs {

namespace {

Status no_files(const std::string& path) {
  return unsupported("'" + path + "': there are no files here; leave the code word in memory");
}

}  // namespace

CodeFile::~CodeFile() = default;
Result<std::vector<std::shared_ptr<CodeFile>>> CodeFile::open(const std::string& path) { return no_files(path); }
bool CodeFile::exists(const std::string&) { return false; }
Result<FpVec> CodeFile::random_coefs() const { return no_files(path_); }
Result<RowSource::Opened> CodeFile::open(std::span<const std::uint64_t>) const { return no_files(path_); }

NewCodeFile::~NewCodeFile() = default;
Result<std::unique_ptr<NewCodeFile>> NewCodeFile::create(const std::string& path) { return no_files(path); }
Result<std::shared_ptr<CodeFile>> NewCodeFile::add(std::shared_ptr<const LaneCoefs>, std::uint64_t) {
  return no_files(path_);
}
Status NewCodeFile::seal(CodeFile&, CodeFileHeader) { return no_files(path_); }
Status NewCodeFile::publish() { return no_files(path_); }

}  // namespace zkinfer::pcs
