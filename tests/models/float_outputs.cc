// SPDX-License-Identifier: Apache-2.0
// float_outputs FILE HEAD OUTPUT TOKEN..: what a language model's file gives in float32 for these tokens, as its reader understands
// it, written as raw float32. HEAD: choice, logits, mean or none. Of a model that reads pictures: @RAW, a file of float32, for the
// tokens. For comparisons with other programs that run the same file.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/files.h"
#include "exec/float/float_executor.h"
#include "frontend/network/importer.h"

namespace {

using namespace zkinfer;

Status run(int argc, char** argv) {
  if (argc < 5) return invalid_argument("usage: float_outputs FILE HEAD OUTPUT TOKEN..");
  const std::string head = argv[2];
  const bool reads_picture = argv[4][0] == '@';
  frontend_network::ImportOptions options;
  options.head = head == "choice"   ? LanguageHead::kChoice
                 : head == "mean"   ? LanguageHead::kMean
                 : head == "logits" ? LanguageHead::kLogits
                                    : LanguageHead::kNone;
  if (!reads_picture) options.tokens = argc - 4;
  ZKI_ASSIGN_OR_RETURN(const ir::Graph graph, frontend_network::import_network_file(argv[1], options));
  const ir::Value& input = graph.value(graph.inputs.front());
  FloatTensor tensor(input.shape);
  if (reads_picture) {
    ZKI_ASSIGN_OR_RETURN(const Bytes raw, read_file(argv[4] + 1, tensor.data().size_bytes()));
    if (raw.size() != tensor.data().size_bytes())
      return invalid_argument("a picture has the shape " + input.shape.to_string());
    std::memcpy(tensor.data().data(), raw.data(), raw.size());
  } else {
    for (int i = 4; i < argc; ++i) tensor[static_cast<std::size_t>(i - 4)] = std::strtof(argv[i], nullptr);
  }
  ZKI_ASSIGN_OR_RETURN(const TensorMap outputs, exec_float::run_float(graph, {{input.name, std::move(tensor)}}));
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
