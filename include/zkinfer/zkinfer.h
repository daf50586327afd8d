/* SPDX-License-Identifier: Apache-2.0
 * zkinfer from C, and from every language that calls C.
 *
 *   Handles   are opaque; _destroy takes NULL too. A handle may be used by one thread at a time; a zkinfer_key, a zkinfer_model
 *             and a zkinfer_prover by many: each proof of theirs takes a slot of its own.
 *   Bytes     go into the caller's buffer: *size is its capacity on the way in and the number of bytes on the way out. With
 *             buffer NULL only the number is told; ZKINFER_BUFFER_TOO_SMALL, with the number, when it is too small.
 *   Views     (names, shapes, integers) are borrowed from a handle and valid until it is destroyed.
 *   Options   begin with their size, set by the _init function: programs made with an older header go on working.
 *   Errors    a code, and a text for people in the caller's zkinfer_error, which may be NULL.
 *
 * Functions of a section are in the library of that name: zkinfer-verify, whose section is zkinfer_verify.h, needs nothing but the C++
 * runtime. */
#ifndef ZKINFER_ZKINFER_H
#define ZKINFER_ZKINFER_H

#include "zkinfer/zkinfer_verify.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Component inspect: for programs that show to people --------------------------------------------------------- */

/* JSON is one object in UTF-8, with the keys of `zkinfer verify --json` and `zkinfer inspect --json` (docs/cli.md), in the caller's
 * buffer without a 0 at its end. */

/* "wrong statement", of RejectReason in verdict.h; "" of other numbers. One sentence on its usual cause. "invalid_argument". */
ZKINFER_API const char* zkinfer_reason_name(int reason);
ZKINFER_API const char* zkinfer_reason_hint(int reason);
ZKINFER_API const char* zkinfer_code_name(zkinfer_code code);
/* What a file says of itself, checked against nothing: a key, proof, batch, evaluation, joint proof, seat, bundle, certificate, path or tensor
 * commitment. options: limits of a key that is parsed. */
ZKINFER_API zkinfer_code zkinfer_inspect(const void* bytes, size_t size, const zkinfer_key_options* options, void* json,
                                         size_t* json_size, zkinfer_error* error);
/* Everything that a key says of itself; what an accepted proof, batch or joint proof says. */
ZKINFER_API zkinfer_code zkinfer_key_json(const zkinfer_key* key, void* json, size_t* json_size);
ZKINFER_API zkinfer_code zkinfer_statement_json(const zkinfer_statement* statement, void* json, size_t* json_size);
/* {"warnings": [sentences]}: what to ask about before the key's structure is trusted; none for most models. */
ZKINFER_API zkinfer_code zkinfer_key_warnings(const zkinfer_key* key, void* json, size_t* json_size);
/* The key that a proof, batch, evaluation or joint proof says it was made under, and how many rows a batch says it has: checked by nobody. 0: the bytes do not
 * begin like one. */
ZKINFER_API int zkinfer_claimed_identity(const void* proof, size_t size, uint8_t identity[32]);
ZKINFER_API uint64_t zkinfer_claimed_rows(const void* batch, size_t size);
/* A proof and what came with it (.zkbundle). A part that is not there has size 0. */
typedef enum zkinfer_part { ZKINFER_PROOF = 0, ZKINFER_PATH = 1, ZKINFER_CERTIFICATE = 2 } zkinfer_part;
ZKINFER_API int zkinfer_is_bundle(const void* bytes, size_t size);
ZKINFER_API zkinfer_code zkinfer_bundle_part(const void* bundle, size_t size, zkinfer_part part, void* buffer,
                                             size_t* part_size, zkinfer_error* error);

/* Of an accepted proof that says it is an answer of a language model: whether each token of the answer is what the key's model gives
 * after those before it. generation: NULL where it is rejected, or says no such thing. */
typedef struct zkinfer_generation zkinfer_generation;
ZKINFER_API zkinfer_verdict zkinfer_check_generation(const zkinfer_key* key, const zkinfer_statement* statement,
                                                     zkinfer_generation** generation, zkinfer_error* error);
ZKINFER_API zkinfer_code zkinfer_generation_json(const zkinfer_generation* generation, void* json, size_t* json_size);
ZKINFER_API void zkinfer_generation_destroy(zkinfer_generation* generation);

/* How a committed model does on a data set (.zkset), which everybody has. */
typedef struct zkinfer_data_set zkinfer_data_set;
typedef struct zkinfer_evaluation zkinfer_evaluation;
ZKINFER_API zkinfer_code zkinfer_data_set_create(const void* bytes, size_t size, zkinfer_data_set** data_set,
                                                 zkinfer_error* error);
ZKINFER_API void zkinfer_data_set_destroy(zkinfer_data_set* data_set);
/* Its name: of everything in it. */
ZKINFER_API void zkinfer_data_set_digest(const zkinfer_data_set* data_set, uint8_t digest[32]);

/* What a verifier asks of an evaluation beyond its proofs. */
typedef struct zkinfer_evaluation_demands {
  size_t struct_size;
  const char* metric;   /* "accuracy": it must be of this one; NULL: any */
  const uint8_t* nonce; /* 32 bytes that the caller drew, needed for a sample; NULL: of all rows */
  double at_least;      /* its first figure must be no smaller, */
  double
      at_most; /* or no larger; NaN: any, else name the metric. At the worse end of what a sample says of the whole data set, and of what errors
                           may be unrounded */
  double confidence;    /* 0.999: of what a sample says of other rows */
  uint64_t num_sampled; /* the rows that the caller asked for with the nonce, needed for a sample; 0: all */
  uint32_t output;      /* of the model's, counted from 0, with a metric */
} zkinfer_evaluation_demands;
ZKINFER_API void zkinfer_evaluation_demands_init(zkinfer_evaluation_demands* demands);

/* Whether the key's model gives on these rows what the evaluation (.zkeval) says. options: NULL, or context and accept_uncertified; demands: NULL for
 * none. result: what an accepted one says, or NULL; set to NULL when it is not accepted. Total on arbitrary bytes. */
ZKINFER_API zkinfer_verdict zkinfer_verify_evaluation(const zkinfer_key* key, const void* evaluation, size_t size,
                                                      const zkinfer_data_set* data_set,
                                                      const zkinfer_verify_options* options,
                                                      const zkinfer_evaluation_demands* demands,
                                                      zkinfer_evaluation** result, zkinfer_error* error);
ZKINFER_API void zkinfer_evaluation_destroy(zkinfer_evaluation* evaluation);
typedef struct zkinfer_evaluation_info {
  const char* metric;              /* "accuracy" */
  uint64_t numerator, denominator; /* of its first figure, exactly; of errors and AUC docs/cli.md says of what */
  double value;                    /* as a number; NaN of no rows */
  double low,
      high; /* that of the whole data set: of errors what they may be unrounded, else the same where all rows are counted; NaN: a sample says nothing */
  uint64_t num_rows, data_set_rows; /* that are counted, and of the data set */
} zkinfer_evaluation_info;
ZKINFER_API void zkinfer_evaluation_get_info(const zkinfer_evaluation* evaluation, zkinfer_evaluation_info* info);
/* All figures and counts, with what every accepted proof says. */
ZKINFER_API zkinfer_code zkinfer_evaluation_json(const zkinfer_evaluation* evaluation, void* json, size_t* json_size);

/* ---- Component prove --------------------------------------------------------------------------------------------- */

typedef struct zkinfer_model zkinfer_model;
typedef struct zkinfer_tensors zkinfer_tensors;
typedef struct zkinfer_prover zkinfer_prover;
typedef struct zkinfer_proof zkinfer_proof;

/* A compiled model with its weights, from the bytes of a .zkmodel. */
ZKINFER_API zkinfer_code zkinfer_model_create(const void* bytes, size_t size, zkinfer_model** model,
                                              zkinfer_error* error);
ZKINFER_API void zkinfer_model_destroy(zkinfer_model* model);
ZKINFER_API zkinfer_code zkinfer_model_bytes(const zkinfer_model* model, void* buffer, size_t* size);
ZKINFER_API size_t zkinfer_model_num_tensors(const zkinfer_model* model, zkinfer_side side);
ZKINFER_API zkinfer_code zkinfer_model_tensor(const zkinfer_model* model, zkinfer_side side, size_t index,
                                              zkinfer_tensor_info* info);

/* UTF-8: {"model", "parameters", "structure", "inputs", "outputs", "preprocessing"}; preprocessing as in `zkinfer inspect --json`. */
ZKINFER_API zkinfer_code zkinfer_model_json(const zkinfer_model* model, void* json, size_t* json_size);

/* Integer inference without a proof: the integers that a proof would show. inputs: one real tensor per model input. */
ZKINFER_API zkinfer_code zkinfer_model_run(const zkinfer_model* model, const zkinfer_tensor* inputs, size_t num_inputs,
                                           zkinfer_tensors** outputs, zkinfer_error* error);
ZKINFER_API size_t zkinfer_tensors_count(const zkinfer_tensors* tensors);
ZKINFER_API zkinfer_code zkinfer_tensors_get(const zkinfer_tensors* tensors, size_t index, zkinfer_tensor* tensor);
/* Input values outside of the range that the model takes: each was replaced by the nearest end of it. */
ZKINFER_API uint64_t zkinfer_tensors_num_clipped(const zkinfer_tensors* tensors);
ZKINFER_API void zkinfer_tensors_destroy(zkinfer_tensors* tensors);

/* Called in the caller's thread at the start of each stage of a long operation; fraction is of the whole, 0 to 1. 0 asks to stop: the
 * operation then ends with ZKINFER_CANCELLED and has written nothing, unless all is done (fraction 1). */
typedef int (*zkinfer_progress)(void* data, const char* stage, double fraction);

typedef struct zkinfer_commit_options {
  size_t struct_size;
  uint32_t security_bits;  /* 128 */
  int unique_decoding;     /* 0: decoding up to the Johnson radius */
  uint32_t pow_bits;       /* 16: grinding before each query phase; part of security_bits */
  zkinfer_profile profile; /* balanced; pow_bits that suit: 12 for fast, 22 for small */
  int zero_knowledge;      /* 1; 0 only where everything is public */
  int public_parameters;
  zkinfer_exposure input_exposure;  /* private */
  zkinfer_exposure output_exposure; /* public */
  zkinfer_hash input_hash, output_hash;
  uint64_t budget;           /* proofs that the commitment may serve; 0: default by model size */
  zkinfer_progress progress; /* NULL: none */
  void* progress_data;
} zkinfer_commit_options;
ZKINFER_API void zkinfer_commit_options_init(zkinfer_commit_options* options);

/* Commits to the weights, the costly one-time step. options: NULL for the defaults. The count of used slots is in memory
 * until zkinfer_prover_save. */
ZKINFER_API zkinfer_code zkinfer_prover_commit(const zkinfer_model* model, const zkinfer_commit_options* options,
                                               zkinfer_prover** prover, zkinfer_error* error);
/* The same commitment again, from the file of zkinfer_prover_save, where its slots are counted. */
ZKINFER_API zkinfer_code zkinfer_prover_open(const zkinfer_model* model, const char* secret_path,
                                             zkinfer_prover** prover, zkinfer_error* error);
ZKINFER_API void zkinfer_prover_destroy(zkinfer_prover* prover);
ZKINFER_API zkinfer_code zkinfer_prover_save(zkinfer_prover* prover, const char* secret_path, zkinfer_error* error);
/* The verification key, for everybody. */
ZKINFER_API zkinfer_code zkinfer_prover_key(const zkinfer_prover* prover, void* buffer, size_t* size);

/* Takes a slot and proves one inference. context: at most 32 bytes bound into the proof, a nonce of the verifier. */
ZKINFER_API zkinfer_code zkinfer_prove(zkinfer_prover* prover, const zkinfer_tensor* inputs, size_t num_inputs,
                                       const void* context, size_t context_size, zkinfer_proof** proof,
                                       zkinfer_error* error);
/* Takes a slot and proves num_rows inferences in one batch, for zkinfer_verify_batch. inputs: num_rows * num_inputs
 * tensors, the inputs of one row after another; the outputs of the handle are in the same order. */
ZKINFER_API zkinfer_code zkinfer_prove_batch(zkinfer_prover* prover, const zkinfer_tensor* inputs, size_t num_rows,
                                             size_t num_inputs, const void* context, size_t context_size,
                                             zkinfer_proof** batch, zkinfer_error* error);
/* Takes a slot and proves that every weight lies in its declared range: a handle whose bytes are the certificate. */
ZKINFER_API zkinfer_code zkinfer_certify(zkinfer_prover* prover, zkinfer_proof** certificate, zkinfer_error* error);
ZKINFER_API zkinfer_code zkinfer_proof_bytes(const zkinfer_proof* proof, void* buffer, size_t* size);
/* The inference's outputs as integers, hidden ones too. */
ZKINFER_API size_t zkinfer_proof_num_outputs(const zkinfer_proof* proof);
ZKINFER_API zkinfer_code zkinfer_proof_output(const zkinfer_proof* proof, size_t index, zkinfer_tensor* tensor);
/* Input values that were replaced by the nearest end of the range that the model takes: the proof is about those. */
ZKINFER_API uint64_t zkinfer_proof_num_clipped(const zkinfer_proof* proof);
ZKINFER_API void zkinfer_proof_destroy(zkinfer_proof* proof);

/* ---- Component compile ------------------------------------------------------------------------------------------- */

typedef struct zkinfer_compile_options {
  size_t struct_size;
  const char* name;    /* shown to people; NULL: the file's name */
  int activation_bits; /* 0: chosen per tensor */
  int weight_bits;     /* 0: chosen per tensor */
  double float_target; /* 0: the default. The largest error of an output relative to the output's largest element */
  zkinfer_progress progress; /* NULL: none */
  void* progress_data;
} zkinfer_compile_options;
ZKINFER_API void zkinfer_compile_options_init(zkinfer_compile_options* options);

/* From a network's file, in a format that is read, to an integer model. samples: num_samples * num_inputs tensors, the inputs of
 * one sample after another; a few dozen to a few hundred typical ones; none: random ones of the declared types. options: NULL for
 * the defaults. */
ZKINFER_API zkinfer_code zkinfer_compile_network(const char* path, const zkinfer_tensor* samples, size_t num_samples,
                                                 size_t num_inputs, const zkinfer_compile_options* options,
                                                 zkinfer_model** model, zkinfer_error* error);

#ifdef __cplusplus
}
#endif

#endif
