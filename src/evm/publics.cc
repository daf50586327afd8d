// SPDX-License-Identifier: Apache-2.0
#include "evm/publics.h"

#include "evm/append.h"
#include "statement/canonical_bytes.h"

namespace zkinfer::evm {

Publics publics_of(const statement::Key& key, const statement::PublicIo& data) {
  Publics publics;
  std::size_t value = 0, digest = 0, commitment = 0, index = 0;
  for (const auto& [id, policy] : qir::seen_tensors(key.graph, key.visibility)) {
    Bytes& side = index++ < key.graph.outputs.size() ? publics.outputs : publics.inputs;
    if (policy.is_public()) append(side, statement::canonical_bytes(key.graph.value(id), data.values[value++]));
    if (policy.hash != TensorHash::kNone) {
      if (!policy.is_public()) append(side, data.digests[digest]);
      ++digest;
    }
    if (!policy.is_committed()) continue;
    // The same bytes as in the proof: the value's limbs are big-endian.
    ByteWriter writer;
    data.commitments[commitment++].write(writer);
    append(side, writer.bytes());
  }
  return publics;
}

}  // namespace zkinfer::evm
