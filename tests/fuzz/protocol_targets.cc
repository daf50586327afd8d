// SPDX-License-Identifier: Apache-2.0
#include "exec/integer/executor.h"
#include "fuzz/fixture.h"
#include "package/package.h"
#include "prover/proof_plan.h"
#include "prover/write.h"
#include "verifier/path.h"
#include "zkinfer/cid.h"
#include "zkinfer/inspect.h"
#include "zkinfer/prove.h"
#include "zkinfer/seal.h"
#include "zkinfer/verify.h"

namespace zkinfer::fuzz {

namespace {

// Integer inference of what the reader takes, where it is small.
void run_model(const package::Package& package) {
  std::int64_t total = 0;
  for (const qir::Value& value : package.graph.values)
    total = std::min<std::int64_t>(total + value.shape.num_elements(), 1 << 20);
  if (total > 4096) return;
  exec_integer::Inputs inputs;
  for (const qir::ValueId id : package.graph.inputs) {
    const qir::Value& value = package.graph.value(id);
    inputs.emplace_back(static_cast<std::size_t>(value.shape.num_elements()), value.lo);
  }
  static_cast<void>(exec_integer::run(package.graph, package.weights, inputs));
}

void model_package(ByteView bytes) {
  const Result<package::Package> package = package::from_bytes(bytes);
  if (!package.ok()) return;
  ZKI_CHECK(equal(package::to_bytes(*package), bytes), "the package reader took bytes that are not canonical");
  static_cast<void>(qir::to_text(package->graph));
  run_model(*package);
}

void verification_key(ByteView bytes) {
  Result<statement::Key> key = statement::parse_key(bytes);
  if (!key.ok()) return;
  ZKI_CHECK(equal(prover::key_bytes(*key), bytes), "the key reader took bytes that are not canonical");
  static_cast<void>(verifier::prepare(std::move(*key)));
}

void verify_bytes(ByteView proof) {
  const VerifyResult result = verify(*small().verification_key, proof, VerifyRequest::uncertified());
  // Knowing the model's secret nobody needs to break anything here, but random changes must not find another proof.
  ZKI_CHECK(!result.verdict.accepted() || equal(proof, small().proof()), "a changed proof was accepted");
  static_cast<void>(proof_size_table(*small().verification_key, proof));
}

void verify_patched(ByteView bytes) { verify_bytes(patched(small().proof(), bytes)); }

void verify_bound(ByteView bytes) {
  const Bytes proof = patched(bound().proof(), bytes);
  const VerifyResult result = verify(*bound().verification_key, proof, VerifyRequest::uncertified());
  ZKI_CHECK(result.verdict.accepted() == equal(proof, bound().proof()),
            "a changed proof was accepted, or the honest one was not");
  static_cast<void>(proof_size_table(*bound().verification_key, proof));
}

// The first bytes are the input's data beside the proof, the others patch the proof.
void verify_beside(ByteView bytes) {
  const std::size_t data_bytes = std::min<std::size_t>(bytes.size(), 6);
  const Bytes proof = patched(beside().proof(), bytes.subspan(data_bytes));
  VerifyRequest request = VerifyRequest::uncertified();
  request.inputs = {{0, Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(data_bytes)), {}, {}, {}}};
  request.outputs = {{0, Bytes(4), {}, {}, {}}};
  const VerifyResult result = verify(*beside().verification_key, proof, request);
  const bool honest = equal(proof, beside().proof()) && equal(*request.inputs[0].data, Bytes(6));
  ZKI_CHECK(result.verdict.accepted() == honest, "a changed proof was accepted, or the honest one was not");
}

void certificate(ByteView bytes) {
  const Bytes file = patched(bound().certificate(), bytes);
  ZKI_CHECK(verify_certificate(*bound().verification_key, file).accepted() == equal(file, bound().certificate()),
            "a changed certificate was accepted, or the honest one was not");
}

void batch(ByteView bytes) {
  const Bytes file = patched(small().batch(), bytes);
  const VerifyBatchResult result = verify_batch(*small().verification_key, file, VerifyRequest::uncertified());
  ZKI_CHECK(result.verdict.accepted() == equal(file, small().batch()),
            "a changed batch was accepted, or the honest one was not");
  if (result.verdict.accepted()) ZKI_CHECK(result.rows.size() == 3, "rows that nobody proved");
}

// With data beside them that may not fit: of any row.
void batch_bytes(ByteView bytes) {
  VerifyRequest request = VerifyRequest::uncertified();
  static_cast<void>(verify_batch(*small().verification_key, bytes, request));
  if (bytes.size() < 9) return;
  KnownTensor known;
  known.row = bytes[0];
  known.data = Bytes(bytes.begin() + 1, bytes.begin() + 9);
  request.inputs.push_back(known);
  static_cast<void>(verify_batch(*small().verification_key, bytes.subspan(9), request));
  static_cast<void>(verify_batch(*beside().verification_key, bytes.subspan(9), request));
}

const EvaluationRows& evaluated() {
  static const EvaluationRows rows = must(small().data_set().rows_for(
      small().verification_key->info().input_tensors, small().verification_key->info().output_tensors, {}));
  return rows;
}
void changed_evaluation(const Bytes& honest, ByteView bytes) {
  const Bytes file = patched(honest, bytes);
  const EvaluationResult result =
      verify_evaluation(*small().verification_key, file, evaluated(), VerifyRequest::uncertified());
  ZKI_CHECK(result.verdict.accepted() == equal(file, honest),
            "a changed evaluation was accepted, or the honest one was not");
}
void evaluation(ByteView bytes) { changed_evaluation(small().evaluation(), bytes); }
void joined_evaluation(ByteView bytes) { changed_evaluation(small().joined_evaluation(), bytes); }

void evaluation_bytes(ByteView bytes) {
  static_cast<void>(verify_evaluation(*small().verification_key, bytes, evaluated(), VerifyRequest::uncertified()));
}

// The first byte says whether the others patch the proof or a seat of it.
void joint(ByteView bytes) {
  const JointResult& made = small().joint();
  const JointRow& row = made.rows[1];
  const bool is_seat = !bytes.empty() && (bytes[0] & 1) != 0;
  const ByteView patch = bytes.subspan(std::min<std::size_t>(bytes.size(), 1));
  const Bytes proof = is_seat ? made.proof : patched(made.proof, patch);
  const Bytes seat = is_seat ? patched(row.seat, patch) : row.seat;
  const VerifyJointResult result = verify_joint(*small().verification_key, proof, seat, row.statement);
  ZKI_CHECK(result.verdict.accepted() == (equal(proof, made.proof) && equal(seat, row.seat)),
            "a changed joint proof or seat was accepted, or the honest one was not");
}

void joint_bytes(ByteView bytes) {
  const JointResult& made = small().joint();
  static_cast<void>(verify_joint(*small().verification_key, bytes, made.rows[0].seat, made.rows[0].statement));
  ZKI_CHECK(equal(bytes, made.rows[0].seat) ||
                !verify_joint(*small().verification_key, made.proof, bytes, made.rows[0].statement).verdict.accepted(),
            "a seat that nobody gave was accepted");
}

// Patches of both files: the first byte says of which.
void encryption(ByteView bytes) {
  const SealedModel& honest = small().sealed();
  const bool of_proof = !bytes.empty() && bytes[0] % 2 == 0;
  const ByteView rest = bytes.empty() ? bytes : bytes.subspan(1);
  const Bytes sealed = of_proof ? honest.sealed : patched(honest.sealed, rest);
  const Bytes proof = of_proof ? patched(honest.proof, rest) : honest.proof;
  const SealedResult result = verify_sealed(*small().verification_key, sealed, proof, VerifyRequest::uncertified());
  ZKI_CHECK(result.verdict.accepted() == (equal(sealed, honest.sealed) && equal(proof, honest.proof)),
            "changed sealed weights were accepted, or the honest ones were not");
  // Whoever decrypts without a look at the proof gets weights in their ranges, or an error.
  const Result<Model> model = unseal(*small().verification_key, sealed, honest.shares);
  if (!model.ok()) ZKI_CHECK(model.status().code() != StatusCode::kInternal, model.status().to_string().c_str());
}

void encryption_bytes(ByteView bytes) {
  const SealedModel& honest = small().sealed();
  static_cast<void>(verify_sealed(*small().verification_key, honest.sealed, bytes, VerifyRequest::uncertified()));
  static_cast<void>(verify_sealed(*small().verification_key, bytes, honest.proof, VerifyRequest::uncertified()));
  const Result<KeyShares> shares = KeyShares::from_bytes(bytes);
  if (shares.ok())
    ZKI_CHECK(equal(shares->to_bytes(), bytes), "the reader of key shares took bytes that are not canonical");
}
std::vector<Bytes> encryption_seeds() {
  return {small().sealed().proof, small().sealed().sealed, small().sealed().shares.to_bytes()};
}

void rotation(ByteView bytes) {
  const Bytes file = patched(bound().rotation(), bytes);
  ZKI_CHECK(verify_rotation(*bound().verification_key, bound().rotated_key(), file).accepted() ==
                equal(file, bound().rotation()),
            "a changed rotation was accepted, or the honest one was not");
}

void path(ByteView bytes) {
  const Bytes file = patched(rooted().path, bytes);
  ZKI_CHECK(verify_path(*rooted().root, file).verdict.accepted() == equal(file, rooted().path),
            "a changed path was accepted, or the honest one was not");
}

// As they are: no honest front.
void path_bytes(ByteView bytes) {
  verifier::Path read;
  if (verifier::read_path(bytes, read).accepted()) {
    ZKI_CHECK(equal(prover::path_bytes(read), bytes), "the path reader took bytes that are not canonical");
  }
  static_cast<void>(verify_path(*rooted().root, bytes));
}

void certificate_bytes(ByteView bytes) {
  static_cast<void>(verify_certificate(*small().verification_key, bytes));
  static_cast<void>(verify_rotation(*small().verification_key, small().rotated_key(), bytes));
}

const TensorCommitment& output_commitment() {
  static const TensorCommitment made = [] {
    const VerifyResult result = verify(*bound().verification_key, bound().proof(), VerifyRequest::uncertified());
    ZKI_CHECK(result.verdict.accepted(), "the honest proof");
    return *result.outputs[0].commitment;
  }();
  return made;
}
std::vector<Bytes> commitment_seeds() { return {output_commitment().to_bytes()}; }

void data_commitment(ByteView bytes) {
  const Result<TensorCommitment> commitment = TensorCommitment::from_bytes(bytes);
  if (!commitment.ok()) return;
  ZKI_CHECK(equal(commitment->to_bytes(), bytes), "the commitment reader took bytes that are not canonical");
  // A proof is about no other; of the same it is asked whether it means the same.
  if (commitment->id() != output_commitment().id()) return;
  VerifyRequest request = VerifyRequest::uncertified();
  request.outputs = {{0, {}, {}, {}, *commitment}};
  static_cast<void>(verify(*bound().verification_key, bound().proof(), request));
}

// The secret side of an output's commitment: what is taken again makes the same bytes.
std::vector<Bytes> opening_seeds() {
  TensorCommitOptions options;
  options.security.pow_bits = 2;
  options.budget = 1;
  options.insecure_seed = e2e::test_seed(7);
  const TensorInfo tensor{"x", {1, 6}, {-8, 7, 1, -4}};
  return {must(CommittedTensor::create(tensor, {1, 2, 3, -4, 5, 7}, options)).secret()};
}

void data_opening(ByteView bytes) {
  const Result<CommittedTensor> tensor = CommittedTensor::restore(bytes, std::make_shared<MemorySlots>(SlotRange{}));
  ZKI_CHECK(!tensor.ok() || equal(tensor->secret(), bytes), "the opening reader took bytes that are not canonical");
}

void content_identifier(ByteView bytes) {
  const std::string text(bytes.begin(), bytes.end());
  const Result<Digest> digest = sha256_of_cid(text);
  ZKI_CHECK(!digest.ok() || cid_of_sha256(*digest) == text, "a content identifier with two spellings");
}

void commitment_secret(ByteView bytes) {
  static_cast<void>(Prover::restore(*small().model, bytes, std::make_shared<MemorySlots>(SlotRange{})));
}

// A plan and a part of a proof; the readers tell them apart.
const std::vector<Bytes>& parts() {
  static const std::vector<Bytes> made = [] {
    prover::ProofPlan plan;
    plan.program = "zkinfer";
    plan.num_segments = 3;
    plan.inputs = {{1, -2, 3}, {4}};
    const prover::ProofPart part{1, 3, small().proof(), {1, 2, 3}};
    return std::vector<Bytes>{prover::plan_bytes(plan, e2e::test_seed(1)), prover::part_bytes(part)};
  }();
  return made;
}

void proof_parts(ByteView bytes) {
  static_cast<void>(outline_of_plan(bytes));
  if (const auto plan = prover::parse_plan(bytes); plan.ok()) {
    const std::size_t body = bytes.size() - sizeof(Digest);
    ZKI_CHECK(equal(ByteView(prover::plan_bytes(*plan, {})).first(body), bytes.first(body)),
              "the plan reader took bytes that are not canonical");
  }
  static_cast<void>(outline_of_part(bytes));
  const Result<prover::ProofPart> part = prover::parse_part(bytes);
  ZKI_CHECK(!part.ok() || equal(prover::part_bytes(*part), bytes), "the part reader took bytes that are not canonical");
  static_cast<void>(join_parts(std::vector<Bytes>{parts()[1], Bytes(bytes.begin(), bytes.end())}));
}

constexpr Target kTargets[] = {
    {"model_package", model_package,
     [] {
       return std::vector<Bytes>{every_op().package, small().package};
     },
     3000},
    {"verification_key", verification_key,
     [] {
       return std::vector<Bytes>{every_op().key, small().key, bound().key, beside().key};
     },
     2000},
    {"verify_proof", verify_bytes, [] { return std::vector<Bytes>{small().proof()}; }, 300},
    {"verify_patched", verify_patched, patch_seeds, 1000},
    {"verify_bound", verify_bound, patch_seeds, 300},
    {"verify_beside", verify_beside,
     [] {
       return std::vector<Bytes>{Bytes(6), {1, 0, 0, 0, 0, 0, 0, 0, 200, 1, 1}};
     },
     300},
    {"certificate", certificate, patch_seeds, 300},
    {"rotation", rotation, patch_seeds, 300},
    {"batch", batch, patch_seeds, 300},
    {"batch_bytes", batch_bytes,
     [] {
       return std::vector<Bytes>{small().batch(), beside().batch()};
     },
     300},
    {"evaluation", evaluation, patch_seeds, 300},
    {"joint", joint, patch_seeds, 300},
    {"joint_bytes", joint_bytes,
     [] {
       return std::vector<Bytes>{small().joint().proof, small().joint().rows[0].seat};
     },
     300},
    {"joined_evaluation", joined_evaluation, patch_seeds, 300},
    {"evaluation_bytes", evaluation_bytes,
     [] {
       return std::vector<Bytes>{small().evaluation(), small().joined_evaluation()};
     },
     300},
    {"encryption", encryption, patch_seeds, 200},
    {"encryption_bytes", encryption_bytes, encryption_seeds, 300},
    {"path", path, patch_seeds, 200},
    {"path_bytes", path_bytes, [] { return std::vector<Bytes>{rooted().path}; }, 200},
    {"certificate_bytes", certificate_bytes,
     [] {
       return std::vector<Bytes>{small().certificate(), small().rotation()};
     },
     300},
    {"data_commitment", data_commitment, commitment_seeds, 1000},
    {"data_opening", data_opening, opening_seeds, 1000},
    {"content_identifier", content_identifier,
     [] {
       const std::string cid = cid_of_sha256(e2e::test_seed(1));
       return std::vector<Bytes>{Bytes(cid.begin(), cid.end())};
     },
     5000},
    {"proof_parts", proof_parts, [] { return parts(); }, 1000},
    {"commitment_secret", commitment_secret, [] { return std::vector<Bytes>{small().secret}; }, 100},
};

}  // namespace

std::span<const Target> protocol_targets() { return kTargets; }

}  // namespace zkinfer::fuzz
