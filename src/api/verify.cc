// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/verify.h"

#include <algorithm>
#include <array>
#include <map>

#include "api/key_impl.h"
#include "api/tensor_commitment_impl.h"
#include "hash/keccak.h"
#include "statement/canonical_bytes.h"
#include "verifier/batch.h"
#include "verifier/cost.h"
#include "verifier/joint.h"

namespace zkinfer {

VerificationKey::VerificationKey(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
VerificationKey::~VerificationKey() = default;
VerificationKey::VerificationKey(VerificationKey&&) noexcept = default;
VerificationKey& VerificationKey::operator=(VerificationKey&&) noexcept = default;

Digest api::structure_digest(const qir::QGraph& graph) {
  // Magic, version, length of the name, name.
  return keccak256(ByteView(qir::structure_bytes(graph)).subspan(5 + 2 + 4 + graph.name.size()));
}

Digest api::structure_digest(const std::vector<Digest>& segments,
                             const std::vector<std::vector<std::uint32_t>>& reads) {
  ByteWriter writer;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    writer.raw(segments[i]);
    for (const std::uint32_t boundary : reads[i]) writer.u32(boundary);
  }
  return keccak256(writer.bytes());
}

std::unique_ptr<api::Access::Impl<VerificationKey>> api::describe_key(verifier::PreparedKey prepared) {
  auto impl = std::make_unique<Access::Impl<VerificationKey>>();
  impl->prepared = std::move(prepared);
  const statement::Key& key = impl->prepared.key;
  KeyInfo& info = impl->info;
  info.model_name = key.graph.name;
  info.structure_digest = structure_digest(key.graph);
  info.model_identity = info.root_identity = impl->prepared.identity;
  info.security_bits = info.weakest_bits = impl->prepared.soundness.bits();
  info.pow_bits = key.params.security.pow_bits;
  info.profile = key.params.security.profile;
  info.verify_cost = impl->prepared.cost;
  info.zero_knowledge = key.params.security.zero_knowledge;
  info.insecure_seed = key.insecure_seed;
  info.inputs = key.visibility.inputs;
  info.outputs = key.visibility.outputs;
  info.carries = key.visibility.carries;
  for (const qir::ValueId id : key.graph.inputs) info.input_tensors.push_back(api::tensor_info(key.graph.value(id)));
  for (const qir::ValueId id : key.graph.outputs) info.output_tensors.push_back(api::tensor_info(key.graph.value(id)));
  for (const pcs::TensorOracle& data : key.params.data) {
    info.tensor_budget = info.tensor_budget == 0 ? data.budget : std::min(info.tensor_budget, data.budget);
  }
  info.public_parameters = key.visibility.public_params;
  info.model_budget = key.params.model_budget;
  const auto num_parameters = [](const verifier::PreparedKey& of) {
    return of.compiled.num_elements(circuit::Oracle::kModel);
  };
  if (!key.is_segmented()) {
    info.num_parameters = num_parameters(impl->prepared);
    return impl;
  }
  std::vector<Digest> structures;
  for (const verifier::PreparedKey& segment : impl->prepared.segments) {
    info.num_parameters += num_parameters(segment);
    structures.push_back(structure_digest(segment.key.graph));
  }
  info.structure_digest = structure_digest(structures, key.reads);
  info.num_segments = key.segments.size();
  return impl;
}

Result<VerificationKey> VerificationKey::from_bytes(ByteView bytes, double min_security_bits,
                                                    const VerifyLimits& limits) {
  if (Status status = verifier::check_key_size(bytes.size(), limits); !status.ok()) {
    return status.with_context("verification key");
  }
  ZKI_ASSIGN_OR_RETURN(statement::Key key, statement::parse_key(bytes));
  auto prepared = verifier::prepare(std::move(key), limits);
  if (!prepared.ok()) return prepared.status().with_context("verification key");
  auto impl = api::describe_key(std::move(prepared).value());
  impl->prepared.floor = {min_security_bits};
  for (verifier::PreparedKey& segment : impl->prepared.segments) segment.floor = {min_security_bits};
  if (const Status floor = impl->prepared.floor.check(impl->prepared.soundness); !floor.ok()) {
    return floor.with_context("verification key");
  }
  return VerificationKey(std::move(impl));
}

const KeyInfo& VerificationKey::info() const { return impl_->info; }

namespace {

// What the caller knows of one tensor of one row.
struct Known {
  std::vector<const KnownTensor*> all;
  std::optional<std::vector<std::int64_t>> integers;  // where it is known by its data
};

// Inputs or outputs of a key, and what the caller knows of each.
struct Side {
  const char* kind;  // "input" or "output"
  std::vector<TensorPolicy> policies;
  const std::vector<TensorInfo>& tensors;
  const std::vector<KnownTensor>& known;
  std::optional<std::uint64_t> batch_rows;                           // none: of a proof
  std::map<std::pair<std::uint64_t, std::size_t>, Known> by_tensor;  // (row, tensor)

  std::uint64_t num_rows() const { return batch_rows.value_or(1); }
  std::string where(std::uint64_t row, std::size_t i) const {
    return std::string(kind) + " '" + tensors[i].name + "'" +
           (batch_rows.has_value() ? " of row " + std::to_string(row) : std::string()) + ": ";
  }
  Verdict wrong(std::uint64_t row, std::size_t i, const std::string& what) const {
    return Verdict::reject(RejectReason::kWrongStatement, where(row, i) + what);
  }
};

// Which tensor each entry speaks of, and the data as integers.
Verdict resolve(Side& side) {
  for (const KnownTensor& known : side.known) {
    if (known.index >= side.tensors.size()) {
      return Verdict::reject(RejectReason::kWrongStatement, std::string(side.kind) + " " + std::to_string(known.index) +
                                                                ": the key has " + std::to_string(side.tensors.size()) +
                                                                ", counted from 0");
    }
    if (known.row >= side.num_rows()) {
      return side.wrong(known.row, known.index,
                        "it is said to be of row " + std::to_string(known.row) + ", counted from 0; the proof has " +
                            std::to_string(side.num_rows()) + (side.num_rows() == 1 ? " row" : " rows"));
    }
    Known& entry = side.by_tensor[{known.row, known.index}];
    entry.all.push_back(&known);
    for (int form = 0; form < 2; ++form) {
      std::optional<std::vector<std::int64_t>> integers = form == 0 ? known.integers : std::nullopt;
      if (form == 1 && known.data.has_value()) {
        auto parsed = parse_canonical_bytes(side.tensors[known.index], *known.data);
        if (!parsed.ok()) {
          return Verdict::reject(RejectReason::kBadPublicValue,
                                 side.where(known.row, known.index) + parsed.status().message());
        }
        integers = std::move(parsed).value();
      }
      if (!integers.has_value()) continue;
      if (entry.integers.has_value() && entry.integers != integers)
        return side.wrong(known.row, known.index, "it is given twice, differently");
      entry.integers = std::move(integers);
    }
  }
  return Verdict::accept();
}

// The tensors of which the proof holds only the hash, those of all rows one after the other.
Verdict add_beside(const Side& side, statement::PublicValues& beside) {
  for (std::size_t i = 0; i < side.tensors.size(); ++i) {
    if (!side.policies[i].is_public() || side.policies[i].hash == TensorHash::kNone) continue;
    std::vector<std::int64_t> rows;
    for (std::uint64_t row = 0; row < side.num_rows(); ++row) {
      const auto known = side.by_tensor.find({row, i});
      if (known == side.by_tensor.end() || !known->second.integers.has_value()) {
        return Verdict::reject(RejectReason::kBadPublicValue,
                               side.where(row, i) + "the proof holds only its hash; give the data beside the proof");
      }
      rows.insert(rows.end(), known->second.integers->begin(), known->second.integers->end());
    }
    beside.push_back(std::move(rows));
  }
  return Verdict::accept();
}

// How far public values, digests and commitments are taken.
struct Taken {
  std::size_t values = 0, digests = 0, commitments = 0;
};

// What an accepted proof says of this side, row by row.
std::vector<std::vector<VerifiedTensor>> describe(const Side& side, const pcs::OpeningParams& params,
                                                  const statement::PublicIo& data, Taken& next) {
  std::vector<std::vector<VerifiedTensor>> out(data.num_rows);
  for (std::size_t i = 0; i < side.tensors.size(); ++i) {
    const TensorInfo& info = side.tensors[i];
    const TensorPolicy& policy = side.policies[i];
    std::optional<TensorCommitment> commitment;
    if (policy.is_committed()) {
      auto impl = std::make_shared<api::Access::Impl<TensorCommitment>>();
      impl->tensor = info;
      if (side.batch_rows.has_value())
        impl->tensor.shape.insert(impl->tensor.shape.begin(), static_cast<std::int64_t>(data.num_rows));
      impl->oracle = params.data[next.commitments];
      impl->commitment = data.commitments[next.commitments++];
      commitment = api::Access::make<TensorCommitment>(std::move(impl));
    }
    for (std::uint64_t row = 0; row < data.num_rows; ++row) {
      VerifiedTensor& tensor = out[row].emplace_back();
      static_cast<TensorInfo&>(tensor) = info;
      tensor.group = policy;
      if (policy.is_public()) {
        const std::vector<std::int64_t>& all = data.values[next.values];
        const auto begin = all.begin() + static_cast<std::ptrdiff_t>(row * info.num_elements());
        tensor.integers.assign(begin, begin + static_cast<std::ptrdiff_t>(info.num_elements()));
      }
      if (policy.hash != TensorHash::kNone) tensor.digest = data.digests[next.digests++];
      tensor.commitment = commitment;
    }
    if (policy.is_public()) ++next.values;
  }
  return out;
}

// What the caller knows against what the proof says.
Verdict compare(const Side& side, const std::vector<std::vector<VerifiedTensor>>& rows, bool is_output) {
  for (const auto& [place, known_of] : side.by_tensor) {
    const auto [row, i] = place;
    const VerifiedTensor& tensor = rows[row][i];
    if (const auto& integers = known_of.integers; integers.has_value()) {
      if (tensor.group.is_public()) {
        if (*integers != tensor.integers) return side.wrong(row, i, "the proof is about other values");
      } else if (!tensor.digest.has_value()) {
        return side.wrong(row, i, "the proof says nothing that its data could be compared with");
      } else {
        const auto bytes = canonical_bytes(tensor, *integers);
        if (!bytes.ok()) return Verdict::reject(RejectReason::kBadPublicValue, bytes.status().message());
        if (hash_data(tensor.group.hash, *bytes) != *tensor.digest)
          return side.wrong(row, i, "the proof is about data with another hash");
      }
    }
    for (const KnownTensor* known : known_of.all) {
      if (known->digest.has_value()) {
        if (!tensor.digest.has_value()) return side.wrong(row, i, "the key names no hash of it");
        if (*tensor.digest != *known->digest) return side.wrong(row, i, "the proof is about data with another hash");
      }
      if (!known->commitment.has_value()) continue;
      if (!tensor.commitment.has_value()) return side.wrong(row, i, "the key does not commit to it");
      const TensorCommitment& expected = *known->commitment;
      if (expected.id() != tensor.commitment->id()) return side.wrong(row, i, "the proof is about another commitment");
      const TensorInfo& said = tensor.commitment->tensor();
      const std::string differs =
          is_output ? api::meaning_differs(said, expected.tensor()) : api::meaning_differs(expected.tensor(), said);
      if (!differs.empty()) return side.wrong(row, i, "its commitment is said to be for something else: " + differs);
    }
  }
  return Verdict::accept();
}

VerifyBatchResult rejected(Verdict verdict) {
  VerifyBatchResult result;
  result.verdict = std::move(verdict);
  return result;
}

// Whether what the caller knows of the weights is enough, and is about this key or one that it came from.
Verdict check_weights(const KeyInfo& info, double least_bits, const CheckedWeights& weights) {
  const WeightEvidence evidence = weights.evidence();
  if (evidence == WeightEvidence::kUncertified) return Verdict::accept();
  if (evidence != WeightEvidence::kCertified && evidence != WeightEvidence::kRederived) {
    return Verdict::reject(RejectReason::kUncertified,
                           "the key: give the certificate of its weights (or the model, where they are public), or say "
                           "that the proof is to be taken uncertified");
  }
  // A certificate may have been taken by a key with a lower floor.
  if (weights.bits() < least_bits)
    return Verdict::reject(RejectReason::kUncertified, "certificate: it proves less security than is asked for");
  if (weights.identity() == info.root_identity || weights.identity() == info.model_identity) return Verdict::accept();
  return Verdict::reject(RejectReason::kWrongStatement, "certificate: it is about the weights of another key");
}

}  // namespace

Verdict api::check_trust(const VerificationKey& key, const VerifyRequest& request, Digest& context) {
  if (request.context.has_value()) {
    if (request.context->size() > context.size())
      return Verdict::reject(RejectReason::kWrongStatement, "context longer than 32 bytes");
    std::copy(request.context->begin(), request.context->end(), context.begin());
  }
  const verifier::PreparedKey& prepared = impl(key).prepared;
  return prepared.key.params.has_model ? check_weights(key.info(), prepared.floor.bits, request.weights)
                                       : Verdict::accept();
}

Verdict api::summarize(const VerificationKey& key, const VerifyRequest& request, const Digest& expected,
                       const Digest& context, std::uint64_t slot, double own_bits, VerifySummary& out) {
  if (request.context.has_value() && context != expected)
    return Verdict::reject(RejectReason::kWrongStatement, "context: the proof is bound to another one");
  const KeyInfo& info = key.info();
  const bool has_weights = impl(key).prepared.key.params.has_model;
  out.context.assign(context.begin(), context.end());
  out.slot = slot;
  out.root_identity = info.root_identity;
  out.serving_identity = info.model_identity;
  out.weights = has_weights ? request.weights.evidence() : WeightEvidence::kNoWeights;
  out.security_bits = std::min(info.weakest_bits, own_bits);
  if (has_weights) out.security_bits = std::min(out.security_bits, request.weights.bits());
  return Verdict::accept();
}

namespace {

// batch_rows: how many the batch says it has; none: a proof, whose result is one row.
VerifyBatchResult check(const VerificationKey& key, ByteView proof, const VerifyRequest& request,
                        std::optional<std::uint64_t> batch_rows) {
  const verifier::PreparedKey& prepared = api::impl(key).prepared;
  const KeyInfo& info = key.info();
  Digest context{};
  if (Verdict verdict = api::check_trust(key, request, context); !verdict.accepted())
    return rejected(std::move(verdict));
  Side outputs{"output", {}, info.output_tensors, request.outputs, batch_rows, {}};
  Side inputs{"input", {}, info.input_tensors, request.inputs, batch_rows, {}};
  for (const auto& [id, policy] : qir::seen_tensors(prepared.key.graph, prepared.key.visibility))
    (outputs.policies.size() < info.output_tensors.size() ? outputs : inputs).policies.push_back(policy);
  statement::PublicValues beside;
  for (Side* side : {&outputs, &inputs}) {
    if (Verdict verdict = resolve(*side); !verdict.accepted()) return rejected(std::move(verdict));
    if (Verdict verdict = add_beside(*side, beside); !verdict.accepted()) return rejected(std::move(verdict));
  }
  statement::Header header;
  VerifyBatchResult result;
  verifier::BatchAnalysis own;
  const bool is_batch = batch_rows.has_value();
  result.verdict = is_batch ? verifier::verify_batch(prepared, proof, beside, &header, &own)
                            : verifier::verify(prepared, proof, beside, &header);
  if (!result.verdict.accepted()) return result;
  if (Verdict verdict = api::summarize(key, request, context, header.context, header.slot,
                                       is_batch ? own.soundness.bits() : info.weakest_bits, result);
      !verdict.accepted())
    return rejected(std::move(verdict));
  const pcs::OpeningParams& params = is_batch ? own.params : prepared.key.params;
  Taken taken;
  auto output_rows = describe(outputs, params, header.data, taken);
  auto input_rows = describe(inputs, params, header.data, taken);
  if (Verdict verdict = compare(outputs, output_rows, true); !verdict.accepted()) return rejected(std::move(verdict));
  if (Verdict verdict = compare(inputs, input_rows, false); !verdict.accepted()) return rejected(std::move(verdict));
  for (std::size_t row = 0; row < output_rows.size(); ++row)
    result.rows.push_back({std::move(output_rows[row]), std::move(input_rows[row])});
  return result;
}

}  // namespace

VerifyResult verify(const VerificationKey& key, ByteView proof, const VerifyRequest& request) {
  VerifyBatchResult checked = check(key, proof, request, {});
  VerifyResult result;
  static_cast<VerifySummary&>(result) = std::move(checked);
  if (!result.verdict.accepted()) return result;
  result.outputs = std::move(checked.rows[0].outputs);
  result.inputs = std::move(checked.rows[0].inputs);
  return result;
}

namespace {

// The data of all tensors of this side, which a joint proof holds nothing of.
Verdict take_all(Side& side, statement::PublicValues& values) {
  if (Verdict verdict = resolve(side); !verdict.accepted()) return verdict;
  for (std::size_t i = 0; i < side.tensors.size(); ++i) {
    const auto known = side.by_tensor.find({0, i});
    if (known == side.by_tensor.end() || !known->second.integers.has_value())
      return Verdict::reject(RejectReason::kBadPublicValue,
                             side.where(0, i) + "a joint proof holds no data; give it beside the proof");
    for (const KnownTensor* one : known->second.all) {
      if (one->digest.has_value() || one->commitment.has_value())
        return side.wrong(0, i, "a joint proof names no hash of it and no commitment to it");
    }
    values.push_back(*known->second.integers);
  }
  return Verdict::accept();
}

}  // namespace

std::vector<VerifyJointResult> verify_joint(const VerificationKey& key, ByteView proof,
                                            std::span<const SeatRequest> seats) {
  const auto refused = [](Verdict verdict) {
    std::vector<VerifyJointResult> results(1);
    results[0].verdict = std::move(verdict);
    return results;
  };
  const KeyInfo& info = key.info();
  std::vector<Digest> contexts;
  std::vector<verifier::SeatClaim> claims;
  for (const SeatRequest& one : seats) {
    verifier::SeatClaim& claim = claims.emplace_back(verifier::SeatClaim{one.seat, {}});
    if (Verdict verdict = api::check_trust(key, one.request, contexts.emplace_back()); !verdict.accepted())
      return refused(std::move(verdict));
    Side outputs{"output", {}, info.output_tensors, one.request.outputs, {}, {}};
    Side inputs{"input", {}, info.input_tensors, one.request.inputs, {}, {}};
    for (Side* side : {&outputs, &inputs}) {
      if (Verdict verdict = take_all(*side, claim.values); !verdict.accepted()) return refused(std::move(verdict));
    }
  }
  verifier::Joint joint;
  if (Verdict verdict = verifier::verify_joint(api::impl(key).prepared, proof, claims, joint); !verdict.accepted())
    return refused(std::move(verdict));
  std::vector<VerifyJointResult> results;
  for (std::size_t i = 0; i < claims.size(); ++i) {
    VerifyJointResult& result = results.emplace_back();
    const verifier::Seat& seat = joint.seats[i];
    if (Verdict verdict = api::summarize(key, seats[i].request, contexts[i], seat.context, joint.slot,
                                         joint.soundness.bits(), result);
        !verdict.accepted())
      return refused(std::move(verdict));
    result.seat = seat.index;
    result.num_seats = joint.head.num_rows;
    for (std::size_t j = 0; j < claims[i].values.size(); ++j) {
      const bool is_output = j < info.output_tensors.size();
      VerifiedTensor& tensor = (is_output ? result.outputs : result.inputs).emplace_back();
      static_cast<TensorInfo&>(tensor) =
          is_output ? info.output_tensors[j] : info.input_tensors[j - info.output_tensors.size()];
      tensor.group = {Exposure::kPublic, TensorHash::kNone};  // to whoever asks
      tensor.integers = std::move(claims[i].values[j]);
    }
  }
  return results;
}

VerifyJointResult verify_joint(const VerificationKey& key, ByteView proof, ByteView seat,
                               const VerifyRequest& request) {
  return std::move(verify_joint(key, proof, std::array{SeatRequest{seat, request}})[0]);
}

VerifyBatchResult verify_batch(const VerificationKey& key, ByteView batch, const VerifyRequest& request) {
  const std::optional<std::uint64_t> rows = claimed_rows(batch);
  if (rows.has_value()) return check(key, batch, request, rows);
  return rejected(verifier::verify_batch(api::impl(key).prepared, batch, {}, nullptr));
}

}  // namespace zkinfer
