/* SPDX-License-Identifier: Apache-2.0
 * Component verify of zkinfer.h, which says how all of it is called: what a program needs that only checks proofs. */
#ifndef ZKINFER_ZKINFER_VERIFY_H
#define ZKINFER_ZKINFER_VERIFY_H

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
/* The same of a joint proof (.zkjoint), for the owner of a seat (.zkseat) in it: options->known has all inputs and outputs of his row, with their
 * integers or data, since the proof holds none. Its statement says of him alone. */
ZKINFER_API zkinfer_verdict zkinfer_verify_joint(const zkinfer_key* key, const void* proof, size_t proof_size,
                                                 const void* seat, size_t seat_size,
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
/* Of a joint proof the number of the seat and of all; 0: it is none. */
ZKINFER_API uint64_t zkinfer_statement_seats(const zkinfer_statement* statement, uint64_t* seat);
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

#ifdef __cplusplus
}
#endif

#endif
