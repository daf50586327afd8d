// SPDX-License-Identifier: Apache-2.0
// What the integers of a model lose: values of an input that it cannot take as they are, and how close its outputs are to
// the float model's, measured on inputs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace zkinfer {

// Values of one input outside of the range that the model takes: each becomes the nearest end of it.
struct Clipping {
  std::string input;  // its name
  std::uint64_t num_values = 0;
  std::uint64_t num_clipped = 0;
  double lo = 0, hi = 0;      // the range, in real units
  double largest_excess = 0;  // how far the farthest value lies outside, in real units

  // The same input once more.
  void add(const Clipping& other);
};

// What the numbers of an output are, as far as the graph tells: decides which comparison means something.
enum class OutputKind : std::uint8_t {
  kScores,  // several in a line of the last axis: the largest may decide
  kLabels,  // what was chosen: positions of an ArgMax or a sort, comparisons, numbers of classes or tokens; equal or not
  kValues,  // one in a line: regression
};

// Over all inputs measured. What is absent does not apply: labels have neither a cosine nor errors, single values no largest entry.
struct TensorFidelity {
  std::string name;
  OutputKind kind = OutputKind::kValues;
  std::optional<double>
      cosine;  // mean over inputs, 1 where both are zero; of one element per input: over all inputs together
  std::optional<double> mean_abs_error, max_abs_error;  // real units
  double resolution = 0;  // 1 of integers of a scale of the network's own, whose least error is one; 0 of others
  // Of all numbers: those that are infinite or NaN in the network, which nothing else here counts, and those that are off by half or
  // more (of integers: other ones).
  std::uint64_t num_elements = 0, num_not_finite = 0, num_different = 0;
  double lo = 0, hi = 0;                 // of the float values seen
  std::optional<double> relative_error;  // |integer - float| / |float|, 2-norms over all inputs
  std::optional<double> r_squared;  // kValues that vary: 1 - squared error / squared deviation from each element's mean
  std::optional<double>
      agreement;  // kScores: share of lines with the same largest entry; kLabels: share of equal labels

  // The largest error relative to the largest float value.
  std::optional<double> error_of_largest() const;
  // Whether that is at most so much, or the error no more than the resolution, or there is none.
  bool meets(double target) const;
};

// Of a language model, on the texts that it was measured on: each token but the first, behind those before it.
struct LanguageFidelity {
  std::uint64_t num_tokens = 0;
  // e to the mean of -ln p(token), p by the softmax of the scores.
  double float_perplexity = 1, perplexity = 1;
  double agreement = 1;  // share of tokens before which both find the same one the most likely

  // Of the integers' perplexity, relative to the float one.
  double loss() const { return perplexity / float_perplexity - 1; }
};

struct Fidelity {
  std::size_t num_inputs = 0;
  std::vector<Clipping> inputs;  // over all inputs measured
  std::vector<TensorFidelity> outputs;
  std::vector<TensorFidelity> layers;  // values that have the same name in both models
  std::optional<LanguageFidelity> language;

  // Of the worst output; nothing where no output has one.
  std::optional<double> cosine() const;
  std::optional<double> agreement() const;
  std::optional<double> r_squared() const;
  std::optional<double> relative_error() const;
  std::optional<double> max_abs_error() const;
  std::optional<double> error_of_largest() const;
  // Every output does.
  bool meets(double target) const;
};

// Below, an integer model is called a poor likeness of the float model.
struct FidelityFloor {
  double cosine = 0.99;
  double agreement = 0.98;
  double r_squared = 0.98;
  // The largest error of an output, relative to its largest value: at most this (CompileRecord::float_target); 0: not looked at.
  double error_of_largest = 0;
};
// One sentence for each number of an output beyond the floor, and for each input that was clipped; empty when all is well.
std::vector<std::string> fidelity_warnings(const Fidelity& fidelity, const FidelityFloor& floor = {});
// "12 of 784 values of input 'x' lie outside of 0 .. 1, the farthest by 254"; empty where none were.
std::string clipping_text(const Clipping& clipping);

// Table of outputs and layers, for people.
std::string fidelity_text(const Fidelity& fidelity);

}  // namespace zkinfer
