// SPDX-License-Identifier: Apache-2.0
// The C interface of component inspect.
#include "api/c_verify.h"
#include "base/json_text.h"
#include "zkinfer/bundle.h"
#include "zkinfer/generation.h"
#include "zkinfer/inspect.h"
#include "zkinfer/result_json.h"

using namespace zkinfer;

struct zkinfer_generation {
  GenerationResult result;
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
  return c::json_of(json, json_size,
                    [&] { return accepted_json(statement->result, statement->result.rows, statement->is_batch); });
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
