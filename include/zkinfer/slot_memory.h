// SPDX-License-Identifier: Apache-2.0
// Copies of a secret: a SlotFile (slots.h) counts in its own file, which can be copied and brought back with all that lies beside it.
// What was used is therefore written down in another place, too, where a program says so.
#pragma once

#include <string>

namespace zkinfer {

// From now on what is used of each secret is written down in this folder, which is made when it is needed, and a file is refused that
// would use a slot again that this folder has seen used, whatever copy of it did: a second one that serves, or an older one that was
// brought back (kInvalidArgument, naming both). Empty, as it is at first: nothing is. Where the folder cannot be written it is as if
// it was empty. Not thread-safe: for the beginning of a program.
void remember_slots_in(const std::string& folder);
const std::string& slots_remembered_in();

}  // namespace zkinfer
