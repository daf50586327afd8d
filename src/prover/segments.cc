// SPDX-License-Identifier: Apache-2.0
#include "prover/segments.h"

#include <algorithm>
#include <chrono>

#include "prover/certify.h"
#include "prover/make_statement.h"
#include "prover/prf.h"
#include "prover/rotate.h"
#include "prover/write.h"
#include "soundness/caps.h"
#include "statement/segments.h"
#include "verifier/certificate.h"
#include "verifier/rotation.h"

namespace zkinfer::prover {

using statement::segment_name;

namespace {

Bytes index_bytes(std::size_t index) {
  ByteWriter writer;
  writer.u64(index);
  return std::move(writer).take();
}

// Readers of each boundary, and the number of the first that each segment gives.
struct Wiring {
  std::vector<std::uint64_t> num_readers;
  std::vector<std::size_t> first_given;
};
Wiring wiring_of(const CutModel& model) {
  Wiring out;
  for (std::size_t i = 0; i + 1 < model.parts.size(); ++i) {
    out.first_given.push_back(out.num_readers.size());
    out.num_readers.resize(out.num_readers.size() + model.parts[i].graph.outputs.size(), 0);
  }
  for (const std::vector<std::uint32_t>& reads : model.reads) {
    for (const std::uint32_t boundary : reads) ++out.num_readers[boundary];
  }
  return out;
}

ModelOptions options_of(const CutModel& model, const Wiring& wiring, const ModelOptions& whole, std::size_t index) {
  ModelOptions options = whole;
  const bool is_last = index + 1 == model.parts.size();
  const std::uint64_t outer = whole.tensor_budget != 0 ? whole.tensor_budget : kDefaultTensorBudget;
  options.visibility = statement::segment_visibility(whole.visibility, index, model.parts.size());
  const qir::QGraph& graph = model.parts[index].graph;
  if (options.visibility.outputs.is_committed()) {
    for (std::size_t i = 0; i < graph.outputs.size(); ++i)
      options.tensor_budgets.push_back(is_last ? outer : 1 + wiring.num_readers[wiring.first_given[index] + i]);
  }
  if (options.visibility.inputs.is_committed()) {
    for (std::size_t i = 0; i < graph.inputs.size(); ++i)
      options.tensor_budgets.push_back(index == 0 ? outer : 1 + wiring.num_readers[model.reads[index][i]]);
  }
  return options;
}

std::uint64_t default_budget(const CutModel& model) {
  std::uint64_t all = 0;
  for (const Part& part : model.parts) all += part.weights.num_weights();
  return soundness::default_model_budget(all);
}

}  // namespace

bool CutModel::same_weights(const CutModel& other) const {
  return reads == other.reads && std::ranges::equal(parts, other.parts, [](const Part& a, const Part& b) {
           return qir::structure_bytes(a.graph) == qir::structure_bytes(b.graph) && a.weights == b.weights;
         });
}

ModelOptions segment_options(const CutModel& model, const ModelOptions& whole, std::size_t index) {
  ModelOptions own = options_of(model, wiring_of(model), whole, index);
  if (own.budget == 0 && !own.visibility.public_params) own.budget = default_budget(model);
  return own;
}

Digest segment_seed(const Digest& seed, std::size_t index) {
  return derive_key("zkinfer segment seed v2", {seed, index_bytes(index)});
}

std::vector<Digest> segment_rows_keys(const CutModel& model, const statement::Key& key, const Digest& seed) {
  std::vector<Digest> out;
  for (std::size_t i = 0; i < model.parts.size(); ++i) {
    const auto& [graph, weights] = model.parts[i];
    const pcs::OpeningParams& params = key.segments[i].params;
    out.push_back(params.has_model
                      ? derive_rows_key(segment_seed(seed, i), graph, params, weights_digest(graph, weights))
                      : Digest{});
  }
  return out;
}

Status check_roots(const std::vector<statement::Key>& segments) {
  for (std::size_t i = 0; i < segments.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      // Two that share their random rows would show the difference of their weights.
      if (segments[i].params.model_budget > 0 && segments[j].commitment.root == segments[i].commitment.root)
        return invalid_argument(segment_name(i, segments.size()) + " has the same root as segment " +
                                std::to_string(j + 1));
    }
  }
  return ok_status();
}

Result<statement::Key> commit_segments(const CutModel& model, const ModelOptions& options, const Digest& seed,
                                       const Progress& progress, pcs::NewCodeFile* code) {
  if (!options.security.zero_knowledge) {
    return invalid_argument(
        "the tensors between segments are hidden, which needs zero knowledge; compile the model without segments");
  }
  std::vector<statement::Key> keys;
  for (std::size_t i = 0; i < model.parts.size(); ++i) {
    ZKI_RETURN_IF_ERROR(
        progress.step(i, model.parts.size(), "commit to " + segment_name(i, model.parts.size()))("", 0));
    auto committed = commit_model(model.parts[i].graph, model.parts[i].weights, segment_options(model, options, i),
                                  segment_seed(seed, i), code);
    if (!committed.ok()) return committed.status().with_context(segment_name(i, model.parts.size()));
    keys.push_back(std::move(committed->prepared.key));
  }
  ZKI_RETURN_IF_ERROR(check_roots(keys));
  auto key = statement::join_keys(std::move(keys), model.reads);
  if (!key.ok()) return internal_error("the segments' keys do not fit: " + key.status().message());
  return key;
}

namespace {

// `again`: the segment's commitment, made again.
Result<CommittedModel> if_same(Result<CommittedModel> again, const statement::Key& key, std::size_t index) {
  if (!again.ok()) return again;
  const statement::Key& own = key.segments[index];
  again->prepared.key.insecure_seed = own.insecure_seed;
  again->prepared.identity = again->prepared.key.identity();
  if (again->prepared.key.commitment != own.commitment) {
    return invalid_argument(segment_name(index, key.segments.size()) +
                            ": its weights are not those that were committed to; give the model file it was made for");
  }
  return again;
}

Result<CommittedModel> encode_segment(const CutModel& model, const statement::Key& key, const Digest& seed,
                                      std::size_t index, pcs::NewCodeFile* code) {
  const Part& part = model.parts[index];
  const statement::Key& own = key.segments[index];
  return if_same(recommit_model(part.graph, part.weights, own.params, own.visibility, segment_seed(seed, index), code),
                 key, index);
}

}  // namespace

Status write_codes(const CutModel& model, const statement::Key& key, const Digest& seed, pcs::NewCodeFile& code,
                   const Progress& progress) {
  for (std::size_t i = 0; i < model.parts.size(); ++i) {
    if (!key.segments[i].params.has_model) continue;
    ZKI_RETURN_IF_ERROR(progress.step(i, model.parts.size(), "encode " + segment_name(i, model.parts.size()))("", 0));
    ZKI_RETURN_IF_ERROR(encode_segment(model, key, seed, i, &code).status());
  }
  return ok_status();
}

Status check_codes(const statement::Key& key, const SegmentCodes& codes) {
  std::size_t next = 0;
  for (const statement::Key& segment : key.segments) {
    if (!segment.params.has_model) continue;
    if (next == codes.size() || codes[next]->root() != segment.commitment.root)
      return corrupt("the code file is of other segments");
    ZKI_RETURN_IF_ERROR(codes[next]->random_coefs().status());
    ++next;
  }
  return next == codes.size() ? ok_status() : corrupt("the code file has more segments");
}

Result<CommittedModel> open_segment(const CutModel& model, const statement::Key& key, const Digest& seed,
                                    const SegmentCodes& codes, std::size_t index) {
  const Part& part = model.parts[index];
  const statement::Key& own = key.segments[index];
  if (codes.empty() || !own.params.has_model) return encode_segment(model, key, seed, index, nullptr);
  // Segments without weights have no part.
  const auto number = std::count_if(key.segments.begin(), key.segments.begin() + static_cast<std::ptrdiff_t>(index),
                                    [](const statement::Key& segment) { return segment.params.has_model; });
  return if_same(reopen_model(part.graph, part.weights, own.params, own.visibility, segment_seed(seed, index),
                              codes.at(static_cast<std::size_t>(number))),
                 key, index);
}

Result<SegmentedProof> SegmentedProof::begin(const CutModel& model, const statement::Key& key, const Digest& seed,
                                             const SegmentCodes& codes, const ProveRequest& request) {
  SegmentedProof out;
  out.model_ = &model;
  out.key_ = &key;
  out.seed_ = seed;
  out.codes_ = codes;
  out.request_ = request;
  out.first_given_ = wiring_of(model).first_given;
  ZKI_ASSIGN_OR_RETURN(out.inputs_, inputs_of(key, request));
  const std::vector<statement::Boundary> boundaries = statement::boundaries_of(key);
  for (std::size_t i = 0; i < model.parts.size(); ++i) {
    const Part& part = model.parts[i];
    std::vector<std::vector<std::int64_t>> inputs;
    for (const std::uint32_t boundary : model.reads[i]) inputs.push_back(out.boundaries_[boundary].values);
    auto run = exec_integer::run(part.graph, part.weights, i == 0 ? out.inputs_ : inputs);
    if (!run.ok()) return run.status();
    for (const qir::ValueId id : part.graph.outputs) {
      if (i + 1 == model.parts.size()) {
        out.outputs_.push_back(run->values[id]);
        continue;
      }
      BoundaryValues& boundary = out.boundaries_.emplace_back();
      boundary.values = run->values[id];
      boundary.oracle = boundaries[out.boundaries_.size() - 1].oracle;
    }
  }
  // What the whole says, from its inputs and outputs alone.
  exec_integer::Witness ends;
  ends.values.resize(key.graph.values.size());
  for (std::size_t i = 0; i < key.graph.inputs.size(); ++i) ends.values[key.graph.inputs[i]] = out.inputs_[i];
  for (std::size_t i = 0; i < key.graph.outputs.size(); ++i) ends.values[key.graph.outputs[i]] = out.outputs_[i];
  CommittedModel whole;
  whole.seed = seed;
  whole.prepared.key = key;
  ZKI_ASSIGN_OR_RETURN(StatementTensors tensors,
                       make_statement(whole, whole.prepared, request, out.inputs_, ends, out.data_));
  out.committed_outputs_ = std::move(tensors.outputs);
  // Bound to all that is proven, so that no boundary's rows are another's even where the entropy repeats.
  ByteWriter proven;
  for (const auto& values : out.inputs_) {
    for (const std::int64_t x : values) proven.i64(x);
  }
  proven.u64(request.slot);
  const Digest identity = key.identity();
  for (std::size_t i = 0; i < out.boundaries_.size(); ++i) {
    BoundaryValues& boundary = out.boundaries_[i];
    boundary.seed = derive_key("zkinfer boundary seed v2",
                               {seed, request.entropy, identity, request.context, proven.bytes(), index_bytes(i)});
    ZKI_ASSIGN_OR_RETURN(const auto committed, out.open_boundary(i));
    out.commitments_.push_back(committed->commitment);
  }
  out.statements_ =
      statement::segment_statements(key, identity, request.context, request.slot, out.data_, out.commitments_);
  return out;
}

Result<std::shared_ptr<const CommittedValues>> SegmentedProof::open_boundary(std::size_t index) const {
  const BoundaryValues& boundary = boundaries_[index];
  ZKI_ASSIGN_OR_RETURN(CommittedValues committed, commit_tensor(boundary.values, boundary.oracle, boundary.seed));
  return std::make_shared<const CommittedValues>(std::move(committed));
}

Result<Bytes> SegmentedProof::prove_segment(std::size_t index, const Progress& progress, ProveTimes& times) const {
  const bool is_last = index + 1 == model_->parts.size();
  ZKI_RETURN_IF_ERROR(progress("open", 0));
  ZKI_ASSIGN_OR_RETURN(const CommittedModel opened, open_segment(*model_, *key_, seed_, codes_, index));
  ProveRequest request;
  request.context = statements_[index].context;
  request.slot = statements_[index].slot;
  request.entropy = request_.entropy;
  request.progress = progress;
  std::vector<std::shared_ptr<const CommittedValues>> held;
  if (index == 0) {
    request.inputs = inputs_;
    request.committed_inputs = request_.committed_inputs;
  }
  for (const std::uint32_t boundary : model_->reads[index]) {
    ZKI_ASSIGN_OR_RETURN(const auto committed, open_boundary(boundary));
    held.push_back(committed);
    request.committed_inputs.push_back(committed.get());
  }
  if (is_last) request.committed_outputs = committed_outputs_;
  for (std::size_t i = 0; !is_last && i < model_->parts[index].graph.outputs.size(); ++i) {
    ZKI_ASSIGN_OR_RETURN(const auto committed, open_boundary(first_given_[index] + i));
    request.committed_outputs.push_back(committed);
  }
  auto proof = prove(opened, request);
  if (!proof.ok()) return proof.status().with_context(segment_name(index, model_->parts.size()));
  const statement::Key& own = opened.prepared.key;
  const auto begin =
      proof->bytes.begin() + static_cast<std::ptrdiff_t>(statement::header_size(own.graph, own.visibility));
  times.execute += proof->times.execute;
  times.witness += proof->times.witness;
  times.commit += proof->times.commit;
  times.outer_claim += proof->times.outer_claim;
  times.opening += proof->times.opening;
  times.outer.lookup += proof->times.outer.lookup;
  times.outer.relations += proof->times.outer.relations;
  return Bytes(begin, proof->bytes.end());
}

Verdict SegmentedProof::check_segment(std::size_t index, ByteView messages) const {
  const auto prepared = verifier::prepare(key_->segments[index], kNoVerifyLimits);
  if (!prepared.ok()) return verifier::unprepared(prepared.status());
  const statement::SegmentStatement& own = statements_[index];
  return verifier::verify_statement(*prepared, own.context, own.slot, own.data, messages);
}

Bytes SegmentedProof::head() const {
  ByteWriter writer;
  writer.raw(header_bytes(*key_, request_.context, request_.slot, data_));
  for (const statement::Commitment& boundary : commitments_) boundary.write(writer);
  return std::move(writer).take();
}

Bytes SegmentedProof::join(ByteView head, const std::vector<Bytes>& messages) {
  ByteWriter writer;
  writer.raw(head);
  for (const Bytes& segment : messages) writer.blob(segment);
  return std::move(writer).take();
}

Result<Proof> prove_segments(const CutModel& model, const statement::Key& key, const Digest& seed,
                             const SegmentCodes& codes, const ProveRequest& request) {
  const auto begin = std::chrono::steady_clock::now();
  Proof proof;
  ZKI_RETURN_IF_ERROR(request.progress("run the network", 0.0));
  ZKI_ASSIGN_OR_RETURN(const SegmentedProof whole, SegmentedProof::begin(model, key, seed, codes, request));
  std::vector<Bytes> messages;
  for (std::size_t i = 0; i < whole.num_segments(); ++i) {
    ZKI_ASSIGN_OR_RETURN(
        Bytes segment,
        whole.prove_segment(i, request.progress.step(i, whole.num_segments(), segment_name(i, whole.num_segments())),
                            proof.times));
    messages.push_back(std::move(segment));
  }
  proof.bytes = SegmentedProof::join(whole.head(), messages);
  proof.data = whole.data();
  proof.inputs = whole.inputs();
  proof.outputs = whole.outputs();
  proof.committed_outputs = whole.committed_outputs();
  proof.times.total = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  ZKI_RETURN_IF_ERROR(request.progress("done", 1.0));
  return proof;
}

Result<Bytes> certify_segments(const CutModel& model, const statement::Key& key, const Digest& seed,
                               const SegmentCodes& codes, const ProveRequest& request) {
  std::vector<Bytes> segments;
  for (std::size_t i = 0; i < model.parts.size(); ++i) {
    segments.emplace_back();
    if (!key.segments[i].params.has_model) continue;
    ZKI_ASSIGN_OR_RETURN(const CommittedModel opened, open_segment(model, key, seed, codes, i));
    ProveRequest own = request;
    own.progress = request.progress.step(i, model.parts.size(), "certify " + segment_name(i, model.parts.size()));
    ZKI_ASSIGN_OR_RETURN(segments.back(), certify(opened, own));
  }
  ZKI_RETURN_IF_ERROR(request.progress("done", 1.0));
  return key_proof_list(verifier::kCertificateKind, {request.slot}, segments);
}

Result<Bytes> rotate_segments(const CutModel& model, const statement::Key& before, const Digest& seed,
                              const SegmentCodes& codes, const statement::Key& after, const Digest& fresh_seed,
                              const SegmentCodes& fresh_codes, const ProveRequest& request) {
  std::vector<Bytes> segments;
  for (std::size_t i = 0; i < model.parts.size(); ++i) {
    segments.emplace_back();
    if (!before.segments[i].params.has_model) continue;
    ZKI_ASSIGN_OR_RETURN(const CommittedModel old_one, open_segment(model, before, seed, codes, i));
    ZKI_ASSIGN_OR_RETURN(const CommittedModel fresh_one, open_segment(model, after, fresh_seed, fresh_codes, i));
    ProveRequest own = request;
    own.progress = request.progress.step(i, model.parts.size(), "rotate " + segment_name(i, model.parts.size()));
    ZKI_ASSIGN_OR_RETURN(segments.back(), rotate(old_one, fresh_one, own));
  }
  ZKI_RETURN_IF_ERROR(request.progress("done", 1.0));
  return key_proof_list(verifier::kRotationKind, {request.slot, request.new_slot}, segments);
}

}  // namespace zkinfer::prover
