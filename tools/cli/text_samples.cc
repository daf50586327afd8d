// SPDX-License-Identifier: Apache-2.0
#include "text_samples.h"

#include "base/text.h"
#include "files.h"
#include "inputs/input_bytes.h"
#include "inputs/input_file.h"
#include "print.h"
#include "text.h"
#include "tokenizer/windows.h"

namespace zkinfer::cli {

Result<std::vector<RealInputs>> load_samples_or_texts(const std::vector<std::string>& paths,
                                                      const std::optional<Tokenizer>& tokenizer,
                                                      const Preprocessing& preprocessing,
                                                      const std::vector<TensorInfo>& inputs, std::size_t most,
                                                      Session& session) {
  if (tokenizer.has_value()) return load_text_samples(paths, *tokenizer, inputs, most, session);
  for (const std::string& path : paths) {
    ZKI_ASSIGN_OR_RETURN(const std::string opened, opened_path(path));
    if (is_text_file(opened))
      return invalid_argument(in_quotes(path) +
                              ": a text; expected .json, .npy, .npz, .png or IDX, or, for a language model, "
                              "--tokenizer FILE too, which makes tokens of texts");
  }
  return load_samples(paths, preprocessing, inputs);
}

Result<std::vector<RealInputs>> load_text_samples(const std::vector<std::string>& paths, const Tokenizer& tokenizer,
                                                  const std::vector<TensorInfo>& inputs, std::size_t most,
                                                  Session& session) {
  if (inputs.size() != 1)
    return invalid_argument("--tokenizer: the network has " + cli::counted(inputs.size(), "input") +
                            "; texts are the tokens of one");
  const std::uint64_t tokens = inputs[0].num_elements();
  std::vector<RealInputs> samples;
  for (const std::string& path : paths) {
    if (path != "-" && is_input_file(path))
      return invalid_argument("--tokenizer: " + in_quotes(path) +
                              " is no text; leave out --tokenizer for tokens in arrays");
    ZKI_ASSIGN_OR_RETURN(const Bytes bytes, read_bytes(path, Tokenizer::kMaxTextBytes, Content::kAny));
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const Result<TokenWindows> windows = token_windows(tokenizer, text, static_cast<std::size_t>(tokens), most);
    if (!windows.ok()) return windows.status().with_context(in_quotes(path));
    if (!session.quiet && !session.json)
      note("{}: {} of {}, {} of the text in none\n", path, cli::counted(windows->count, "window"),
           cli::counted(tokens, "token"), cli::counted(windows->left_out, "token"));
    for (std::size_t i = 0; i < windows->count; ++i) {
      RealTensor tensor{inputs[0].shape, {}};
      for (std::size_t j = 0; j < windows->tokens; ++j)
        tensor.data.push_back(static_cast<float>(windows->values[i * windows->tokens + j]));
      samples.push_back({std::move(tensor)});
    }
  }
  return samples;
}

}  // namespace zkinfer::cli
