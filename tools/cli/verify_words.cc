// SPDX-License-Identifier: Apache-2.0
#include "verify_words.h"

#include <filesystem>

#include "files.h"
#include "known_tensors.h"
#include "text.h"

namespace zkinfer::cli {

std::string verify_command(const KeyInfo& key, const ProvedFiles& files, bool beside) {
  const auto word = [&](const std::string& path) {
    const std::size_t slash = path.find_last_of('/');
    return shell_word(beside && slash != std::string::npos ? path.substr(slash + 1) : path);
  };
  std::string key_path = "KEY";  // where no file beside secret or model can be meant
  for (const std::string& path : {files.model, files.secret}) {
    std::error_code error;
    const std::string name = with_extension(path, ".zkkey");
    if (std::filesystem::exists(name, error)) key_path = name;
  }
  std::string text = "zkinfer verify " + word(files.proof) + " --key " + word(key_path);
  if (key.public_parameters && key.num_parameters > 0) text += " --model " + word(files.model);
  if (!files.context.empty()) text += " --context " + shell_word(files.context);
  const auto add_data = [&](const char* option, const TensorPolicy& group, const std::vector<TensorInfo>& tensors,
                            const std::string& written, const std::vector<std::string>& given) {
    if (!group.is_public() || group.hash == TensorHash::kNone) return;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const std::string file = !written.empty()                 ? numbered_path(written, i, tensors.size())
                               : given.size() == tensors.size() ? file_part(given[i])
                                                                : std::string("DATA");
      text += (i == 0 ? " " + std::string(option) : std::string()) + " " + word(file);
    }
  };
  add_data("--input-data", key.inputs, key.input_tensors, files.input_data, files.given_inputs);
  add_data("--output-data", key.outputs, key.output_tensors, files.output_data, {});
  return text;
}

}  // namespace zkinfer::cli
