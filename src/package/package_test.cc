// SPDX-License-Identifier: Apache-2.0
#include "package/package.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "qir/test_graphs.h"

namespace zkinfer::package {
namespace {

Package sample() {
  Package package;
  package.graph = qir::every_op_graph();
  qir::Weights weights(package.graph.values.size());
  std::mt19937_64 random(5);
  for (std::size_t id = 0; id < weights.size(); ++id) {
    const qir::Value& value = package.graph.values[id];
    if (value.kind != qir::ValueKind::kParam) continue;
    for (std::int64_t i = 0; i < value.shape.num_elements(); ++i) {
      weights[id].push_back(static_cast<std::int32_t>(
          value.lo + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(value.hi - value.lo + 1))));
    }
  }
  package.weights = weights;
  package.report = "report\nwith lines";
  package.preprocessing = {1.0 / 255, {0.485, 0.456, 0.406}, {0.25}};
  package.record.float_target = 0.001;
  package.record.measured_error = 0.0004;
  package.record.num_measured = 7;
  package.record.held_out = true;
  package.record.notes = {{true, "watch out"}, {false, ""}};
  package.record.network.fill(0x5a);
  package.record.num_network_parameters = 12;
  package.record.fused = {{"y", "Conv+Relu"}, {"", ""}};
  return package;
}

TEST(Package, RoundTrip) {
  const Package package = sample();
  const Bytes bytes = to_bytes(package);
  const Result<Package> parsed = from_bytes(bytes);
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  EXPECT_TRUE(parsed->weights == package.weights);
  EXPECT_EQ(parsed->report, package.report);
  EXPECT_EQ(qir::structure_bytes(parsed->graph), qir::structure_bytes(package.graph));
  EXPECT_EQ(parsed->preprocessing, package.preprocessing);
  EXPECT_EQ(parsed->record, package.record);
  EXPECT_EQ(to_bytes(*parsed), bytes);
}

// No number that preprocessing could not use comes out of a file.
TEST(Package, PreprocessingIsChecked) {
  for (const Preprocessing& bad :
       {Preprocessing{0.0, {}, {}}, Preprocessing{INFINITY, {}, {}}, Preprocessing{NAN, {}, {}},
        Preprocessing{{}, {NAN}, {}}, Preprocessing{{}, {}, {1, 0}}, Preprocessing{{}, {}, {-1}},
        Preprocessing{{}, std::vector<double>(Preprocessing::kMaxChannels + 1), {}}}) {
    EXPECT_FALSE(bad.validate().ok());
    Package package = sample();
    package.preprocessing = bad;
    EXPECT_FALSE(from_bytes(to_bytes(package)).ok());
  }
  Package package = sample();
  package.preprocessing = {};
  const Result<Package> parsed = from_bytes(to_bytes(package));
  ASSERT_TRUE(parsed.ok());
  EXPECT_TRUE(parsed->preprocessing.empty());
}

TEST(Package, TheRecordIsChecked) {
  Package package = sample();
  package.record.notes.assign(CompileRecord::kMaxNotes, {});
  EXPECT_TRUE(from_bytes(to_bytes(package)).ok());
  package.record.notes.emplace_back();
  EXPECT_FALSE(from_bytes(to_bytes(package)).ok());
  package.record.notes = {{false, std::string(CompileRecord::kMaxNoteBytes + 1, 'x')}};
  EXPECT_FALSE(from_bytes(to_bytes(package)).ok());
  for (const double bad : {-1.0, -0.0, double{INFINITY}, double{NAN}}) {
    package = sample();
    package.record.measured_error = bad;
    EXPECT_FALSE(from_bytes(to_bytes(package)).ok());
  }
}

TEST(Package, ParametersUseTheFewestBytes) {
  qir::TestBuilder b;
  b.param({3}, -128, 127);
  b.param({1}, -129, 0);
  b.param({1}, 0, 1 << 23);
  qir::Weights params = {{-128, 127, -1}, {-129}, {1 << 23}};
  const auto bytes = std::make_shared<const Bytes>(weight_bytes(b.graph, params));
  EXPECT_EQ(bytes->size(), 3U + 2U + 4U);
  const Result<qir::WeightStore> parsed = parse_weights(b.graph, *bytes, bytes);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->to_vectors(), params);
  // Read in place: the store's memory is the bytes.
  EXPECT_EQ((*parsed)[0].data, bytes->data());
}

TEST(Package, EveryTruncationAndATrailingByteAreRefused) {
  Bytes bytes = to_bytes(sample());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    ASSERT_FALSE(from_bytes(ByteView(bytes.data(), size)).ok()) << size;
  bytes.push_back(0);
  EXPECT_FALSE(from_bytes(bytes).ok());
}

TEST(Package, MutationsAreCanonicalOrRefused) {
  const Bytes bytes = to_bytes(sample());
  std::mt19937_64 random(6);
  int accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    Bytes changed = bytes;
    changed[random() % changed.size()] = static_cast<std::uint8_t>(random());
    const Result<Package> parsed = from_bytes(changed);
    if (!parsed.ok()) continue;
    ++accepted;
    ASSERT_EQ(to_bytes(*parsed), changed);
  }
  EXPECT_GT(accepted, 0);
}

TEST(Package, MessagesSayWhatToDo) {
  const Bytes onnx = {0x08, 0x07, 0x12, 0x07, 'p', 'y'};
  EXPECT_NE(from_bytes(onnx).status().message().find("expected a model package"), std::string::npos);
}

}  // namespace
}  // namespace zkinfer::package
