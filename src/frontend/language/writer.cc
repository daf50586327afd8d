// SPDX-License-Identifier: Apache-2.0
#include "frontend/language/writer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>
#include <utility>

#include "base/text.h"

namespace zkinfer::frontend_language {

namespace {

using frontend_onnx::ImportOptions;
using std::int64_t;
using std::size_t;

constexpr int kOpset = 24;
constexpr int64_t kMostTokens = int64_t{1} << 20;
constexpr char kTokens[] = "tokens";
constexpr char kPlaces[] = "places";
constexpr char kPixels[] = "pixel_values";
constexpr char kClass[] = "class";

// Given by ImportOptions::tokens, or as the input's shape: [T] or [1, T].
Result<int64_t> token_count(const Network& network, const ImportOptions& options) {
  std::optional<int64_t> count = options.tokens;
  if (network.pictures) {
    if (count)
      return invalid_argument("CompileOptions::tokens is of models that read words, and this one reads pictures");
    return 1 + network.pictures->squares();
  }
  if (const auto given = options.input_shapes.find(kTokens); given != options.input_shapes.end()) {
    const Dims& dims = given->second;
    if (dims.size() > 2 || dims.empty() || (dims.size() == 2 && dims[0] != 1))
      return invalid_argument("input 'tokens' of shape " + dims_to_string(dims) +
                              ", expected [1, T] (CompileOptions::input_shapes); more samples make a batch of proofs");
    if (count && *count != dims.back())
      return invalid_argument("CompileOptions::tokens is " + std::to_string(*count) +
                              ", and CompileOptions::input_shapes gives 'tokens' the length " +
                              std::to_string(dims.back()));
    count = dims.back();
  }
  const int64_t most = std::min(network.most_tokens, kMostTokens);
  if (!count)
    return invalid_argument("a language model: how many tokens one inference reads is open in the file; give 1 to " +
                            std::to_string(most) + " (CompileOptions::tokens)");
  if (*count < 1 || *count > most)
    return invalid_argument(std::to_string(*count) + " tokens (CompileOptions::tokens); the model reads 1 to " +
                            std::to_string(most));
  return *count;
}

// [outputs, inputs] to [inputs, outputs], in blocks that stay in the cache.
std::vector<float> transposed(const std::vector<float>& x, size_t rows, size_t columns) {
  constexpr size_t kBlock = 32;
  std::vector<float> out(x.size());
  for (size_t i0 = 0; i0 < rows; i0 += kBlock)
    for (size_t j0 = 0; j0 < columns; j0 += kBlock)
      for (size_t i = i0; i < std::min(rows, i0 + kBlock); ++i)
        for (size_t j = j0; j < std::min(columns, j0 + kBlock); ++j) out[j * rows + i] = x[i * columns + j];
  return out;
}

// Of all turns of a conversation; none: the program reads one text.
Result<std::optional<int64_t>> conversation_of(const Network& network, const ImportOptions& options, int64_t tokens) {
  const std::optional<int64_t>& all = options.conversation;
  if (!all) return all;
  const LanguageHead head = options.head.value_or(network.usual_head.value_or(LanguageHead::kChoice));
  if (!network.causal || !network.head || head != LanguageHead::kChoice)
    return invalid_argument("a conversation (CompileOptions::conversation) needs a model that gives the next token");
  for (const Layer& layer : network.layers) {
    if (layer.window > 0 && layer.window < *all)
      return unsupported("a conversation of " + std::to_string(*all) +
                         " tokens (CompileOptions::conversation) with a model whose layers see " +
                         std::to_string(layer.window) + " tokens back; at most so many are possible");
  }
  const int64_t most = std::min(network.most_tokens, kMostTokens);
  if (*all < tokens || *all > most)
    return invalid_argument("a conversation of " + std::to_string(*all) +
                            " tokens (CompileOptions::conversation), expected " + std::to_string(tokens) + " to " +
                            std::to_string(most));
  return all;
}

class Writer {
 public:
  Writer(const Network& network, int64_t tokens, std::optional<int64_t> conversation)
      : net_(network), tokens_(tokens), conversation_(conversation), builder_(kOpset) {}

  Result<frontend_onnx::ForeignModel> run(LanguageHead head) {
    // Tensors of a file may have any names.
    for (const char* name : {kTokens, kPlaces, kPixels, kClass}) builder_.fresh(name);
    for (const auto& [each, name] : kLanguageHeadOutputs) builder_.fresh(std::string(name));
    // Tables are as wide as a head, which only a matrix in the file vouches for.
    const Dims expected{net_.heads * net_.head_width, net_.width};
    const Matrix& query = net_.layers.front().query;
    if (!expect(query.weight, query.inputs_first ? Dims{expected[1], expected[0]} : expected)) return status_;
    if (!net_.pictures) builder_.input(kTokens, {1, tokens_}, onnx::TensorProto::INT64);
    if (conversation_) write_places();
    if (pads()) write_words();
    write_rotary_tables();
    std::string x = net_.pictures ? write_pictures(*net_.pictures) : write_embedding();
    for (size_t i = 0; i < net_.layers.size(); ++i) x = write_layer(x, net_.layers[i], "layers." + std::to_string(i));
    begin("final_norm");
    x = norm(x, net_.final_norm, {net_.width});
    write_head(x, head);
    for (const std::string& name : histories_) builder_.output(name);
    if (!status_.ok()) return status_;
    for (const std::string& note : net_.notes) builder_.note(note);
    return std::move(builder_).take("part");
  }

 private:
  void begin(const std::string& part) { builder_.begin({part, net_.family}); }
  std::string op(std::string_view type, const std::vector<std::string>& inputs,
                 const frontend_onnx::Attributes& attributes = {}) {
    return builder_.op(type, inputs, attributes);
  }

  // The tensor as the file has it, which must have this shape.
  std::string parameter(const Weight& weight, const Dims& dims) {
    if (!expect(weight, dims)) return {};
    if (const auto known = parameters_.find(weight.name); known != parameters_.end()) return known->second;
    return parameters_[weight.name] = builder_.deferred(builder_.fresh(weight.name), dims, weight.read);
  }

  bool expect(const Weight& weight, const Dims& dims) {
    if (weight.dims != dims && status_.ok())
      status_ = corrupt("tensor " + in_quotes(weight.name) + " has shape " + dims_to_string(weight.dims) +
                        ", expected " + dims_to_string(dims) + " of a model of width " + std::to_string(net_.width) +
                        ", " + std::to_string(net_.heads) + " heads, " + std::to_string(net_.kv_heads) +
                        " of keys, and vocabulary " + std::to_string(net_.vocabulary));
    return weight.dims == dims;
  }

  // A matrix as the product wants it, [inputs, outputs].
  std::string factor(const Matrix& matrix, int64_t inputs, int64_t outputs) {
    const Weight& weight = matrix.weight;
    if (matrix.inputs_first) return parameter(weight, {inputs, outputs});
    if (!expect(weight, {outputs, inputs})) return {};
    const auto read = [original = weight.read, inputs, outputs]() -> Result<std::vector<float>> {
      ZKI_ASSIGN_OR_RETURN(const std::vector<float> rows, original());
      return transposed(rows, static_cast<size_t>(outputs), static_cast<size_t>(inputs));
    };
    return builder_.deferred(builder_.fresh(weight.name), {inputs, outputs}, read);
  }

  std::string linear(const std::string& x, const Matrix& matrix, int64_t inputs, int64_t outputs) {
    const std::string y = op("MatMul", {x, factor(matrix, inputs, outputs)});
    return matrix.bias ? op("Add", {y, parameter(matrix.bias, {outputs})}) : y;
  }

  std::string norm(const std::string& x, const Norm& norm, const Dims& dims) {
    if (!norm) return x;
    std::vector<std::string> inputs{x, parameter(norm.scale, dims)};
    if (norm.bias) inputs.push_back(parameter(norm.bias, dims));
    return op(net_.mean_square_norm ? "RMSNormalization" : "LayerNormalization", inputs,
              {{"axis", -1}, {"epsilon", net_.epsilon}});
  }

  std::string scaled(const std::string& x, double factor) {
    return factor == 1 ? x : op("Mul", {x, builder_.number(static_cast<float>(factor))});
  }

  std::string write_pictures(const Pictures& pictures) {
    builder_.input(kPixels, {1, pictures.channels, pictures.side, pictures.side});
    begin("patch_embedding");
    const Dims kernel{net_.width, pictures.channels, pictures.patch, pictures.patch};
    std::vector<std::string> inputs{kPixels, parameter(pictures.projection.weight, kernel)};
    if (pictures.projection.bias) inputs.push_back(parameter(pictures.projection.bias, {net_.width}));
    std::string x = op("Conv", inputs, {{"strides", {pictures.patch, pictures.patch}}});
    x = op("Reshape", {x, builder_.list({1, net_.width, pictures.squares()})});
    x = op("Transpose", {x}, {{"perm", {0, 2, 1}}});
    x = op("Concat", {parameter(pictures.class_token, {1, 1, net_.width}), x}, {{"axis", 1}});
    return op("Add", {x, parameter(pictures.positions, {1, tokens_, net_.width})});
  }

  std::string write_embedding() {
    begin("word_embedding");
    std::string x = op("Gather", {parameter(net_.embedding, {net_.vocabulary, net_.width}), kTokens}, {{"axis", 0}});
    x = scaled(x, net_.embedding_scale);
    if (net_.positions) {
      const std::string rows = rows_of(net_.positions, net_.first_position, conversation_.value_or(tokens_));
      x = op("Add", {x, conversation_ ? op("Gather", {rows, positions_}, {{"axis", 0}}) : rows});
    }
    if (net_.token_types) x = op("Add", {x, rows_of(net_.token_types, 0, 1)});
    return norm(x, net_.embedding_norm, {net_.width});
  }

  std::string rows_of(const Weight& weight, int64_t first, int64_t rows) {
    const bool fits = weight.dims.size() == 2 && weight.dims[0] >= first + rows;
    if (!expect(weight, {fits ? weight.dims[0] : first + rows, net_.width})) return {};
    const auto read = [original = weight.read, from = first * net_.width,
                       count = rows * net_.width]() -> Result<std::vector<float>> {
      ZKI_ASSIGN_OR_RETURN(std::vector<float> all, original());
      all.erase(all.begin(), all.begin() + from);
      all.resize(static_cast<size_t>(count));
      return all;
    };
    return builder_.deferred(builder_.fresh(weight.name), {rows, net_.width}, read);
  }

  void write_rotary_tables() {
    begin("rotary");
    for (const Rotary& rotary : net_.rotary) {
      const size_t pairs = rotary.frequencies.size();
      std::vector<float> cosines, sines;
      const int64_t positions = conversation_.value_or(tokens_);
      for (int64_t position = 0; position < positions; ++position)
        for (size_t i = 0; i < pairs; ++i) {
          const double angle = static_cast<double>(position) * rotary.frequencies[i];
          cosines.push_back(static_cast<float>(std::cos(angle) * rotary.magnitude));
          sines.push_back(static_cast<float>(std::sin(angle) * rotary.magnitude));
        }
      const auto width = static_cast<int64_t>(pairs);
      const auto table = [&](const std::vector<float>& data) {
        if (!conversation_) return builder_.table({1, tokens_, width}, data);
        return op("Gather", {builder_.table({positions, width}, data), positions_}, {{"axis", 0}});
      };
      const std::string first = table(cosines);
      tables_.emplace_back(first, table(sines));
    }
  }

  // What follows from where a turn is in its text, as an input that every verifier computes again (qir/turn.h). Numbers compared with each other and with
  // nothing else: constants would be parameters, which are hidden.
  void write_places() {
    begin("places");
    const int64_t all = *conversation_;
    int64_t at = 0;
    const auto part = [&](int64_t count) {
      at += count;
      return op("Slice", {kPlaces, builder_.list({at - count}), builder_.list({at}), builder_.list({1})});
    };
    builder_.input(kPlaces, {1, 2 * tokens_ + 3 * all}, onnx::TensorProto::INT64);
    positions_ = part(tokens_);
    const std::string ends = op("Reshape", {part(tokens_), builder_.list({tokens_, 1})});
    const std::string rows = part(all);
    seen_ = op("Less", {rows, ends});
    is_new_ = op("Reshape", {op("Less", {rows, part(all)}), builder_.list({1, all, 1})});
    source_ = op("Reshape", {part(all), builder_.list({all})});
  }

  bool pads() const { return net_.pad_token.has_value() && !net_.causal; }

  // Which tokens are words. A text has one, or no position would have anything to see.
  void write_words() {
    begin("words");
    words_ = op("Not", {op("Equal", {kTokens, builder_.scalar(*net_.pad_token, onnx::TensorProto::INT64)})});
    seen_ = op("Reshape", {words_, builder_.list({1, 1, 1, 1, tokens_})});
  }

  // Keys or values of all tokens so far: the history, with this turn's rows in their places.
  std::string remembered(const std::string& of_turn, int64_t width, const std::string& name) {
    const std::string before = builder_.fresh(name + ".before");
    builder_.input(before, {1, *conversation_, width});
    const std::string placed = op("Gather", {of_turn, source_}, {{"axis", 1}});
    histories_.push_back(builder_.op("Where", {is_new_, placed, before}, {}, builder_.fresh(name + ".after")));
    return histories_.back();
  }

  // Attention with a mask of the program's own. Operator by operator: every token sees itself, or all words of a text that has one, so that no row is without weights, which the
  // operator Attention would have to make sure of.
  std::string attended(const std::string& query, const std::string& key, const std::string& value, int64_t keys) {
    const int64_t sharing = net_.heads / net_.kv_heads, width = net_.head_width;
    const auto apart = [&](const std::string& x, int64_t count, int64_t group, const Dims& order) {
      return op("Transpose", {op("Reshape", {x, builder_.list({1, count, net_.kv_heads, group, width})})},
                {{"perm", order}});
    };
    const double scale = net_.score_scale != 0 ? net_.score_scale : 1 / std::sqrt(static_cast<double>(width));
    const std::string queries = scaled(apart(query, tokens_, sharing, {0, 2, 3, 1, 4}), scale);
    const std::string scores = op("MatMul", {queries, apart(key, keys, 1, {0, 2, 3, 4, 1})});
    const std::string seen = op("Where", {seen_, scores, builder_.number(std::numeric_limits<float>::lowest())});
    const std::string weights = op("Softmax", {seen}, {{"axis", -1}});
    const std::string mixed = op("MatMul", {weights, apart(value, keys, 1, {0, 2, 3, 1, 4})});
    return op("Reshape",
              {op("Transpose", {mixed}, {{"perm", {0, 3, 1, 2, 4}}}), builder_.list({1, tokens_, net_.heads * width})});
  }

  // Heads side by side: normed one by one, then turned by their positions.
  std::string heads(std::string x, const Norm& of_head, const Layer& layer, int64_t count) {
    if (of_head) {
      x = op("Reshape", {x, builder_.list({1, tokens_, count, net_.head_width})});
      x = norm(x, of_head, {net_.head_width});
      x = op("Reshape", {x, builder_.list({1, tokens_, count * net_.head_width})});
    }
    if (layer.rotary < 0) return x;
    const auto at = static_cast<size_t>(layer.rotary);
    const auto rotated = static_cast<int64_t>(2 * net_.rotary[at].frequencies.size());
    frontend_onnx::Attributes attributes{{"interleaved", net_.rotary[at].interleaved ? 1 : 0}, {"num_heads", count}};
    if (rotated != net_.head_width) attributes.emplace_back("rotary_embedding_dim", rotated);
    return op("RotaryEmbedding", {x, tables_[at].first, tables_[at].second}, attributes);
  }

  std::string attention(const std::string& x, const Layer& layer, const std::string& where) {
    const int64_t all = net_.heads * net_.head_width;
    const int64_t kv = net_.kv_heads * net_.head_width;
    begin(where + ".query");
    const std::string query = heads(linear(x, layer.query, net_.width, all), layer.query_norm, layer, net_.heads);
    begin(where + ".key");
    std::string key = heads(linear(x, layer.key, net_.width, kv), layer.key_norm, layer, net_.kv_heads);
    if (conversation_) key = remembered(key, kv, where + ".key");
    begin(where + ".value");
    std::string value = linear(x, layer.value, net_.width, kv);
    if (conversation_) value = remembered(value, kv, where + ".value");
    begin(where + ".attention");
    frontend_onnx::Attributes attributes{{"q_num_heads", net_.heads}, {"kv_num_heads", net_.kv_heads}};
    if (!seen_.empty()) {
      const std::string mixed = attended(query, key, value, conversation_.value_or(tokens_));
      begin(where + ".output");
      return linear(mixed, layer.output, all, net_.width);
    }
    if (net_.causal) attributes.emplace_back("is_causal", 1);
    if (net_.score_scale != 0) attributes.emplace_back("scale", net_.score_scale);
    if (layer.window > 0 && layer.window < tokens_) attributes.emplace_back("left_window_size", layer.window - 1);
    const std::string mixed = op("Attention", {query, key, value}, attributes);
    begin(where + ".output");
    return linear(mixed, layer.output, all, net_.width);
  }

  std::string activated(const std::string& x, Activation activation) {
    switch (activation) {
      case Activation::kSilu: return op("Swish", {x});
      case Activation::kGeluErf: return op("Gelu", {x});
      case Activation::kGeluTanh: return op("Gelu", {x}, {{"approximate", "tanh"}});
      case Activation::kRelu: return op("Relu", {x});
      case Activation::kTanh: return op("Tanh", {x});
    }
    return x;
  }

  std::string mlp(const std::string& x, const Layer& layer, const std::string& where) {
    begin(where + ".up");
    std::string inner = linear(x, layer.up, net_.width, net_.hidden);
    if (layer.gate) {
      begin(where + ".gate");
      const std::string gate = activated(linear(x, layer.gate, net_.width, net_.hidden), net_.activation);
      inner = op("Mul", {gate, inner});
    } else {
      inner = activated(inner, net_.activation);
    }
    begin(where + ".down");
    return linear(inner, layer.down, net_.hidden, net_.width);
  }

  std::string write_layer(std::string x, const Layer& layer, const std::string& where) {
    const auto normed = [&](const std::string& part, const std::string& value, const Norm& of) {
      begin(where + part);
      return norm(value, of, {net_.width});
    };
    const auto add = [&](const std::string& part, const std::string& a, const std::string& b) {
      begin(where + part);
      return op("Add", {a, b});
    };
    if (net_.norm_behind_sums) {
      x = add(".attention_sum", x, attention(x, layer, where));
      x = normed(".attention_norm", x, layer.attention_norm);
      x = add(".mlp_sum", x, mlp(x, layer, where));
      return normed(".mlp_norm", x, layer.mlp_norm);
    }
    const std::string first = normed(".attention_norm", x, layer.attention_norm);
    const std::string mixed = normed(".attention_post_norm", attention(first, layer, where), layer.attention_post_norm);
    if (net_.parallel) {
      x = add(".attention_sum", x, mixed);
      return add(".mlp_sum", x, mlp(first, layer, where));
    }
    x = add(".attention_sum", x, mixed);
    const std::string second = normed(".mlp_norm", x, layer.mlp_norm);
    const std::string thought = normed(".mlp_post_norm", mlp(second, layer, where), layer.mlp_post_norm);
    return add(".mlp_sum", x, thought);
  }

  void write_head(const std::string& x, LanguageHead head) {
    const std::string output(language_head_output(head));
    if (head == LanguageHead::kNone) {
      begin(output);
      builder_.op("Identity", {x}, {}, output);
      builder_.output(output);
      return;
    }
    if (head == LanguageHead::kMean || head == LanguageHead::kFirst) {
      begin(head == LanguageHead::kMean ? "embedding_mean" : "first");
      builder_.op("LpNormalization", {head == LanguageHead::kMean ? mean_of_words(x) : first_of(x)},
                  {{"axis", -1}, {"p", 2}}, output);
      builder_.output(output);
      return;
    }
    if (!net_.head) {
      if (status_.ok())
        status_ = invalid_argument("a " + net_.family +
                                   " model without a head: it gives its last hidden states only "
                                   "(CompileOptions::head)");
      return;
    }
    begin("head");
    std::string read = net_.classifies ? first_of(x) : x;
    if (net_.pooler) read = activated(linear(read, net_.pooler, net_.width, net_.width), net_.pooler_activation);
    const std::string logits = linear(read, net_.head, net_.width, net_.classifies ? net_.classes : net_.vocabulary);
    if (head == LanguageHead::kLogits) {
      builder_.op("Identity", {logits}, {}, output);
      builder_.output(output);
      return;
    }
    begin("choice");
    const std::string choice = net_.classifies ? kClass : output;
    builder_.op("ArgMax", {logits}, {{"axis", -1}, {"keepdims", 0}}, choice);
    builder_.output(choice, onnx::TensorProto::INT64);
  }

  std::string first_of(const std::string& x) {
    return op("Gather", {x, builder_.scalar(0, onnx::TensorProto::INT64)}, {{"axis", 1}});
  }

  // Over what is no padding.
  std::string mean_of_words(const std::string& x) {
    if (words_.empty()) return op("ReduceMean", {x, builder_.list({1})}, {{"keepdims", 0}});
    const std::string is_word = op("Cast", {words_}, {{"to", onnx::TensorProto::FLOAT}});
    const std::string sum = op("MatMul", {op("Reshape", {is_word, builder_.list({1, 1, tokens_})}), x});
    const std::string count = op("ReduceSum", {is_word, builder_.list({1})}, {{"keepdims", 1}});
    return op("Div", {op("Reshape", {sum, builder_.list({1, net_.width})}), count});
  }

  const Network& net_;
  const int64_t tokens_;
  const std::optional<int64_t> conversation_;
  frontend_onnx::ModelBuilder builder_;
  Status status_;
  std::unordered_map<std::string, std::string> parameters_;  // by the name in the file
  std::vector<std::pair<std::string, std::string>> tables_;  // cosines and sines
  // Of conversations: places of tokens, which rows of the history each sees, which are of this turn, and which token's each is.
  std::string positions_, is_new_, source_;
  std::string seen_;   // of conversations and of texts that may be padded: what each position sees
  std::string words_;  // of the latter: what is no padding, [1, tokens]
  std::vector<std::string> histories_;
};

}  // namespace

Result<frontend_onnx::ForeignModel> write_network(const Network& network, const ImportOptions& options) {
  ZKI_ASSIGN_OR_RETURN(const int64_t tokens, token_count(network, options));
  ZKI_ASSIGN_OR_RETURN(const std::optional<int64_t> conversation, conversation_of(network, options, tokens));
  const LanguageHead usual = network.usual_head.value_or(network.head ? LanguageHead::kChoice : LanguageHead::kNone);
  return Writer(network, tokens, conversation).run(options.head.value_or(usual));
}

namespace {

Result<ir::Graph> declared_inputs(const onnx::GraphProto& proto) {
  ir::Graph graph;
  for (const onnx::ValueInfoProto& input : proto.input()) {
    const onnx::TypeProto_Tensor& type = input.type().tensor_type();
    Dims dims;
    for (const auto& dim : type.shape().dim()) dims.push_back(dim.dim_value());
    ZKI_ASSIGN_OR_RETURN(Shape shape, Shape::make(std::move(dims)));
    graph.add_input(input.name(),
                    type.elem_type() == onnx::TensorProto::FLOAT ? ir::DataType::kFloat : ir::DataType::kInt64,
                    std::move(shape));
  }
  return graph;
}

}  // namespace

Result<ir::Graph> import_described(const Network& network, ImportOptions options) {
  ZKI_ASSIGN_OR_RETURN(const frontend_onnx::ForeignModel foreign, write_network(network, options));
  if (network.pad_token && !network.causal && options.pads_with) options.pads_with(*network.pad_token);
  if (options.inputs_only) return declared_inputs(foreign.model.graph());
  if (!network.pictures) options.input_shapes.erase(kTokens);
  // No file can make a value of more: tokens are the caller's, everything else has weights in the file.
  constexpr int64_t kMostElements = int64_t{1} << 28;
  options.max_value_elements = std::max(options.max_value_elements, kMostElements);
  return frontend_onnx::import_foreign(foreign, options);
}

}  // namespace zkinfer::frontend_language
