// SPDX-License-Identifier: Apache-2.0
// run_graphs FIRST COUNT [FOLDER]: compares COUNT random graphs from seed FIRST on; every 64th also against the verifier's
// functionals, every 2048th with a whole proof; every fourth as a batch of 2 to 6 rows, every 2048th proven. Graphs that differ are printed, and written to FOLDER as structure bytes
// (for tests/soundness/kept). Exit status 1 if there was one.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <string>

#include "soundness/compare.h"
#include "soundness/random_graph.h"

namespace {

using namespace zkinfer;
using namespace zkinfer::differential;

Depth depth_of(std::uint64_t seed) {
  if (seed % 2048 == 5) return Depth::kProof;
  return seed % 64 == 5 ? Depth::kFunctionals : Depth::kColumns;
}

// The message without names and numbers, to count kinds of refusals.
std::string kind_of(const std::string& message) {
  std::string kind;
  bool quoted = false;
  for (const char c : message) {
    if (c == '\'') quoted = !quoted;
    if (quoted || (c >= '0' && c <= '9') || c == '\'' || c == '-') continue;
    kind += c;
  }
  return kind.substr(0, 100);
}

void keep(const std::string& folder, std::uint64_t seed, const qir::QGraph& graph) {
  const Bytes bytes = qir::structure_bytes(graph);
  std::ofstream(folder + "/" + std::to_string(seed) + ".zkqir", std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: run_graphs FIRST COUNT [FOLDER]\n";
    return 2;
  }
  const std::uint64_t first = std::strtoull(argv[1], nullptr, 10);
  const std::uint64_t count = std::strtoull(argv[2], nullptr, 10);
  std::map<Outcome, std::uint64_t> outcomes;
  std::map<std::string, std::uint64_t> kinds;
  std::uint64_t num_proofs = 0;
  std::uint64_t num_functionals = 0;
  std::uint64_t num_batches = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const qir::QGraph graph = draw_graph(seed);
    const Depth depth = depth_of(seed);
    Comparison comparison = compare(graph, seed, depth);
    if (comparison.outcome == Outcome::kAgrees && seed % 4 == 0) {
      comparison = compare_batch(graph, seed, 2 + seed / 4 % 5, seed % 2048 == 8 ? Depth::kProof : Depth::kColumns);
      if (comparison.outcome == Outcome::kAgrees) ++num_batches;
    }
    ++outcomes[comparison.outcome];
    if (comparison.outcome == Outcome::kAgrees && depth != Depth::kColumns)
      ++(depth == Depth::kProof ? num_proofs : num_functionals);
    if (comparison.outcome == Outcome::kAgrees) continue;
    ++kinds[kind_of(comparison.what)];
    if (comparison.outcome != Outcome::kDiffers) continue;
    std::cout << "seed " << seed << ": " << comparison.what << "\n" << qir::to_text(graph) << std::flush;
    if (argc > 3) keep(argv[3], seed, graph);
  }
  std::cout << count << " graphs from seed " << first << ": " << outcomes[Outcome::kAgrees] << " agree ("
            << num_functionals << " also in functionals, " << num_proofs << " as whole proofs, " << num_batches
            << " as batches), " << outcomes[Outcome::kRefused] << " refused, " << outcomes[Outcome::kNotRun]
            << " not run, " << outcomes[Outcome::kDiffers] << " DIFFER\n";
  for (const auto& [kind, times] : kinds) std::cout << times << "  " << kind << "\n";
  return outcomes[Outcome::kDiffers] == 0 ? 0 : 1;
}
