// SPDX-License-Identifier: Apache-2.0
#include "prover/joint.h"

#include <algorithm>
#include <chrono>

#include "commit/merkle/merkle_prover.h"
#include "field/limbs.h"
#include "formats/frame.h"
#include "hash/keccak.h"
#include "prover/key_proof_params.h"
#include "prover/prf.h"
#include "prover/witness.h"
#include "prover/write.h"

namespace zkinfer::prover {

namespace {

ByteView bytes_of(const std::vector<std::int64_t>& values) {
  return {reinterpret_cast<const std::uint8_t*>(values.data()), values.size() * sizeof(std::int64_t)};
}

// A pad that is used under two points theta would give away a linear equation of its owner's row: everything that theta follows from is in
// the key.
Digest seats_key(const CommittedModel& model, const BatchPlan& plan, const std::vector<Digest>& contexts,
                 const ProveRequest& request) {
  ByteWriter numbers;
  numbers.u64(plan.prepared.num_rows);
  numbers.u64(request.slot);
  Keccak256 rows;
  for (const Digest& context : contexts) rows.update(context);
  for (const std::vector<std::int64_t>& input : request.inputs) rows.update(bytes_of(input));
  return derive_key("zkinfer seats v1",
                    {model.seed, model.prepared.identity, plan.prepared.key.params.canonical_bytes(), numbers.bytes(),
                     rows.finish(), request.entropy});
}

std::vector<verifier::Seat> draw_seats(const Digest& key, std::uint64_t num_seats,
                                       const std::vector<Digest>& contexts) {
  PrfStream random(key, 0);
  FpVec limbs(3 * num_seats);
  random.fill(limbs.span());
  std::vector<verifier::Seat> seats(num_seats);
  for (std::uint64_t i = 0; i < num_seats; ++i) {
    ByteWriter index;
    index.u64(i);
    seats[i].index = i;
    seats[i].pad = {limbs[3 * i], limbs[3 * i + 1], limbs[3 * i + 2]};
    seats[i].salt = derive_key("zkinfer seat salt v1", {key, index.bytes()});
    // A seat that nobody has: a context that nobody asked for.
    seats[i].context = i < contexts.size() ? contexts[i] : derive_key("zkinfer empty seat v1", {key, index.bytes()});
  }
  return seats;
}

Bytes seat_bytes(const verifier::Seat& seat) {
  ByteWriter writer;
  write_frame(writer, FileKind::kSeat);
  writer.u64(seat.index);
  writer.raw(seat.context);
  writer.raw(limb_bytes(seat.pad.c));
  writer.raw(seat.salt);
  for (const Digest& digest : seat.path) writer.raw(digest);
  return std::move(writer).take();
}

// Entries of row `row`, of which `all` has num_rows.
std::vector<std::int64_t> row_of(const std::vector<std::int64_t>& all, std::uint64_t row, std::uint64_t num_rows) {
  const std::size_t size = all.size() / num_rows;
  const auto begin = all.begin() + static_cast<std::ptrdiff_t>(row * size);
  return {begin, begin + static_cast<std::ptrdiff_t>(size)};
}

}  // namespace

Result<BatchPlan> plan_joint(const CommittedModel& model, std::uint64_t num_seats) {
  const statement::Key& key = model.prepared.key;
  const bool zero_knowledge = key.params.security.zero_knowledge;
  ZKI_RETURN_IF_ERROR(verifier::check_num_seats(num_seats));
  BatchPlan plan;
  ZKI_ASSIGN_OR_RETURN(
      plan.row, relations::compile(key.graph, zero_knowledge, {{Exposure::kPublic, TensorHash::kNone}}, num_seats));
  pcs::OpeningParams params;
  {
    ZKI_ASSIGN_OR_RETURN(circuit::Circuit circuit, relations::build_joint(key.graph, num_seats));
    const relations::CompiledCircuit compiled{argument::compile(std::move(circuit), zero_knowledge), plan.row.recipes};
    ZKI_ASSIGN_OR_RETURN(params, key_proof_params(key.params, compiled, {}));
  }
  ZKI_ASSIGN_OR_RETURN(plan.prepared,
                       verifier::prepare_joint(model.prepared, params, num_seats, relations::new_recipes()));
  return plan;
}

Result<JointProof> prove_joint(const CommittedModel& model, const BatchPlan& plan, const std::vector<Digest>& contexts,
                               const ProveRequest& request) {
  const auto begin = std::chrono::steady_clock::now();
  const verifier::PreparedKey& prepared = plan.prepared;
  const qir::QGraph& graph = prepared.key.graph;
  const std::uint64_t num_seats = prepared.num_rows;
  ZKI_CHECK(!contexts.empty() && contexts.size() <= num_seats, "a seat for each request");
  ZKI_RETURN_IF_ERROR(request.progress("run the network", 0.0));
  std::vector<std::vector<std::int64_t>> inputs = request.inputs;
  for (std::vector<std::int64_t>& input : inputs) {
    const std::vector<std::int64_t> first = row_of(input, 0, contexts.size());
    for (std::uint64_t i = contexts.size(); i < num_seats; ++i) input.insert(input.end(), first.begin(), first.end());
  }
  exec_integer::Witness values;
  ZKI_ASSIGN_OR_RETURN(circuit::ColumnValues data, batch_columns(graph, model.weights, plan, inputs, values));

  std::vector<verifier::Seat> seats = draw_seats(seats_key(model, plan, contexts, request), num_seats, contexts);
  const circuit::ColumnId pads = prepared.compiled.circuit.seats->pads;
  data[pads] = FpVec(3 * num_seats);
  for (const verifier::Seat& seat : seats)
    std::copy(seat.pad.c.begin(), seat.pad.c.end(), data[pads].begin() + static_cast<std::ptrdiff_t>(3 * seat.index));
  if (request.hooks != nullptr && request.hooks->columns) request.hooks->columns(data);
  // Outputs, then inputs, of all seats.
  statement::PublicIo said;
  said.num_rows = num_seats;
  for (const qir::ValueId id : graph.outputs) said.values.push_back(values.values[id]);
  said.values.insert(said.values.end(), inputs.begin(), inputs.end());
  if (request.hooks != nullptr && request.hooks->outputs) request.hooks->outputs(said);

  Bytes leaves;
  for (const verifier::Seat& seat : seats) {
    statement::PublicValues row;
    for (const std::vector<std::int64_t>& all : said.values) row.push_back(row_of(all, seat.index, num_seats));
    const Digest leaf = verifier::seat_leaf(graph, num_seats, seat, row);
    leaves.insert(leaves.end(), leaf.begin(), leaf.end());
  }
  const merkle::MerkleTree tree({circuit::axis_bits(num_seats), sizeof(Digest)}, leaves);
  const verifier::RowsHead head{num_seats, model.prepared.identity, tree.root()};
  const auto absorb = [&](Transcript& transcript) {
    verifier::absorb_joint_statement(transcript, prepared, head, request.slot);
  };
  JointProof out;
  out.times.execute = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  ZKI_ASSIGN_OR_RETURN(const Messages messages,
                       prove_messages(model, {prepared, verifier::kJointProtocol, absorb, {}, {}, {}}, std::move(data),
                                      request, out.times));
  out.bytes = joint_file(head, request.slot, prepared.key.params, messages.bytes);
  for (std::size_t i = 0; i < contexts.size(); ++i) {
    seats[i].path = tree.open(std::array{seats[i].index});
    out.seats.push_back(seat_bytes(seats[i]));
  }
  for (const qir::ValueId id : graph.outputs) {
    std::vector<std::int64_t>& all = values.values[id];
    all.resize(all.size() / num_seats * contexts.size());
    out.outputs.push_back(std::move(all));
  }
  out.times.total = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  ZKI_RETURN_IF_ERROR(request.progress("done", 1.0));
  return out;
}

}  // namespace zkinfer::prover
