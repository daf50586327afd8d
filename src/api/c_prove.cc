// SPDX-License-Identifier: Apache-2.0
// The C interface of component prove.
#include "api/c_model.h"
#include "api/c_support.h"
#include "base/json_text.h"
#include "zkinfer/hex.h"
#include "zkinfer/prove.h"
#include "zkinfer/result_json.h"

using namespace zkinfer;

struct zkinfer_tensors {
  std::vector<Tensor> tensors;
  std::uint64_t num_clipped = 0;
};
struct zkinfer_prover {
  Prover prover;
  std::vector<TensorInfo> outputs;
};
struct zkinfer_proof {
  Bytes bytes;
  std::vector<Tensor> outputs;
  std::uint64_t num_clipped = 0;
};

namespace {

const std::vector<TensorInfo>& infos_of(const zkinfer_model& model, zkinfer_side side) {
  return side == ZKINFER_INPUT ? model.inputs : model.outputs;
}

// An inference's integers in their shapes.
std::vector<Tensor> as_tensors(const std::vector<TensorInfo>& infos,
                               const std::vector<std::vector<std::int64_t>>& integers) {
  std::vector<Tensor> out;
  for (std::size_t i = 0; i < integers.size(); ++i) out.emplace_back(infos[i].shape, integers[i]);
  return out;
}

std::uint64_t total_clipped(const std::vector<Clipping>& inputs) {
  std::uint64_t total = 0;
  for (const Clipping& input : inputs) total += input.num_clipped;
  return total;
}

std::string numbers(const std::vector<double>& values) {
  JsonList list;
  for (const double value : values) list.add(json_number(value));
  return std::move(list).take();
}

std::string model_json(const zkinfer_model& model) {
  const Preprocessing& given = model.model.preprocessing();
  JsonObject preprocessing;
  preprocessing.add("scale", given.scale.has_value() ? json_number(*given.scale) : "null");
  preprocessing.add("mean", numbers(given.mean));
  preprocessing.add("std", numbers(given.std));
  JsonObject json;
  json.text("model", model.model.name());
  json.number("parameters", model.model.num_parameters());
  json.text("structure", to_hex(model.model.structure_digest()));
  json.add("inputs", tensor_infos_json(model.inputs));
  json.add("outputs", tensor_infos_json(model.outputs));
  json.add("preprocessing", std::move(preprocessing).take());
  return std::move(json).take();
}

zkinfer_code view_at(const std::vector<Tensor>& tensors, std::size_t index, zkinfer_tensor* tensor) {
  if (tensor == nullptr) return ZKINFER_INVALID_ARGUMENT;
  if (index >= tensors.size()) return ZKINFER_OUT_OF_RANGE;
  const TensorView view = tensors[index].view();
  *tensor = {static_cast<zkinfer_dtype>(view.dtype), view.shape.size(), view.shape.data(), view.data};
  return ZKINFER_OK;
}

Result<TensorPolicy> policy_of(const char* what, zkinfer_exposure exposure, zkinfer_hash hash) {
  if (exposure < ZKINFER_PRIVATE || exposure > ZKINFER_COMMITTED) {
    return invalid_argument(std::string(what) + "_exposure: expected private, public or committed");
  }
  if (hash < ZKINFER_NO_HASH || hash > ZKINFER_SHA256) {
    return invalid_argument(std::string(what) + "_hash: expected none, Keccak-256 or SHA-256");
  }
  return TensorPolicy{static_cast<Exposure>(exposure), static_cast<TensorHash>(hash)};
}

Result<CommitOptions> options_of(const zkinfer_commit_options* given) {
  zkinfer_commit_options options;
  zkinfer_commit_options_init(&options);
  ZKI_RETURN_IF_ERROR(c::read_options(given, options));
  CommitOptions out;
  out.security.bits = options.security_bits;
  out.security.decoding = options.unique_decoding != 0 ? Decoding::kUnique : Decoding::kJohnson;
  out.security.pow_bits = options.pow_bits;
  if (options.profile < ZKINFER_BALANCED || options.profile > ZKINFER_SMALL)
    return invalid_argument("profile: expected balanced, fast or small");
  out.security.profile = static_cast<Profile>(options.profile);
  out.security.zero_knowledge = options.zero_knowledge != 0;
  out.public_parameters = options.public_parameters != 0;
  ZKI_ASSIGN_OR_RETURN(out.inputs, policy_of("input", options.input_exposure, options.input_hash));
  ZKI_ASSIGN_OR_RETURN(out.outputs, policy_of("output", options.output_exposure, options.output_hash));
  out.budget = options.budget;
  out.progress = c::progress_of(options.progress, options.progress_data);
  return out;
}

}  // namespace

zkinfer_code zkinfer_model_create(const void* bytes, size_t size, zkinfer_model** model, zkinfer_error* error) {
  return c::guarded(error, [&]() -> Status {
    if (model == nullptr) return c::null_pointer("model");
    *model = nullptr;
    ZKI_ASSIGN_OR_RETURN(const ByteView view, c::bytes_of("bytes", bytes, size));
    ZKI_ASSIGN_OR_RETURN(Model parsed, Model::from_bytes(view));
    *model = new zkinfer_model(std::move(parsed));
    return {};
  });
}

void zkinfer_model_destroy(zkinfer_model* model) { delete model; }

zkinfer_code zkinfer_model_bytes(const zkinfer_model* model, void* buffer, size_t* size) {
  if (model == nullptr) return ZKINFER_INVALID_ARGUMENT;
  zkinfer_code code = ZKINFER_OK;
  const zkinfer_code made = c::guarded(nullptr, [&]() -> Status {
    code = c::copy_out(model->model.to_bytes(), buffer, size);
    return {};
  });
  return made == ZKINFER_OK ? code : made;
}

size_t zkinfer_model_num_tensors(const zkinfer_model* model, zkinfer_side side) {
  return model == nullptr ? 0 : infos_of(*model, side).size();
}

zkinfer_code zkinfer_model_tensor(const zkinfer_model* model, zkinfer_side side, size_t index,
                                  zkinfer_tensor_info* info) {
  if (model == nullptr) return ZKINFER_INVALID_ARGUMENT;
  return c::info_at(infos_of(*model, side), index, info);
}

zkinfer_code zkinfer_model_json(const zkinfer_model* model, void* json, size_t* json_size) {
  if (model == nullptr) return ZKINFER_INVALID_ARGUMENT;
  return c::json_of(json, json_size, [&] { return model_json(*model); });
}

zkinfer_code zkinfer_model_run(const zkinfer_model* model, const zkinfer_tensor* inputs, size_t num_inputs,
                               zkinfer_tensors** outputs, zkinfer_error* error) {
  return c::guarded(error, [&]() -> Status {
    if (model == nullptr || outputs == nullptr) return c::null_pointer(model == nullptr ? "model" : "outputs");
    *outputs = nullptr;
    ZKI_ASSIGN_OR_RETURN(const std::vector<TensorView> views, c::views_of("inputs", inputs, num_inputs));
    ZKI_ASSIGN_OR_RETURN(const RunResult result, model->model.run(views));
    *outputs = new zkinfer_tensors{as_tensors(model->outputs, result.outputs), total_clipped(result.clipping)};
    return {};
  });
}

size_t zkinfer_tensors_count(const zkinfer_tensors* tensors) {
  return tensors == nullptr ? 0 : tensors->tensors.size();
}
zkinfer_code zkinfer_tensors_get(const zkinfer_tensors* tensors, size_t index, zkinfer_tensor* tensor) {
  return tensors == nullptr ? ZKINFER_INVALID_ARGUMENT : view_at(tensors->tensors, index, tensor);
}
uint64_t zkinfer_tensors_num_clipped(const zkinfer_tensors* tensors) {
  return tensors == nullptr ? 0 : tensors->num_clipped;
}
void zkinfer_tensors_destroy(zkinfer_tensors* tensors) { delete tensors; }

void zkinfer_commit_options_init(zkinfer_commit_options* options) {
  const CommitOptions defaults;
  *options = {};
  options->struct_size = sizeof(*options);
  options->security_bits = defaults.security.bits;
  options->unique_decoding = defaults.security.decoding == Decoding::kUnique;
  options->pow_bits = defaults.security.pow_bits;
  options->profile = static_cast<zkinfer_profile>(defaults.security.profile);
  options->zero_knowledge = defaults.security.zero_knowledge;
  options->input_exposure = static_cast<zkinfer_exposure>(defaults.inputs.exposure);
  options->output_exposure = static_cast<zkinfer_exposure>(defaults.outputs.exposure);
}

zkinfer_code zkinfer_prover_commit(const zkinfer_model* model, const zkinfer_commit_options* options,
                                   zkinfer_prover** prover, zkinfer_error* error) {
  return c::guarded(error, [&]() -> Status {
    if (model == nullptr || prover == nullptr) return c::null_pointer(model == nullptr ? "model" : "prover");
    *prover = nullptr;
    ZKI_ASSIGN_OR_RETURN(const CommitOptions read, options_of(options));
    ZKI_ASSIGN_OR_RETURN(Prover made, Prover::create(model->model, read));
    *prover = new zkinfer_prover{std::move(made), model->outputs};
    return {};
  });
}

zkinfer_code zkinfer_prover_open(const zkinfer_model* model, const char* secret_path, zkinfer_prover** prover,
                                 zkinfer_error* error) {
  return c::guarded(error, [&]() -> Status {
    if (model == nullptr || prover == nullptr) return c::null_pointer(model == nullptr ? "model" : "prover");
    *prover = nullptr;
    if (secret_path == nullptr) return c::null_pointer("secret_path");
    ZKI_ASSIGN_OR_RETURN(Prover opened, Prover::open(model->model, secret_path));
    *prover = new zkinfer_prover{std::move(opened), model->outputs};
    return {};
  });
}

void zkinfer_prover_destroy(zkinfer_prover* prover) { delete prover; }

zkinfer_code zkinfer_prover_save(zkinfer_prover* prover, const char* secret_path, zkinfer_error* error) {
  return c::guarded(error, [&]() -> Status {
    if (prover == nullptr || secret_path == nullptr)
      return c::null_pointer(prover == nullptr ? "prover" : "secret_path");
    return prover->prover.save(std::string(secret_path));
  });
}

zkinfer_code zkinfer_prover_key(const zkinfer_prover* prover, void* buffer, size_t* size) {
  if (prover == nullptr) return ZKINFER_INVALID_ARGUMENT;
  return c::copy_out(prover->prover.verification_key(), buffer, size);
}

zkinfer_code zkinfer_prove(zkinfer_prover* prover, const zkinfer_tensor* inputs, size_t num_inputs, const void* context,
                           size_t context_size, zkinfer_proof** proof, zkinfer_error* error) {
  return c::guarded(error, [&]() -> Status {
    if (prover == nullptr || proof == nullptr) return c::null_pointer(prover == nullptr ? "prover" : "proof");
    *proof = nullptr;
    ProveRequest request;
    ZKI_ASSIGN_OR_RETURN(request.inputs, c::views_of("inputs", inputs, num_inputs));
    ZKI_ASSIGN_OR_RETURN(const ByteView bound, c::bytes_of("context", context, context_size));
    request.context.assign(bound.begin(), bound.end());
    // Before a slot is spent.
    auto made = std::make_unique<zkinfer_proof>();
    ZKI_ASSIGN_OR_RETURN(ProofResult result, prover->prover.prove(request));
    made->bytes = std::move(result.proof);
    made->outputs = as_tensors(prover->outputs, result.outputs);
    made->num_clipped = total_clipped(result.clipping);
    *proof = made.release();
    return {};
  });
}

zkinfer_code zkinfer_prove_batch(zkinfer_prover* prover, const zkinfer_tensor* inputs, size_t num_rows,
                                 size_t num_inputs, const void* context, size_t context_size, zkinfer_proof** batch,
                                 zkinfer_error* error) {
  return c::guarded(error, [&]() -> Status {
    if (prover == nullptr || batch == nullptr) return c::null_pointer(prover == nullptr ? "prover" : "batch");
    *batch = nullptr;
    if (num_inputs != 0 && num_rows > SIZE_MAX / sizeof(zkinfer_tensor) / num_inputs)
      return invalid_argument("more rows than there is memory");
    ZKI_ASSIGN_OR_RETURN(const std::vector<TensorView> all, c::views_of("inputs", inputs, num_rows * num_inputs));
    BatchRequest request;
    for (std::size_t row = 0; row < num_rows; ++row) {
      const auto begin = all.begin() + static_cast<std::ptrdiff_t>(row * num_inputs);
      request.inputs.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(num_inputs));
    }
    ZKI_ASSIGN_OR_RETURN(const ByteView bound, c::bytes_of("context", context, context_size));
    request.context.assign(bound.begin(), bound.end());
    // Before a slot is spent.
    auto made = std::make_unique<zkinfer_proof>();
    ZKI_ASSIGN_OR_RETURN(BatchResult result, prover->prover.prove_batch(request));
    made->bytes = std::move(result.proof);
    for (const BatchRow& row : result.rows) {
      for (Tensor& output : as_tensors(prover->outputs, row.outputs)) made->outputs.push_back(std::move(output));
      made->num_clipped += total_clipped(row.clipping);
    }
    *batch = made.release();
    return {};
  });
}

zkinfer_code zkinfer_certify(zkinfer_prover* prover, zkinfer_proof** certificate, zkinfer_error* error) {
  return c::guarded(error, [&]() -> Status {
    if (prover == nullptr || certificate == nullptr)
      return c::null_pointer(prover == nullptr ? "prover" : "certificate");
    *certificate = nullptr;
    auto made = std::make_unique<zkinfer_proof>();
    ZKI_ASSIGN_OR_RETURN(made->bytes, prover->prover.certify());
    *certificate = made.release();
    return {};
  });
}

zkinfer_code zkinfer_proof_bytes(const zkinfer_proof* proof, void* buffer, size_t* size) {
  return proof == nullptr ? ZKINFER_INVALID_ARGUMENT : c::copy_out(proof->bytes, buffer, size);
}
size_t zkinfer_proof_num_outputs(const zkinfer_proof* proof) { return proof == nullptr ? 0 : proof->outputs.size(); }
zkinfer_code zkinfer_proof_output(const zkinfer_proof* proof, size_t index, zkinfer_tensor* tensor) {
  return proof == nullptr ? ZKINFER_INVALID_ARGUMENT : view_at(proof->outputs, index, tensor);
}
uint64_t zkinfer_proof_num_clipped(const zkinfer_proof* proof) { return proof == nullptr ? 0 : proof->num_clipped; }
void zkinfer_proof_destroy(zkinfer_proof* proof) { delete proof; }
