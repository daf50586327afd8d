// SPDX-License-Identifier: Apache-2.0
// Of models that read tokens [1, T] and score every token behind each: how likely they find a text, in floats and in integers.
#pragma once

#include <optional>
#include <span>

#include "ir/graph.h"
#include "qir/qgraph.h"
#include "zkinfer/fidelity.h"

namespace zkinfer::quant {

class Perplexity {
 public:
  // Nothing where a graph gives no such scores: the only output [1, T, V], or what it is the ArgMax of.
  static std::optional<Perplexity> of(const ir::Graph& graph, const qir::QGraph& integer_graph);

  const std::string& float_scores() const { return float_scores_; }  // the value's name
  qir::ValueId integer_scores() const { return integer_scores_; }
  // One text. expected, got: scores [T, V] as real numbers.
  void add(std::span<const float> tokens, std::span<const float> expected, std::span<const float> got);
  // Nothing where no token had another behind it.
  std::optional<LanguageFidelity> result() const;

 private:
  std::string float_scores_;
  qir::ValueId integer_scores_ = 0;
  std::size_t num_scores_ = 0;  // of one position
  double float_surprise_ = 0, surprise_ = 0;
  std::uint64_t num_tokens_ = 0, num_agreed_ = 0;
};

}  // namespace zkinfer::quant
