/* SPDX-License-Identifier: Apache-2.0
 * verify KEY PROOF [CERTIFICATE [PATH]]: what an accepted proof says. Proofs that the command line makes are made under serving
 * keys and come with a path (.zkpath) that leads from the root key to theirs. Links zkinfer-verify only:
 *   cc verify.c $(pkg-config --cflags --libs zkinfer-verify) -o verify */
#include <stdio.h>
#include <stdlib.h>

#include "zkinfer/zkinfer.h"

static void* read_file(const char* path, size_t* size) {
  FILE* file = fopen(path, "rb");
  if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
    perror(path);
    exit(2);
  }
  *size = (size_t)ftell(file);
  rewind(file);
  void* bytes = malloc(*size + 1);
  if (bytes == NULL || fread(bytes, 1, *size, file) != *size) {
    perror(path);
    exit(2);
  }
  fclose(file);
  return bytes;
}

int main(int argc, char** argv) {
  if (argc < 3 || argc > 5) {
    fprintf(stderr, "usage: verify KEY PROOF [CERTIFICATE [PATH]]\n");
    return 2;
  }
  size_t key_size, proof_size;
  void* key_bytes = read_file(argv[1], &key_size);
  void* proof = read_file(argv[2], &proof_size);
  char text[512];
  zkinfer_error error = {.text = text, .capacity = sizeof text};

  zkinfer_key* key;
  if (zkinfer_key_create(key_bytes, key_size, NULL, &key, &error) != ZKINFER_OK) {
    fprintf(stderr, "%s: %s\n", argv[1], text);
    return 2;
  }
  /* Once per key. Without it the weights might be no integers, and that must be taken knowingly. */
  zkinfer_verify_options options;
  zkinfer_verify_options_init(&options);
  options.accept_uncertified = argc == 3;
  zkinfer_verdict verdict = ZKINFER_ACCEPTED;
  if (argc >= 4) {
    size_t size;
    void* certificate = read_file(argv[3], &size);
    verdict = zkinfer_key_certify(key, certificate, size, &error);
    free(certificate);
  }
  /* Once per path, which is that of a few hundred proofs. The certificate of the root speaks for the serving key too. */
  zkinfer_key* serving = NULL;
  if (argc == 5 && verdict == ZKINFER_ACCEPTED) {
    size_t size;
    void* path = read_file(argv[4], &size);
    verdict = zkinfer_key_from_path(key, path, size, &serving, &error);
    free(path);
  }
  zkinfer_statement* statement = NULL;
  if (verdict == ZKINFER_ACCEPTED) {
    verdict = zkinfer_verify(serving != NULL ? serving : key, proof, proof_size, &options, &statement, &error);
  }
  switch (verdict) {
    case ZKINFER_ACCEPTED: {
      zkinfer_verified_tensor output;
      printf("accepted\n");
      for (size_t i = 0; zkinfer_statement_tensor(statement, ZKINFER_OUTPUT, i, &output) == ZKINFER_OK; ++i) {
        for (size_t j = 0; j < output.num_integers; ++j)
          printf("output %zu [%zu] %lld\n", i, j, (long long)output.integers[j]);
      }
      break;
    }
    case ZKINFER_REJECTED: printf("%s\n", text); break;
    case ZKINFER_NOT_VERIFIED: fprintf(stderr, "%s\n", text); break;
  }
  zkinfer_statement_destroy(statement);
  zkinfer_key_destroy(serving);
  zkinfer_key_destroy(key);
  free(proof);
  free(key_bytes);
  return (int)verdict;
}
