// SPDX-License-Identifier: Apache-2.0
// The pieces whose scores have the largest sum (sentencepiece's unigram model): the best way to each position of the word, from
// the left. A character that is no piece costs more than any piece; pieces that users defined are always taken.
#include <algorithm>
#include <limits>

#include "tokenizer/utf8.h"
#include "tokenizer/vocabulary.h"

namespace zkinfer {

namespace {

constexpr double kUnknownPenalty = 10;
constexpr double kUserDefinedLoss = 0.1;  // per piece, against as many best characters: nothing else is as good

class UnigramModel : public WordModel {
 public:
  UnigramModel(const TokenizerSpec& spec, const Vocabulary& vocabulary)
      : vocabulary_(vocabulary), pieces_(vocabulary.entries()), scores_(spec.pieces.size()) {
    double least = std::numeric_limits<double>::infinity(), most = -least;
    for (const Piece& piece : spec.pieces) {
      if (piece.type != PieceType::kNormal) continue;
      least = std::min(least, static_cast<double>(piece.score));
      most = std::max(most, static_cast<double>(piece.score));
    }
    if (least > most) least = most = 0;
    for (std::size_t i = 0; i < scores_.size(); ++i) {
      const Piece& piece = spec.pieces[i];
      scores_[i] = piece.type == PieceType::kUserDefined
                       ? static_cast<double>(piece.text.size()) * most - kUserDefinedLoss
                       : static_cast<double>(piece.score);
      is_used_.push_back(piece.type != PieceType::kUnused);
    }
    unknown_score_ = least - kUnknownPenalty;
  }

  Status encode(std::string_view word, std::vector<int>& tokens) const override {
    struct Step {
      double score = -std::numeric_limits<double>::infinity();
      std::uint32_t from = 0;
      int token = -1;  // -1: a character that is no piece
    };
    std::vector<Step> best(word.size() + 1);
    best[0].score = 0;
    for (std::size_t at = 0; at < word.size();) {
      const std::size_t size = std::max<std::size_t>(first_utf8(word.substr(at)).num_bytes, 1);
      const double here = best[at].score;
      const auto offer = [&](std::size_t length, double score, int token) {
        Step& step = best[at + length];
        if (here + score > step.score) step = {here + score, static_cast<std::uint32_t>(at), token};
      };
      bool has_single = false;
      pieces_.each_prefix(word.substr(at), [&](int token, std::size_t length) {
        if (!is_used_[static_cast<std::size_t>(token)]) return;
        has_single = has_single || length == size;
        offer(length, scores_[static_cast<std::size_t>(token)], token);
      });
      if (!has_single) offer(size, unknown_score_, -1);
      at += size;
    }
    std::vector<std::pair<std::size_t, std::size_t>> path;  // begin, end
    for (std::size_t end = word.size(); end > 0; end = best[end].from) path.emplace_back(best[end].from, end);
    bool was_unknown = false;
    for (auto part = path.rbegin(); part != path.rend(); ++part) {
      const auto [begin, end] = *part;
      if (best[end].token < 0) {
        ZKI_RETURN_IF_ERROR(vocabulary_.append_unknown(word.substr(begin, end - begin), was_unknown, tokens));
      } else {
        tokens.push_back(best[end].token);
        was_unknown = false;
      }
    }
    return ok_status();
  }

 private:
  const Vocabulary& vocabulary_;
  PrefixIndex pieces_;
  std::vector<double> scores_;
  std::vector<bool> is_used_;
  double unknown_score_ = 0;
};

}  // namespace

std::unique_ptr<WordModel> make_unigram_model(const TokenizerSpec& spec, const Vocabulary& vocabulary) {
  return std::make_unique<UnigramModel>(spec, vocabulary);
}

}  // namespace zkinfer
