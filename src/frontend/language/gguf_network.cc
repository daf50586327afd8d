// SPDX-License-Identifier: Apache-2.0
// From GGUF's metadata and names of tensors to the description of a model. Converters write some models otherwise than they were
// trained: rows of Llama's queries and keys in the order that turns neighbours, Gemma's norms with the one added.
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/text.h"
#include "frontend/language/gguf.h"
#include "frontend/language/rotary.h"

namespace zkinfer::frontend_language {

namespace {

using std::int64_t;

constexpr int64_t kMostLayers = 4096;
constexpr int64_t kMostSize = int64_t{1} << 24;

// What sets an architecture apart.
struct Family {
  std::string_view name, shown;
  bool mean_square_norm;
  Activation activation;
  bool gated;
  bool interleaved;  // rotary pairs; has_rotary false: none at all
  bool has_rotary;
};
constexpr auto kFamilies = std::to_array<Family>({
    {"llama", "Llama", true, Activation::kSilu, true, true, true},
    {"qwen2", "Qwen 2", true, Activation::kSilu, true, false, true},
    {"gemma3", "Gemma 3", true, Activation::kGeluTanh, true, false, true},
    {"gpt2", "GPT-2", false, Activation::kGeluTanh, false, false, false},
    {"phi2", "Phi 2", false, Activation::kGeluTanh, false, false, true},
});

class Describer {
 public:
  explicit Describer(Gguf file) : file_(std::move(file)) {}

  Result<Network> run() {
    const std::string architecture = file_.text("general.architecture");
    const auto* family = std::find_if(kFamilies.begin(), kFamilies.end(),
                                      [&](const Family& known) { return known.name == architecture; });
    if (family == kFamilies.end()) {
      std::string names;
      for (const Family& known : kFamilies) names += (names.empty() ? "" : ", ") + std::string(known.name);
      return unsupported("architecture " + in_quotes(architecture) + "; read are " + names +
                         "; export the model to ONNX");
    }
    family_ = family;
    ZKI_RETURN_IF_ERROR(read_sizes());
    ZKI_RETURN_IF_ERROR(refuse_what_is_not_read());
    ZKI_RETURN_IF_ERROR(read_rotary());
    ZKI_RETURN_IF_ERROR(take_tensors());
    ZKI_RETURN_IF_ERROR(file_.tensors.check_all_taken([](std::string_view) { return false; }));
    return std::move(net_);
  }

 private:
  std::string key(std::string_view name) const { return std::string(family_->name) + "." + std::string(name); }

  // A size of the model, or the fallback where there is one (0: none).
  int64_t size(std::string_view name, int64_t fallback, int64_t most = kMostSize) {
    const std::string full = key(name);
    if (file_.find(full) == nullptr && fallback != 0) return fallback;
    const std::optional<int64_t> found = file_.integer(full);
    if (found && *found >= 1 && *found <= most) return *found;
    if (status_.ok())
      status_ = file_.find(full) == nullptr ? corrupt("metadata " + in_quotes(full) + " is missing")
                : found ? corrupt("metadata " + in_quotes(full) + " is " + std::to_string(*found) + ", expected 1 to " +
                                  std::to_string(most))
                        : unsupported("metadata " + in_quotes(full) +
                                      " is no whole number: sizes that differ between layers are not read");
    return 1;
  }

  Status read_sizes() {
    net_.family = family_->shown;
    net_.mean_square_norm = family_->mean_square_norm;
    net_.activation = family_->activation;
    net_.width = size("embedding_length", 0);
    net_.hidden = size("feed_forward_length", 0);
    net_.heads = size("attention.head_count", 0);
    net_.kv_heads = size("attention.head_count_kv", net_.heads);
    net_.head_width = size("attention.key_length", std::max<int64_t>(net_.width / net_.heads, 1));
    const int64_t value_width = size("attention.value_length", net_.head_width);
    net_.most_tokens = size("context_length", 0);
    net_.layers.resize(static_cast<std::size_t>(size("block_count", 0, kMostLayers)));
    ZKI_RETURN_IF_ERROR(std::exchange(status_, {}));
    if (net_.heads % net_.kv_heads != 0)
      return corrupt(std::to_string(net_.heads) + " heads, " + std::to_string(net_.kv_heads) + " of keys");
    if (value_width != net_.head_width)
      return unsupported("values of width " + std::to_string(value_width) + " in heads of " +
                         std::to_string(net_.head_width));
    const std::string epsilon =
        key(family_->mean_square_norm ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon");
    const std::optional<double> found = file_.number(epsilon);
    if (!found || !(*found >= 0) || !(*found < 1)) return corrupt("metadata " + in_quotes(epsilon) + " is no epsilon");
    net_.epsilon = *found;
    return ok_status();
  }

  // Keys that change what a model computes.
  Status refuse_what_is_not_read() const {
    for (const char* name :
         {"expert_count", "attn_logit_softcapping", "final_logit_softcapping", "attention.clamp_kqv",
          "attention.max_alibi_bias", "attention.scale", "logit_scale", "residual_scale", "embedding_scale"}) {
      const std::optional<double> value = file_.number(key(name));
      if (value && *value != 0)
        return unsupported("metadata " + in_quotes(key(name)) +
                           ": what it asks for is not read; export the model to ONNX");
    }
    return ok_status();
  }

  Status read_rotary() {
    if (!family_->has_rotary) return ok_status();
    const int64_t rotated = size("rope.dimension_count", net_.head_width);
    ZKI_RETURN_IF_ERROR(std::exchange(status_, {}));
    if (rotated % 2 != 0 || rotated > net_.head_width)
      return corrupt("rotary positions of " + std::to_string(rotated) + " elements in heads of " +
                     std::to_string(net_.head_width));
    const double base = file_.number(key("rope.freq_base")).value_or(10000);
    if (!(base > 1) || !(base < 1e12)) return corrupt("a base of rotary positions of " + std::to_string(base));
    Rotary rotary = plain_rotary(rotated, base);
    rotary.interleaved = family_->interleaved;
    ZKI_RETURN_IF_ERROR(stretch(rotary));
    net_.rotary.push_back(rotary);
    for (Layer& layer : net_.layers) layer.rotary = 0;
    if (family_->name != "gemma3") return ok_status();
    // Five layers of six see a window, with positions of a base of their own.
    const auto period = static_cast<std::size_t>(size("attention.sliding_window_pattern", 6));
    const int64_t window = size("attention.sliding_window", 0);
    ZKI_RETURN_IF_ERROR(std::exchange(status_, {}));
    const double local_base = file_.number(key("rope.freq_base_swa")).value_or(10000);
    if (!(local_base > 1) || !(local_base < 1e12))
      return corrupt("a base of rotary positions of " + std::to_string(local_base));
    net_.rotary.push_back(plain_rotary(rotated, local_base));
    constexpr std::size_t kLayersOf27B = 62;  // whose scores are scaled by the width, and no key says so
    if (net_.layers.size() == kLayersOf27B)
      net_.score_scale = 1 / std::sqrt(static_cast<double>(net_.width) / static_cast<double>(net_.heads));
    for (std::size_t i = 0; i < net_.layers.size(); ++i) {
      if (i % period == period - 1) continue;
      net_.layers[i].window = window;
      net_.layers[i].rotary = 1;
    }
    return ok_status();
  }

  // Positions beyond those of training, as the file asks for them.
  Status stretch(Rotary& rotary) {
    const std::string kind = file_.text(key("rope.scaling.type"));
    if (kind == "linear") {
      const double factor = file_.number(key("rope.scaling.factor")).value_or(0);
      if (!(factor > 0) || !(factor < 1e6)) return corrupt("rotary positions stretched by " + std::to_string(factor));
      for (double& frequency : rotary.frequencies) frequency /= factor;
    } else if (!kind.empty() && kind != "none") {
      return unsupported("rotary positions stretched by " + in_quotes(kind) + "; only linear is read");
    }
    // Llama 3's: a divisor for each frequency.
    const Weight divisors = file_.tensors.take_if("rope_freqs.weight");
    ZKI_RETURN_IF_ERROR(file_.tensors.status());
    if (!divisors) return ok_status();
    if (divisors.dims != Dims{static_cast<int64_t>(rotary.frequencies.size())})
      return corrupt("tensor 'rope_freqs.weight' has shape " + dims_to_string(divisors.dims));
    ZKI_ASSIGN_OR_RETURN(const std::vector<float> numbers, divisors.read());
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      if (!(numbers[i] > 0) || !std::isfinite(numbers[i]))
        return corrupt("tensor 'rope_freqs.weight' holds no divisors");
      rotary.frequencies[i] /= static_cast<double>(numbers[i]);
    }
    return ok_status();
  }

  Status take_tensors() {
    Tensors& tensors = file_.tensors;
    net_.embedding = tensors.take("token_embd.weight");
    ZKI_RETURN_IF_ERROR(tensors.status());
    if (net_.embedding.dims.size() != 2) return corrupt("tensor 'token_embd.weight' is no matrix");
    net_.vocabulary = net_.embedding.dims[0];
    net_.final_norm = tensors.norm("output_norm");
    if (tensors.has("output.weight"))
      net_.head = tensors.matrix("output");
    else
      net_.head.weight = net_.embedding;
    if (family_->name == "gemma3") net_.embedding_scale = std::sqrt(static_cast<double>(net_.width));
    if (family_->name == "gpt2") net_.positions = tensors.take("position_embd.weight");
    net_.parallel = family_->name == "phi2";
    for (std::size_t i = 0; i < net_.layers.size(); ++i) {
      take_layer(net_.layers[i], "blk." + std::to_string(i) + ".");
      ZKI_RETURN_IF_ERROR(tensors.status());
    }
    return ok_status();
  }

  void take_layer(Layer& layer, const std::string& at) {
    Tensors& tensors = file_.tensors;
    layer.attention_norm = tensors.norm(at + "attn_norm");
    if (!net_.parallel) layer.mlp_norm = tensors.norm(at + "ffn_norm");
    if (tensors.has(at + "attn_qkv.weight")) {
      const Matrix all = tensors.matrix(at + "attn_qkv");
      const int64_t queries = net_.heads * net_.head_width;
      const int64_t keys = net_.kv_heads * net_.head_width;
      layer.query = some_outputs(all, 0, queries);
      layer.key = some_outputs(all, queries, keys);
      layer.value = some_outputs(all, queries + keys, keys);
    } else {
      layer.query = tensors.matrix(at + "attn_q");
      layer.key = tensors.matrix(at + "attn_k");
      layer.value = tensors.matrix(at + "attn_v");
    }
    layer.output = tensors.matrix(at + "attn_output");
    if (family_->gated) layer.gate = tensors.matrix(at + "ffn_gate");
    layer.up = tensors.matrix(at + "ffn_up");
    layer.down = tensors.matrix(at + "ffn_down");
    if (family_->name != "gemma3") return;
    layer.query_norm = tensors.norm(at + "attn_q_norm");
    layer.key_norm = tensors.norm(at + "attn_k_norm");
    layer.attention_post_norm = tensors.norm(at + "post_attention_norm");
    layer.mlp_post_norm = tensors.norm(at + "post_ffw_norm");
  }

  Gguf file_;
  const Family* family_ = nullptr;
  Network net_;
  Status status_;
};

}  // namespace

Result<Network> read_gguf_network(std::shared_ptr<const Source> source) {
  ZKI_ASSIGN_OR_RETURN(Gguf file, read_gguf(std::move(source)));
  return Describer(std::move(file)).run();
}

}  // namespace zkinfer::frontend_language
