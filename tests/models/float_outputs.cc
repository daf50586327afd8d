// SPDX-License-Identifier: Apache-2.0
// float_outputs FILE HEAD OUTPUT TOKEN..: what a language model's file gives in float32 for these tokens, as its reader understands
// it, written as raw float32. HEAD: choice, logits or none. For comparisons with other programs that run the same file.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/files.h"
#include "exec/float/float_executor.h"
#include "frontend/network/importer.h"

namespace {

using namespace zkinfer;

Status run(int argc, char** argv) {
  if (argc < 5) return invalid_argument("usage: float_outputs FILE HEAD OUTPUT TOKEN..");
  const std::string head = argv[2];
  frontend_network::ImportOptions options;
  options.head = head == "choice"   ? LanguageHead::kChoice
                 : head == "logits" ? LanguageHead::kLogits
                                    : LanguageHead::kNone;
  options.tokens = argc - 4;
  ZKI_ASSIGN_OR_RETURN(const ir::Graph graph, frontend_network::import_network_file(argv[1], options));
  FloatTensor tokens(Shape{1, argc - 4});
  for (int i = 4; i < argc; ++i) tokens[static_cast<std::size_t>(i - 4)] = std::strtof(argv[i], nullptr);
  ZKI_ASSIGN_OR_RETURN(const TensorMap outputs, exec_float::run_float(graph, {{"tokens", std::move(tokens)}}));
  const auto data = outputs.begin()->second.data();
  return write_file(argv[3], {reinterpret_cast<const std::uint8_t*>(data.data()), data.size_bytes()});
}

}  // namespace

int main(int argc, char** argv) {
  const Status status = run(argc, argv);
  if (status.ok()) return 0;
  std::fprintf(stderr, "float_outputs: %s\n", status.to_string().c_str());
  return 2;
}
