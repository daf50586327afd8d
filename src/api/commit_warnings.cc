// SPDX-License-Identifier: Apache-2.0
// Who sees what, where that proves next to nothing or hides next to nothing.
#include "zkinfer/commit_warnings.h"

#include <cmath>
#include <cstdio>

#include "base/text.h"

namespace zkinfer {

namespace {

// Values that can be tried one by one, by whoever wants to.
constexpr double kTriedBits = 64;

bool is_unseen(const TensorPolicy& group) {
  return group.exposure == Exposure::kPrivate && group.hash == TensorHash::kNone;
}

// How many values the tensor can have, in bits.
double bits_of(const TensorInfo& tensor) {
  const double count = static_cast<double>(tensor.format.hi) - static_cast<double>(tensor.format.lo) + 1;
  return static_cast<double>(tensor.num_elements()) * std::log2(count);
}

std::string values_of(double bits) {
  char text[32];
  if (bits < 20)
    std::snprintf(text, sizeof text, "%.0f", std::exp2(bits));
  else
    std::snprintf(text, sizeof text, "2^%.0f", bits);
  return text;
}

// The hash of what has few values shows which it is.
void note_small_hashes(const TensorPolicy& group, const std::vector<TensorInfo>& tensors, const char* kind,
                       std::vector<std::string>& notes) {
  if (group.is_public() || group.hash == TensorHash::kNone) return;
  for (const TensorInfo& tensor : tensors) {
    if (bits_of(tensor) > kTriedBits) continue;
    notes.push_back(std::string(kind) + " " + in_quotes(tensor.name) + " has " + values_of(bits_of(tensor)) +
                    " values at most: whoever tries them all finds the one that a hash is of; \"committed\" without a "
                    "hash hides which");
  }
}

}  // namespace

std::vector<std::string> commit_warnings(const Model& model, const CommitOptions& options) {
  std::vector<std::string> notes;
  const bool all_can_run = options.public_parameters && options.inputs.exposure == Exposure::kPublic;
  if (is_unseen(options.inputs) && is_unseen(options.outputs)) {
    notes.emplace_back(
        "inputs and outputs are private: a proof says only that the model was run on something; one of them public, "
        "committed or private:sha256 makes it say more");
  } else if (is_unseen(options.outputs)) {
    notes.emplace_back(
        "outputs are private: a proof says that the model has some output for its input, as it has for every input; "
        "public, committed or private:sha256 outputs make it say which");
  }
  if (all_can_run && options.outputs.exposure != Exposure::kPublic) {
    notes.emplace_back(
        "inputs and weights are public: whoever has them computes the outputs, so that nothing hides them");
  }
  note_small_hashes(options.inputs, model.inputs(), "input", notes);
  // What everybody can compute is said already.
  if (!all_can_run) note_small_hashes(options.outputs, model.outputs(), "output", notes);
  double input_bits = 0;
  for (const TensorInfo& input : model.inputs()) input_bits += bits_of(input);
  if (options.public_parameters && options.inputs.exposure != Exposure::kPublic && !is_unseen(options.outputs) &&
      options.outputs.exposure != Exposure::kCommitted && input_bits <= kTriedBits) {
    notes.push_back("weights are public and the inputs have " + values_of(input_bits) +
                    " values at most: whoever tries them all finds those that give a proof's outputs");
  }
  return notes;
}

}  // namespace zkinfer
