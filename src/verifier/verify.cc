// SPDX-License-Identifier: Apache-2.0
#include "verifier/verify.h"

#include <algorithm>

#include "argument/opening_claim.h"
#include "formats/frame.h"
#include "soundness/analyze.h"
#include "statement/canonical_bytes.h"
#include "verifier/cost.h"
#include "verifier/segments.h"

namespace zkinfer::verifier {

namespace {

// What depends on the parameters, once the circuit is compiled.
Status place(PreparedKey& prepared) {
  ZKI_ASSIGN_OR_RETURN(prepared.layouts, argument::place(prepared.compiled, prepared.key.params));
  prepared.soundness = soundness::analyze(prepared.key.params, prepared.compiled.shape);
  return ok_status();
}

Status count(PreparedKey& prepared, const circuit::Circuit& circuit) {
  const auto [nanoseconds, memory_bytes] = prepared.spent;
  const VerifyCost all = count_cost(prepared.key, circuit, prepared.limits, prepared.num_rows, prepared.spent);
  prepared.cost = {all.nanoseconds - nanoseconds, all.memory_bytes - memory_bytes};
  return check_cost(all, prepared.limits);
}

// What depends on parameters and commitment, once the circuit is placed.
Status finish(PreparedKey& out) {
  ZKI_RETURN_IF_ERROR(check_soundness(out.soundness));
  ZKI_RETURN_IF_ERROR(out.floor.check(out.soundness));
  out.ood_point = statement::ood_point(out.key.graph, out.key.params, out.key.commitment.root);
  out.identity = out.key.identity();
  return ok_status();
}

}  // namespace

Status check_soundness(const soundness::SoundnessReport& report) {
  if (!report.meets_target()) {
    return invalid_argument("parameters: they claim " + std::to_string(report.target_bits) + " bits but only " +
                            std::to_string(report.bits()) + " are proven; weakest term: " + report.weakest());
  }
  if (report.hides_enough()) return ok_status();
  return invalid_argument("parameters: zero knowledge holds with " + std::to_string(report.hiding_bits()) +
                          " bits only; expected what the key claims for soundness, and 100 at least");
}

Status complete(PreparedKey& prepared, circuit::Circuit built, std::shared_ptr<relations::RecipeSink> recipes) {
  ZKI_RETURN_IF_ERROR(count(prepared, built));
  prepared.compiled = {argument::compile(std::move(built), prepared.key.params.security.zero_knowledge),
                       std::move(recipes)};
  return place(prepared);
}

Result<PreparedKey> prepare(statement::Key key, const VerifyLimits& limits,
                            std::shared_ptr<relations::RecipeSink> recipes, const VerifyCost& spent) {
  if (key.is_segmented()) return prepare_segments(std::move(key), limits);
  PreparedKey out;
  out.key = std::move(key);
  out.limits = limits;
  out.spent = spent;
  ZKI_ASSIGN_OR_RETURN(
      circuit::Circuit built,
      relations::build(out.key.graph, out.key.visibility, limits.memory_bytes - spent.memory_bytes, recipes.get()));
  ZKI_RETURN_IF_ERROR(complete(out, std::move(built), std::move(recipes)));
  ZKI_RETURN_IF_ERROR(finish(out));
  return out;
}

Result<PreparedKey> prepare_like(const PreparedKey& prepared, const pcs::OpeningParams& params,
                                 const statement::Commitment& commitment, const VerifyCost& spent) {
  ZKI_CHECK_EQ(params.security.zero_knowledge, prepared.key.params.security.zero_knowledge,
               "the circuit is for one of the two modes");
  PreparedKey out = prepared;
  out.key.params = params;
  out.key.commitment = commitment;
  out.spent = spent;
  ZKI_RETURN_IF_ERROR(count(out, out.compiled.circuit));
  ZKI_RETURN_IF_ERROR(place(out));
  ZKI_RETURN_IF_ERROR(finish(out));
  return out;
}

DataPins data_pins(const PreparedKey& prepared, const std::vector<statement::Commitment>& commitments) {
  const statement::Key& key = prepared.key;
  const std::vector<qir::ValueId> ids = qir::committed_values(key.graph, key.visibility);
  ZKI_CHECK_EQ(commitments.size(), ids.size(), "a commitment per committed tensor");
  DataPins pins;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const std::uint64_t num_elements =
        prepared.num_rows * static_cast<std::uint64_t>(key.graph.value(ids[i]).shape.num_elements());
    pins.push_back({commitments[i], statement::data_point(key.params.data[i], num_elements, commitments[i].root)});
  }
  return pins;
}

argument::OraclePins oracle_pins(const PreparedKey& prepared, const DataPins& data) {
  argument::OraclePins pins;
  if (prepared.key.params.has_model) {
    pins.push_back({circuit::Oracle::kModel, prepared.ood_point, prepared.key.commitment.ood_value});
  }
  for (std::size_t i = 0; i < data.size(); ++i) {
    pins.push_back({circuit::data_oracle(i), data[i].point, data[i].commitment.ood_value});
  }
  return pins;
}

pcs::OpeningRoots receive_roots(hiding::VerifierChannel& channel, const PreparedKey& prepared, const DataPins& data) {
  pcs::OpeningRoots roots;
  if (prepared.key.params.has_model) roots.bases.push_back(prepared.key.commitment.root);
  for (const PinnedCommitment& pin : data) roots.bases.push_back(pin.commitment.root);
  roots.bases.push_back(channel.receive_digests("witness root", 1)[0]);
  if (prepared.key.params.security.zero_knowledge) {
    roots.mask = channel.receive_digests("mask root", 1)[0];
    roots.pin.point = channel.challenge("mask point");
    roots.pin.x = channel.receive_clear("mask value");
    roots.pin.s = channel.receive_clear("mask value");
  }
  return roots;
}

Verdict check_value(const qir::Value& value, const std::vector<std::int64_t>& values, std::size_t num_elements) {
  if (values.size() != num_elements) {
    return Verdict::reject(RejectReason::kBadPublicValue, "value '" + value.name +
                                                              "': " + std::to_string(values.size()) +
                                                              " elements, expected " + std::to_string(num_elements));
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] < value.lo || values[i] > value.hi) {
      return Verdict::reject(RejectReason::kBadPublicValue, "value '" + value.name + "' element " + std::to_string(i));
    }
  }
  return Verdict::accept();
}

Verdict read_public_data(const PreparedKey& prepared, ByteReader& reader, const statement::PublicValues& beside,
                         statement::Header& header) {
  const statement::Key& key = prepared.key;
  header.data.num_rows = prepared.num_rows;
  std::size_t next_beside = 0;
  const std::vector<qir::SeenTensor> seen = qir::seen_tensors(key.graph, key.visibility);
  for (const auto& [id, policy] : seen) {
    if (!policy.is_public()) continue;
    const qir::Value& value = key.graph.value(id);
    const std::size_t num_elements = prepared.num_rows * static_cast<std::size_t>(value.shape.num_elements());
    std::vector<std::int64_t> values;
    if (policy.in_proof()) {
      values.resize(num_elements);
      for (std::int64_t& x : values) x = reader.i64();
    } else if (next_beside < beside.size()) {
      values = beside[next_beside++];
    } else {
      return Verdict::reject(
          RejectReason::kBadPublicValue,
          "value '" + value.name + "': the proof holds only its hash; give the data beside the proof");
    }
    if (Verdict verdict = check_value(value, values, num_elements); !verdict.accepted()) return verdict;
    header.data.values.push_back(std::move(values));
  }
  if (next_beside != beside.size()) {
    return Verdict::reject(
        RejectReason::kBadPublicValue,
        std::to_string(beside.size()) + " tensors beside the proof, expected " + std::to_string(next_beside));
  }
  std::size_t next_value = 0;
  for (const auto& [id, policy] : seen) {
    const std::size_t index = policy.is_public() ? next_value++ : 0;
    if (policy.hash == TensorHash::kNone) continue;
    const qir::Value& value = key.graph.value(id);
    const auto row_size = static_cast<std::size_t>(value.shape.num_elements());
    for (std::uint64_t row = 0; row < prepared.num_rows; ++row) {
      Digest digest{};
      const ByteView bytes = reader.raw(digest.size());
      std::copy(bytes.begin(), bytes.end(), digest.begin());
      header.data.digests.push_back(digest);
      if (!policy.is_public()) continue;
      const auto data = std::span(header.data.values[index]).subspan(row * row_size, row_size);
      if (digest == statement::hash_data(policy.hash, statement::canonical_bytes(value, data))) continue;
      return Verdict::reject(RejectReason::kBadPublicValue,
                             "value '" + value.name + "'" +
                                 (prepared.num_rows > 1 ? " of row " + std::to_string(row) : "") +
                                 ": the data has another hash than the proof");
    }
  }
  for (std::size_t i = 0; i < key.params.data.size(); ++i) {
    header.data.commitments.push_back(statement::read_commitment(reader));
    if (!reader.ok()) return Verdict::reject(RejectReason::kNonCanonical, "tensor commitment " + std::to_string(i));
  }
  return Verdict::accept();
}

namespace {

Verdict read_header(const PreparedKey& prepared, ByteView proof, const statement::PublicValues& beside,
                    statement::Header& header) {
  const qir::QGraph& graph = prepared.key.graph;
  if (proof.size() < kFrameBytes) return Verdict::reject(RejectReason::kTruncated, "header");
  Result<ByteReader> opened = open_frame(FileKind::kProof, proof);
  if (!opened.ok()) return Verdict::reject(RejectReason::kBadHeader, opened.status().message());
  ByteReader reader = *opened;
  const std::uint32_t flags = reader.u32();
  const ByteView identity = reader.raw(prepared.identity.size());
  if (reader.ok() && !std::equal(identity.begin(), identity.end(), prepared.identity.begin())) {
    return Verdict::reject(RejectReason::kWrongStatement, "model identity: the proof was made under another key");
  }
  const ByteView context = reader.raw(statement::kContextBytes);
  if (!reader.ok() || reader.remaining() < statement::header_size(graph, prepared.key.visibility) - reader.offset()) {
    return Verdict::reject(RejectReason::kTruncated, "header");
  }
  std::copy(context.begin(), context.end(), header.context.begin());
  header.slot = reader.u64();
  if (flags != statement::header_flags(prepared.key)) {
    return Verdict::reject(RejectReason::kBadHeader,
                           "flags: the key's proofs have zero knowledge " +
                               std::string(prepared.key.params.security.zero_knowledge ? "on" : "off"));
  }
  if (!statement::slot_exists(header.slot, prepared.key.params.model_budget)) {
    return Verdict::reject(RejectReason::kBadHeader, "slot " + std::to_string(header.slot) + ": the key has " +
                                                         std::to_string(prepared.key.params.model_budget));
  }
  if (Verdict verdict = read_public_data(prepared, reader, beside, header); !verdict.accepted()) return verdict;
  header.num_bytes = reader.offset();
  return Verdict::accept();
}

}  // namespace

Verdict verify(const PreparedKey& prepared, ByteView proof, const statement::PublicValues& beside,
               statement::Header* header) {
  statement::Header local;
  statement::Header& head = header != nullptr ? *header : local;
  head = {};
  if (Verdict verdict = read_header(prepared, proof, beside, head); !verdict.accepted()) return verdict;
  const ByteView rest = proof.subspan(head.num_bytes);
  if (prepared.key.is_segmented()) return verify_segments(prepared, head, rest);
  return verify_statement(prepared, head.context, head.slot, head.data, rest);
}

Verdict verify_statement(const PreparedKey& prepared, const Digest& context, std::uint64_t slot,
                         const statement::PublicIo& data, ByteView messages) {
  Transcript transcript(kProtocolName);
  statement::absorb_statement(transcript, prepared.key.identity(), prepared.key, context, slot, data);
  return verify_messages(prepared, statement::tensor_values(prepared.key.graph, prepared.key.visibility, data),
                         data_pins(prepared, data.commitments), messages, transcript);
}

Verdict verify_messages(const PreparedKey& prepared, const statement::PublicValues& tensors, const DataPins& data,
                        ByteView messages, Transcript& transcript, argument::SeatMarks* seats) {
  hiding::PadAllocator pads(prepared.key.params.security.zero_knowledge);
  pads.set_layout(prepared.compiled.pads.layout());
  hiding::VerifierChannel channel(transcript, pads, messages);
  const pcs::OpeningRoots roots = receive_roots(channel, prepared, data);
  if (channel.failed()) return channel.verdict();
  const argument::OuterMessages outer = argument::receive_outer(channel, prepared.compiled);
  if (channel.failed()) return channel.verdict();
  if (seats != nullptr) *seats = outer.seats;
  ZKI_CHECK(pads.used() == pads.layout(), "every pad serves one message, and none of them two");
  const argument::OraclePins pins = oracle_pins(prepared, data);
  const argument::OpeningClaim claim(prepared.compiled, prepared.layouts, pins, tensors, outer);
  return pcs::verify_opening(prepared.key.params, claim, roots, messages.subspan(channel.bytes_read()), transcript);
}

}  // namespace zkinfer::verifier
