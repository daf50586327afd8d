// SPDX-License-Identifier: Apache-2.0
// What a key makes a verifier spend is counted before it is spent. The hostile keys are those of a review: a few hundred bytes
// that cost minutes and gigabytes.
#include <time.h>

#include <gtest/gtest.h>

#include "prover/key_proof_params.h"
#include "prover/write.h"
#include "relations/recipes.h"
#include "soundness/choose_params.h"
#include "support/heap_peak.h"
#include "support/session.h"
#include "support/wide_graphs.h"
#include "zkinfer/verify.h"

namespace zkinfer::e2e {
namespace {

using qir::Node;
using qir::Op;
using qir::TestBuilder;
using qir::ValueId;

// Sanitizers make everything slower by a factor that says nothing.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kTimed = false;
#else
constexpr bool kTimed = true;
#endif

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

qir::Visibility all_private() { return {{Exposure::kPrivate}, {Exposure::kPrivate}, true}; }

// A key for this graph, with parameters as its maker would choose them.
statement::Key key_of(const qir::QGraph& graph) {
  const auto compiled = relations::compile(graph, true, all_private());
  ZKI_CHECK(compiled.ok(), compiled.status().to_string().c_str());
  Security security;
  security.bits = 100;
  security.pow_bits = 0;
  const auto params = soundness::choose_params(prover::param_request(security, *compiled));
  ZKI_CHECK(params.ok(), params.status().to_string().c_str());
  statement::Key key;
  key.graph = graph;
  key.visibility = all_private();
  key.params = *params;
  return key;
}

// Windows of 2^log_kernel cells at 2^log_outputs places, over a box that is cut in 2^rank blocks.
qir::QGraph windows_in_blocks(int rank, int log_outputs, int log_kernel) {
  TestBuilder b;
  Dims in = {1, 1}, out = {1, 1};
  Node pool;
  const auto axis = [&](std::int64_t kernel, std::int64_t pad) {
    pool.kernel.push_back(kernel), pool.strides.push_back(1), pool.dilations.push_back(1),
        pool.pads_begin.push_back(pad);
  };
  for (int i = 0; i < rank; ++i) {
    in.push_back(3), out.push_back(3);
    axis(1, 0);
  }
  const std::int64_t kernel = std::int64_t{1} << log_kernel;
  in.push_back(1), out.push_back(std::int64_t{1} << log_outputs);
  axis(kernel, kernel - 1);
  const ValueId x = b.input(Shape(in), 0, 1);
  pool.coefs = {1};
  pool.requant = {2, b.range_table(0, static_cast<std::uint8_t>(log_kernel))};
  b.graph.outputs = {b.node(Op::kSumPool, {x}, Shape(out), 0, kernel - 1, pool)};
  return b.graph;
}

// One input of [size] * rank; its range check has a block for every choice of pieces.
qir::QGraph one_input(int rank, std::int64_t size, std::int64_t hi) {
  TestBuilder b;
  b.graph.outputs = {b.input(Shape(Dims(static_cast<std::size_t>(rank), size)), 0, hi)};
  return b.graph;
}

// Every other entry of a long input: a vector of its length, which no closed form replaces.
qir::QGraph every_other(std::int64_t size) {
  TestBuilder b;
  const ValueId x = b.input(Shape({size}), 0, 1);
  Node slice;
  slice.starts = {0}, slice.steps = {2};
  const ValueId half = b.node(Op::kSlice, {x}, Shape({size / 2}), 0, 1, slice);
  Node twice;
  twice.coefs = {2};
  twice.requant = {1, b.range_table(0, 1)};
  b.graph.outputs = {b.node(Op::kLinear, {half}, Shape({size / 2}), 0, 1, twice)};
  return b.graph;
}

// The sum of many shifted views of one input of [5] * rank.
qir::QGraph views_in_blocks(int rank, int num_views) {
  TestBuilder b;
  const Dims in(static_cast<std::size_t>(rank), 5), out(static_cast<std::size_t>(rank), 3);
  const ValueId x = b.input(Shape(in), 0, 1);
  std::vector<ValueId> views;
  for (int v = 0; v < num_views; ++v) {
    Node slice;
    int shift = v;
    for (int i = 0; i < rank; ++i) {
      slice.starts.push_back(shift % 3), slice.steps.push_back(1);
      shift /= 3;
    }
    views.push_back(b.node(Op::kSlice, {x}, Shape(out), 0, 1, slice));
  }
  Node sum;
  sum.coefs.assign(views.size(), 1);
  sum.requant = {1, b.range_table(-16384, 15)};
  b.graph.outputs = {b.node(Op::kLinear, views, Shape(out), -16384, 16383, sum)};
  return b.graph;
}

// A convolution over a box whose padded axes have 66 bits together, and a vector of 2^26 elements for one window of one cell.
qir::QGraph box_of_many_bits() {
  TestBuilder b;
  Dims in = {1, 1}, kernel = {1, 1}, out = {1, 1};
  Node conv;
  const auto axis = [&](std::int64_t size, std::int64_t length) {
    in.push_back(size), kernel.push_back(length), out.push_back(length);
    conv.kernel.push_back(length), conv.strides.push_back(1), conv.dilations.push_back(1),
        conv.pads_begin.push_back(length - 1);
  };
  axis(std::int64_t{1} << 26, 1);
  for (int i = 0; i < 3; ++i) axis(1, 1025);
  const ValueId x = b.input(Shape(in), 0, 1);
  conv.requant = {16, b.range_table(0, 15)};
  const ValueId y = b.node(Op::kConv, {x, b.param(Shape(kernel), 0, 1)}, Shape(out), 0, (1 << 15) - 1, conv);
  b.graph.outputs = {y};
  return b.graph;
}

// Slices that are chosen by index: the powers of beta that compress them are a list.
qir::QGraph long_runs(std::int64_t length) {
  TestBuilder b;
  const ValueId data = b.input({2, length}, 0, 1), indices = b.input({2}, 0, 1);
  Node gather;
  gather.axes = {0};
  b.graph.outputs = {b.node(Op::kGather, {data, indices}, {2, length}, 0, 1, gather)};
  return b.graph;
}

void expect_refused(const char* name, const qir::QGraph& graph) {
  SCOPED_TRACE(name);
  auto key = statement::parse_key(prover::key_bytes(key_of(graph)));
  ASSERT_TRUE(key.ok()) << key.status().to_string();
  const double before = cpu_seconds();
  const auto prepared = verifier::prepare(std::move(key).value());
  EXPECT_EQ(prepared.status().code(), StatusCode::kResourceLimit) << prepared.status().to_string();
  if (kTimed) EXPECT_LT(cpu_seconds() - before, 2.0);
}

TEST(VerifierCost, HostileKeysAreRefused) {
  expect_refused("windows", windows_in_blocks(10, 11, 20));
  expect_refused("windows of 2^20 cells at 2^20 places", windows_in_blocks(0, 20, 20));
  expect_refused("terms", one_input(16, 3, 1000000000000000000));
  expect_refused("memory", every_other(std::int64_t{1} << 25));
  expect_refused("box of 66 bits", box_of_many_bits());
  expect_refused("long runs", long_runs(std::int64_t{1} << 25));
  expect_refused("views and blocks", views_in_blocks(10, 2000));
}

// Keys that took seconds to minutes when vectors were made anew for every block: now they are ordinary.
TEST(VerifierCost, BlocksShareTheirVectors) {
  for (const qir::QGraph& graph : {windows_in_blocks(8, 7, 16), windows_in_blocks(10, 7, 17), one_input(14, 3, 255)}) {
    const auto prepared = verifier::prepare(key_of(graph));
    ASSERT_TRUE(prepared.ok()) << prepared.status().to_string();
    EXPECT_LT(prepared->cost.nanoseconds, 2'000'000'000u);
  }
}

TEST(VerifierCost, TheErrorSaysWhatIsNeeded) {
  auto key = statement::parse_key(prover::key_bytes(key_of(every_other(std::int64_t{1} << 25))));
  ASSERT_TRUE(key.ok());
  const Status status = verifier::prepare(std::move(key).value()).status();
  EXPECT_NE(status.message().find("2000 ms and 512 MiB"), std::string::npos) << status.to_string();
}

// Whatever the key costs: bytes that are no proof cost no more than reading them.
TEST(VerifierCost, GarbageIsOnlyRead) {
  auto prepared = verifier::prepare(key_of(windows_in_blocks(8, 11, 20)), kNoVerifyLimits);
  ASSERT_TRUE(prepared.ok()) << prepared.status().to_string();
  EXPECT_GT(prepared->cost.nanoseconds, 2'000'000'000u);
  const Bytes header = prover::header_bytes(prepared->key, Digest{}, 0, {});
  for (const std::size_t num_bytes : {std::size_t{0}, std::size_t{112}, std::size_t{1} << 20}) {
    Bytes proof = header;
    proof.resize(header.size() + num_bytes, 1);
    const double before = cpu_seconds();
    EXPECT_FALSE(verifier::verify(*prepared, proof, nullptr).accepted());
    if (kTimed) EXPECT_LT(cpu_seconds() - before, 0.2) << num_bytes;
  }
}

// Honest proofs, whose checking costs all that the key says.
// Few rows, each of them long.
qir::QGraph long_slices() {
  qir::TestBuilder b;
  const qir::ValueId data = b.param({7, 100, 900}, -100, 100);
  const qir::ValueId indices = b.input({5}, 0, 99);
  qir::Node gather;
  gather.axes = {1};
  b.graph.outputs = {b.node(qir::Op::kGather, {data, indices}, {7, 5, 900}, -100, 100, gather)};
  return b.graph;
}

// Three axes that are all cut in many pieces.
qir::QGraph sorted_lines() {
  qir::TestBuilder b;
  const qir::ValueId x = b.input({23, 47, 55}, -100, 100);
  qir::Node sort;
  sort.axes = {1};
  sort.coefs = {1};
  b.graph.outputs = {b.node(qir::Op::kSort, {x}, {23, 47, 55}, 0, 46, sort)};
  return b.graph;
}

// Rounded slices of one long input from different places: each has a vector of the input's length, none that the next could use.
qir::QGraph slices_of_one(int num_slices, std::int64_t length) {
  TestBuilder b;
  const ValueId x = b.input({length}, 0, 1);
  for (int i = 0; i < num_slices; ++i) {
    Node slice, linear;
    slice.starts = {1 + 16 * i}, slice.steps = {1};
    linear.coefs = {1};
    linear.requant = {1, b.range_table(0, 4)};
    const ValueId part = b.node(Op::kSlice, {x}, {8}, 0, 1, slice);
    b.graph.outputs.push_back(b.node(Op::kLinear, {part}, {8}, 0, 15, linear));
  }
  return b.graph;
}

// Lookups over one box, each of an input of its own length: index by index the same, but not from end to end.
qir::QGraph heads_of_many(int num_inputs, std::int64_t length) {
  TestBuilder b;
  for (int i = 0; i < num_inputs; ++i) {
    Node slice, linear;
    slice.starts = {0}, slice.steps = {1};
    linear.coefs = {1};
    linear.requant = {1, b.range_table(0, 4)};
    const ValueId part = b.node(Op::kSlice, {b.input({length + i}, 0, 1)}, {8}, 0, 1, slice);
    b.graph.outputs.push_back(b.node(Op::kLinear, {part}, {8}, 0, 15, linear));
  }
  return b.graph;
}

void expect_covered(const char* name, const qir::QGraph& graph, const prover::ModelOptions& options) {
  SCOPED_TRACE(name);
  const Session session(graph, options);
  const prover::Proof proof = session.prove();
  auto key = statement::parse_key(prover::key_bytes(session.key()));
  ASSERT_TRUE(key.ok());
  double before = cpu_seconds();
  const auto prepared = verifier::prepare(std::move(key).value(), kNoVerifyLimits);
  ASSERT_TRUE(prepared.ok()) << prepared.status().to_string();
  const double prepare_seconds = cpu_seconds() - before;
  const HeapPeak heap;
  before = cpu_seconds();
  EXPECT_TRUE(verifier::verify(*prepared, proof.bytes, session.beside(proof), nullptr).accepted());
  const double verify_seconds = cpu_seconds() - before;
  const std::uint64_t allocated = heap.bytes();
  const double counted = 1e-9 * static_cast<double>(prepared->cost.nanoseconds);
  std::printf("%-12s prepare %8.3f ms, verify %8.3f ms, counted %8.3f ms; %6.2f MiB, counted %6.2f MiB\n", name,
              1e3 * prepare_seconds, 1e3 * verify_seconds, 1e3 * counted, static_cast<double>(allocated) / (1 << 20),
              static_cast<double>(prepared->cost.memory_bytes) / (1 << 20));
  if (kTimed) EXPECT_LT(allocated, prepared->cost.memory_bytes);
  // The machine of whoever runs this may be slower than the one of the count.
  if (kTimed) EXPECT_LT(prepare_seconds + verify_seconds, 4 * counted + 0.005);
}

// Reading a key costs what its size says: nothing before the count, nor the count itself, is quadratic.
TEST(VerifierCost, ReadingIsLinear) {
  const auto seconds = [](const qir::QGraph& graph) {
    const Bytes bytes = prover::key_bytes(key_of(graph));
    const double start = cpu_seconds();
    const auto key = VerificationKey::from_bytes(bytes, 0);
    EXPECT_TRUE(key.ok() || key.status().code() == StatusCode::kResourceLimit) << key.status().to_string();
    return cpu_seconds() - start;
  };
  TestBuilder sums;  // of as many views each
  const ValueId x = sums.input({64}, 0, 1);
  std::vector<ValueId> views;
  for (std::int64_t i = 0; i < 4096; ++i) {
    Node slice;
    slice.starts = {i % 50};
    slice.steps = {1};
    views.push_back(sums.node(Op::kSlice, {x}, {8}, 0, 1, slice));
  }
  for (int k = 0; k < 10; ++k) {
    Node linear;
    linear.coefs.assign(views.size(), 1);
    sums.graph.outputs.push_back(sums.node(Op::kLinear, views, {8}, 0, 4096, linear));
  }
  TestBuilder columns;
  for (int i = 0; i < 40'000; ++i) columns.graph.outputs.push_back(columns.input({1}, 0, 255));
  TestBuilder tables;  // how each node rounds is a choice of its own
  const ValueId wide = tables.input({2}, -(std::int64_t{1} << 50), std::int64_t{1} << 50);
  for (int i = 0; i < 10'000; ++i) {
    Node linear;
    linear.coefs = {1};
    linear.requant = {12, tables.clamp_table(-(std::int64_t{1} << 39), 40, -5, 1000 + i)};
    tables.graph.outputs.push_back(tables.node(Op::kLinear, {wide}, {2}, -5, 1000 + i, linear));
  }
  const double of_sums = seconds(sums.graph), of_columns = seconds(columns.graph), of_tables = seconds(tables.graph);
  std::printf("sums %.2f s, columns %.2f s, tables %.2f s\n", of_sums, of_columns, of_tables);
  if (!kTimed) return;
  EXPECT_LT(of_sums, 2.0) << "twenty such sums took 13 s when every term copied the sum";
  EXPECT_LT(of_tables, 4.0);
  EXPECT_LT(of_columns, 1.5) << "80,000 took 10 s when every column asked all others";
}

TEST(VerifierCost, TheCountCoversTheWork) {
  prover::ModelOptions hidden = test_options(true);
  hidden.visibility = all_private();
  expect_covered("every op", qir::every_op_graph(), test_options(true));
  expect_covered("clear", qir::every_op_graph(), test_options(false));
  expect_covered("softmax", softmax_graph(), test_options(true));
  for (const NamedGraph& named : wide_graphs()) expect_covered(named.name.c_str(), named.graph, test_options(true));
  expect_covered("gather", gather_graph(false), test_options(true));
  expect_covered("sort", sort_graph(), test_options(true));
  expect_covered("gather along", gather_graph(true), test_options(true));
  expect_covered("slices", long_slices(), hidden);
  expect_covered("runs", long_runs(1 << 16), hidden);
  expect_covered("lines", sorted_lines(), hidden);
  expect_covered("windows", windows_in_blocks(4, 6, 10), hidden);
  expect_covered("terms", one_input(9, 3, 255), hidden);
  expect_covered("views", views_in_blocks(6, 200), hidden);
  expect_covered("long", one_input(1, std::int64_t{1} << 17, 1000000000000000000), hidden);
  expect_covered("slices of one", slices_of_one(200, 1 << 17), hidden);
  expect_covered("heads of many", heads_of_many(40, 1 << 13), hidden);
  prover::ModelOptions seen = hidden;
  seen.visibility.inputs = {Exposure::kPublic, TensorHash::kKeccak256};
  expect_covered("seen", one_input(1, 1 << 16, 255), seen);
  expect_covered("seen, wide", one_input(1, 1 << 16, 1000000000000000000), seen);
  prover::ModelOptions hashed = test_options(true);
  hashed.visibility.inputs = {Exposure::kPrivate, TensorHash::kSha256};
  expect_covered("sha256", mul_graph(), hashed);
  hashed.visibility.inputs = {Exposure::kCommitted};
  expect_covered("committed", mul_graph(), hashed);
}

}  // namespace
}  // namespace zkinfer::e2e
