// SPDX-License-Identifier: Apache-2.0
// Committing to a model that is cut into segments, and proving inferences of it. One segment is in memory at a time: its circuit is
// made when its turn comes and freed after; its code word, where no code file has it or its tree, too. What is proven: statement/segments.h.
//
// Randomness. A segment's seed comes from the model's and its index, so two segments share none, whatever they hold; a boundary's from
// the model's seed, the proof's entropy, what is proven and its index. A segment's proof is a function of seeds, entropy and inference:
// made twice it is the same bytes.
#pragma once

#include "prover/commit_model.h"
#include "prover/prove.h"
#include "statement/segments.h"

namespace zkinfer::prover {

struct Part {
  qir::QGraph graph;
  qir::WeightStore weights;
};
struct CutModel {
  std::vector<Part> parts;                        // segments::split
  std::vector<std::vector<std::uint32_t>> reads;  // of it

  bool same_weights(const CutModel& other) const;
};

// What a segment is committed to with; whole: of the model, budget 0: the default for all weights together.
ModelOptions segment_options(const CutModel& model, const ModelOptions& whole, std::size_t index);

Digest segment_seed(const Digest& seed, std::size_t index);

// Of each segment's random rows: what an auditor compares with.
std::vector<Digest> segment_rows_keys(const CutModel& model, const statement::Key& key, const Digest& seed);

// invalid_argument: two segments with hidden weights have the same root, hence the same random rows.
Status check_roots(const std::vector<statement::Key>& segments);

// The segments' parts of the model's code file, in order; none where nothing is on disk.
using SegmentCodes = std::vector<std::shared_ptr<pcs::CodeFile>>;

// Commits to each part (segment_options); code: null or where the code words go. invalid_argument: check_roots, or zero
// knowledge is off. Others: commit_model's, with the segment.
Result<statement::Key> commit_segments(const CutModel& model, const ModelOptions& options, const Digest& seed,
                                       const Progress& progress, pcs::NewCodeFile* code = nullptr);

// Encodes every segment again into a code file that is not there. Errors: open_segment's, io.
Status write_codes(const CutModel& model, const statement::Key& key, const Digest& seed, pcs::NewCodeFile& code,
                   const Progress& progress);

// kCorrupt: the parts are not those of the key's segments.
Status check_codes(const statement::Key& key, const SegmentCodes& codes);

// The segment's commitment again: from its code, or encoded. invalid_argument: the weights are not those of the key.
Result<CommittedModel> open_segment(const CutModel& model, const statement::Key& key, const Digest& seed,
                                    const SegmentCodes& codes, std::size_t index);

// An inference of the whole, and what every segment's proof of it begins with.
class SegmentedProof {
 public:
  // Runs all parts and commits to the boundaries. key and model must live as long as the object; request as for prove(), of the whole.
  static Result<SegmentedProof> begin(const CutModel& model, const statement::Key& key, const Digest& seed,
                                      const SegmentCodes& codes, const ProveRequest& request);
  std::size_t num_segments() const { return model_->parts.size(); }
  // The segment's messages: the same bytes every time.
  Result<Bytes> prove_segment(std::size_t index, const Progress& progress, ProveTimes& times) const;
  // Whether a verifier takes it.
  Verdict check_segment(std::size_t index, ByteView messages) const;
  // What the proof begins with: the whole's statement, and the boundaries' commitments.
  Bytes head() const;
  // The proof. messages: one of each segment.
  static Bytes join(ByteView head, const std::vector<Bytes>& messages);

  const statement::PublicIo& data() const { return data_; }
  const std::vector<std::vector<std::int64_t>>& inputs() const { return inputs_; }
  const std::vector<std::vector<std::int64_t>>& outputs() const { return outputs_; }
  const std::vector<std::shared_ptr<const CommittedValues>>& committed_outputs() const { return committed_outputs_; }

 private:
  struct BoundaryValues {
    std::vector<std::int64_t> values;
    Digest seed{};
    pcs::TensorOracle oracle;
  };
  Result<std::shared_ptr<const CommittedValues>> open_boundary(std::size_t index) const;

  const CutModel* model_ = nullptr;
  const statement::Key* key_ = nullptr;
  Digest seed_{};
  SegmentCodes codes_;
  ProveRequest request_;
  std::vector<std::vector<std::int64_t>> inputs_, outputs_;
  std::vector<BoundaryValues> boundaries_;
  std::vector<statement::Commitment> commitments_;  // of the boundaries
  std::vector<std::size_t> first_given_;            // by segment: the number of its first output
  std::vector<std::shared_ptr<const CommittedValues>> committed_outputs_;
  statement::PublicIo data_;
  std::vector<statement::SegmentStatement> statements_;  // by segment
};

// All segments, one after the other.
Result<Proof> prove_segments(const CutModel& model, const statement::Key& key, const Digest& seed,
                             const SegmentCodes& codes, const ProveRequest& request);

// verifier::verify_certificate takes it.
Result<Bytes> certify_segments(const CutModel& model, const statement::Key& key, const Digest& seed,
                               const SegmentCodes& codes, const ProveRequest& request);
// To another commitment of the same model. verifier::verify_rotation takes it.
Result<Bytes> rotate_segments(const CutModel& model, const statement::Key& before, const Digest& seed,
                              const SegmentCodes& codes, const statement::Key& after, const Digest& fresh_seed,
                              const SegmentCodes& fresh_codes, const ProveRequest& request);

}  // namespace zkinfer::prover
