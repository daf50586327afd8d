// SPDX-License-Identifier: Apache-2.0
#include "frontend/language/llama2c.h"

#include <cmath>
#include <optional>

#include "frontend/language/elements.h"
#include "frontend/language/rotary.h"

namespace zkinfer::frontend_language {

namespace {

constexpr std::int64_t kMostLayers = 4096;
constexpr std::int64_t kMostWidth = std::int64_t{1} << 20;
constexpr std::int64_t kMostVocabulary = std::int64_t{1} << 24;
constexpr std::uint64_t kPaddedHeader = 256;

struct Header {
  int version = 0;
  std::int64_t width = 0, hidden = 0, layers = 0, heads = 0, kv_heads = 0, vocabulary = 0, positions = 0;
  bool tied = false;
  std::int64_t group = 0;  // of version 2
  std::uint64_t start = 0;

  std::int64_t head_width() const { return width / heads; }
  std::int64_t kv_width() const { return head_width() * kv_heads; }
};

bool plausible(const Header& h) {
  const auto within = [](std::int64_t x, std::int64_t most) { return x >= 1 && x <= most; };
  return within(h.width, kMostWidth) && within(h.hidden, kMostWidth) && within(h.layers, kMostLayers) &&
         within(h.heads, h.width) && within(h.kv_heads, h.heads) && within(h.vocabulary, kMostVocabulary) &&
         within(h.positions, kMostVocabulary);
}

void read_sizes(ByteReader& reader, Header& h) {
  for (std::int64_t* x : {&h.width, &h.hidden, &h.layers, &h.heads, &h.kv_heads, &h.vocabulary, &h.positions})
    *x = reader.i32();
}

Header read_first_header(ByteView head) {
  ByteReader reader(head);
  Header h;
  read_sizes(reader, h);
  h.tied = h.vocabulary > 0;
  h.vocabulary = std::abs(h.vocabulary);
  h.start = kLlama2cHeadBytes;
  return h;
}

// Takes the tensors from a file in its order. Sizes are below 2^52, so that offsets never wrap.
class Layout {
 public:
  Layout(std::shared_ptr<const Source> source, const Header& header)
      : source_(std::move(source)), offset_(header.start), group_(header.group) {}

  Weight floats(std::string name, Dims dims) {
    const std::uint64_t count = elements(dims);
    const std::uint64_t from = offset_;
    offset_ += 4 * count;
    return {std::move(name), std::move(dims),
            [source = source_, from, count] { return read_elements(*source, from, count, kF32); }};
  }

  // Of version 2: integers, then a scale for each group of them.
  Weight matrix(std::string name, Dims dims) {
    if (group_ == 0) return floats(std::move(name), std::move(dims));
    const std::uint64_t count = elements(dims);
    const std::uint64_t from = offset_;
    const auto group = static_cast<std::uint64_t>(group_);
    offset_ += count + 4 * (count / group);
    uneven_ |= count % group != 0;
    return {std::move(name), std::move(dims),
            [source = source_, from, count, group] { return read_groups(*source, from, count, group); }};
  }

  std::uint64_t end() const { return offset_; }
  bool uneven() const { return uneven_; }
  void skip_floats(std::int64_t count) { offset_ += 4 * static_cast<std::uint64_t>(count); }

 private:
  static std::uint64_t elements(const Dims& dims) {
    std::uint64_t count = 1;
    for (const std::int64_t dim : dims) count *= static_cast<std::uint64_t>(dim);
    return count;
  }

  static Result<std::vector<float>> read_groups(const Source& source, std::uint64_t from, std::uint64_t count,
                                                std::uint64_t group) {
    ZKI_ASSIGN_OR_RETURN(const Bytes integers, source.read(from, count));
    ZKI_ASSIGN_OR_RETURN(const std::vector<float> scales, read_elements(source, from + count, count / group, kF32));
    std::vector<float> out(integers.size());
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = static_cast<float>(static_cast<std::int8_t>(integers[i])) * scales[i / static_cast<std::size_t>(group)];
    return out;
  }

  std::shared_ptr<const Source> source_;
  std::uint64_t offset_;
  std::int64_t group_;
  bool uneven_ = false;
};

// The tensors of all layers lie together, kind by kind.
template <class Place>
void take(Network& network, Place place, const std::string& name, const Dims& dims, Layout& layout,
          Weight (Layout::*kind)(std::string, Dims)) {
  for (std::size_t i = 0; i < network.layers.size(); ++i)
    place(network.layers[i]) = (layout.*kind)("layers." + std::to_string(i) + "." + name + ".weight", dims);
}

// The file's tensors, wherever they end.
Network lay_out(const Header& h, Layout& layout) {
  Network n;
  n.family = "Llama";
  n.width = h.width;
  n.heads = h.heads;
  n.kv_heads = h.kv_heads;
  n.head_width = h.head_width();
  n.hidden = h.hidden;
  n.vocabulary = h.vocabulary;
  n.most_tokens = h.positions;
  n.layers.resize(static_cast<std::size_t>(h.layers));
  const auto norms = [&](auto place, const std::string& name) {
    take(n, place, name, {h.width}, layout, &Layout::floats);
  };
  const auto matrices = [&](auto place, const std::string& name, std::int64_t rows, std::int64_t columns) {
    take(n, place, name, {rows, columns}, layout, &Layout::matrix);
  };
  const auto embedding = [&] { n.embedding = layout.matrix("tok_embeddings.weight", {h.vocabulary, h.width}); };
  const auto attention_norms = [&] {
    norms([](Layer& layer) -> Weight& { return layer.attention_norm.scale; }, "attention_norm");
  };
  const auto mlp_norms = [&] { norms([](Layer& layer) -> Weight& { return layer.mlp_norm.scale; }, "ffn_norm"); };
  const auto final_norm = [&] { n.final_norm.scale = layout.floats("norm.weight", {h.width}); };
  const auto attention = [&] {
    matrices([](Layer& layer) -> Weight& { return layer.query.weight; }, "attention.wq", h.width, h.width);
    matrices([](Layer& layer) -> Weight& { return layer.key.weight; }, "attention.wk", h.kv_width(), h.width);
    matrices([](Layer& layer) -> Weight& { return layer.value.weight; }, "attention.wv", h.kv_width(), h.width);
    matrices([](Layer& layer) -> Weight& { return layer.output.weight; }, "attention.wo", h.width, h.width);
  };
  const auto mlp = [&] {
    matrices([](Layer& layer) -> Weight& { return layer.gate.weight; }, "feed_forward.w1", h.hidden, h.width);
    matrices([](Layer& layer) -> Weight& { return layer.down.weight; }, "feed_forward.w2", h.width, h.hidden);
    matrices([](Layer& layer) -> Weight& { return layer.up.weight; }, "feed_forward.w3", h.hidden, h.width);
  };
  if (h.version == 0) {
    embedding();
    attention_norms();
    attention();
    mlp_norms();
    mlp();
    final_norm();
    layout.skip_floats(2 * h.positions * (h.head_width() / 2));  // tables of the rotary positions
  } else {
    attention_norms();
    mlp_norms();
    final_norm();
    embedding();
    attention();
    mlp();
  }
  n.head.weight = h.tied ? n.embedding : layout.matrix("output.weight", {h.vocabulary, h.width});
  return n;
}

Result<Header> read_header(const Source& source) {
  ZKI_ASSIGN_OR_RETURN(const Bytes head, source.read(0, std::min<std::uint64_t>(source.size(), kPaddedHeader)));
  if (!std::equal(kLlama2cMagic.begin(), kLlama2cMagic.end(), head.begin(),
                  head.begin() + std::min<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(head.size()), 4),
                  [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; }))
    return read_first_header(head);
  if (head.size() < kPaddedHeader) return corrupt("its header is cut");
  ByteReader reader(head);
  Header h;
  static_cast<void>(reader.u32());
  h.version = reader.i32();
  if (h.version != 1 && h.version != 2)
    return unsupported("version " + std::to_string(h.version) + ", only 0, 1 and 2 can be read; export it again");
  read_sizes(reader, h);
  h.tied = reader.u8() != 0;
  h.start = kPaddedHeader;
  if (h.version == 2) {
    h.group = reader.i32();
    if (h.group < 1 || h.group > kMostWidth) return corrupt("groups of " + std::to_string(h.group) + " integers");
  }
  return h;
}

std::string sizes(const Header& h) {
  const auto text = [](std::int64_t x) { return std::to_string(x); };
  return "width " + text(h.width) + ", hidden " + text(h.hidden) + ", layers " + text(h.layers) + ", heads " +
         text(h.heads) + ", heads of keys " + text(h.kv_heads) + ", vocabulary " + text(h.vocabulary) + ", positions " +
         text(h.positions);
}

}  // namespace

namespace {

// The bytes that a header of version 0 asks for; 0: it is none.
std::uint64_t wanted_bytes(ByteView head) {
  if (head.size() < kLlama2cHeadBytes) return 0;
  const Header h = read_first_header(head.first(kLlama2cHeadBytes));
  if (!plausible(h)) return 0;
  Layout layout(nullptr, h);
  lay_out(h, layout);
  return layout.end();
}

}  // namespace

bool is_llama2c(ByteView head, std::uint64_t file_bytes) { return wanted_bytes(head) == file_bytes && file_bytes != 0; }

std::string llama2c_hint(ByteView head, std::uint64_t file_bytes) {
  const std::uint64_t wanted = wanted_bytes(head);
  if (wanted == 0) return "";
  return "as a checkpoint of llama2.c, its header asks for " + std::to_string(wanted) + " bytes, and there are " +
         std::to_string(file_bytes);
}

Result<Network> read_llama2c(std::shared_ptr<const Source> source) {
  ZKI_ASSIGN_OR_RETURN(const Header h, read_header(*source));
  if (!plausible(h)) return corrupt("no sizes of a model: " + sizes(h));
  Layout layout(source, h);
  Network network = lay_out(h, layout);
  if (layout.uneven())
    return corrupt("groups of " + std::to_string(h.group) + " integers do not divide its matrices: " + sizes(h));
  if (layout.end() != source->size())
    return corrupt("it has " + std::to_string(source->size()) + " bytes, and a model of " + sizes(h) + " needs " +
                   std::to_string(layout.end()));
  if (h.width % h.heads != 0 || h.heads % h.kv_heads != 0 || h.head_width() % 2 != 0)
    return corrupt("heads do not divide its width, or heads of keys not the heads, or a head has an odd width: " +
                   sizes(h));
  network.rotary = {plain_rotary(h.head_width(), 10000)};
  network.rotary[0].interleaved = true;
  for (Layer& layer : network.layers) layer.rotary = 0;
  return network;
}

}  // namespace zkinfer::frontend_language
