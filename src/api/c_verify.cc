// SPDX-License-Identifier: Apache-2.0
// The C interface of component verify.
#include "api/c_verify.h"

using namespace zkinfer;

namespace {

#define ZKI_TEXT(x) #x
#define ZKI_VERSION_TEXT(major, minor, patch) ZKI_TEXT(major) "." ZKI_TEXT(minor) "." ZKI_TEXT(patch)

Result<KnownTensor> known_tensor(const zkinfer_known& given) {
  KnownTensor known;
  known.index = given.index;
  known.row = given.row;
  if (given.integers != nullptr) known.integers.emplace(given.integers, given.integers + given.num_integers);
  if (given.data != nullptr) {
    const auto* data = static_cast<const std::uint8_t*>(given.data);
    known.data.emplace(data, data + given.data_size);
  }
  if (given.digest != nullptr) std::copy_n(given.digest, 32, known.digest.emplace().begin());
  if (given.commitment != nullptr) {
    const ByteView bytes(static_cast<const std::uint8_t*>(given.commitment), given.commitment_size);
    ZKI_ASSIGN_OR_RETURN(known.commitment, TensorCommitment::from_bytes(bytes));
  }
  return known;
}

}  // namespace

Result<VerifyRequest> c::request_of(const zkinfer_key& key, const zkinfer_verify_options* given) {
  zkinfer_verify_options options;
  zkinfer_verify_options_init(&options);
  ZKI_RETURN_IF_ERROR(c::read_options(given, options));
  VerifyRequest request;
  request.weights = key.weights;
  if (key.weights.evidence() == WeightEvidence::kNone && options.accept_uncertified != 0) {
    request.weights = CheckedWeights::uncertified();
  }
  if (options.context != nullptr) {
    if (options.context_size > 32) return invalid_argument("a context of more than 32 bytes; hash longer ones");
    ZKI_ASSIGN_OR_RETURN(const ByteView context, c::bytes_of("context", options.context, options.context_size));
    request.context.emplace(context.begin(), context.end());
  }
  if (options.known == nullptr && options.num_known > 0) return c::null_pointer("known");
  for (std::size_t i = 0; i < options.num_known; ++i) {
    const zkinfer_known& given_tensor = options.known[i];
    if (given_tensor.side != ZKINFER_INPUT && given_tensor.side != ZKINFER_OUTPUT) {
      return invalid_argument("known[" + std::to_string(i) + "]: a side that is neither input nor output");
    }
    Result<KnownTensor> known = known_tensor(given_tensor);
    if (!known.ok()) return known.status().with_context("known[" + std::to_string(i) + "]");
    (given_tensor.side == ZKINFER_INPUT ? request.inputs : request.outputs).push_back(std::move(known).value());
  }
  return request;
}

namespace {

const std::vector<VerifiedTensor>& side_of(const VerifiedRow& row, zkinfer_side side) {
  return side == ZKINFER_INPUT ? row.inputs : row.outputs;
}

VerifyBatchResult as_row(VerifyResult result) {
  VerifyBatchResult row;
  row.rows.push_back({std::move(result.outputs), std::move(result.inputs)});
  static_cast<VerifySummary&>(row) = std::move(result);
  return row;
}

// What an accepted proof or batch says, told to the handle.
Result<Verdict> tell(VerifyBatchResult result, bool is_batch, zkinfer_statement** statement) {
  const Verdict verdict = result.verdict;
  if (statement == nullptr || !verdict.accepted()) return verdict;
  auto said = std::make_unique<zkinfer_statement>();
  for (const zkinfer_side side : {ZKINFER_INPUT, ZKINFER_OUTPUT}) {
    for (const VerifiedTensor& tensor : side_of(result.rows.front(), side))
      said->commitment_ids[side].push_back(tensor.commitment.has_value() ? tensor.commitment->id() : Digest{});
  }
  said->result = std::move(result);
  said->is_batch = is_batch;
  *statement = said.release();
  return verdict;
}

}  // namespace

const char* zkinfer_version(void) {
  return ZKI_VERSION_TEXT(ZKINFER_VERSION_MAJOR, ZKINFER_VERSION_MINOR, ZKINFER_VERSION_PATCH);
}

void zkinfer_key_options_init(zkinfer_key_options* options) {
  const VerifyLimits limits;
  *options = {sizeof(*options), kDefaultMinSecurityBits, limits.nanoseconds, limits.memory_bytes};
}

zkinfer_code zkinfer_key_create(const void* bytes, size_t size, const zkinfer_key_options* options, zkinfer_key** key,
                                zkinfer_error* error) {
  return c::guarded(error, [&]() -> Status {
    if (key == nullptr) return c::null_pointer("key");
    *key = nullptr;
    ZKI_ASSIGN_OR_RETURN(const ByteView view, c::bytes_of("bytes", bytes, size));
    zkinfer_key_options read;
    zkinfer_key_options_init(&read);
    ZKI_RETURN_IF_ERROR(c::read_options(options, read));
    if (!(read.min_security_bits >= 0)) return invalid_argument("min_security_bits is negative or not a number");
    const VerifyLimits limits{read.max_nanoseconds, read.max_memory_bytes};
    ZKI_ASSIGN_OR_RETURN(VerificationKey parsed, VerificationKey::from_bytes(view, read.min_security_bits, limits));
    *key = new zkinfer_key{std::move(parsed), {}};
    return {};
  });
}

void zkinfer_key_destroy(zkinfer_key* key) { delete key; }

zkinfer_verdict zkinfer_key_certify(zkinfer_key* key, const void* certificate, size_t size, zkinfer_error* error) {
  return c::verdict_of(error, [&]() -> Result<Verdict> {
    if (key == nullptr) return c::null_pointer("key");
    ZKI_ASSIGN_OR_RETURN(const ByteView view, c::bytes_of("certificate", certificate, size));
    return CheckedWeights::from_certificate(key->key, view, key->weights);
  });
}

zkinfer_verdict zkinfer_key_from_path(const zkinfer_key* root, const void* path, size_t size, zkinfer_key** serving,
                                      zkinfer_error* error) {
  if (serving != nullptr) *serving = nullptr;
  return c::verdict_of(error, [&]() -> Result<Verdict> {
    if (root == nullptr || serving == nullptr) return c::null_pointer(root == nullptr ? "root" : "serving");
    ZKI_ASSIGN_OR_RETURN(const ByteView view, c::bytes_of("path", path, size));
    PathResult result = verify_path(root->key, view);
    if (result.verdict.accepted()) *serving = new zkinfer_key{std::move(*result.key), root->weights};
    return result.verdict;
  });
}

void zkinfer_key_get_info(const zkinfer_key* key, zkinfer_key_info* info) {
  const KeyInfo& known = key->key.info();
  *info = {};
  info->model_name = known.model_name.c_str();
  std::ranges::copy(known.model_identity, info->identity);
  std::ranges::copy(known.root_identity, info->root_identity);
  info->security_bits = known.security_bits;
  info->weakest_bits = known.weakest_bits;
  info->certified = key->weights.evidence() == WeightEvidence::kCertified;
  info->zero_knowledge = known.zero_knowledge;
  info->public_parameters = known.public_parameters;
  info->insecure_seed = known.insecure_seed;
  info->num_inputs = known.input_tensors.size();
  info->num_outputs = known.output_tensors.size();
  info->input_exposure = static_cast<zkinfer_exposure>(known.inputs.exposure);
  info->output_exposure = static_cast<zkinfer_exposure>(known.outputs.exposure);
  info->input_hash = static_cast<zkinfer_hash>(known.inputs.hash);
  info->output_hash = static_cast<zkinfer_hash>(known.outputs.hash);
}

zkinfer_code zkinfer_key_tensor(const zkinfer_key* key, zkinfer_side side, size_t index, zkinfer_tensor_info* info) {
  if (key == nullptr) return ZKINFER_INVALID_ARGUMENT;
  const KeyInfo& known = key->key.info();
  return c::info_at(side == ZKINFER_INPUT ? known.input_tensors : known.output_tensors, index, info);
}

void zkinfer_verify_options_init(zkinfer_verify_options* options) {
  *options = {};
  options->struct_size = sizeof(*options);
}

zkinfer_verdict zkinfer_verify(const zkinfer_key* key, const void* proof, size_t proof_size,
                               const zkinfer_verify_options* options, zkinfer_statement** statement,
                               zkinfer_error* error) {
  if (statement != nullptr) *statement = nullptr;
  return c::verdict_of(error, [&]() -> Result<Verdict> {
    if (key == nullptr) return c::null_pointer("key");
    ZKI_ASSIGN_OR_RETURN(const ByteView view, c::bytes_of("proof", proof, proof_size));
    ZKI_ASSIGN_OR_RETURN(const VerifyRequest request, c::request_of(*key, options));
    return tell(as_row(verify(key->key, view, request)), false, statement);
  });
}

zkinfer_verdict zkinfer_verify_batch(const zkinfer_key* key, const void* batch, size_t batch_size,
                                     const zkinfer_verify_options* options, zkinfer_statement** statement,
                                     zkinfer_error* error) {
  if (statement != nullptr) *statement = nullptr;
  return c::verdict_of(error, [&]() -> Result<Verdict> {
    if (key == nullptr) return c::null_pointer("key");
    ZKI_ASSIGN_OR_RETURN(const ByteView view, c::bytes_of("batch", batch, batch_size));
    ZKI_ASSIGN_OR_RETURN(const VerifyRequest request, c::request_of(*key, options));
    return tell(verify_batch(key->key, view, request), true, statement);
  });
}

zkinfer_verdict zkinfer_verify_joint(const zkinfer_key* key, const void* proof, size_t proof_size, const void* seat,
                                     size_t seat_size, const zkinfer_verify_options* options,
                                     zkinfer_statement** statement, zkinfer_error* error) {
  if (statement != nullptr) *statement = nullptr;
  return c::verdict_of(error, [&]() -> Result<Verdict> {
    if (key == nullptr) return c::null_pointer("key");
    ZKI_ASSIGN_OR_RETURN(const ByteView view, c::bytes_of("proof", proof, proof_size));
    ZKI_ASSIGN_OR_RETURN(const ByteView own, c::bytes_of("seat", seat, seat_size));
    ZKI_ASSIGN_OR_RETURN(const VerifyRequest request, c::request_of(*key, options));
    VerifyJointResult result = verify_joint(key->key, view, own, request);
    const std::uint64_t index = result.seat, num_seats = result.num_seats;
    ZKI_ASSIGN_OR_RETURN(const Verdict verdict, tell(as_row(std::move(result)), false, statement));
    if (statement != nullptr && *statement != nullptr) (*statement)->seat = index, (*statement)->num_seats = num_seats;
    return verdict;
  });
}

void zkinfer_statement_destroy(zkinfer_statement* statement) { delete statement; }

void zkinfer_statement_get_info(const zkinfer_statement* statement, zkinfer_statement_info* info) {
  const VerifyBatchResult& result = statement->result;
  *info = {};
  std::ranges::copy(result.context, info->context);
  std::ranges::copy(result.root_identity, info->root_identity);
  info->slot = result.slot;
  info->security_bits = result.security_bits;
  info->certified = result.weights != WeightEvidence::kNone && result.weights != WeightEvidence::kUncertified;
  info->num_rows = result.rows.size();
}

uint64_t zkinfer_statement_seats(const zkinfer_statement* statement, uint64_t* seat) {
  if (seat != nullptr) *seat = statement->seat;
  return statement->num_seats;
}

zkinfer_code zkinfer_statement_tensor(const zkinfer_statement* statement, zkinfer_side side, size_t index,
                                      zkinfer_verified_tensor* tensor) {
  if (statement == nullptr || tensor == nullptr) return ZKINFER_INVALID_ARGUMENT;
  // Whoever does not know of batches must not take their first row for all.
  if (statement->is_batch) return ZKINFER_OUT_OF_RANGE;
  return zkinfer_statement_row_tensor(statement, 0, side, index, tensor);
}

zkinfer_code zkinfer_statement_row_tensor(const zkinfer_statement* statement, uint64_t row, zkinfer_side side,
                                          size_t index, zkinfer_verified_tensor* tensor) {
  if (statement == nullptr || tensor == nullptr) return ZKINFER_INVALID_ARGUMENT;
  if (row >= statement->result.rows.size()) return ZKINFER_OUT_OF_RANGE;
  const std::vector<VerifiedTensor>& tensors = side_of(statement->result.rows[row], side);
  if (index >= tensors.size()) return ZKINFER_OUT_OF_RANGE;
  const VerifiedTensor& said = tensors[index];
  *tensor = {};
  tensor->exposure = static_cast<zkinfer_exposure>(said.group.exposure);
  tensor->hash = static_cast<zkinfer_hash>(said.group.hash);
  if (said.group.is_public()) {
    tensor->integers = said.integers.data();
    tensor->num_integers = said.integers.size();
  }
  if (said.digest.has_value()) tensor->digest = said.digest->data();
  if (said.commitment.has_value())
    tensor->commitment_id = statement->commitment_ids[side != ZKINFER_INPUT][index].data();
  return ZKINFER_OK;
}
