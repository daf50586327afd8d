// SPDX-License-Identifier: Apache-2.0
// The C interface of component inspect.
#include <cmath>
#include <limits>

#include "api/c_verify.h"
#include "base/json_text.h"
#include "zkinfer/bundle.h"
#include "zkinfer/error_bounds.h"
#include "zkinfer/evaluation_check.h"
#include "zkinfer/generation.h"
#include "zkinfer/inspect.h"
#include "zkinfer/result_json.h"
#include "zkinfer/seats.h"
#include "zkinfer/zkinfer.h"

using namespace zkinfer;

struct zkinfer_generation {
  GenerationResult result;
};

struct zkinfer_data_set {
  DataSet data;
};

struct zkinfer_evaluation {
  EvaluationResult result;
  DataSet data;
  double confidence = 0;
  std::string metric;
};

namespace {

ByteView view_of(const void* bytes, std::size_t size) {
  return bytes == nullptr ? ByteView() : ByteView(static_cast<const std::uint8_t*>(bytes), size);
}

constexpr int kNumReasons = static_cast<int>(RejectReason::kOverLimit) + 1;

}  // namespace

// Names and hints are literals: they end in a 0.
const char* zkinfer_reason_name(int reason) {
  if (reason < 0 || reason >= kNumReasons) return "";
  return reject_reason_name(static_cast<RejectReason>(reason)).data();
}

const char* zkinfer_reason_hint(int reason) {
  if (reason < 0 || reason >= kNumReasons) return "";
  return rejection_hint(static_cast<RejectReason>(reason)).data();
}

const char* zkinfer_code_name(zkinfer_code code) {
  if (code == ZKINFER_BUFFER_TOO_SMALL) return "buffer_too_small";
  if (code < ZKINFER_OK || code > ZKINFER_CANCELLED) return "";
  return status_code_name(static_cast<StatusCode>(code)).data();
}

zkinfer_code zkinfer_inspect(const void* bytes, size_t size, const zkinfer_key_options* options, void* json,
                             size_t* json_size, zkinfer_error* error) {
  std::string text;
  const zkinfer_code code = c::guarded(error, [&]() -> Status {
    ZKI_ASSIGN_OR_RETURN(const ByteView view, c::bytes_of("bytes", bytes, size));
    zkinfer_key_options read;
    zkinfer_key_options_init(&read);
    ZKI_RETURN_IF_ERROR(c::read_options(options, read));
    ZKI_ASSIGN_OR_RETURN(text, inspect_json(view, {read.max_nanoseconds, read.max_memory_bytes}));
    return {};
  });
  return code == ZKINFER_OK ? c::copy_text(text, json, json_size) : code;
}

zkinfer_code zkinfer_key_json(const zkinfer_key* key, void* json, size_t* json_size) {
  if (key == nullptr) return ZKINFER_INVALID_ARGUMENT;
  return c::json_of(json, json_size, [&] { return key_json(key->key.info()); });
}

zkinfer_code zkinfer_key_warnings(const zkinfer_key* key, void* json, size_t* json_size) {
  if (key == nullptr) return ZKINFER_INVALID_ARGUMENT;
  return c::json_of(json, json_size, [&] {
    JsonList list;
    for (const std::string& warning : structure_warnings(key->key)) list.add(json_text(warning));
    JsonObject object;
    object.add("warnings", std::move(list).take());
    return std::move(object).take();
  });
}

zkinfer_code zkinfer_statement_json(const zkinfer_statement* statement, void* json, size_t* json_size) {
  if (statement == nullptr) return ZKINFER_INVALID_ARGUMENT;
  return c::json_of(json, json_size, [&] {
    const VerifyBatchResult& result = statement->result;
    return statement->num_seats > 0 ? joint_json(result, result.rows.front(), statement->seat, statement->num_seats)
                                    : accepted_json(result, result.rows, statement->is_batch);
  });
}

int zkinfer_claimed_identity(const void* proof, size_t size, uint8_t identity[32]) {
  const std::optional<Digest> claimed = claimed_identity(view_of(proof, size));
  if (!claimed.has_value() || identity == nullptr) return 0;
  std::ranges::copy(*claimed, identity);
  return 1;
}

uint64_t zkinfer_claimed_rows(const void* batch, size_t size) { return claimed_rows(view_of(batch, size)).value_or(0); }

int zkinfer_is_bundle(const void* bytes, size_t size) { return is_bundle(view_of(bytes, size)) ? 1 : 0; }

zkinfer_code zkinfer_bundle_part(const void* bundle, size_t size, zkinfer_part part, void* buffer, size_t* part_size,
                                 zkinfer_error* error) {
  ProofBundle parsed;
  const zkinfer_code code = c::guarded(error, [&]() -> Status {
    if (part != ZKINFER_PROOF && part != ZKINFER_PATH && part != ZKINFER_CERTIFICATE)
      return invalid_argument("a part that is neither proof, path nor certificate");
    ZKI_ASSIGN_OR_RETURN(const ByteView view, c::bytes_of("bundle", bundle, size));
    ZKI_ASSIGN_OR_RETURN(parsed, parse_bundle(view));
    return {};
  });
  if (code != ZKINFER_OK) return code;
  const Bytes& bytes = part == ZKINFER_PROOF ? parsed.proof : part == ZKINFER_PATH ? parsed.path : parsed.certificate;
  return c::copy_out(bytes, buffer, part_size);
}

zkinfer_verdict zkinfer_check_generation(const zkinfer_key* key, const zkinfer_statement* statement,
                                         zkinfer_generation** generation, zkinfer_error* error) {
  if (generation != nullptr) *generation = nullptr;
  return c::verdict_of(error, [&]() -> Result<Verdict> {
    if (key == nullptr || statement == nullptr) return c::null_pointer(key == nullptr ? "key" : "statement");
    if (statement->is_batch || !read_generation_context(statement->result.context).has_value())
      return Verdict::accept();
    VerifyResult inference;
    static_cast<VerifySummary&>(inference) = statement->result;
    inference.inputs = statement->result.rows.front().inputs;
    inference.outputs = statement->result.rows.front().outputs;
    const Result<CausalModel> model = CausalModel::of(key->key);
    if (!model.ok()) return Verdict::reject(RejectReason::kWrongStatement, "generation: " + model.status().message());
    GenerationResult result = check_generation(*model, inference);
    Verdict verdict = result.verdict;
    if (verdict.accepted() && generation != nullptr) *generation = new zkinfer_generation{std::move(result)};
    return verdict;
  });
}

zkinfer_code zkinfer_generation_json(const zkinfer_generation* generation, void* json, size_t* json_size) {
  if (generation == nullptr) return ZKINFER_INVALID_ARGUMENT;
  return c::json_of(json, json_size, [&] { return generation_json(generation->result); });
}

void zkinfer_generation_destroy(zkinfer_generation* generation) { delete generation; }

zkinfer_code zkinfer_data_set_create(const void* bytes, size_t size, zkinfer_data_set** data_set,
                                     zkinfer_error* error) {
  return c::guarded(error, [&]() -> Status {
    if (data_set == nullptr) return c::null_pointer("data_set");
    *data_set = nullptr;
    ZKI_ASSIGN_OR_RETURN(const ByteView view, c::bytes_of("bytes", bytes, size));
    ZKI_ASSIGN_OR_RETURN(DataSet data, DataSet::from_bytes(view));
    *data_set = new zkinfer_data_set{std::move(data)};
    return {};
  });
}

void zkinfer_data_set_destroy(zkinfer_data_set* data_set) { delete data_set; }

void zkinfer_data_set_digest(const zkinfer_data_set* data_set, uint8_t digest[32]) {
  std::ranges::copy(data_set->data.digest(), digest);
}

void zkinfer_evaluation_demands_init(zkinfer_evaluation_demands* demands) {
  constexpr double kAny = std::numeric_limits<double>::quiet_NaN();
  *demands = {sizeof(*demands), nullptr, nullptr, kAny, kAny, EvaluationDemands().confidence, 0, 0};
}

namespace {

Result<EvaluationDemands> demands_of(const zkinfer_evaluation_demands* given) {
  zkinfer_evaluation_demands read;
  zkinfer_evaluation_demands_init(&read);
  ZKI_RETURN_IF_ERROR(c::read_options(given, read));
  EvaluationDemands demands;
  if (read.metric != nullptr) demands.metric = read.metric;
  if (read.nonce != nullptr) std::copy_n(read.nonce, 32, demands.nonce.emplace().begin());
  if (!std::isnan(read.at_least)) demands.at_least = read.at_least;
  if (!std::isnan(read.at_most)) demands.at_most = read.at_most;
  demands.confidence = read.confidence;
  if (read.num_sampled != 0) demands.sampled = read.num_sampled;
  if (read.metric != nullptr || read.output != 0) demands.output = read.output;
  return demands;
}

}  // namespace

zkinfer_verdict zkinfer_verify_evaluation(const zkinfer_key* key, const void* evaluation, size_t size,
                                          const zkinfer_data_set* data_set, const zkinfer_verify_options* options,
                                          const zkinfer_evaluation_demands* demands, zkinfer_evaluation** result,
                                          zkinfer_error* error) {
  if (result != nullptr) *result = nullptr;
  return c::verdict_of(error, [&]() -> Result<Verdict> {
    if (key == nullptr || data_set == nullptr) return c::null_pointer(key == nullptr ? "key" : "data_set");
    ZKI_ASSIGN_OR_RETURN(const ByteView view, c::bytes_of("evaluation", evaluation, size));
    ZKI_ASSIGN_OR_RETURN(const VerifyRequest request, c::request_of(*key, options));
    if (!request.inputs.empty() || !request.outputs.empty())
      return invalid_argument("known: an evaluation says nothing of single rows");
    ZKI_ASSIGN_OR_RETURN(const EvaluationDemands asked, demands_of(demands));
    ZKI_ASSIGN_OR_RETURN(EvaluationResult checked, check_evaluation(key->key, view, data_set->data, request, asked));
    Verdict verdict = checked.verdict;
    if (verdict.accepted() && result != nullptr) {
      std::string metric = metric_name(checked.info.metric);
      *result = new zkinfer_evaluation{std::move(checked), data_set->data, asked.confidence, std::move(metric)};
    }
    return verdict;
  });
}

void zkinfer_evaluation_destroy(zkinfer_evaluation* evaluation) { delete evaluation; }

void zkinfer_evaluation_get_info(const zkinfer_evaluation* evaluation, zkinfer_evaluation_info* info) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  const EvaluationResult& result = evaluation->result;
  const Figure first = figures(result).front();
  *info = {};
  info->metric = evaluation->metric.c_str();
  info->numerator = first.numerator;
  info->denominator = first.denominator;
  info->value = first.denominator > 0 ? first.value() : kNone;
  const Interval bounds = bounds_of_set(result, first, evaluation->confidence).value_or(Interval{kNone, kNone});
  info->low = bounds.low;
  info->high = bounds.high;
  info->num_rows = result.info.num_rows;
  info->data_set_rows = result.info.set_rows;
}

zkinfer_code zkinfer_evaluation_json(const zkinfer_evaluation* evaluation, void* json, size_t* json_size) {
  if (evaluation == nullptr) return ZKINFER_INVALID_ARGUMENT;
  return c::json_of(json, json_size, [&] {
    const EvaluationResult& result = evaluation->result;
    return json_joined(summary_json(result), evaluation_json(result, evaluation->data, evaluation->confidence));
  });
}
