// SPDX-License-Identifier: Apache-2.0
// Architectures that read: BERT (MiniLM too), RoBERTa, DistilBERT, ViT. Every position sees all others but padding, so that an inference is about a
// text of at most so many tokens.
#include <string>

#include "base/text.h"
#include "frontend/language/hf_config.h"

namespace zkinfer::frontend_language {

using std::int64_t;

namespace {

constexpr int64_t kMostLayers = 4096;

struct Keys {
  const char *width, *hidden, *heads, *layers, *activation;
};

Status read_sizes(HfModel& m, const Keys& keys) {
  HfConfig& config = m.config;
  Network& net = m.net;
  net.width = config.size(keys.width);
  net.hidden = config.size(keys.hidden);
  net.heads = net.kv_heads = config.size(keys.heads);
  m.layers(config.size(keys.layers, 0, kMostLayers));
  net.activation = config.activation(keys.activation, "gelu");
  net.mean_square_norm = net.causal = false;
  ZKI_RETURN_IF_ERROR(config.status());
  if (net.width % net.heads != 0)
    return corrupt(std::string("config.json: ") + in_quotes(keys.heads) + " does not divide " + in_quotes(keys.width));
  net.head_width = net.width / net.heads;
  return ok_status();
}

Status read_words(HfModel& m, int64_t usual_pad) {
  m.net.vocabulary = m.config.size("vocab_size");
  m.net.most_tokens = m.config.size("max_position_embeddings");
  m.net.norm_behind_sums = true;
  const std::optional<int64_t> pad = m.config["pad_token_id"].integer();
  m.net.pad_token = pad.value_or(usual_pad);
  ZKI_RETURN_IF_ERROR(m.config.status());
  if (*m.net.pad_token < 0 || *m.net.pad_token >= m.net.vocabulary)
    return corrupt("config.json: 'pad_token_id' is " + std::to_string(*m.net.pad_token) + ", expected 0 to " +
                   std::to_string(m.net.vocabulary - 1));
  return ok_status();
}

// A classifier reads the first position: classes are the rows of its last matrix.
Status take_classifier(HfModel& m, const std::string& pooler, Activation activation, const std::string& classifier) {
  m.net.classifies = true;
  m.net.pooler = m.tensors.matrix(pooler);
  m.net.pooler_activation = activation;
  m.net.head = m.tensors.matrix(classifier);
  m.net.usual_head = LanguageHead::kLogits;
  ZKI_RETURN_IF_ERROR(m.tensors.status());
  if (m.net.head.weight.dims.size() != 2)
    return corrupt("tensor " + in_quotes(classifier + ".weight") + " is no matrix");
  m.net.classes = m.net.head.weight.dims[0];
  return ok_status();
}

// Old files call a norm's scale gamma and its bias beta.
Norm norm(HfModel& m, const std::string& name) {
  if (m.tensors.has(name + ".gamma")) return {m.tensors.take(name + ".gamma"), m.tensors.take_if(name + ".beta")};
  return m.tensors.norm(name);
}

// A block of an encoder that norms behind its sums, by the names of its parts.
struct BlockNames {
  const char *query, *key, *value, *output, *attention_norm, *up, *down, *mlp_norm;
};

void take_blocks(HfModel& m, const std::string& at, const BlockNames& names) {
  Tensors& tensors = m.tensors;
  for (std::size_t i = 0; i < m.net.layers.size() && tensors.status().ok(); ++i) {
    Layer& layer = m.net.layers[i];
    const std::string here = at + std::to_string(i) + ".";
    layer.query = tensors.matrix(here + names.query);
    layer.key = tensors.matrix(here + names.key);
    layer.value = tensors.matrix(here + names.value);
    layer.output = tensors.matrix(here + names.output);
    layer.attention_norm = norm(m, here + names.attention_norm);
    layer.up = tensors.matrix(here + names.up);
    layer.down = tensors.matrix(here + names.down);
    layer.mlp_norm = norm(m, here + names.mlp_norm);
  }
}

Status read_bert_body(HfModel& m, const std::string& prefix, int64_t usual_pad) {
  ZKI_RETURN_IF_ERROR(
      read_sizes(m, {"hidden_size", "intermediate_size", "num_attention_heads", "num_hidden_layers", "hidden_act"}));
  ZKI_RETURN_IF_ERROR(read_words(m, usual_pad));
  m.config.only("position_embedding_type", "absolute");
  m.config.only("is_decoder");
  m.config.only("add_cross_attention");
  Network& net = m.net;
  Tensors& tensors = m.tensors;
  net.epsilon = m.config.positive("layer_norm_eps", 1e-12);
  const std::string at = m.prefix(prefix);
  net.embedding = tensors.take(at + "embeddings.word_embeddings.weight");
  net.positions = tensors.take(at + "embeddings.position_embeddings.weight");
  net.token_types = tensors.take(at + "embeddings.token_type_embeddings.weight");
  net.embedding_norm = norm(m, at + "embeddings.LayerNorm");
  take_blocks(m, at + "encoder.layer.",
              {"attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense",
               "attention.output.LayerNorm", "intermediate.dense", "output.dense", "output.LayerNorm"});
  return ok_status();
}

Status read_bert(HfModel& m) { return read_bert_body(m, "bert.", 0); }

Status read_bert_classifier(HfModel& m) {
  ZKI_RETURN_IF_ERROR(read_bert_body(m, "bert.", 0));
  return take_classifier(m, "bert.pooler.dense", Activation::kTanh, "classifier");
}

// Positions are counted from the one behind the padding token's.
Status read_roberta(HfModel& m) {
  ZKI_RETURN_IF_ERROR(read_bert_body(m, "roberta.", 1));
  m.net.first_position = *m.net.pad_token + 1;
  m.net.most_tokens -= m.net.first_position;
  if (m.net.most_tokens < 1) return corrupt("config.json: 'max_position_embeddings' leaves no position for a token");
  return ok_status();
}

Status read_roberta_classifier(HfModel& m) {
  ZKI_RETURN_IF_ERROR(read_roberta(m));
  return take_classifier(m, "classifier.dense", Activation::kTanh, "classifier.out_proj");
}

Status read_distilbert(HfModel& m) {
  ZKI_RETURN_IF_ERROR(read_sizes(m, {"dim", "hidden_dim", "n_heads", "n_layers", "activation"}));
  ZKI_RETURN_IF_ERROR(read_words(m, 0));
  Network& net = m.net;
  Tensors& tensors = m.tensors;
  net.epsilon = 1e-12;
  const std::string at = m.prefix("distilbert.");
  net.embedding = tensors.take(at + "embeddings.word_embeddings.weight");
  net.positions = tensors.take(at + "embeddings.position_embeddings.weight");
  net.embedding_norm = norm(m, at + "embeddings.LayerNorm");
  take_blocks(m, at + "transformer.layer.",
              {"attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin", "sa_layer_norm",
               "ffn.lin1", "ffn.lin2", "output_layer_norm"});
  return ok_status();
}

Status read_distilbert_classifier(HfModel& m) {
  ZKI_RETURN_IF_ERROR(read_distilbert(m));
  return take_classifier(m, "pre_classifier", Activation::kRelu, "classifier");
}

// A classifier, and the bare model.
Status read_vit(HfModel& m) {
  ZKI_RETURN_IF_ERROR(
      read_sizes(m, {"hidden_size", "intermediate_size", "num_attention_heads", "num_hidden_layers", "hidden_act"}));
  HfConfig& config = m.config;
  Network& net = m.net;
  Tensors& tensors = m.tensors;
  net.epsilon = config.positive("layer_norm_eps", 1e-12);
  Pictures pictures;
  constexpr int64_t kMostPixels = 4096;
  pictures.side = config.size("image_size", 224, kMostPixels);
  pictures.patch = config.size("patch_size", 16, kMostPixels);
  pictures.channels = config.size("num_channels", 3, kMostPixels);
  ZKI_RETURN_IF_ERROR(config.status());
  if (pictures.side % pictures.patch != 0) return corrupt("config.json: 'patch_size' does not divide 'image_size'");
  const std::string at = m.prefix("vit.");
  pictures.projection = tensors.matrix(at + "embeddings.patch_embeddings.projection");
  pictures.class_token = tensors.take(at + "embeddings.cls_token");
  pictures.positions = tensors.take(at + "embeddings.position_embeddings");
  net.pictures = std::move(pictures);
  for (std::size_t i = 0; i < net.layers.size() && tensors.status().ok(); ++i) {
    Layer& layer = net.layers[i];
    const std::string here = at + "encoder.layer." + std::to_string(i) + ".";
    layer.attention_norm = tensors.norm(here + "layernorm_before");
    layer.query = tensors.matrix(here + "attention.attention.query");
    layer.key = tensors.matrix(here + "attention.attention.key");
    layer.value = tensors.matrix(here + "attention.attention.value");
    layer.output = tensors.matrix(here + "attention.output.dense");
    layer.mlp_norm = tensors.norm(here + "layernorm_after");
    layer.up = tensors.matrix(here + "intermediate.dense");
    layer.down = tensors.matrix(here + "output.dense");
  }
  net.final_norm = tensors.norm(at + "layernorm");
  if (!tensors.has("classifier.weight") || !tensors.status().ok()) return ok_status();
  return take_classifier(m, {}, Activation::kTanh, "classifier");
}

// Numbers of positions, and heads for training or classes: what the graph gives is the last hidden states.
bool means_nothing(std::string_view name) {
  for (const std::string_view part :
       {"cls.", "pooler.", "bert.pooler.", "roberta.pooler.", "vit.pooler.", "vocab_", "lm_head.",
        "embeddings.position_ids", "bert.embeddings.position_ids", "roberta.embeddings.position_ids"})
    if (name.starts_with(part)) return true;
  return false;
}

}  // namespace

std::vector<HfFamily> hf_encoders() {
  return {
      {"BertModel", "BERT", read_bert, means_nothing},
      {"BertForMaskedLM", "BERT", read_bert, means_nothing},
      {"BertForSequenceClassification", "BERT", read_bert_classifier, means_nothing},
      {"RobertaModel", "RoBERTa", read_roberta, means_nothing},
      {"RobertaForMaskedLM", "RoBERTa", read_roberta, means_nothing},
      {"RobertaForSequenceClassification", "RoBERTa", read_roberta_classifier, means_nothing},
      {"XLMRobertaModel", "XLM-RoBERTa", read_roberta, means_nothing},
      {"XLMRobertaForMaskedLM", "XLM-RoBERTa", read_roberta, means_nothing},
      {"XLMRobertaForSequenceClassification", "XLM-RoBERTa", read_roberta_classifier, means_nothing},
      {"DistilBertModel", "DistilBERT", read_distilbert, means_nothing},
      {"DistilBertForMaskedLM", "DistilBERT", read_distilbert, means_nothing},
      {"DistilBertForSequenceClassification", "DistilBERT", read_distilbert_classifier, means_nothing},
      {"ViTModel", "ViT", read_vit, means_nothing},
      {"ViTForImageClassification", "ViT", read_vit, means_nothing},
  };
}

}  // namespace zkinfer::frontend_language
