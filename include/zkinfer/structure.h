// SPDX-License-Identifier: Apache-2.0
// What a key or a model computes, for people to read: the structure that a proof speaks of. Two keys with the same structure
// digest (KeyInfo, Model::structure_digest) compute the same program with other weights. The digest
// leaves out the model's name, which `zkinfer compile` takes from the file's: it says nothing of what is computed.
#pragma once

#include <string>
#include <vector>

#include "zkinfer/inspect.h"
#include "zkinfer/model.h"
#include "zkinfer/verify.h"

namespace zkinfer {

struct StructureTextOptions {
  bool table_contents = false;  // every row of every table, not their digests only
};
// One line per value, table and node. Of a table: kind, domain, and Keccak-256 of its bytes as they stand in the key.
std::string structure_text(const VerificationKey& key, const StructureTextOptions& options = {});
std::string structure_text(const Model& model, const StructureTextOptions& options = {});
// Graphviz source: nodes with their numbers, values on the edges.
std::string structure_dot(const VerificationKey& key);
std::string structure_dot(const Model& model);
// Of a key: inspect.h.
std::vector<std::string> structure_warnings(const Model& model);

}  // namespace zkinfer
