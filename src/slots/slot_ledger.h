// SPDX-License-Identifier: Apache-2.0
// What was used of each secret on this machine, by whatever copy of it: a small file per secret in a folder that is the user's, not the
// secret's, so that a second copy, or an older one that came back, meets it too (docs/security.md says what it cannot see).
//
//   "0 17 /home/a/net.zksecret\n"   a line per slice of the slots: its first slot, the next one, the file that was used last
//
// It only ever refuses: written after the count itself, and not synced, it may be behind the count after a crash, never before it.
// What cannot be read or written there is as if nothing was known.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "slots/durable.h"
#include "zkinfer/slots.h"

namespace zkinfer {

class SlotLedger {
 public:
  struct Slice {
    std::uint64_t begin = 0, next = 0;
    std::string path;
  };

  // The entry of the secret with this payload, locked while the object lives; of an empty folder, or one that cannot be used, nothing.
  static SlotLedger open(FileOps& ops, const std::string& folder, ByteView payload);

  // Whoever used the slot, if anybody did.
  const Slice* user_of(std::uint64_t slot) const;
  // The first slot of the range, at or after its next, that no slice used.
  std::uint64_t first_unused(const SlotRange& slots) const;
  // From now on [begin, next) of this slice is used, by the file of this name.
  void note(const SlotRange& slots, const std::string& path);

 private:
  std::optional<Descriptor> entry_;
  std::vector<Slice> slices_;
};

}  // namespace zkinfer
