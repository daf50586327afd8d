// SPDX-License-Identifier: Apache-2.0
// Architectures that write: Llama and its kin, Gemma 3, GPT-2, Phi.
#include <cmath>
#include <numbers>

#include "base/text.h"
#include "frontend/language/hf_config.h"
#include "frontend/language/rotary.h"

namespace zkinfer::frontend_language {

using frontend_json::Json;
using std::int64_t;

namespace {

constexpr int64_t kMostLayers = 4096;

Status read_sizes(HfModel& m) {
  HfConfig& config = m.config;
  Network& net = m.net;
  net.width = config.size("hidden_size");
  net.hidden = config.size("intermediate_size");
  net.heads = config.size("num_attention_heads");
  net.kv_heads = config.size("num_key_value_heads", net.heads);
  net.head_width = config.size("head_dim", std::max<int64_t>(net.width / net.heads, 1));
  net.vocabulary = config.size("vocab_size");
  net.most_tokens = config.size("max_position_embeddings");
  m.layers(config.size("num_hidden_layers", 0, kMostLayers));
  ZKI_RETURN_IF_ERROR(config.status());
  if (net.heads % net.kv_heads != 0)
    return corrupt("config.json: " + std::to_string(net.heads) + " heads, " + std::to_string(net.kv_heads) +
                   " of keys");
  return ok_status();
}

// The embedding again where the model ties them, whatever else the file holds.
void take_ends(HfModel& m, const std::string& at, bool ties_by_default) {
  m.net.embedding = m.tensors.take(at + "embed_tokens.weight");
  if (m.config.flag("tie_word_embeddings", ties_by_default))
    m.net.head.weight = m.net.embedding;
  else
    m.net.head = m.tensors.matrix("lm_head");
}

// Llama 3: slow turns are slowed down by the factor, fast ones stay, those between are mixed.
Status stretch_llama3(const Json& scaling, Rotary& rotary) {
  const double factor = scaling["factor"].number();
  const double low = scaling["low_freq_factor"].number();
  const double high = scaling["high_freq_factor"].number();
  const double trained = scaling["original_max_position_embeddings"].number();
  if (!(factor >= 1) || !(low > 0) || !(high > low) || !(trained >= 1) || !(trained < 1e9) || !(factor < 1e6))
    return corrupt("config.json: 'rope_scaling' has no factors of Llama 3");
  for (double& frequency : rotary.frequencies) {
    const double turns = trained * frequency / (2 * std::numbers::pi);  // within the positions of training
    const double kept = std::clamp((turns - low) / (high - low), 0.0, 1.0);
    frequency = kept * frequency + (1 - kept) * frequency / factor;
  }
  return ok_status();
}

Status stretch(const Json& scaling, Rotary& rotary) {
  if (scaling.is_null()) return ok_status();
  const std::string kind = scaling["rope_type"].is_text() ? scaling["rope_type"].text() : scaling["type"].text();
  if (kind == "default") return ok_status();
  if (kind == "llama3") return stretch_llama3(scaling, rotary);
  if (kind != "linear")
    return unsupported("config.json: rotary positions stretched by " + in_quotes(kind) +
                       "; linear and llama3 are read; export the model to ONNX");
  const double factor = scaling["factor"].number();
  if (!(factor >= 1) || !(factor < 1e6)) return corrupt("config.json: 'rope_scaling' has no factor");
  for (double& frequency : rotary.frequencies) frequency /= factor;
  return ok_status();
}

// Where versions of transformers put it: rope_theta beside rope_scaling, or both in rope_parameters.
Status add_rotary(HfModel& m, double base, double share = 1) {
  const Json& parameters = m.config["rope_parameters"];
  const Json& scaling = parameters.is_object() ? parameters : m.config["rope_scaling"];
  base = m.config.positive("rope_theta", base);
  if (parameters["rope_theta"].is_number()) base = parameters["rope_theta"].number();
  if (parameters["partial_rotary_factor"].is_number()) share = parameters["partial_rotary_factor"].number();
  if (parameters["full_attention"].is_object())
    return unsupported("config.json: 'rope_parameters' by kinds of layers; save the model with transformers 4");
  const double rotated = static_cast<double>(m.net.head_width) * share;
  if (!(base > 1) || !(base < 1e12) || !(share > 0) || !(share <= 1) || std::fmod(std::floor(rotated), 2) != 0)
    return corrupt("config.json: rotary positions of base " + std::to_string(base) + " for " + std::to_string(rotated) +
                   " elements of a head");
  m.net.rotary.push_back(plain_rotary(static_cast<int64_t>(rotated), base));
  ZKI_RETURN_IF_ERROR(stretch(scaling, m.net.rotary.back()));
  for (Layer& layer : m.net.layers)
    if (layer.rotary < 0) layer.rotary = 0;
  return ok_status();
}

void take_llama_layer(HfModel& m, Layer& layer, const std::string& at) {
  Tensors& tensors = m.tensors;
  layer.attention_norm = tensors.norm(at + "input_layernorm");
  layer.query = tensors.matrix(at + "self_attn.q_proj");
  layer.key = tensors.matrix(at + "self_attn.k_proj");
  layer.value = tensors.matrix(at + "self_attn.v_proj");
  layer.output = tensors.matrix(at + "self_attn.o_proj");
  layer.gate = tensors.matrix(at + "mlp.gate_proj");
  layer.up = tensors.matrix(at + "mlp.up_proj");
  layer.down = tensors.matrix(at + "mlp.down_proj");
}

std::string layer_at(const std::string& prefix, std::size_t i) { return prefix + "layers." + std::to_string(i) + "."; }

// Which layers see a window only: as the file says one by one, or as the family does.
template <class Rule>
Status set_windows(HfModel& m, int64_t window, Rule sees_window) {
  const Json& kinds = m.config["layer_types"];
  for (std::size_t i = 0; i < m.net.layers.size(); ++i) {
    const std::string& kind = kinds.at(i).text();
    if (kinds.is_list() && kind != "full_attention" && kind != "sliding_attention")
      return unsupported("config.json: layer " + std::to_string(i) + " is " + in_quotes(kind) +
                         "; export the model to ONNX");
    if (kinds.is_list() ? kind == "sliding_attention" : sees_window(static_cast<int64_t>(i)))
      m.net.layers[i].window = window;
  }
  return ok_status();
}

Status read_llama(HfModel& m) {
  ZKI_RETURN_IF_ERROR(read_sizes(m));
  m.net.epsilon = m.config.positive("rms_norm_eps", 1e-6);
  m.net.activation = m.config.activation("hidden_act", "silu");
  ZKI_RETURN_IF_ERROR(add_rotary(m, 10000));
  const std::string at = m.prefix("model.");
  take_ends(m, at, false);
  for (std::size_t i = 0; i < m.net.layers.size() && m.tensors.status().ok(); ++i) {
    take_llama_layer(m, m.net.layers[i], layer_at(at, i));
    m.net.layers[i].mlp_norm = m.tensors.norm(layer_at(at, i) + "post_attention_layernorm");
  }
  m.net.final_norm = m.tensors.norm(at + "norm");
  return ok_status();
}

Status read_mistral(HfModel& m) {
  ZKI_RETURN_IF_ERROR(read_llama(m));
  if (m.config.has("sliding_window")) {
    const int64_t window = m.config.size("sliding_window");
    ZKI_RETURN_IF_ERROR(set_windows(m, window, [](int64_t) { return true; }));
  }
  return ok_status();
}

Status read_qwen2(HfModel& m) {
  ZKI_RETURN_IF_ERROR(read_llama(m));
  if (!m.config.flag("use_sliding_window", false) || !m.config.has("sliding_window")) return ok_status();
  const int64_t window = m.config.size("sliding_window");
  const int64_t full = m.config["max_window_layers"].integer().value_or(28);
  return set_windows(m, window, [full](int64_t i) { return i >= full; });
}

Status read_gemma3(HfModel& m) {
  ZKI_RETURN_IF_ERROR(read_sizes(m));
  HfConfig& config = m.config;
  Network& net = m.net;
  net.epsilon = config.positive("rms_norm_eps", 1e-6);
  net.activation = config.activation("hidden_activation", "gelu_pytorch_tanh");
  net.embedding_scale = std::sqrt(static_cast<double>(net.width));
  net.score_scale = 1 / std::sqrt(config.positive("query_pre_attn_scalar", 256));
  for (const char* key : {"attn_logit_softcapping", "final_logit_softcapping", "use_bidirectional_attention"})
    config.only(key);
  const int64_t window = config.size("sliding_window", 4096);
  const int64_t period = config.size("sliding_window_pattern", config.size("_sliding_window_pattern", 6));
  ZKI_RETURN_IF_ERROR(set_windows(m, window, [period](int64_t i) { return (i + 1) % period != 0; }));
  for (Layer& layer : net.layers) layer.rotary = layer.window > 0 ? 1 : 0;
  ZKI_RETURN_IF_ERROR(add_rotary(m, 1000000));
  net.rotary.push_back(plain_rotary(net.head_width, config.positive("rope_local_base_freq", 10000)));
  const std::string at = m.prefix("model.");
  take_ends(m, at, true);
  const auto norm = [&](const std::string& name) { return Norm{plus_one(m.tensors.take(name + ".weight")), {}}; };
  for (std::size_t i = 0; i < net.layers.size() && m.tensors.status().ok(); ++i) {
    Layer& layer = net.layers[i];
    const std::string here = layer_at(at, i);
    take_llama_layer(m, layer, here);
    layer.attention_norm = norm(here + "input_layernorm");
    layer.attention_post_norm = norm(here + "post_attention_layernorm");
    layer.mlp_norm = norm(here + "pre_feedforward_layernorm");
    layer.mlp_post_norm = norm(here + "post_feedforward_layernorm");
    layer.query_norm = norm(here + "self_attn.q_norm");
    layer.key_norm = norm(here + "self_attn.k_norm");
  }
  net.final_norm = norm(at + "norm");
  return ok_status();
}

// Attention and MLP side by side behind one norm, rotary positions for a part of each head.
Status read_phi(HfModel& m) {
  ZKI_RETURN_IF_ERROR(read_sizes(m));
  Network& net = m.net;
  net.mean_square_norm = false;
  net.parallel = true;
  net.epsilon = m.config.positive("layer_norm_eps", 1e-5);
  net.activation = m.config.activation("hidden_act", "gelu_new");
  m.config.only("qk_layernorm");
  ZKI_RETURN_IF_ERROR(add_rotary(m, 10000, m.config.positive("partial_rotary_factor", 0.5)));
  const std::string at = m.prefix("model.");
  take_ends(m, at, false);
  Tensors& tensors = m.tensors;
  for (std::size_t i = 0; i < net.layers.size() && tensors.status().ok(); ++i) {
    Layer& layer = net.layers[i];
    const std::string here = layer_at(at, i);
    layer.attention_norm = tensors.norm(here + "input_layernorm");
    layer.query = tensors.matrix(here + "self_attn.q_proj");
    layer.key = tensors.matrix(here + "self_attn.k_proj");
    layer.value = tensors.matrix(here + "self_attn.v_proj");
    layer.output = tensors.matrix(here + "self_attn.dense");
    layer.up = tensors.matrix(here + "mlp.fc1");
    layer.down = tensors.matrix(here + "mlp.fc2");
  }
  net.final_norm = tensors.norm(at + "final_layernorm");
  return ok_status();
}

// Its matrices are stored with inputs first, queries, keys and values in one.
Status read_gpt2(HfModel& m) {
  HfConfig& config = m.config;
  Network& net = m.net;
  net.width = config.size("n_embd");
  net.hidden = config.size("n_inner", 4 * net.width);
  net.heads = net.kv_heads = config.size("n_head");
  net.vocabulary = config.size("vocab_size");
  net.most_tokens = config.size("n_positions");
  m.layers(config.size("n_layer", 0, kMostLayers));
  ZKI_RETURN_IF_ERROR(config.status());
  if (net.width % net.heads != 0) return corrupt("config.json: 'n_head' does not divide 'n_embd'");
  net.head_width = net.width / net.heads;
  net.mean_square_norm = false;
  net.epsilon = config.positive("layer_norm_epsilon", 1e-5);
  net.activation = config.activation("activation_function", "gelu_new");
  config.only("scale_attn_by_inverse_layer_idx");
  config.only("add_cross_attention");
  if (!config.flag("scale_attn_weights", true)) net.score_scale = 1;
  Tensors& tensors = m.tensors;
  const std::string at = m.prefix("transformer.");
  net.embedding = tensors.take(at + "wte.weight");
  net.positions = tensors.take(at + "wpe.weight");
  if (config.flag("tie_word_embeddings", true))
    net.head.weight = net.embedding;
  else
    net.head = tensors.matrix("lm_head");
  const auto matrix = [&](const std::string& name) {
    Matrix out = tensors.matrix(name);
    out.inputs_first = true;
    return out;
  };
  for (std::size_t i = 0; i < net.layers.size() && tensors.status().ok(); ++i) {
    Layer& layer = net.layers[i];
    const std::string here = at + "h." + std::to_string(i) + ".";
    layer.attention_norm = tensors.norm(here + "ln_1");
    layer.mlp_norm = tensors.norm(here + "ln_2");
    const Matrix all = matrix(here + "attn.c_attn");
    layer.query = some_outputs(all, 0, net.width);
    layer.key = some_outputs(all, net.width, net.width);
    layer.value = some_outputs(all, 2 * net.width, net.width);
    layer.output = matrix(here + "attn.c_proj");
    layer.up = matrix(here + "mlp.c_fc");
    layer.down = matrix(here + "mlp.c_proj");
  }
  net.final_norm = tensors.norm(at + "ln_f");
  return ok_status();
}

// A tied head may be stored beside the embedding; tables of rotary positions are made here.
bool means_nothing(std::string_view name) {
  return name == "lm_head.weight" || name.ends_with("rotary_emb.inv_freq") || name.ends_with(".attn.bias") ||
         name.ends_with(".attn.masked_bias");
}

}  // namespace

std::vector<HfFamily> hf_decoders() {
  return {
      {"LlamaForCausalLM", "Llama", read_llama, means_nothing},
      {"MistralForCausalLM", "Mistral", read_mistral, means_nothing},
      {"Qwen2ForCausalLM", "Qwen 2", read_qwen2, means_nothing},
      {"Gemma3ForCausalLM", "Gemma 3", read_gemma3, means_nothing},
      {"GPT2LMHeadModel", "GPT-2", read_gpt2, means_nothing},
      {"PhiForCausalLM", "Phi", read_phi, means_nothing},
  };
}

}  // namespace zkinfer::frontend_language
