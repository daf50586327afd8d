// SPDX-License-Identifier: Apache-2.0
// zkinfer.h's checks of what C itself does not make: joint proofs and evaluations.
#include "zkinfer/zkinfer.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "qir/test_graphs.h"
#include "support/owner.h"
#include "zkinfer/data_set.h"
#include "zkinfer/metric_names.h"
#include "zkinfer/seats.h"

namespace zkinfer::data_test {
namespace {

struct Error {
  std::array<char, 512> text{};
  zkinfer_error error{text.data(), text.size(), 0, 0};
  std::string said() const { return text.data(); }
};

// The key of an owner, in C.
struct KeyHandle {
  explicit KeyHandle(const Owner& owner) {
    const Bytes bytes = owner.prover.verification_key();
    EXPECT_EQ(zkinfer_key_create(bytes.data(), bytes.size(), nullptr, &key, nullptr), ZKINFER_OK);
  }
  KeyHandle(const KeyHandle&) = delete;
  KeyHandle& operator=(const KeyHandle&) = delete;
  ~KeyHandle() { zkinfer_key_destroy(key); }
  zkinfer_key* key = nullptr;
};

zkinfer_verify_options uncertified() {
  zkinfer_verify_options options;
  zkinfer_verify_options_init(&options);
  options.accept_uncertified = 1;
  return options;
}

template <class Call>
std::string json_of(const Call& call) {
  std::size_t size = 0;
  EXPECT_EQ(call(nullptr, &size), ZKINFER_OK);
  std::string text(size, '\0');
  EXPECT_EQ(call(text.data(), &size), ZKINFER_OK);
  return text;
}

class CJoint : public testing::Test {
 protected:
  CJoint() : owner(layer_graph(6, 4, -8, 7), kPrivate, kPublic), handle(owner) {
    JointRequest request;
    for (std::uint64_t row = 0; row < 3; ++row) {
      request.integers.push_back(owner.draw(row));
      request.contexts.push_back({static_cast<std::uint8_t>(row + 1)});
    }
    request.num_seats = 4;
    made = must(owner.prover.prove_joint(request));
  }
  // As the owner of row `seat` with the data of row `data`.
  zkinfer_verdict check(std::size_t seat, std::size_t data, zkinfer_verify_options options, Error& error,
                        zkinfer_statement** statement = nullptr, std::size_t num_known = 2) const {
    const JointRow& row = made.rows[data];
    const std::array<zkinfer_known, 2> known = {{
        {ZKINFER_INPUT, 0, row.inputs[0].data(), row.inputs[0].size(), nullptr, 0, nullptr, nullptr, 0, 0},
        {ZKINFER_OUTPUT, 0, row.outputs[0].data(), row.outputs[0].size(), nullptr, 0, nullptr, nullptr, 0, 0},
    }};
    options.known = known.data();
    options.num_known = num_known;
    return zkinfer_verify_joint(handle.key, made.proof.data(), made.proof.size(), made.rows[seat].seat.data(),
                                made.rows[seat].seat.size(), &options, statement, &error.error);
  }
  Owner owner;
  KeyHandle handle;
  JointResult made;
};

TEST_F(CJoint, TellsAnOwnerOfHisSeat) {
  Error error;
  zkinfer_statement* statement = nullptr;
  ASSERT_EQ(check(1, 1, uncertified(), error, &statement), ZKINFER_ACCEPTED) << error.said();
  std::uint64_t seat = 7;
  EXPECT_EQ(zkinfer_statement_seats(statement, &seat), 4u);
  EXPECT_EQ(seat, 1u);
  zkinfer_statement_info info;
  zkinfer_statement_get_info(statement, &info);
  EXPECT_EQ(info.context[0], 2);
  EXPECT_EQ(info.num_rows, 1u);
  zkinfer_verified_tensor tensor;
  ASSERT_EQ(zkinfer_statement_tensor(statement, ZKINFER_OUTPUT, 0, &tensor), ZKINFER_OK);
  EXPECT_TRUE(std::ranges::equal(std::span(tensor.integers, tensor.num_integers), made.rows[1].outputs[0]));
  const std::string json =
      json_of([&](void* to, std::size_t* size) { return zkinfer_statement_json(statement, to, size); });
  EXPECT_NE(json.find("\"seat\":1,\"num_seats\":4,"), std::string::npos) << json;
  EXPECT_NE(json.find("\"seen\":\"private\""), std::string::npos) << json;
  zkinfer_statement_destroy(statement);
  const std::string said = json_of([&](void* to, std::size_t* size) {
    return zkinfer_inspect(made.proof.data(), made.proof.size(), nullptr, to, size, nullptr);
  });
  EXPECT_NE(said.find("\"num_seats\":4"), std::string::npos) << said;
}

TEST_F(CJoint, RejectsWhatIsAnothers) {
  for (const auto& [seat, data] : {std::pair(0, 1), std::pair(1, 0)}) {
    Error error;
    zkinfer_statement* statement = nullptr;
    EXPECT_EQ(check(seat, data, uncertified(), error, &statement), ZKINFER_REJECTED);
    EXPECT_EQ(statement, nullptr);
    EXPECT_EQ(error.error.reason, static_cast<int>(RejectReason::kWrongStatement)) << error.said();
  }
  Error error;
  zkinfer_verify_options options = uncertified();
  options.context = "x";
  options.context_size = 1;
  EXPECT_EQ(check(1, 1, options, error), ZKINFER_REJECTED);
  EXPECT_NE(error.said().find("context"), std::string::npos);
  EXPECT_EQ(check(1, 1, uncertified(), error, nullptr, 1), ZKINFER_REJECTED);
  EXPECT_NE(error.said().find("holds no data"), std::string::npos) << error.said();
  made.proof[made.proof.size() / 2] ^= 1;
  EXPECT_EQ(check(1, 1, uncertified(), error), ZKINFER_REJECTED);
}

TEST_F(CJoint, WrongCallsSayNothingOfTheProof) {
  Error error;
  zkinfer_verify_options options;
  zkinfer_verify_options_init(&options);
  EXPECT_EQ(check(1, 1, options, error), ZKINFER_NOT_VERIFIED);
  EXPECT_NE(error.said().find("certificate"), std::string::npos);
  const Bytes& seat = made.rows[0].seat;
  EXPECT_EQ(zkinfer_verify_joint(nullptr, made.proof.data(), made.proof.size(), seat.data(), seat.size(), nullptr,
                                 nullptr, nullptr),
            ZKINFER_NOT_VERIFIED);
  EXPECT_EQ(zkinfer_verify_joint(handle.key, made.proof.data(), made.proof.size(), nullptr, 3, nullptr, nullptr,
                                 &error.error),
            ZKINFER_NOT_VERIFIED);
  EXPECT_EQ(error.said(), "seat is NULL");
}

TEST(Seats, SayWhatTheyAre) {
  EXPECT_EQ(outline_of_joint({}).status().code(), StatusCode::kCorrupt);
  EXPECT_EQ(outline_of_seat(Bytes(40)).status().code(), StatusCode::kCorrupt);
}

class CEvaluation : public testing::Test {
 protected:
  static constexpr std::uint64_t kRows = 12;
  CEvaluation() : owner(e2e::mlp_graph(), kPrivate, kPublic), handle(owner), data(draw_data(owner)) {
    set_bytes = data.to_bytes();
    EXPECT_EQ(zkinfer_data_set_create(set_bytes.data(), set_bytes.size(), &set, nullptr), ZKINFER_OK);
  }
  ~CEvaluation() override { zkinfer_data_set_destroy(set); }

  static DataSet draw_data(const Owner& owner) {
    const TensorInfo input = owner.model.inputs()[0];
    std::vector<std::int64_t> shape = input.shape;
    shape[0] = kRows;
    std::vector<float> values;
    DataSet::Parts parts;
    parts.name = "drawn";
    for (std::uint64_t row = 0; row < kRows; ++row) {
      const std::vector<std::int64_t> drawn = owner.draw(row)[0];
      for (const std::int64_t x : drawn)
        values.push_back(static_cast<float>(static_cast<double>(x) * input.format.scale()));
      parts.labels.push_back(static_cast<std::int64_t>(row % 2));
    }
    parts.inputs.push_back({input.name, Tensor(shape, values)});
    return must(DataSet::build(std::move(parts)));
  }
  Bytes evaluate(const std::string& metric, std::uint64_t sampled = 0) const {
    EvaluationRequest request;
    request.data = &data;
    request.metric = must(metric_of(metric));
    request.sampled = sampled;
    if (sampled > 0) request.nonce.fill(5);
    return must(owner.prover.evaluate(request)).evaluation;
  }
  zkinfer_verdict check(const Bytes& evaluation, Error& error, const zkinfer_evaluation_demands* demands = nullptr,
                        zkinfer_evaluation** result = nullptr) const {
    const zkinfer_verify_options options = uncertified();
    return zkinfer_verify_evaluation(handle.key, evaluation.data(), evaluation.size(), set, &options, demands, result,
                                     &error.error);
  }
  Owner owner;
  KeyHandle handle;
  DataSet data;
  Bytes set_bytes;
  zkinfer_data_set* set = nullptr;
};

zkinfer_evaluation_demands no_demands() {
  zkinfer_evaluation_demands demands;
  zkinfer_evaluation_demands_init(&demands);
  return demands;
}

TEST_F(CEvaluation, SaysWhatCppSays) {
  const Bytes evaluation = evaluate("confusion");
  const EvaluationRows rows = must(
      data.rows_for(owner.key.info().input_tensors, owner.key.info().output_tensors, must(metric_of("confusion"))));
  const EvaluationResult expected = verify_evaluation(owner.key, evaluation, rows, VerifyRequest::uncertified());
  ASSERT_TRUE(expected.verdict.accepted());
  Error error;
  zkinfer_evaluation* result = nullptr;
  ASSERT_EQ(check(evaluation, error, nullptr, &result), ZKINFER_ACCEPTED) << error.said();
  zkinfer_evaluation_info info;
  zkinfer_evaluation_get_info(result, &info);
  EXPECT_STREQ(info.metric, "confusion");
  EXPECT_EQ(info.numerator, figures(expected).front().numerator);
  EXPECT_EQ(info.denominator, kRows);
  EXPECT_EQ(info.num_rows, kRows);
  EXPECT_DOUBLE_EQ(info.low, info.value);
  const std::string json =
      json_of([&](void* to, std::size_t* size) { return zkinfer_evaluation_json(result, to, size); });
  EXPECT_NE(json.find("\"data_set\":\"drawn\""), std::string::npos) << json;
  EXPECT_NE(json.find("\"weights\":\"uncertified\""), std::string::npos) << json;
  zkinfer_evaluation_destroy(result);
  std::array<std::uint8_t, 32> digest;
  zkinfer_data_set_digest(set, digest.data());
  EXPECT_EQ(digest, data.digest());
}

TEST_F(CEvaluation, HoldsDemands) {
  const Bytes whole = evaluate("accuracy"), sample = evaluate("accuracy", 6);
  Error error;
  zkinfer_evaluation* result = nullptr;
  ASSERT_EQ(check(whole, error, nullptr, &result), ZKINFER_ACCEPTED);
  zkinfer_evaluation_info info;
  zkinfer_evaluation_get_info(result, &info);
  zkinfer_evaluation_destroy(result);
  zkinfer_evaluation_demands demands = no_demands();
  demands.metric = "accuracy";
  demands.at_least = demands.at_most = info.value;
  EXPECT_EQ(check(whole, error, &demands), ZKINFER_ACCEPTED) << error.said();
  demands.at_least = info.value + 0.01;
  EXPECT_EQ(check(whole, error, &demands), ZKINFER_REJECTED);
  demands.at_least = info.value;
  demands.output = 1;
  EXPECT_EQ(check(whole, error, &demands), ZKINFER_REJECTED);
  demands = no_demands();
  demands.at_least = 0;
  EXPECT_EQ(check(whole, error, &demands), ZKINFER_NOT_VERIFIED);
  demands = no_demands();
  demands.metric = "confusion";
  EXPECT_EQ(check(whole, error, &demands), ZKINFER_REJECTED);
  EXPECT_NE(error.said().find("expected confusion"), std::string::npos);
  // A sample without its nonce says nothing.
  EXPECT_EQ(check(sample, error), ZKINFER_NOT_VERIFIED);
  EXPECT_NE(error.said().find("give the nonce that you drew"), std::string::npos);
  std::array<std::uint8_t, 32> nonce;
  nonce.fill(5);
  demands = no_demands();
  demands.nonce = nonce.data();
  // Nor without the number of rows: each is another draw.
  EXPECT_EQ(check(sample, error, &demands), ZKINFER_NOT_VERIFIED);
  demands.num_sampled = 5;
  EXPECT_EQ(check(sample, error, &demands), ZKINFER_REJECTED);
  demands.num_sampled = 6;
  ASSERT_EQ(check(sample, error, &demands, &result), ZKINFER_ACCEPTED) << error.said();
  zkinfer_evaluation_get_info(result, &info);
  EXPECT_LT(info.low, info.high);
  EXPECT_EQ(info.data_set_rows, kRows);
  EXPECT_EQ(info.num_rows, 6u);
  zkinfer_evaluation_destroy(result);
  nonce[0] = 6;
  EXPECT_EQ(check(sample, error, &demands), ZKINFER_REJECTED);
  demands.confidence = 2;
  EXPECT_EQ(check(sample, error, &demands), ZKINFER_NOT_VERIFIED);
  nonce.fill(0);
  demands.confidence = 0.9;
  EXPECT_EQ(check(sample, error, &demands), ZKINFER_NOT_VERIFIED);
}

TEST_F(CEvaluation, RejectsAndRefuses) {
  Bytes evaluation = evaluate("accuracy");
  Error error;
  EXPECT_EQ(check({}, error), ZKINFER_REJECTED);
  EXPECT_EQ(check(Bytes(evaluation.begin(), evaluation.begin() + 90), error), ZKINFER_REJECTED);
  evaluation[evaluation.size() / 2] ^= 1;
  EXPECT_EQ(check(evaluation, error), ZKINFER_REJECTED);
  evaluation[evaluation.size() / 2] ^= 1;
  EXPECT_EQ(zkinfer_verify_evaluation(handle.key, evaluation.data(), evaluation.size(), nullptr, nullptr, nullptr,
                                      nullptr, &error.error),
            ZKINFER_NOT_VERIFIED);
  EXPECT_EQ(error.said(), "data_set is NULL");
  EXPECT_EQ(zkinfer_verify_evaluation(handle.key, evaluation.data(), evaluation.size(), set, nullptr, nullptr, nullptr,
                                      &error.error),
            ZKINFER_NOT_VERIFIED);
  EXPECT_NE(error.said().find("certificate"), std::string::npos);
  const zkinfer_known known = {ZKINFER_INPUT, 0, nullptr, 0, nullptr, 0, nullptr, nullptr, 0, 0};
  zkinfer_verify_options options = uncertified();
  options.known = &known;
  options.num_known = 1;
  EXPECT_EQ(zkinfer_verify_evaluation(handle.key, evaluation.data(), evaluation.size(), set, &options, nullptr, nullptr,
                                      &error.error),
            ZKINFER_NOT_VERIFIED);
  zkinfer_data_set* none = nullptr;
  EXPECT_EQ(zkinfer_data_set_create(set_bytes.data(), set_bytes.size() - 1, &none, &error.error), ZKINFER_CORRUPT);
  EXPECT_EQ(none, nullptr);
  set_bytes.back() ^= 1;
  EXPECT_NE(zkinfer_data_set_create(set_bytes.data(), set_bytes.size(), &none, &error.error), ZKINFER_OK);
}

}  // namespace
}  // namespace zkinfer::data_test
