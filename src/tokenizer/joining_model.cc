// SPDX-License-Identifier: Apache-2.0
// Byte-pair encoding: a word's characters are joined to larger and larger pieces, of all neighbours that may be joined the
// first ones next. Which are first is a list of pairs (GPT-2, Hugging Face) or the score of the piece that they make
// (sentencepiece, llama2.c). A heap of candidates: n log n for a word of n characters.
#include <algorithm>
#include <unordered_map>

#include "tokenizer/utf8.h"
#include "tokenizer/vocabulary.h"

namespace zkinfer {

namespace {

// For each left piece the pieces that may follow, in order.
class MergeTable {
 public:
  struct Row {
    int right = 0, rank = 0, result = 0;
  };

  MergeTable() = default;
  MergeTable(const std::vector<Merge>& merges, std::size_t num_pieces) : starts_(num_pieces + 1, 0) {
    for (const Merge& merge : merges) ++starts_[static_cast<std::size_t>(merge.left) + 1];
    for (std::size_t i = 0; i < num_pieces; ++i) starts_[i + 1] += starts_[i];
    rows_.resize(merges.size());
    std::vector<std::uint32_t> next(starts_.begin(), starts_.end());
    for (std::size_t i = 0; i < merges.size(); ++i)
      rows_[next[static_cast<std::size_t>(merges[i].left)]++] = {merges[i].right, static_cast<int>(i),
                                                                 merges[i].result};
    // Of a pair that repeats the last counts, as in the readers of these files: it is put last and found last.
    for (std::size_t i = 0; i < num_pieces; ++i)
      std::stable_sort(rows_.begin() + starts_[i], rows_.begin() + starts_[i + 1],
                       [](const Row& a, const Row& b) { return a.right < b.right; });
  }
  const Row* find(int left, int right) const {
    const auto begin = rows_.begin() + starts_[static_cast<std::size_t>(left)];
    const auto end = rows_.begin() + starts_[static_cast<std::size_t>(left) + 1];
    const auto at = std::upper_bound(begin, end, right, [](int x, const Row& row) { return x < row.right; });
    return at == begin || std::prev(at)->right != right ? nullptr : &*std::prev(at);
  }

 private:
  std::vector<std::uint32_t> starts_;
  std::vector<Row> rows_;
};

constexpr std::uint32_t kNone = UINT32_MAX;

struct Symbol {
  std::uint32_t at = 0, size = 0;  // in the word; size 0: joined to the one before
  std::uint32_t previous = kNone, next = kNone;
  int token = -1;
};

struct Candidate {
  double order = 0;  // the least first, then the leftmost
  std::uint32_t left = 0, size = 0;
  int token = -1;

  // A heap's top is its largest.
  bool operator<(const Candidate& other) const {
    return order != other.order ? order > other.order : left > other.left;
  }
};

class JoiningModel : public WordModel {
 public:
  JoiningModel(const TokenizerSpec& spec, const Vocabulary& vocabulary)
      : spec_(spec), vocabulary_(vocabulary), by_list_(spec.kind == ModelKind::kMerges) {
    if (by_list_) merges_ = MergeTable(spec.merges, spec.pieces.size());
  }

  Status encode(std::string_view word, std::vector<int>& tokens) const override {
    if (spec_.whole_words_first) {
      const int token = vocabulary_.find(word);
      if (token >= 0) {
        tokens.push_back(token);
        return ok_status();
      }
    }
    std::vector<Symbol> symbols;
    ZKI_RETURN_IF_ERROR(by_list_ ? begin_by_list(word, symbols) : begin_by_score(word, symbols));
    for (std::uint32_t i = 0; i < symbols.size(); ++i) {
      symbols[i].previous = i == 0 ? kNone : i - 1;
      symbols[i].next = i + 1 == symbols.size() ? kNone : i + 1;
    }
    Splits splits;
    join(word, symbols, splits);
    bool was_unknown = false;
    for (const Symbol& symbol : symbols) {
      if (symbol.size == 0) continue;
      ZKI_RETURN_IF_ERROR(put(word.substr(symbol.at, symbol.size), symbol.token, splits, was_unknown, tokens));
    }
    return ok_status();
  }

 private:
  using Splits =
      std::unordered_map<int, std::uint32_t>;  // of an unused piece: how long the left one of its two parts is

  Status begin_by_score(std::string_view word, std::vector<Symbol>& symbols) const {
    symbols.reserve(word.size());
    for (std::size_t at = 0; at < word.size();) {
      const std::size_t size = std::max<std::size_t>(first_utf8(word.substr(at)).num_bytes, 1);
      symbols.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(size), kNone, kNone,
                         vocabulary_.find(word.substr(at, size))});
      at += size;
    }
    return ok_status();
  }

  // By list unknown characters are pieces before anything is joined.
  Status begin_by_list(std::string_view word, std::vector<Symbol>& symbols) const {
    std::vector<int> tokens;
    bool was_unknown = false;
    for (std::size_t at = 0; at < word.size();) {
      const std::size_t size = spec_.byte_level ? 1 : std::max<std::size_t>(first_utf8(word.substr(at)).num_bytes, 1);
      const int token = vocabulary_.find(word.substr(at, size));
      tokens.clear();
      if (token >= 0) {
        tokens.push_back(token);
        was_unknown = false;
      } else {
        ZKI_RETURN_IF_ERROR(vocabulary_.append_unknown(word.substr(at, size), was_unknown, tokens));
      }
      if (tokens.empty()) symbols.back().size += static_cast<std::uint32_t>(size);  // one unknown piece for both
      for (std::size_t i = 0; i < tokens.size(); ++i)
        symbols.push_back({static_cast<std::uint32_t>(at + (tokens.size() > 1 ? i : 0)),
                           static_cast<std::uint32_t>(tokens.size() > 1 ? 1 : size), kNone, kNone, tokens[i]});
      at += size;
    }
    return ok_status();
  }

  void consider(std::string_view word, const std::vector<Symbol>& symbols, std::uint32_t left, Splits& splits,
                std::vector<Candidate>& heap) const {
    if (left == kNone || symbols[left].next == kNone) return;
    const Symbol& a = symbols[left];
    const Symbol& b = symbols[a.next];
    Candidate candidate{0, left, a.size + b.size, -1};
    if (by_list_) {
      const MergeTable::Row* row = merges_.find(a.token, b.token);
      if (row == nullptr) return;
      candidate.order = row->rank;
      candidate.token = row->result;
    } else {
      if (candidate.size > vocabulary_.longest()) return;
      candidate.token = vocabulary_.find(word.substr(a.at, candidate.size));
      if (candidate.token < 0) return;
      const Piece& piece = spec_.pieces[static_cast<std::size_t>(candidate.token)];
      candidate.order = -static_cast<double>(piece.score);
      if (piece.type == PieceType::kUnused) splits[candidate.token] = a.size;
    }
    heap.push_back(candidate);
    std::push_heap(heap.begin(), heap.end());
  }

  void join(std::string_view word, std::vector<Symbol>& symbols, Splits& splits) const {
    std::vector<Candidate> heap;
    for (std::uint32_t i = 0; i + 1 < symbols.size(); ++i) consider(word, symbols, i, splits, heap);
    while (!heap.empty()) {
      std::pop_heap(heap.begin(), heap.end());
      const Candidate top = heap.back();
      heap.pop_back();
      Symbol& left = symbols[top.left];
      // Since then one of the two may have been joined to another.
      if (left.size == 0 || left.next == kNone || left.size + symbols[left.next].size != top.size) continue;
      Symbol& right = symbols[left.next];
      left.size = top.size;
      left.token = top.token;
      right.size = 0;
      left.next = right.next;
      if (left.next != kNone) symbols[left.next].previous = top.left;
      consider(word, symbols, left.previous, splits, heap);
      consider(word, symbols, top.left, splits, heap);
    }
  }

  // Pieces that are not to be used become again what they were joined from.
  Status put(std::string_view text, int token, const Splits& splits, bool& was_unknown,
             std::vector<int>& tokens) const {
    std::vector<std::pair<std::string_view, int>> left_to_do{{text, token}};
    while (!left_to_do.empty()) {
      const auto [part, piece] = left_to_do.back();
      left_to_do.pop_back();
      if (piece < 0) {
        ZKI_RETURN_IF_ERROR(vocabulary_.append_unknown(part, was_unknown, tokens));
        continue;
      }
      const auto split = splits.find(piece);
      if (split == splits.end() || split->second >= part.size()) {
        tokens.push_back(piece);
        was_unknown = false;
        continue;
      }
      const std::string_view a = part.substr(0, split->second), b = part.substr(split->second);
      left_to_do.emplace_back(b, vocabulary_.find(b));
      left_to_do.emplace_back(a, vocabulary_.find(a));
    }
    return ok_status();
  }

  const TokenizerSpec& spec_;
  const Vocabulary& vocabulary_;
  bool by_list_;
  MergeTable merges_;
};

}  // namespace

std::unique_ptr<WordModel> make_joining_model(const TokenizerSpec& spec, const Vocabulary& vocabulary) {
  return std::make_unique<JoiningModel>(spec, vocabulary);
}

}  // namespace zkinfer
