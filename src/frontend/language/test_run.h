// SPDX-License-Identifier: Apache-2.0
// Graphs of language models in tests: run on a text, and held against the reference of test_llama.h.
#pragma once

#include <vector>

#include <gtest/gtest.h>

#include "exec/float/float_executor.h"
#include "frontend/language/test_llama.h"
#include "ir/graph.h"

namespace zkinfer::frontend_language {

inline const std::vector<std::size_t> kText{1, 7, 3, 3, 10, 0, 5};

// The one output.
inline FloatTensor run(const ir::Graph& graph, const std::vector<std::size_t>& tokens) {
  FloatTensor input(Shape{1, static_cast<std::int64_t>(tokens.size())});
  for (std::size_t i = 0; i < tokens.size(); ++i) input[i] = static_cast<float>(tokens[i]);
  Result<TensorMap> outputs = exec_float::run_float(graph, {{"tokens", std::move(input)}});
  EXPECT_TRUE(outputs.ok()) << outputs.status().to_string();
  return outputs.ok() ? outputs->begin()->second : FloatTensor();
}

// One pass over all positions of kText gives what decoding with a cache gives, token by token.
inline void expect_reference(const Result<ir::Graph>& graph, const Llama& model) {
  ASSERT_TRUE(graph.ok()) << graph.status().to_string();
  ASSERT_EQ(graph->value(graph->outputs[0]).name, "logits");
  const FloatTensor logits = run(*graph, kText);
  ASSERT_EQ(logits.shape(),
            (Shape{1, static_cast<std::int64_t>(kText.size()), static_cast<std::int64_t>(model.vocabulary)}));
  LlamaReference reference(model);
  for (std::size_t t = 0; t < kText.size(); ++t) {
    const std::vector<double> expected = reference.next(kText[t]);
    for (std::size_t v = 0; v < model.vocabulary; ++v)
      ASSERT_NEAR(static_cast<double>(logits[t * model.vocabulary + v]), expected[v], 2e-4) << t << " " << v;
  }
}

}  // namespace zkinfer::frontend_language
