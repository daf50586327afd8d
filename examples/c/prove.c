/* SPDX-License-Identifier: Apache-2.0
 * prove NETWORK.onnx KEY PROOF: compiles (with made-up calibration data), commits, proves one inference of made-up numbers,
 * and writes the key and the proof for verify.c.
 *   cc prove.c $(pkg-config --cflags --libs zkinfer-compile) -o prove
 * Give it a network with one input of SIZE numbers: prove NETWORK.onnx KEY PROOF SIZE */
#include <stdio.h>
#include <stdlib.h>

#include "zkinfer/zkinfer.h"

enum { kSamples = 40 };

static char text[512];
static zkinfer_error error = {.text = text, .capacity = sizeof text};

static void must(zkinfer_code code, const char* what) {
  if (code == ZKINFER_OK) return;
  fprintf(stderr, "%s: error %d: %s\n", what, (int)code, text);
  exit(2);
}

static void write_file(const char* path, const void* bytes, size_t size) {
  FILE* file = fopen(path, "wb");
  if (file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
    perror(path);
    exit(2);
  }
}

int main(int argc, char** argv) {
  if (argc != 5) {
    fprintf(stderr, "usage: prove NETWORK.onnx KEY PROOF SIZE\n");
    return 2;
  }
  const int64_t shape[1] = {atoll(argv[4])};
  float* numbers = malloc((kSamples + 1) * (size_t)shape[0] * sizeof(float));
  zkinfer_tensor tensors[kSamples + 1];
  for (int64_t i = 0; i < (kSamples + 1) * shape[0]; ++i) numbers[i] = (float)rand() / (float)RAND_MAX;
  for (int i = 0; i <= kSamples; ++i) tensors[i] = (zkinfer_tensor){ZKINFER_FLOAT32, 1, shape, numbers + i * shape[0]};

  zkinfer_model* model;
  must(zkinfer_compile_network(argv[1], tensors, kSamples, 1, NULL, &model, &error), argv[1]);
  zkinfer_prover* prover;
  must(zkinfer_prover_commit(model, NULL, &prover, &error), "commit");
  zkinfer_proof* proof;
  must(zkinfer_prove(prover, &tensors[kSamples], 1, "a nonce", 7, &proof, &error), "prove");

  /* First the size, then the bytes. */
  size_t key_size, proof_size;
  must(zkinfer_prover_key(prover, NULL, &key_size), "key");
  must(zkinfer_proof_bytes(proof, NULL, &proof_size), "proof");
  void* key_bytes = malloc(key_size);
  void* proof_bytes = malloc(proof_size);
  must(zkinfer_prover_key(prover, key_bytes, &key_size), "key");
  must(zkinfer_proof_bytes(proof, proof_bytes, &proof_size), "proof");
  write_file(argv[2], key_bytes, key_size);
  write_file(argv[3], proof_bytes, proof_size);
  zkinfer_tensor output;
  must(zkinfer_proof_output(proof, 0, &output), "output");
  printf("proof of %zu bytes, first output %lld\n", proof_size, (long long)((const int64_t*)output.data)[0]);

  free(proof_bytes);
  free(key_bytes);
  zkinfer_proof_destroy(proof);
  zkinfer_prover_destroy(prover);
  zkinfer_model_destroy(model);
  free(numbers);
  return 0;
}
