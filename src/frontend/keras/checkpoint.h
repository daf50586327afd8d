// SPDX-License-Identifier: Apache-2.0
// TensorFlow's checkpoints: a sorted table of names (variables.index) and one file of numbers, and the graph of objects that says which
// variable belongs to which layer. Total on arbitrary bytes.
// Errors: corrupt, unsupported (several files of numbers, compressed tables, other types), resource_limit.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "tensor/tensor.h"
#include "zkinfer/status.h"

namespace zkinfer::frontend_keras {

class Checkpoint {
 public:
  // Both are borrowed.
  static Result<Checkpoint> open(ByteView index, ByteView data);

  // A variable by its name in the table.
  Result<AnyTensor> tensor(const std::string& key) const;

  struct Node {
    std::map<std::string, std::size_t> children;  // of objects, by attribute; all are nodes
    std::string key, full_name;                   // of a variable: in the table, and as Keras named it
  };
  // The first is the model. Empty: none is there.
  const std::vector<Node>& nodes() const { return nodes_; }

 private:
  struct Entry {
    std::uint64_t dtype = 0, shard = 0, offset = 0, size = 0;
    Dims dims;
    bool is_sliced = false;
  };
  Status read_table(ByteView index);
  Status read_block(ByteView index, std::uint64_t offset, std::uint64_t size,
                    std::vector<std::pair<std::string, ByteView>>& out);
  Status read_entry(const std::string& key, ByteView bytes);
  Status read_nodes();

  ByteView data_;
  std::uint64_t work_left_ = 0;
  std::map<std::string, Entry> entries_;
  std::vector<Node> nodes_;
};

}  // namespace zkinfer::frontend_keras
