// SPDX-License-Identifier: Apache-2.0
#include "input_from.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "files.h"
#include "known_tensors.h"
#include "text.h"

namespace zkinfer::cli {
namespace {

// The tensor that "FILE" or "FILE:NAME" speaks of: a commitment's, or an output of a key or model.
Result<TensorInfo> load_source(const std::string& text, const VerifyLimits& limits) {
  std::string path = text, name;
  const std::size_t colon = text.find_last_of(':');
  if (colon != std::string::npos && !std::filesystem::exists(text)) {
    path = text.substr(0, colon);
    name = text.substr(colon + 1);
  }
  if (path.ends_with(".zktensor")) {
    ZKI_ASSIGN_OR_RETURN(const TensorCommitment commitment, load_data_commitment(path));
    return commitment.tensor();
  }
  ZKI_ASSIGN_OR_RETURN(const Tensors tensors, load_tensors(path, limits));
  std::string names;
  for (const TensorInfo& output : tensors.outputs) {
    if (output.name == name || (name.empty() && tensors.outputs.size() == 1)) return output;
    names += (names.empty() ? "'" : ", '") + output.name + "'";
  }
  return invalid_argument("--input-from " + text + ": the outputs of '" + path + "' are " + names + "; give one as '" +
                          path + ":NAME'");
}

// "bytes" or "bytes:SCALE": the integers are a file's bytes, 0 .. 255, so that hashes of the file are hashes of the input.
Result<TensorFormat> bytes_format(const std::string& text) {
  double scale = 1.0 / 255;
  if (text != "bytes") {
    char* end = nullptr;
    scale = std::strtod(text.c_str() + std::strlen("bytes:"), &end);
    if (*end != '\0' || !(scale > 0) || !std::isfinite(scale)) {
      return invalid_argument("--input-from " + text +
                              ": expected bytes or bytes:SCALE with a positive number, as in bytes:0.00390625");
    }
  }
  TensorFormat format;
  format.hi = 255;
  // Exactly this double.
  format.scale_mantissa = static_cast<std::int64_t>(std::ldexp(std::frexp(scale, &format.scale_exponent), 53));
  format.scale_exponent -= 53;
  while (format.scale_mantissa % 2 == 0) {
    format.scale_mantissa /= 2;
    ++format.scale_exponent;
  }
  return format;
}

}  // namespace

Status set_input_format(const std::string& text, std::size_t position, std::size_t num_values,
                        const std::vector<TensorInfo>& inputs, const VerifyLimits& limits, CompileOptions& options) {
  ZKI_ASSIGN_OR_RETURN(const NamedValue named, parse_named_value("--input-from", text, position, num_values, inputs));
  const TensorInfo& input = inputs[named.tensor];
  if (named.value == "bytes" || named.value.starts_with("bytes:")) {
    ZKI_ASSIGN_OR_RETURN(const TensorFormat format, bytes_format(named.value));
    options.input_formats.emplace_back(input.name, format);
    return {};
  }
  ZKI_ASSIGN_OR_RETURN(const TensorInfo source, load_source(named.value, limits));
  if (source.num_elements() != input.num_elements()) {
    return invalid_argument("--input-from " + text + ": '" + source.name + "' has " +
                            std::to_string(source.num_elements()) + " elements " + shape_text(source.shape) +
                            ", input '" + input.name + "' needs " + std::to_string(input.num_elements()) + " " +
                            shape_text(input.shape));
  }
  options.input_formats.emplace_back(input.name, source.format);
  return {};
}

}  // namespace zkinfer::cli
