// SPDX-License-Identifier: Apache-2.0
#include "cut_options.h"

#include <cmath>
#include <cstdlib>
#include <utility>

#include "base/text.h"

namespace zkinfer::cli {
namespace {

constexpr std::pair<const char*, double> kUnits[] = {
    {"", 1},         {"B", 1},    {"KiB", 1024.0}, {"MiB", 1048576.0}, {"GiB", 1073741824.0},
    {"TiB", 0x1p40}, {"KB", 1e3}, {"MB", 1e6},     {"GB", 1e9},        {"TB", 1e12},
};

}  // namespace

Result<std::uint64_t> parse_memory(const std::string& option, const std::string& text) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  std::string unit = end;
  if (!unit.empty() && unit.front() == ' ') unit.erase(0, 1);
  for (const auto& [name, bytes] : kUnits) {
    if (end == text.c_str() || unit != name || !std::isfinite(number)) continue;
    if (number * bytes >= 1 && number * bytes < 0x1p60) return static_cast<std::uint64_t>(number * bytes);
  }
  return invalid_argument(option + " " + in_quotes(text) + ": expected an amount of memory, as 4GiB or 512MiB");
}

void add_cut_options(CLI::App& command, CutArguments& arguments) {
  CLI::Option* segments =
      command
          .add_option("--segments", arguments.num_segments,
                      "cut the model into at most so many segments, each proven on its own (default: 1)")
          ->check(CLI::Range(1, 1024));
  command
      .add_option("--memory", arguments.memory,
                  "cut the model into as few segments as keep the estimated memory of its proofs within this, as 1GiB")
      ->type_name("SIZE")
      ->excludes(segments);
}

Result<Model> cut_as_asked(Model model, const CutArguments& arguments) {
  CutOptions options;
  options.num_segments = arguments.num_segments;
  if (!arguments.memory.empty()) {
    ZKI_ASSIGN_OR_RETURN(options.memory_bytes, parse_memory("--memory", arguments.memory));
  }
  if (options.num_segments <= 1 && options.memory_bytes == 0) return model;
  Result<Model> cut = cut_model(model, options);
  if (!cut.ok()) return cut.status().with_context(arguments.memory.empty() ? "--segments" : "--memory");
  return cut;
}

}  // namespace zkinfer::cli
