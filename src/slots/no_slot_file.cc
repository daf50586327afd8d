// SPDX-License-Identifier: Apache-2.0
// Where there are no files (WebAssembly), slots are counted in memory, or by a SlotStore of the program.
#include "zkinfer/slots.h"

namespace zkinfer {

namespace {

Status no_files(const std::string& path) {
  return unsupported("'" + path +
                     "': there are no files here; keep the secret and count its slots in a SlotStore of your own");
}

}  // namespace

Result<SlotFile> SlotFile::create(const std::string& path, const SlotFileKind&, ByteView, const SlotRange&) {
  return no_files(path);
}
Result<SlotFile> SlotFile::open(const std::string& path, const SlotFileKind&) { return no_files(path); }
Result<std::uint64_t> SlotFile::take_slots(SlotUse, std::uint64_t) { return no_files(path_); }

}  // namespace zkinfer
