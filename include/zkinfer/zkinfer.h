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
 * Functions of a section are in the library of that name: zkinfer-verify needs nothing but the C++ runtime. */
#ifndef ZKINFER_ZKINFER_H
#define ZKINFER_ZKINFER_H

#include <stddef.h>
#include <stdint.h>

#include "zkinfer/version.h"

#if defined(__GNUC__)
#define ZKINFER_API __attribute__((visibility("default")))
#else
#define ZKINFER_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Everywhere -------------------------------------------------------------------------------------------------- */

typedef enum zkinfer_code {
  ZKINFER_OK = 0,
  ZKINFER_INVALID_ARGUMENT = 1, /* a request or option that cannot be served */
  ZKINFER_UNSUPPORTED = 2,      /* a model uses something that is not supported */
  ZKINFER_OUT_OF_RANGE = 3,     /* a value outside of its stated range */
  ZKINFER_CORRUPT = 4,          /* bytes that do not follow their grammar */
  ZKINFER_RESOURCE_LIMIT = 5,   /* memory, budget of proofs or time */
  ZKINFER_IO = 6,               /* the operating system said no */
  ZKINFER_INTERNAL = 7,         /* a self check failed: a bug in zkinfer */
  ZKINFER_BUFFER_TOO_SMALL = 8,
  ZKINFER_CANCELLED = 9 /* the progress function asked to stop */
} zkinfer_code;

typedef struct zkinfer_error {
  char* text;      /* in: the caller's buffer, or NULL; out: UTF-8, cut to fit, ends in 0 */
  size_t capacity; /* in: of text */
  size_t length;   /* out: of the whole text without the 0; 0 when there is nothing to say */
  int reason; /* out: why a proof was rejected (RejectReason in verdict.h); of a failed call minus its zkinfer_code; or 0 */
} zkinfer_error;

/* "0.1.0", of the library that runs. */
ZKINFER_API const char* zkinfer_version(void);

typedef enum zkinfer_side { ZKINFER_INPUT = 0, ZKINFER_OUTPUT = 1 } zkinfer_side;
typedef enum zkinfer_exposure { ZKINFER_PRIVATE = 0, ZKINFER_PUBLIC = 1, ZKINFER_COMMITTED = 2 } zkinfer_exposure;
typedef enum zkinfer_hash { ZKINFER_NO_HASH = 0, ZKINFER_KECCAK256 = 1, ZKINFER_SHA256 = 2 } zkinfer_hash;

typedef enum zkinfer_profile { ZKINFER_BALANCED = 0, ZKINFER_FAST = 1, ZKINFER_SMALL = 2 } zkinfer_profile;

typedef enum zkinfer_dtype {
  ZKINFER_FLOAT32 = 0,
  ZKINFER_FLOAT64 = 1,
  ZKINFER_INT8 = 2,
  ZKINFER_UINT8 = 3,
  ZKINFER_INT16 = 4,
  ZKINFER_UINT16 = 5,
  ZKINFER_INT32 = 6,
  ZKINFER_UINT32 = 7,
  ZKINFER_INT64 = 8
} zkinfer_dtype;

/* A dense row-major tensor of the caller's, or a view of a handle's. data need not be aligned. */
typedef struct zkinfer_tensor {
  zkinfer_dtype dtype;
  size_t rank;
  const int64_t* shape;
  const void* data;
} zkinfer_tensor;

/* Name, shape and meaning of a model's input or output: real value = integer * scale_mantissa * 2^scale_exponent. */
typedef struct zkinfer_tensor_info {
  const char* name;
  size_t rank;
  const int64_t* shape;
  int64_t lo, hi; /* of its integers */
  int64_t scale_mantissa;
  int32_t scale_exponent;
} zkinfer_tensor_info;

/* ---- Component verify -------------------------------------------------------------------------------------------- */

typedef struct zkinfer_key zkinfer_key;
typedef struct zkinfer_statement zkinfer_statement;

/* 0 is the only good answer, so that a mistaken `if (zkinfer_verify(..))` fails at the first honest proof. */
typedef enum zkinfer_verdict {
  ZKINFER_ACCEPTED = 0,
  ZKINFER_REJECTED = 1, /* error->reason and error->text say why and where */
  /* The call itself was wrong, there is no certificate and nobody said accept_uncertified, the key's limits are too low, or memory is
   * missing: nothing is known of the proof. */
  ZKINFER_NOT_VERIFIED = 2
} zkinfer_verdict;

typedef struct zkinfer_key_options {
  size_t struct_size;
  double min_security_bits;  /* 100: keys that prove fewer are refused */
  uint64_t max_nanoseconds;  /* 2 s: keys whose proofs may take longer to check are refused, before anything is spent */
  uint64_t max_memory_bytes; /* 512 MiB: the same */
} zkinfer_key_options;
ZKINFER_API void zkinfer_key_options_init(zkinfer_key_options* options);

/* A verification key: parse once, verify many proofs. options: NULL for the defaults. */
ZKINFER_API zkinfer_code zkinfer_key_create(const void* bytes, size_t size, const zkinfer_key_options* options,
                                            zkinfer_key** key, zkinfer_error* error);
ZKINFER_API void zkinfer_key_destroy(zkinfer_key* key);
/* Checks the certificate of the key's weights, once, and keeps with the key that it was accepted: zkinfer_verify asks for it.
 * Call it before the key is shared between threads, and before keys come from it. */
ZKINFER_API zkinfer_verdict zkinfer_key_certify(zkinfer_key* key, const void* certificate, size_t size,
                                                zkinfer_error* error);
/* From the root key that a model is known by to the key that a proof was made under: path is that of a .zkpath. The serving
 * key takes over what the root's certificate showed. serving: set to NULL unless accepted. */
ZKINFER_API zkinfer_verdict zkinfer_key_from_path(const zkinfer_key* root, const void* path, size_t size,
                                                  zkinfer_key** serving, zkinfer_error* error);

typedef struct zkinfer_key_info {
  const char* model_name;
  uint8_t identity[32];      /* digest of circuit, parameters and weight commitment */
  uint8_t root_identity[32]; /* the name of the model: that of the root key where this one came by a path */
  double security_bits;      /* of the key alone */
  double weakest_bits;       /* of the root, this key and every rotation between */
  int zero_knowledge;
  int public_parameters;
  int certified;     /* zkinfer_key_certify accepted */
  int insecure_seed; /* made by a test: hides nothing from whoever knows the seed */
  size_t num_inputs, num_outputs;
  zkinfer_exposure input_exposure, output_exposure;
  zkinfer_hash input_hash, output_hash;
} zkinfer_key_info;
ZKINFER_API void zkinfer_key_get_info(const zkinfer_key* key, zkinfer_key_info* info);
/* ZKINFER_OUT_OF_RANGE where there is no such tensor. */
ZKINFER_API zkinfer_code zkinfer_key_tensor(const zkinfer_key* key, zkinfer_side side, size_t index,
                                            zkinfer_tensor_info* info);

/* What the verifier holds of one input or output; all that is given must agree with the proof. */
typedef struct zkinfer_known {
  zkinfer_side side;
  size_t index;
  const int64_t* integers; /* or NULL */
  size_t num_integers;
  const void* data; /* canonical bytes, or NULL */
  size_t data_size;
  const uint8_t* digest;  /* 32 bytes under the hash that the key names, or NULL */
  const void* commitment; /* the bytes of a .zktensor, or NULL */
  size_t commitment_size;
  uint64_t row; /* of a batch; 0 of a proof */
} zkinfer_known;

typedef struct zkinfer_verify_options {
  size_t struct_size;
  const void* context; /* at most 32 bytes that the proof must be bound to; NULL: any */
  size_t context_size;
  const zkinfer_known* known;
  size_t num_known;
  int accept_uncertified; /* 0; 1: also under a key without certificate, whose proofs may be about weights that are no integers */
} zkinfer_verify_options;
ZKINFER_API void zkinfer_verify_options_init(zkinfer_verify_options* options);

/* Whether `proof` shows an inference of the key's model. options: NULL for none. statement: what an accepted proof says, or
 * NULL; set to NULL when it is not accepted. Total on arbitrary bytes. */
ZKINFER_API zkinfer_verdict zkinfer_verify(const zkinfer_key* key, const void* proof, size_t proof_size,
                                           const zkinfer_verify_options* options, zkinfer_statement** statement,
                                           zkinfer_error* error);
/* The same of a batch (zkinfer_prove_batch): an inference for each of its rows. A function of its own, since whoever asks for one
 * inference must not be given many. */
ZKINFER_API zkinfer_verdict zkinfer_verify_batch(const zkinfer_key* key, const void* batch, size_t batch_size,
                                                 const zkinfer_verify_options* options, zkinfer_statement** statement,
                                                 zkinfer_error* error);
ZKINFER_API void zkinfer_statement_destroy(zkinfer_statement* statement);
typedef struct zkinfer_statement_info {
  uint8_t context[32];       /* what the prover bound */
  uint8_t root_identity[32]; /* the name of the model */
  uint64_t slot;             /* the proof's number among those of its key */
  double security_bits;      /* the weakest of proof, path and certificate */
  int certified;             /* the weights are known to be integers in their ranges */
  uint64_t num_rows;         /* of a batch; 1 of a proof */
} zkinfer_statement_info;
ZKINFER_API void zkinfer_statement_get_info(const zkinfer_statement* statement, zkinfer_statement_info* info);
typedef struct zkinfer_verified_tensor {
  zkinfer_exposure exposure;
  zkinfer_hash hash;
  const int64_t* integers; /* where it is public; otherwise NULL */
  size_t num_integers;
  const uint8_t* digest; /* 32 bytes of its canonical bytes' hash, where there is one; otherwise NULL */
  const uint8_t*
      commitment_id; /* 32 bytes, equal for commitments to the same integers, where it is committed; or NULL */
} zkinfer_verified_tensor;
/* Of a proof. ZKINFER_OUT_OF_RANGE where there is no such tensor. */
ZKINFER_API zkinfer_code zkinfer_statement_tensor(const zkinfer_statement* statement, zkinfer_side side, size_t index,
                                                  zkinfer_verified_tensor* tensor);
/* Of a row of a batch; a proof is its own row 0. */
ZKINFER_API zkinfer_code zkinfer_statement_row_tensor(const zkinfer_statement* statement, uint64_t row,
                                                      zkinfer_side side, size_t index, zkinfer_verified_tensor* tensor);

/* ---- Component inspect: for programs that show to people --------------------------------------------------------- */

/* JSON is one object in UTF-8, with the keys of `zkinfer verify --json` and `zkinfer inspect --json` (docs/cli.md), in the caller's
 * buffer without a 0 at its end. */

/* "wrong statement", of RejectReason in verdict.h; "" of other numbers. One sentence on its usual cause. "invalid_argument". */
ZKINFER_API const char* zkinfer_reason_name(int reason);
ZKINFER_API const char* zkinfer_reason_hint(int reason);
ZKINFER_API const char* zkinfer_code_name(zkinfer_code code);
/* What a file says of itself, checked against nothing: a key, proof, batch, bundle, certificate, path or tensor commitment. options:
 * limits of a key that is parsed. */
ZKINFER_API zkinfer_code zkinfer_inspect(const void* bytes, size_t size, const zkinfer_key_options* options, void* json,
                                         size_t* json_size, zkinfer_error* error);
/* Everything that a key says of itself; what an accepted proof or batch says. */
ZKINFER_API zkinfer_code zkinfer_key_json(const zkinfer_key* key, void* json, size_t* json_size);
ZKINFER_API zkinfer_code zkinfer_statement_json(const zkinfer_statement* statement, void* json, size_t* json_size);
/* {"warnings": [sentences]}: what to ask about before the key's structure is trusted; none for most models. */
ZKINFER_API zkinfer_code zkinfer_key_warnings(const zkinfer_key* key, void* json, size_t* json_size);
/* The key that a proof or batch says it was made under, and how many rows a batch says it has: checked by nobody. 0: the bytes do not
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
