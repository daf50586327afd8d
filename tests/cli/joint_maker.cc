// SPDX-License-Identifier: Apache-2.0
// What a service gives its customers of a joint proof, as files: for tests of whoever checks one. Usage:
// joint_maker MODEL SECRET SEATS FOLDER. Row n of SEATS - 1 rows has the context "request n"; writes answer.zkjoint, its path, and of each row
// n.zkseat, n.in.bin and n.out.bin, the canonical bytes of input and output.
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "zkinfer/commitment_tree.h"
#include "zkinfer/hex.h"

using namespace zkinfer;

namespace {

template <class T>
T must(Result<T> result) {
  if (!result.ok()) {
    std::fprintf(stderr, "joint_maker: %s\n", result.status().message().c_str());
    std::exit(2);
  }
  return std::move(result).value();
}

void write(const std::string& path, ByteView bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!file.flush()) std::exit(2);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const Model model = must(Model::open(argv[1]));
  const CommitmentTree tree = must(CommitmentTree::open(argv[2]));
  const CommitmentTree::Serving serving = must(tree.serve(model));
  const std::string folder = std::string(argv[4]) + "/";
  JointRequest request;
  request.num_seats = std::strtoull(argv[3], nullptr, 10);
  for (std::uint64_t row = 0; row + 1 < request.num_seats; ++row) {
    const std::string context = "request " + std::to_string(row);
    request.contexts.emplace_back(context.begin(), context.end());
    auto& integers = request.integers.emplace_back();
    for (const TensorInfo& input : model.inputs()) {
      std::vector<std::int64_t>& values = integers.emplace_back(input.num_elements());
      const auto span = static_cast<std::uint64_t>(input.format.hi - input.format.lo) + 1;
      for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = input.format.lo + static_cast<std::int64_t>((37 * row + 101 * i + 11) % span);
    }
  }
  const JointResult made = must(serving.prover.prove_joint(request));
  write(folder + "answer.zkjoint", made.proof);
  write(folder + to_hex(serving.key.info().model_identity).substr(0, 16) + ".zkpath", serving.path);
  for (std::size_t row = 0; row < made.rows.size(); ++row) {
    const std::string name = folder + std::to_string(row);
    write(name + ".zkseat", made.rows[row].seat);
    write(name + ".in.bin", must(canonical_bytes(model.inputs()[0], made.rows[row].inputs[0])));
    write(name + ".out.bin", must(canonical_bytes(model.outputs()[0], made.rows[row].outputs[0])));
  }
  return 0;
}
