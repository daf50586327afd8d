// SPDX-License-Identifier: Apache-2.0
// Secrets begin with OpenSSL's generator, which the operating system seeds; when it has nothing to give, nothing is
// committed or proven. A generator of the test's own is put in its place.
#include <gtest/gtest.h>

#include <openssl/rand.h>

#include "package/package.h"
#include "prover/prf.h"
#include "support/session.h"
#include "support/small_graphs.h"
#include "zkinfer/prove.h"
#include "zkinfer/verify.h"

namespace zkinfer::e2e {
namespace {

int num_calls = 0;

int give_sevens(unsigned char* bytes, int num_bytes) {
  ++num_calls;
  std::fill_n(bytes, num_bytes, static_cast<unsigned char>(7));
  return 1;
}

// As a generator without entropy: the buffer stays as it is.
int give_nothing(unsigned char*, int) {
  ++num_calls;
  return 0;
}

// Takes the place of OpenSSL's generator for the lifetime of the object.
class Generator {
 public:
  explicit Generator(int (*bytes)(unsigned char*, int)) {
    method_.bytes = bytes;
    num_calls = 0;
    set(&method_);
  }
  ~Generator() { set(nullptr); }
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;

 private:
  static void set(const RAND_METHOD* method) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"  // there is no other way to replace it without a provider
    ZKI_CHECK(RAND_set_rand_method(method) == 1, "OpenSSL takes a generator");
#pragma GCC diagnostic pop
  }

  RAND_METHOD method_{};
};

Model small_model() {
  package::Package package;
  package.graph = mlp_graph();
  package.weights = draw_params(package.graph, 1);
  auto model = Model::from_bytes(package::to_bytes(package));
  ZKI_CHECK(model.ok(), "the package of a test");
  return std::move(model).value();
}

CommitOptions cheap_options() {
  CommitOptions options;
  options.security.bits = 40;
  options.security.pow_bits = 0;
  options.budget = 4;
  return options;
}

TEST(Entropy, SeedsAreTheGeneratorsBytes) {
  const Generator generator(give_sevens);
  const auto seed = prover::random_seed();
  ASSERT_TRUE(seed.ok());
  Digest sevens{};
  sevens.fill(7);
  EXPECT_EQ(*seed, sevens);
  EXPECT_EQ(num_calls, 1);
}

TEST(Entropy, NothingIsMadeWithoutEntropy) {
  const Model model = small_model();
  auto prover = Prover::create(model, cheap_options());
  ASSERT_TRUE(prover.ok()) << prover.status().to_string();
  const RealInputs inputs = {{{1, 6}, {1, 2, 3, -1, -2, -3}}};
  {
    const Generator generator(give_nothing);
    EXPECT_EQ(prover::random_seed().status().code(), StatusCode::kIo);
    EXPECT_EQ(Prover::create(model, cheap_options()).status().code(), StatusCode::kIo);
    EXPECT_EQ(prover->prove(inputs).status().code(), StatusCode::kIo);
    EXPECT_EQ(prover->certify().status().code(), StatusCode::kIo);
  }
  EXPECT_TRUE(prover->prove(inputs).ok());
}

// Every commitment asks for a seed, every proof for entropy of its own.
TEST(Entropy, EveryCommitmentAndEveryProofAsks) {
  const Generator generator(give_sevens);
  const Model model = small_model();
  auto prover = Prover::create(model, cheap_options());
  ASSERT_TRUE(prover.ok());
  EXPECT_GT(num_calls, 0);
  const RealInputs inputs = {{{1, 6}, {1, 2, 3, -1, -2, -3}}};
  for (int i = 0; i < 2; ++i) {
    const int before = num_calls;
    ASSERT_TRUE(prover->prove(inputs).ok());
    EXPECT_GT(num_calls, before);
  }
}

}  // namespace
}  // namespace zkinfer::e2e
