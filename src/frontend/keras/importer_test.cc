// SPDX-License-Identifier: Apache-2.0
// Files of testdata/keras against what Keras made of one input (expected.json); configurations that are broken or refused.
#include "frontend/keras/importer.h"

#include <chrono>
#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "base/files.h"
#include "exec/float/float_executor.h"
#include "frontend/json/json.h"
#include "frontend/keras/saved_model.h"
#include "frontend/keras/weights.h"

namespace zkinfer::frontend_keras {

using frontend_json::Json;

namespace {

Bytes file_bytes(const std::string& name) {
  Result<Bytes> bytes = read_file(std::string(ZKINFER_SOURCE_DIR) + "/testdata/keras/" + name, std::uint64_t{1} << 24);
  EXPECT_TRUE(bytes.ok()) << bytes.status().to_string();
  return bytes.ok() ? std::move(*bytes) : Bytes();
}

Result<ir::Graph> import_file(const std::string& name) {
  if (name.find('.') == std::string::npos)
    return import_saved_model_folder(std::string(ZKINFER_SOURCE_DIR) + "/testdata/keras/" + name);
  const Bytes bytes = file_bytes(name);
  return name.ends_with(".keras") ? import_keras(bytes) : import_keras_h5(bytes);
}

TEST(KerasImporter, GivesWhatKerasGave) {
  const Bytes text = file_bytes("expected.json");
  const Result<Json> all = Json::parse(text);
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(all->members().size(), 8U);
  for (const auto& [name, expected] : all->members()) {
    const Result<ir::Graph> graph = import_file(name);
    ASSERT_TRUE(graph.ok()) << name << ": " << graph.status().to_string();
    ASSERT_EQ(graph->inputs.size(), expected["inputs"].size()) << name;
    TensorMap inputs;
    for (std::size_t i = 0; i < graph->inputs.size(); ++i) {
      const ir::Value& value = graph->value(graph->inputs[i]);
      FloatTensor tensor(value.shape);
      ASSERT_EQ(tensor.data().size(), expected["inputs"].at(i).size()) << name << " " << value.name;
      for (std::size_t k = 0; k < tensor.data().size(); ++k)
        tensor[k] = static_cast<float>(expected["inputs"].at(i).at(k).number());
      inputs.emplace(value.name, std::move(tensor));
    }
    const auto outputs = exec_float::run_float(*graph, inputs);
    ASSERT_TRUE(outputs.ok()) << name << ": " << outputs.status().to_string();
    ASSERT_EQ(graph->outputs.size(), expected["outputs"].size()) << name;
    for (std::size_t i = 0; i < graph->outputs.size(); ++i) {
      const FloatTensor& got = outputs->at(graph->value(graph->outputs[i]).name);
      const Json& want = expected["outputs"].at(i);
      ASSERT_EQ(got.data().size(), want.size()) << name;
      for (std::size_t k = 0; k < want.size(); ++k)
        EXPECT_NEAR(got[k], want.at(k).number(), 2e-5) << name << " output " << i << " element " << k;
    }
  }
}

TEST(KerasImporter, KeepsNamesAndLayouts) {
  const Result<ir::Graph> graph = import_file("zoo.keras");
  ASSERT_TRUE(graph.ok()) << graph.status().to_string();
  EXPECT_EQ(graph->name, "zoo");
  EXPECT_EQ(graph->value(graph->inputs[0]).name, "picture");
  EXPECT_EQ(graph->value(graph->inputs[0]).shape, Shape({1, 6, 5, 2}));
  EXPECT_EQ(graph->value(graph->outputs[0]).name, "answer");
  EXPECT_EQ(graph->value(graph->outputs[1]).name, "score");
  const Bytes bytes = file_bytes("small_keras3.keras");
  frontend_onnx::ImportOptions options;
  options.input_shapes["input_layer"] = {3, 6, 5, 2};
  const Result<ir::Graph> batch = import_keras(bytes, options);
  ASSERT_TRUE(batch.ok()) << batch.status().to_string();
  EXPECT_EQ(batch->value(batch->outputs[0]).shape, Shape({3, 4}));
  options.input_shapes["input_layer"] = {1, 7, 5, 2};
  EXPECT_EQ(import_keras(bytes, options).status().code(), StatusCode::kInvalidArgument);
}

// A configuration with the weights of small_keras3.keras.
Status import_config(const std::string& config, int keras = 3) {
  const Bytes weights = file_bytes("small_keras3.h5");
  return import_keras_parts({reinterpret_cast<const std::uint8_t*>(config.data()), config.size()}, weights, keras, {})
      .status();
}

std::string sequential(const std::string& layers) {
  return R"({"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": "InputLayer", "config": {"name": "x", "batch_shape": [null, 4]}}, )" +
         layers + "]}}";
}

TEST(KerasImporter, ListsAllThatIsRefused) {
  const Status status = import_config(sequential(
      R"({"class_name": "Lambda", "config": {"name": "first"}}, {"class_name": "Mystery", "config": {"name": "second"}},
         {"class_name": "Activation", "config": {"name": "third", "activation": "nonsense"}},
         {"class_name": "Mine", "module": "my.code", "registered_name": "my>Mine", "config": {"name": "fourth"}})"));
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  for (const char* part : {"'first'", "Lambda", "'second'", "Mystery", "'fourth'", "'my.code'"})
    EXPECT_NE(status.message().find(part), std::string::npos) << part << ": " << status.message();
  const Status activation = import_config(
      sequential(R"({"class_name": "Activation", "config": {"name": "third", "activation": "nonsense"}})"));
  EXPECT_NE(activation.message().find("nonsense"), std::string::npos) << activation.message();
}

TEST(KerasImporter, SaysWhatIsBroken) {
  for (const std::string config :
       {"", "[]", "{", "null", R"({"class_name": "Sequential"})",
        R"({"class_name": "Sequential", "config": {"layers": []}})",
        R"({"class_name": "Functional", "config": {"layers": [], "input_layers": [], "output_layers": []}})"})
    EXPECT_FALSE(import_config(config).ok()) << config;
  EXPECT_EQ(import_config(R"({"class_name": "MyModel", "config": {}})").code(), StatusCode::kUnsupported);
  // A layer that reads itself.
  const std::string cycle =
      R"({"class_name": "Functional", "config": {"layers": [
        {"class_name": "InputLayer", "name": "x", "config": {"name": "x", "batch_shape": [null, 4]}, "inbound_nodes": []},
        {"class_name": "Add", "name": "a", "config": {"name": "a"}, "inbound_nodes": [[["x", 0, 0, {}], ["a", 0, 0, {}]]]}],
        "input_layers": [["x", 0, 0]], "output_layers": [["a", 0, 0]]}})";
  const Status status = import_config(cycle);
  EXPECT_EQ(status.code(), StatusCode::kCorrupt) << status.to_string();
  EXPECT_NE(status.message().find("lead back"), std::string::npos) << status.message();
  // Weights that are not there.
  const Status dense = import_config(sequential(R"({"class_name": "Dense", "config": {"name": "dense", "units": 3}})"));
  EXPECT_NE(dense.message().find("weights"), std::string::npos) << dense.message();
  // An open length.
  const Status open = import_config(
      R"({"class_name": "Sequential", "config": {"layers": [{"class_name": "InputLayer", "config": {"name": "x", "batch_shape": [null, null, 4]}},
         {"class_name": "ReLU", "config": {"name": "r"}}]}})");
  EXPECT_EQ(open.code(), StatusCode::kInvalidArgument) << open.to_string();
}

// A configuration that contradicts the weights beside it, or has values of other types, is not taken for something else.
TEST(KerasImporter, RefusesContradictions) {
  const Bytes bytes = file_bytes("small_keras3.keras");
  const Result<std::vector<KerasPart>> parts = keras_parts(bytes);
  ASSERT_TRUE(parts.ok());
  const std::string config((*parts)[0].bytes.begin(), (*parts)[0].bytes.end());
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string text = config;
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    if (at != std::string::npos) text.replace(at, from.size(), to);
    return import_keras_parts({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, (*parts)[1].bytes, 3,
                              {})
        .status();
  };
  EXPECT_TRUE(changed("\"units\": 4", "\"units\": 4.0").ok());
  // Keras keeps what it was given, and Python takes 1 for true.
  EXPECT_TRUE(changed("\"use_bias\": true", "\"use_bias\": 1").ok());
  for (const auto& [from, to, key] :
       {std::tuple("\"units\": 4", "\"units\": 5", "units"), std::tuple("\"filters\": 3", "\"filters\": 4", "filters"),
        std::tuple("\"padding\": \"same\"", "\"padding\": 3", "padding"),
        std::tuple("\"use_bias\": true", "\"use_bias\": \"no\"", "use_bias"),
        std::tuple("\"epsilon\": 0.001", "\"epsilon\": \"small\"", "epsilon"),
        std::tuple("\"center\": true", "\"center\": [1]", "center"),
        std::tuple("\"strides\": [2, 2]", "\"strides\": \"two\"", "strides"),
        std::tuple("\"data_format\": \"channels_last\"", "\"data_format\": 1", "data_format")}) {
    const Status status = changed(from, to);
    EXPECT_FALSE(status.ok()) << to;
    EXPECT_NE(status.message().find(key), std::string::npos) << to << ": " << status.message();
  }
}

TEST(KerasImporter, ReadsCallsByName) {
  const auto model = [](const std::string& call) {
    return R"({"class_name": "Functional", "config": {"name": "m", "layers": [
      {"class_name": "InputLayer", "name": "x", "config": {"name": "x", "batch_shape": [null, 4]}, "inbound_nodes": []},
      {"class_name": "InputLayer", "name": "y", "config": {"name": "y", "batch_shape": [null, 3]}, "inbound_nodes": []},
      {"class_name": "Functional", "name": "inner", "config": {"name": "inner", "layers": [
         {"class_name": "InputLayer", "name": "a", "config": {"name": "a", "batch_shape": [null, 3]}, "inbound_nodes": []},
         {"class_name": "InputLayer", "name": "b", "config": {"name": "b", "batch_shape": [null, 4]}, "inbound_nodes": []},
         {"class_name": "Concatenate", "name": "c", "config": {"name": "c"}, "inbound_nodes": [[["a", 0, 0, {}], ["b", 0, 0, {}]]]}],
         "input_layers": {"a": ["a", 0, 0], "b": ["b", 0, 0]}, "output_layers": [["c", 0, 0]]}, "inbound_nodes": [)" +
           call + R"(]},
      {"class_name": "ReLU", "name": "r", "config": {"name": "r"}, "inbound_nodes": [{"args": [], "kwargs": {"inputs":
         {"class_name": "__keras_tensor__", "config": {"keras_history": ["inner", 0, 0]}}}}]}],
      "input_layers": [["x", 0, 0], ["y", 0, 0]], "output_layers": [["r", 0, 0]]}})";
  };
  const std::string x = R"({"class_name": "__keras_tensor__", "config": {"keras_history": ["x", 0, 0]}})";
  const std::string y = R"({"class_name": "__keras_tensor__", "config": {"keras_history": ["y", 0, 0]}})";
  for (const std::string& call : {R"({"args": [{"b": )" + x + R"(, "a": )" + y + R"(}], "kwargs": {}})",
                                  R"({"args": [], "kwargs": {"inputs": {"a": )" + y + R"(, "b": )" + x + "}}}",
                                  R"({"args": [], "kwargs": {"inputs": [)" + y + ", " + x + "]}}"}) {
    const Status status = import_config(model(call));
    EXPECT_TRUE(status.ok()) << call << ": " << status.to_string();
  }
  const Status missing =
      import_config(model(R"({"args": [{"b": )" + x + R"(, "other": )" + y + R"(}], "kwargs": {}})"));
  EXPECT_NE(missing.message().find("without its input 'a'"), std::string::npos) << missing.to_string();
}

// Where an axis is open nothing can be computed; what is refused anyhow is said beside it.
TEST(KerasImporter, OpenAxesHideNoRefusal) {
  const Status status = import_config(
      R"({"class_name": "Sequential", "config": {"layers": [{"class_name": "InputLayer", "config": {"name": "x", "batch_shape": [null, null, 4]}},
         {"class_name": "Lambda", "config": {"name": "own"}}, {"class_name": "Mystery", "config": {"name": "strange"}}]}})");
  for (const char* part : {"'own'", "Python code", "'strange'", "'x'", "unknown length", "x=1,N,4"})
    EXPECT_NE(status.message().find(part), std::string::npos) << part << ": " << status.message();
}

// Work in proportion to the text, whatever is named how often.
TEST(KerasImporter, ManyNamesOfOneTensorTakeNoTime) {
  const auto start = std::chrono::steady_clock::now();
  std::string outputs;
  for (int i = 0; i < 100000; ++i) outputs += std::string(i == 0 ? "" : ", ") + R"(["r", 0, 0])";
  const Status status = import_config(
      R"({"class_name": "Functional", "config": {"name": "m", "layers": [
        {"class_name": "InputLayer", "name": "x", "config": {"name": "x", "batch_shape": [null, 4]}, "inbound_nodes": []},
        {"class_name": "ReLU", "name": "r", "config": {"name": "r"}, "inbound_nodes": [[["x", 0, 0, {}]]]}],
        "input_layers": [["x", 0, 0]], "output_layers": [)" +
      outputs + "]}}");
  EXPECT_TRUE(status.ok()) << status.to_string();
  std::string numbers = "[";
  for (int i = 0; i < 1000000; ++i) numbers += i % 2 == 0 ? "NaN, " : "-Infinity, ";
  numbers += "0]";
  EXPECT_TRUE(Json::parse({reinterpret_cast<const std::uint8_t*>(numbers.data()), numbers.size()}).ok());
  // Before, more than a minute.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST(KerasImporter, NestingAndRepetitionEnd) {
  std::string deep(5000, '[');
  EXPECT_FALSE(import_config(deep).ok());
  // Each model calls the one inside it twice: 2^14 calls of one layer.
  std::string model = R"({"class_name": "ReLU", "config": {"name": "r"}})";
  for (int level = 0; level < 14; ++level) {
    const std::string name = "m" + std::to_string(level);
    std::string inner = model;
    inner.insert(1, R"("name": "inner", "inbound_nodes": [[["x", 0, 0, {}]], [["inner", 0, 0, {}]]], )");
    model =
        R"({"class_name": "Functional", "config": {"name": ")" + name +
        R"(", "layers": [{"class_name": "InputLayer", "name": "x", "config": {"name": "x", "batch_shape": [null, 4]}, "inbound_nodes": []}, )" +
        inner + R"(], "input_layers": [["x", 0, 0]], "output_layers": [["inner", 1, 0]]}})";
  }
  const Bytes weights = file_bytes("small_keras3.h5");
  frontend_onnx::ImportOptions options;
  options.max_nodes = 1000;
  EXPECT_EQ(import_keras_parts({reinterpret_cast<const std::uint8_t*>(model.data()), model.size()}, weights, 2, options)
                .status()
                .code(),
            StatusCode::kResourceLimit);
}

TEST(KerasImporter, WeightsAloneAreNoModel) {
  const Status status = import_keras_h5(file_bytes("values.h5")).status();
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_NE(status.message().find("model.save"), std::string::npos);
  EXPECT_TRUE(*is_keras_archive(file_bytes("zoo.keras")));
  EXPECT_FALSE(is_keras_archive(file_bytes("values.h5")).ok());
}

TEST(SavedModel, SurvivesMutations) {
  const SavedModelFiles whole{file_bytes("sequence_old/saved_model.pb"), file_bytes("sequence_new/keras_metadata.pb"),
                              file_bytes("sequence_new/variables/variables.index"),
                              file_bytes("sequence_new/variables/variables.data-00000-of-00001")};
  ASSERT_TRUE(import_saved_model(whole).ok());
  EXPECT_EQ(import_saved_model({whole.graph, {}, {}, whole.data}).status().code(), StatusCode::kCorrupt);
  EXPECT_EQ(import_saved_model({{8, 1}, {}, whole.index, whole.data}).status().code(), StatusCode::kUnsupported);
  std::mt19937_64 random(5);
  for (int round = 0; round < 400; ++round) {
    SavedModelFiles files = whole;
    if (round % 2 == 0) files.metadata.clear();
    for (Bytes* bytes : {&files.graph, &files.metadata, &files.index, &files.data}) {
      if (bytes->empty() || random() % 3 == 0) continue;
      for (int edits = 0; edits < 2; ++edits) (*bytes)[random() % bytes->size()] = static_cast<std::uint8_t>(random());
      if (random() % 4 == 0) bytes->resize(random() % bytes->size());
    }
    static_cast<void>(import_saved_model(files));
  }
}

TEST(Weights, FoldersAreNamedAsKerasNamesThem) {
  for (const auto& [name, want] :
       {std::pair("Dense", "dense"), std::pair("Conv2D", "conv2d"),
        std::pair("BatchNormalization", "batch_normalization"), std::pair("ReLU", "re_lu"),
        std::pair("PReLU", "p_re_lu"), std::pair("LSTM", "lstm"), std::pair("SimpleRNN", "simple_rnn"),
        std::pair("MultiHeadAttention", "multi_head_attention"), std::pair("Conv2DTranspose", "conv2d_transpose"),
        std::pair("RMSNormalization", "rms_normalization"), std::pair("UpSampling2D", "up_sampling2d")})
    EXPECT_EQ(snake_case(name), want);
}

}  // namespace
}  // namespace zkinfer::frontend_keras
