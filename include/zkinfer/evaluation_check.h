// SPDX-License-Identifier: Apache-2.0
// An evaluation checked with its data set at hand and what the verifier asks for, and what it says as JSON: `zkinfer verify` of a .zkeval, for every
// program. verify_evaluation (evaluation.h) checks the proofs.
#pragma once

#include <optional>
#include <string>

#include "zkinfer/data_set.h"
#include "zkinfer/evaluation.h"

namespace zkinfer {

// What a verifier asks of an evaluation beyond its proofs.
struct EvaluationDemands {
  std::string metric;                    // it must be of this one; empty: any
  std::optional<std::uint32_t> output;   // and of this one of the model's; with a metric the first unless said
  std::optional<Digest> nonce;           // that he drew, for a sample
  std::optional<std::uint64_t> sampled;  // and the number of rows that he asked for: each is another draw
  // Its first figure must be no smaller, or no larger: 0.97 of an accuracy; of a sample what it says of the whole data set, of errors what they may be
  // unrounded (error_bounds.h), at the worse end. Of a metric that is named: whoever proves would choose it.
  std::optional<double> at_least, at_most;
  double confidence = 0.999;  // of what a sample says of other rows, 0.5 to 0.999999
};
// The result of verify_evaluation on this data set, rejected too where it is of another data set, metric, output, nonce or number of rows, or its figure is
// not what was asked. invalid_argument: the data set does not suit the model; demands that nobody can meet; a figure of no metric; a sample without nonce
// and number of rows to compare.
Result<EvaluationResult> check_evaluation(const VerificationKey& key, ByteView evaluation, const DataSet& data,
                                          const VerifyRequest& request, const EvaluationDemands& demands);

// Whether fewer rows than ten are counted together somewhere in what is shown, so that it says how single rows did.
bool shows_rows(const EvaluationResult& result);
// "metric", "figures", "counts", "chunk_counts" and what they are about (docs/cli.md).
std::string evaluation_json(const EvaluationResult& result, const DataSet& data, double confidence);

}  // namespace zkinfer
