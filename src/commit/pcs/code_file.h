// SPDX-License-Identifier: Apache-2.0
// CodeFile: the code word of a commitment and its Merkle tree, on disk, so that a proof needs neither encoding nor memory
// for them: it reads the rows that it opens. Secret like the commitment's seed (rows are made of weights and of what hides
// them), readable by its owner only. Byte grammar: docs/formats/code.md.
//
// A cache: whatever is wrong with it can be mended by making it again, and nothing wrong leaves it. The header has a digest
// of its own and names root and content, the random coefficients have a digest, and every opened row is checked against the
// root. So nothing is synced: what a crash leaves behind is found, and whoever opens a commitment makes a damaged file again
// (kCorrupt says which one, not what to do).
// Not thread-safe while it is written; afterwards any number of threads may open rows.
#pragma once

#include <string>

#include "commit/pcs/oracle_prover.h"

namespace zkinfer::pcs {

// What the file says beside code word and tree.
struct CodeFileHeader {
  CodeParams params;
  Digest root{};
  Digest content{};             // of what the message coefficients were made from; the caller's
  Digest rows_key{};            // that made the random coefficients; secret
  Fe base;                      // of the lane evaluations
  std::vector<Fe> evaluations;  // [num_lanes]
};

// One commitment's part of a file: of a model that is cut each segment has one, one behind the other.
class CodeFile final : public RowSource {
 public:
  ~CodeFile() override;
  CodeFile(const CodeFile&) = delete;
  CodeFile& operator=(const CodeFile&) = delete;

  // All parts of a file. Errors: io (kIo; `exists` says whether it is for want of a file), kCorrupt.
  static Result<std::vector<std::shared_ptr<CodeFile>>> open(const std::string& path);
  static bool exists(const std::string& path);
  const CodeFileHeader& header() const { return header_; }
  // [num_lanes, num_random_coefs].
  Result<FpVec> random_coefs() const;
  // Where the rows are not in the file they are computed from these, once for each opening (commit/pcs/unkept_code.h).
  void compute_rows_from(std::shared_ptr<const LaneCoefs> coefs) { coefs_ = std::move(coefs); }

  const Digest& root() const override { return header_.root; }
  Result<Opened> open(std::span<const std::uint64_t> indices) const override;
  const std::string& path() const { return path_; }
  bool has_rows() const { return has_rows_; }

 private:
  friend class NewCodeFile;
  CodeFile(std::string path, int fd, std::uint64_t begin) : path_(std::move(path)), fd_(fd), begin_(begin) {}
  Status read_header();
  Status read(std::uint64_t offset, std::span<std::uint8_t> bytes) const;
  // Of the Merkle tree, numbered as in the file, whether it is there or follows from rows.
  Result<Digest> node(std::uint64_t number) const;
  // Begins to read from the disk what will be asked for.
  void announce(std::uint64_t offset, std::size_t num_bytes) const;
  Status damaged(const std::string& what) const;
  // Bytes of the part.
  std::uint64_t size() const;

  std::string path_;
  int fd_ = -1;
  std::uint64_t begin_ = 0;  // of the part, in the file
  bool has_rows_ = true;
  CodeFileHeader header_;
  Digest random_digest_{};
  std::shared_ptr<const LaneCoefs> coefs_;
};

// Code words of more bytes are not written: the tree is, and rows are computed where they are opened.
inline constexpr std::uint64_t kMostWrittenRows = std::uint64_t{1} << 30;

// A code file that is being written, to a name beside `path` or to none: nothing is at `path` before publish(), and nothing is left if
// that does not come.
class NewCodeFile {
 public:
  ~NewCodeFile();
  NewCodeFile(const NewCodeFile&) = delete;
  NewCodeFile& operator=(const NewCodeFile&) = delete;

  // Errors: io; invalid_argument where something else is at `path`.
  static Result<std::unique_ptr<NewCodeFile>> create(const std::string& path);
  // The next part: encodes, a coset at a time; memory is about the coefficients' and the tree's. It can be opened at once, and
  // has to be sealed. Errors: io.
  Result<std::shared_ptr<CodeFile>> add(std::shared_ptr<const LaneCoefs> coefs,
                                        std::uint64_t most_rows = kMostWrittenRows);
  // The part's header; params and root are the part's own.
  Status seal(CodeFile& part, CodeFileHeader header);
  Status publish();

 private:
  NewCodeFile(std::string path, std::string temporary, int fd)
      : path_(std::move(path)), temporary_(std::move(temporary)), fd_(fd) {}
  Status write(std::uint64_t offset, ByteView bytes);

  std::string path_;
  std::string temporary_;
  bool is_nameless_ = false;  // and has not even that name
  bool is_published_ = false;
  int fd_ = -1;
  int direct_ = -1;  // the same file past the system's cache; -1 where that is not to be had
  std::uint64_t end_ = 0;
};

}  // namespace zkinfer::pcs
