/* SPDX-License-Identifier: Apache-2.0
 * The C interface, from C. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zkinfer/zkinfer.h"

static char text[256];
static zkinfer_error error = {.text = text, .capacity = sizeof text};
static int failures = 0;

static void expect(int condition, const char* what, int line) {
  if (condition) return;
  fprintf(stderr, "c_api_test.c:%d: %s [%s]\n", line, what, text);
  ++failures;
}
#define EXPECT(condition) expect((condition) != 0, #condition, __LINE__)
/* What the rest of the test stands on. */
#define REQUIRE(condition)     \
  do {                         \
    EXPECT(condition);         \
    if (failures > 0) exit(1); \
  } while (0)

enum { kInputs = 4, kSamples = 30 };
static const int64_t kShape[2] = {1, kInputs};

static zkinfer_tensor floats(const float* data) {
  const zkinfer_tensor tensor = {ZKINFER_FLOAT32, 2, kShape, data};
  return tensor;
}

/* Counts its calls in *data; stops at the first one that is not before the fifth of the whole. */
static int stop_early(void* data, const char* stage, double fraction) {
  ++*(int*)data;
  return stage != NULL && fraction < 0.2;
}

static zkinfer_model* compile(void) {
  static float numbers[kSamples][kInputs];
  zkinfer_tensor samples[kSamples];
  srand(1);
  for (int i = 0; i < kSamples; ++i) {
    for (int j = 0; j < kInputs; ++j) numbers[i][j] = (float)rand() / (float)RAND_MAX;
    samples[i] = floats(numbers[i]);
  }
  zkinfer_model* model = NULL;
  const char* path = ZKINFER_SOURCE_DIR "/examples/mlp/mlp.onnx";

  EXPECT(zkinfer_compile_network("no such file.onnx", samples, kSamples, 1, NULL, &model, &error) == ZKINFER_IO);
  EXPECT(model == NULL && error.length > 0 && strlen(text) > 0);
  EXPECT(zkinfer_compile_network(path, samples, kSamples, 0, NULL, &model, &error) == ZKINFER_INVALID_ARGUMENT);
  EXPECT(zkinfer_compile_network(path, NULL, kSamples, 1, NULL, &model, &error) == ZKINFER_INVALID_ARGUMENT);
  zkinfer_compile_options options;
  zkinfer_compile_options_init(&options);
  options.name = "from C";
  options.activation_bits = 8; /* so that checking a proof is counted as less than checking the certificate */
  options.struct_size = sizeof options + 8; /* of a newer header */
  EXPECT(zkinfer_compile_network(path, samples, kSamples, 1, &options, &model, &error) == ZKINFER_INVALID_ARGUMENT);
  options.struct_size = sizeof options;
  int calls = 0;
  options.progress = stop_early;
  options.progress_data = &calls;
  EXPECT(zkinfer_compile_network(path, samples, kSamples, 1, &options, &model, &error) == ZKINFER_CANCELLED);
  EXPECT(calls == 2 && model == NULL);
  options.progress = NULL;
  EXPECT(zkinfer_compile_network(path, samples, kSamples, 1, &options, &model, &error) == ZKINFER_OK);
  REQUIRE(model != NULL && error.length == 0);
  return model;
}

/* Model bytes go out and come back; the dtype of the input does not matter. */
static zkinfer_model* reload(zkinfer_model* model) {
  size_t size = 0;
  EXPECT(zkinfer_model_bytes(model, NULL, &size) == ZKINFER_OK && size > 0);
  unsigned char* bytes = malloc(size);
  size_t less = size - 1;
  EXPECT(zkinfer_model_bytes(model, bytes, &less) == ZKINFER_BUFFER_TOO_SMALL && less == size);
  EXPECT(zkinfer_model_bytes(model, bytes, &size) == ZKINFER_OK);
  zkinfer_model* again = NULL;
  EXPECT(zkinfer_model_create(bytes, size - 1, &again, &error) == ZKINFER_CORRUPT && again == NULL);
  REQUIRE(zkinfer_model_create(bytes, size, &again, &error) == ZKINFER_OK);
  free(bytes);

  EXPECT(zkinfer_model_num_tensors(again, ZKINFER_INPUT) == 1);
  zkinfer_tensor_info info;
  EXPECT(zkinfer_model_tensor(again, ZKINFER_INPUT, 0, &info) == ZKINFER_OK && info.rank >= 1 && info.lo < info.hi);
  EXPECT(zkinfer_model_tensor(again, ZKINFER_INPUT, 1, &info) == ZKINFER_OUT_OF_RANGE);

  char json[4096];
  size_t json_size = sizeof(json);
  REQUIRE(zkinfer_model_json(again, json, &json_size) == ZKINFER_OK && json_size < sizeof(json));
  json[json_size] = 0;
  EXPECT(strstr(json, "\"preprocessing\":{\"scale\":") != NULL && strstr(json, info.name) != NULL);
  json_size = 3;
  EXPECT(zkinfer_model_json(again, json, &json_size) == ZKINFER_BUFFER_TOO_SMALL && json_size > 3);

  const float real[kInputs] = {1, 0, 1, 2};
  const int8_t integers[kInputs] = {1, 0, 1, 2};
  const zkinfer_tensor inputs[2] = {floats(real), {ZKINFER_INT8, 2, kShape, integers}};
  zkinfer_tensors* outputs[2] = {NULL, NULL};
  zkinfer_tensor output[2];
  for (int i = 0; i < 2; ++i) {
    EXPECT(zkinfer_model_run(again, &inputs[i], 1, &outputs[i], &error) == ZKINFER_OK);
    EXPECT(zkinfer_tensors_count(outputs[i]) == 1);
    EXPECT(zkinfer_tensors_get(outputs[i], 0, &output[i]) == ZKINFER_OK && output[i].dtype == ZKINFER_INT64);
  }
  EXPECT(zkinfer_tensors_get(outputs[0], 1, &output[0]) == ZKINFER_OUT_OF_RANGE);
  EXPECT(memcmp(output[0].data, output[1].data, sizeof(int64_t)) == 0);
  zkinfer_tensors_destroy(outputs[0]);
  zkinfer_tensors_destroy(outputs[1]);
  /* Clipped values are counted. */
  const float far[kInputs] = {0.5F, 1e6F, -1e6F, 0.5F};
  const zkinfer_tensor clipped = floats(far);
  zkinfer_tensors* outside = NULL;
  EXPECT(zkinfer_model_run(again, &clipped, 1, &outside, &error) == ZKINFER_OK);
  EXPECT(zkinfer_tensors_num_clipped(outside) == 2);
  zkinfer_tensors_destroy(outside);
  zkinfer_tensor wrong = floats(real);
  wrong.rank = 1; /* one number */
  zkinfer_tensors* none = NULL;
  EXPECT(zkinfer_model_run(again, &wrong, 1, &none, &error) == ZKINFER_INVALID_ARGUMENT && none == NULL);
  wrong.dtype = (zkinfer_dtype)77;
  EXPECT(zkinfer_model_run(again, &wrong, 1, &none, &error) == ZKINFER_INVALID_ARGUMENT);
  zkinfer_model_destroy(model);
  return again;
}

/* Component inspect: texts are whole JSON objects that say what was checked above. */
static int holds(const char* part, zkinfer_code code, const char* json, const size_t* size) {
  return code == ZKINFER_OK && *size > 2 && json[0] == '{' && json[*size - 1] == '}' && strstr(json, part) != NULL;
}

static void inspect(const zkinfer_key* key, const unsigned char* key_bytes, size_t key_size, const unsigned char* proof,
                    size_t proof_size, const zkinfer_statement* statement) {
  static char json[1 << 16];
  size_t size = sizeof json - 1;
  memset(json, 0, sizeof json);
  EXPECT(holds("\"kind\":\"key\"", zkinfer_inspect(key_bytes, key_size, NULL, json, &size, &error), json, &size));
  memset(json, 0, sizeof json);
  size = sizeof json - 1;
  EXPECT(holds("\"claimed_identity\":", zkinfer_inspect(proof, proof_size, NULL, json, &size, &error), json, &size));
  size = sizeof json;
  EXPECT(zkinfer_inspect("what", 4, NULL, json, &size, &error) == ZKINFER_INVALID_ARGUMENT && error.length > 0);
  memset(json, 0, sizeof json);
  size = sizeof json - 1;
  EXPECT(holds("\"model\":\"from C\"", zkinfer_key_json(key, json, &size), json, &size));
  const size_t whole = size;
  EXPECT(zkinfer_key_json(key, NULL, &size) == ZKINFER_OK && size == whole);
  size = 1;
  EXPECT(zkinfer_key_json(key, json, &size) == ZKINFER_BUFFER_TOO_SMALL && size == whole);
  EXPECT(zkinfer_key_json(NULL, json, &size) == ZKINFER_INVALID_ARGUMENT);
  memset(json, 0, sizeof json);
  size = sizeof json - 1;
  EXPECT(holds("\"warnings\":[", zkinfer_key_warnings(key, json, &size), json, &size));
  memset(json, 0, sizeof json);
  size = sizeof json - 1;
  EXPECT(holds("\"outputs\":[", zkinfer_statement_json(statement, json, &size), json, &size));
  uint8_t identity[32];
  zkinfer_key_info info;
  zkinfer_key_get_info(key, &info);
  EXPECT(zkinfer_claimed_identity(proof, proof_size, identity) == 1 && memcmp(identity, info.identity, 32) == 0);
  EXPECT(zkinfer_claimed_identity(proof, 3, identity) == 0 && zkinfer_claimed_rows(proof, proof_size) == 0);
  EXPECT(zkinfer_is_bundle(proof, proof_size) == 0 && zkinfer_is_bundle(NULL, 0) == 0);
  EXPECT(zkinfer_bundle_part(proof, proof_size, ZKINFER_PATH, json, &size, &error) != ZKINFER_OK && error.length > 0);
  zkinfer_generation* generation = NULL;
  EXPECT(zkinfer_check_generation(key, statement, &generation, &error) == ZKINFER_ACCEPTED && generation == NULL);
  EXPECT(zkinfer_check_generation(NULL, statement, &generation, &error) == ZKINFER_NOT_VERIFIED);
  EXPECT(zkinfer_generation_json(NULL, json, &size) == ZKINFER_INVALID_ARGUMENT);
  zkinfer_generation_destroy(NULL);
  EXPECT(strcmp(zkinfer_reason_name(2), "wrong statement") == 0 && strlen(zkinfer_reason_hint(2)) > 0);
  EXPECT(strcmp(zkinfer_reason_name(-1), "") == 0 && strcmp(zkinfer_reason_hint(99), "") == 0);
  EXPECT(strcmp(zkinfer_code_name(ZKINFER_INVALID_ARGUMENT), "invalid argument") == 0);
}

static void verify(const unsigned char* key_bytes, size_t key_size, unsigned char* proof, size_t proof_size,
                   const unsigned char* certificate, size_t certificate_size, const zkinfer_tensor* output) {
  zkinfer_key* key = NULL;
  zkinfer_key_options strict;
  zkinfer_key_options_init(&strict);
  strict.min_security_bits = 129;
  EXPECT(zkinfer_key_create(key_bytes, key_size, &strict, &key, &error) == ZKINFER_INVALID_ARGUMENT && key == NULL);
  zkinfer_key_options_init(&strict);
  strict.max_memory_bytes = 1 << 10;
  EXPECT(zkinfer_key_create(key_bytes, key_size, &strict, &key, &error) == ZKINFER_RESOURCE_LIMIT && key == NULL);
  EXPECT(zkinfer_key_create(proof, proof_size, NULL, &key, &error) == ZKINFER_INVALID_ARGUMENT && key == NULL);
  REQUIRE(zkinfer_key_create(key_bytes, key_size, NULL, &key, &error) == ZKINFER_OK);
  zkinfer_key_info info;
  zkinfer_key_get_info(key, &info);
  EXPECT(strcmp(info.model_name, "from C") == 0 && info.security_bits >= 127 && info.zero_knowledge);
  EXPECT(info.num_inputs == 1 && info.input_exposure == ZKINFER_PRIVATE && info.output_exposure == ZKINFER_PUBLIC);

  /* Weights are shown to be integers, or taken as they are knowingly. */
  zkinfer_statement* statement = NULL;
  EXPECT(zkinfer_verify(key, proof, proof_size, NULL, &statement, &error) == ZKINFER_NOT_VERIFIED && statement == NULL);
  EXPECT(error.reason == -ZKINFER_INVALID_ARGUMENT && strstr(error.text, "give the certificate") != NULL);
  zkinfer_verify_options knowingly;
  zkinfer_verify_options_init(&knowingly);
  knowingly.accept_uncertified = 1;
  zkinfer_statement_info said;
  EXPECT(zkinfer_verify(key, proof, proof_size, &knowingly, &statement, &error) == ZKINFER_ACCEPTED);
  zkinfer_statement_get_info(statement, &said);
  EXPECT(!said.certified);
  zkinfer_statement_destroy(statement);
  EXPECT(zkinfer_key_certify(key, proof, proof_size, &error) == ZKINFER_REJECTED && error.reason != 0);
  EXPECT(zkinfer_key_certify(key, certificate, certificate_size, &error) == ZKINFER_ACCEPTED);
  /* Under whatever limits the key keeps: accepted, or not looked at (the C++ tests hold certificates to limits of their own). */
  zkinfer_key_options_init(&strict);
  for (zkinfer_key* tight = NULL; strict.max_nanoseconds > 0;
       strict.max_nanoseconds -= strict.max_nanoseconds / 64 + 1) {
    if (zkinfer_key_create(key_bytes, key_size, &strict, &tight, &error) != ZKINFER_OK) break;
    const zkinfer_verdict verdict = zkinfer_key_certify(tight, certificate, certificate_size, &error);
    EXPECT(verdict == ZKINFER_ACCEPTED || verdict == ZKINFER_NOT_VERIFIED);
    zkinfer_key_destroy(tight);
  }
  zkinfer_key* serving = NULL;
  EXPECT(zkinfer_key_from_path(key, proof, proof_size, &serving, &error) == ZKINFER_REJECTED && serving == NULL);

  EXPECT(zkinfer_verify(key, proof, proof_size, NULL, &statement, &error) == ZKINFER_ACCEPTED && error.reason == 0);
  zkinfer_statement_get_info(statement, &said);
  EXPECT(memcmp(said.context, "nonce", 6) == 0 && said.certified && said.security_bits >= 127);
  inspect(key, key_bytes, key_size, proof, proof_size, statement);
  zkinfer_verified_tensor tensor;
  EXPECT(zkinfer_statement_tensor(statement, ZKINFER_OUTPUT, 0, &tensor) == ZKINFER_OK);
  EXPECT(tensor.exposure == ZKINFER_PUBLIC && tensor.num_integers > 0 && tensor.digest == NULL);
  EXPECT(memcmp(tensor.integers, output->data, tensor.num_integers * sizeof(int64_t)) == 0);
  EXPECT(zkinfer_statement_tensor(statement, ZKINFER_INPUT, 0, &tensor) == ZKINFER_OK && tensor.integers == NULL);
  EXPECT(zkinfer_statement_tensor(statement, ZKINFER_OUTPUT, 1, &tensor) == ZKINFER_OUT_OF_RANGE);
  zkinfer_statement_destroy(statement);

  zkinfer_verify_options options;
  zkinfer_verify_options_init(&options);
  options.context = "nonce";
  options.context_size = 5;
  int64_t other[8] = {0};
  memcpy(other, output->data, sizeof(int64_t));
  zkinfer_known known = {.side = ZKINFER_OUTPUT, .index = 0, .integers = output->data, .num_integers = 0};
  known.num_integers = 1;
  for (size_t i = 0; i < output->rank; ++i) known.num_integers *= (size_t)output->shape[i];
  options.known = &known;
  options.num_known = 1;
  EXPECT(zkinfer_verify(key, proof, proof_size, &options, NULL, &error) == ZKINFER_ACCEPTED);
  other[0] += 1;
  known.integers = other;
  EXPECT(zkinfer_verify(key, proof, proof_size, &options, &statement, &error) == ZKINFER_REJECTED);
  EXPECT(statement == NULL && error.reason != 0 && error.length > 0);
  options.num_known = 0;
  options.context = "other";
  EXPECT(zkinfer_verify(key, proof, proof_size, &options, NULL, NULL) == ZKINFER_REJECTED);
  options.context_size = 33;
  EXPECT(zkinfer_verify(key, proof, proof_size, &options, NULL, &error) == ZKINFER_NOT_VERIFIED &&
         error.reason == -ZKINFER_INVALID_ARGUMENT);
  EXPECT(zkinfer_verify(NULL, proof, proof_size, NULL, NULL, &error) == ZKINFER_NOT_VERIFIED);
  EXPECT(zkinfer_verify(key, NULL, proof_size, NULL, NULL, &error) == ZKINFER_NOT_VERIFIED);
  EXPECT(zkinfer_verify(key, NULL, 0, NULL, NULL, &error) == ZKINFER_REJECTED);
  for (size_t at = 0; at < proof_size; at += proof_size / 10) {
    proof[at] ^= 1;
    EXPECT(zkinfer_verify(key, proof, proof_size, NULL, NULL, &error) == ZKINFER_REJECTED);
    proof[at] ^= 1;
  }
  zkinfer_key_destroy(key);
}

static void verify_rows(const unsigned char* key_bytes, size_t key_size, const unsigned char* proof, size_t proof_size,
                        unsigned char* bytes, size_t size, const zkinfer_proof* batch) {
  zkinfer_key* key = NULL;
  zkinfer_statement* statement = NULL;
  REQUIRE(zkinfer_key_create(key_bytes, key_size, NULL, &key, &error) == ZKINFER_OK);
  zkinfer_verify_options options;
  zkinfer_verify_options_init(&options);
  EXPECT(zkinfer_verify_batch(key, bytes, size, &options, &statement, &error) == ZKINFER_NOT_VERIFIED &&
         statement == NULL);
  options.accept_uncertified = 1;
  EXPECT(zkinfer_verify(key, bytes, size, &options, &statement, &error) == ZKINFER_REJECTED && statement == NULL);
  EXPECT(zkinfer_verify_batch(key, proof, proof_size, &options, &statement, &error) == ZKINFER_REJECTED);
  REQUIRE(zkinfer_verify_batch(key, bytes, size, &options, &statement, &error) == ZKINFER_ACCEPTED);
  zkinfer_statement_info said;
  zkinfer_statement_get_info(statement, &said);
  EXPECT(said.num_rows == 2 && memcmp(said.context, "nonce", 6) == 0);
  zkinfer_verified_tensor tensor;
  for (uint64_t row = 0; row < 2; ++row) {
    zkinfer_tensor output;
    EXPECT(zkinfer_proof_output(batch, row, &output) == ZKINFER_OK);
    EXPECT(zkinfer_statement_row_tensor(statement, row, ZKINFER_OUTPUT, 0, &tensor) == ZKINFER_OK);
    EXPECT(memcmp(tensor.integers, output.data, tensor.num_integers * sizeof(int64_t)) == 0);
  }
  EXPECT(zkinfer_statement_row_tensor(statement, 2, ZKINFER_OUTPUT, 0, &tensor) == ZKINFER_OUT_OF_RANGE);
  EXPECT(zkinfer_statement_tensor(statement, ZKINFER_OUTPUT, 0, &tensor) == ZKINFER_OUT_OF_RANGE);
  zkinfer_statement_destroy(statement);
  /* What is known is known of a row. */
  zkinfer_tensor first;
  EXPECT(zkinfer_proof_output(batch, 0, &first) == ZKINFER_OK);
  zkinfer_known known = {.side = ZKINFER_OUTPUT, .index = 0, .integers = first.data, .num_integers = 1};
  for (size_t i = 0; i < first.rank; ++i) known.num_integers *= (size_t)first.shape[i];
  options.known = &known;
  options.num_known = 1;
  EXPECT(zkinfer_verify_batch(key, bytes, size, &options, NULL, &error) == ZKINFER_ACCEPTED);
  known.row = 1;
  EXPECT(zkinfer_verify_batch(key, bytes, size, &options, NULL, &error) == ZKINFER_REJECTED);
  known.row = 2;
  EXPECT(zkinfer_verify_batch(key, bytes, size, &options, NULL, &error) == ZKINFER_REJECTED);
  options.num_known = 0;
  for (size_t at = 0; at < size; at += size / 10) {
    bytes[at] ^= 1;
    EXPECT(zkinfer_verify_batch(key, bytes, size, &options, NULL, &error) == ZKINFER_REJECTED);
    bytes[at] ^= 1;
  }
  zkinfer_key_destroy(key);
}

int main(void) {
  char version[32];
  snprintf(version, sizeof version, "%d.%d.%d", ZKINFER_VERSION_MAJOR, ZKINFER_VERSION_MINOR, ZKINFER_VERSION_PATCH);
  EXPECT(strcmp(zkinfer_version(), version) == 0);
  zkinfer_model* model = reload(compile());

  zkinfer_commit_options options;
  zkinfer_commit_options_init(&options);
  options.security_bits = 1000;
  zkinfer_prover* prover = NULL;
  EXPECT(zkinfer_prover_commit(model, &options, &prover, &error) == ZKINFER_INVALID_ARGUMENT && prover == NULL);
  zkinfer_commit_options_init(&options);
  options.input_exposure = (zkinfer_exposure)9;
  EXPECT(zkinfer_prover_commit(model, &options, &prover, &error) == ZKINFER_INVALID_ARGUMENT);
  EXPECT(zkinfer_prover_commit(model, NULL, &prover, &error) == ZKINFER_OK);
  remove("c_api.zksecret");
  EXPECT(zkinfer_prover_save(prover, "c_api.zksecret", &error) == ZKINFER_OK);
  zkinfer_prover_destroy(prover);
  EXPECT(zkinfer_prover_open(model, "no such file", &prover, &error) != ZKINFER_OK && prover == NULL);
  REQUIRE(zkinfer_prover_open(model, "c_api.zksecret", &prover, &error) == ZKINFER_OK);

  const double real[kInputs] = {0.25, 0.5, 0.5, 0.25};
  const zkinfer_tensor input = {ZKINFER_FLOAT64, 2, kShape, real};
  zkinfer_proof* proof = NULL;
  const zkinfer_tensor too_many[2] = {input, input};
  EXPECT(zkinfer_prove(prover, too_many, 2, NULL, 0, &proof, &error) == ZKINFER_INVALID_ARGUMENT && proof == NULL);
  REQUIRE(zkinfer_prove(prover, &input, 1, "nonce", 5, &proof, &error) == ZKINFER_OK);
  size_t key_size = 0, proof_size = 0;
  EXPECT(zkinfer_prover_key(prover, NULL, &key_size) == ZKINFER_OK);
  EXPECT(zkinfer_proof_bytes(proof, NULL, &proof_size) == ZKINFER_OK);
  unsigned char* key = malloc(key_size);
  unsigned char* bytes = malloc(proof_size);
  EXPECT(zkinfer_prover_key(prover, key, &key_size) == ZKINFER_OK);
  EXPECT(zkinfer_proof_bytes(proof, bytes, &proof_size) == ZKINFER_OK);
  zkinfer_tensor output;
  EXPECT(zkinfer_proof_num_clipped(proof) == 0);
  EXPECT(zkinfer_proof_num_outputs(proof) == 1 && zkinfer_proof_output(proof, 0, &output) == ZKINFER_OK);

  /* A batch of two rows, the first of them the inference above; a proof is no batch, and a batch no proof. */
  const double brighter[kInputs] = {0.5, 0.5, 0.25, 0.25};
  const zkinfer_tensor rows[2] = {input, {ZKINFER_FLOAT64, 2, kShape, brighter}};
  zkinfer_proof* batch = NULL;
  EXPECT(zkinfer_prove_batch(prover, rows, 0, 1, NULL, 0, &batch, &error) == ZKINFER_INVALID_ARGUMENT && batch == NULL);
  EXPECT(zkinfer_prove_batch(prover, rows, 1, 2, NULL, 0, &batch, &error) == ZKINFER_INVALID_ARGUMENT);
  EXPECT(zkinfer_prove_batch(prover, NULL, 2, 1, NULL, 0, &batch, &error) == ZKINFER_INVALID_ARGUMENT);
  REQUIRE(zkinfer_prove_batch(prover, rows, 2, 1, "nonce", 5, &batch, &error) == ZKINFER_OK);
  EXPECT(zkinfer_proof_num_outputs(batch) == 2);
  size_t batch_size = 0;
  EXPECT(zkinfer_proof_bytes(batch, NULL, &batch_size) == ZKINFER_OK);
  unsigned char* batch_bytes = malloc(batch_size);
  EXPECT(zkinfer_proof_bytes(batch, batch_bytes, &batch_size) == ZKINFER_OK);
  verify_rows(key, key_size, bytes, proof_size, batch_bytes, batch_size, batch);
  zkinfer_proof_destroy(batch);
  free(batch_bytes);

  zkinfer_proof* certificate = NULL;
  REQUIRE(zkinfer_certify(prover, &certificate, &error) == ZKINFER_OK);
  size_t size = 0;
  EXPECT(zkinfer_proof_bytes(certificate, NULL, &size) == ZKINFER_OK);
  unsigned char* certified = malloc(size);
  EXPECT(zkinfer_proof_bytes(certificate, certified, &size) == ZKINFER_OK);
  verify(key, key_size, bytes, proof_size, certified, size, &output);

  zkinfer_proof_destroy(certificate);
  zkinfer_proof_destroy(proof);
  zkinfer_prover_destroy(prover);
  zkinfer_model_destroy(model);
  free(certified);
  free(bytes);
  free(key);
  /* Nothing to destroy is no mistake. */
  zkinfer_key_destroy(NULL);
  zkinfer_statement_destroy(NULL);
  zkinfer_model_destroy(NULL);
  zkinfer_tensors_destroy(NULL);
  zkinfer_prover_destroy(NULL);
  zkinfer_proof_destroy(NULL);
  if (failures == 0) printf("c_api: all as zkinfer.h says\n");
  return failures == 0 ? 0 : 1;
}
