// SPDX-License-Identifier: Apache-2.0
// A statement's tensors as contracts take them (docs/evm.md, "Interface").
#pragma once

#include "base/bytes.h"
#include "statement/statement.h"

namespace zkinfer::evm {

// Of each tensor of a side, in the key's order: canonical bytes if it is public, else its digest and its commitment, as far as it has them.
struct Publics {
  Bytes inputs, outputs;
};
// data: what a proof's header says.
Publics publics_of(const statement::Key& key, const statement::PublicIo& data);

}  // namespace zkinfer::evm
