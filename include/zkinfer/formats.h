// SPDX-License-Identifier: Apache-2.0
// The kinds of files that zkinfer writes, in one table: each begins with a magic of its own and a version, so that a file says
// what it is before it is read. docs/formats has a page on each kind; its README.md is this table.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace zkinfer {

// Four letters as the little-endian number that they are at the beginning of a file.
consteval std::uint32_t magic_of(const char (&letters)[5]) {
  std::uint32_t magic = 0;
  for (int i = 0; i < 4; ++i) magic |= static_cast<std::uint32_t>(static_cast<unsigned char>(letters[i])) << (8 * i);
  return magic;
}

enum class FileKind : std::uint32_t {
  kModel = magic_of("ZKIM"),
  kKey = magic_of("ZKIK"),
  kProof = magic_of("ZKIP"),
  kCertificate = magic_of("ZKIR"),
  kRotation = magic_of("ZKIX"),
  kBatch = magic_of("ZKIQ"),
  kEvaluation = magic_of("ZKIV"),
  kJoint = magic_of("ZKIJ"),
  kSeat = magic_of("ZKIH"),
  kEncryption = magic_of("ZKIY"),
  kSealedWeights = magic_of("ZKIF"),
  kKeyShares = magic_of("ZKIG"),
  kPath = magic_of("ZKIL"),
  kBundle = magic_of("ZKIN"),
  kProofPlan = magic_of("ZKIE"),
  kProofPart = magic_of("ZKIO"),
  kCommitmentSecret = magic_of("ZKIC"),
  kCommitmentBackup = magic_of("ZKIB"),
  kCodeFile = magic_of("ZKIW"),
  kAuditKey = magic_of("ZKIA"),
  kDataSet = magic_of("ZKIU"),
  kTensorCommitment = magic_of("ZKID"),
  kTensorSecret = magic_of("ZKDC"),
  kCommitmentPayload = magic_of("ZKIS"),
  kTensorPayload = magic_of("ZKIT"),
};

// Who may have a file.
enum class Secrecy : std::uint8_t {
  kPublic,
  kSecret,   // its owner; can be made again
  kCounted,  // its owner, once: it counts slots, and nothing can make it again
};

struct FileFormat {
  FileKind kind;
  std::uint32_t version;
  std::string_view name;
  std::string_view extension;  // empty: only inside other files
  Secrecy secrecy;
  std::uint64_t max_bytes;  // longer ones are refused before they are read
  std::string_view page;    // of docs/formats

  constexpr std::uint32_t magic() const { return static_cast<std::uint32_t>(kind); }
  constexpr std::string_view article() const { return name.front() == 'a' ? "an" : "a"; }
};

inline constexpr std::size_t kFrameBytes = 8;      // magic and version
inline constexpr std::size_t kMaxSegments = 1024;  // of a model that is cut, and of all of its files
inline constexpr std::uint64_t kMaxModelBytes = std::uint64_t{1} << 36;
inline constexpr std::uint64_t kMaxKeyBytes = std::uint64_t{1} << 28;
inline constexpr std::uint64_t kMaxProofBytes = std::uint64_t{1} << 28;  // certificates and rotations too
inline constexpr std::uint64_t kMaxDataSetBytes = std::uint64_t{1} << 34;
inline constexpr std::uint64_t kMaxPlanBytes = std::uint64_t{1} << 31;
inline constexpr std::uint64_t kMaxCommitmentSecretBytes = std::uint64_t{1} << 20;
inline constexpr std::uint64_t kMaxCodeFileBytes = std::uint64_t{1} << 46;  // never read as a whole
inline constexpr std::uint64_t kMaxTensorSecretBytes = std::uint64_t{1} << 31;
inline constexpr std::uint64_t kMaxTensorCommitmentBytes = std::uint64_t{1} << 16;

inline constexpr std::array kFileFormats = {
    FileFormat{FileKind::kModel, 6, "model package", ".zkmodel", Secrecy::kSecret, kMaxModelBytes, "model.md"},
    FileFormat{FileKind::kKey, 4, "verification key", ".zkkey", Secrecy::kPublic, kMaxKeyBytes, "key.md"},
    FileFormat{FileKind::kProof, 6, "proof", ".zkproof", Secrecy::kPublic, kMaxProofBytes, "proof.md"},
    FileFormat{FileKind::kCertificate, 5, "certificate", ".zkcert", Secrecy::kPublic, kMaxProofBytes, "certificate.md"},
    FileFormat{FileKind::kRotation, 5, "rotation", "", Secrecy::kPublic, kMaxProofBytes, "rotation.md"},
    FileFormat{FileKind::kBatch, 4, "batch proof", ".zkbatch", Secrecy::kPublic, kMaxProofBytes, "batch.md"},
    FileFormat{FileKind::kEvaluation, 2, "evaluation", ".zkeval", Secrecy::kPublic, kMaxProofBytes, "evaluation.md"},
    FileFormat{FileKind::kJoint, 1, "joint proof", ".zkjoint", Secrecy::kPublic, kMaxProofBytes, "joint.md"},
    FileFormat{FileKind::kSeat, 1, "seat", ".zkseat", Secrecy::kSecret, 1 << 16, "joint.md"},
    FileFormat{FileKind::kEncryption, 1, "encryption proof", ".zkenc", Secrecy::kPublic, kMaxProofBytes,
               "encryption.md"},
    FileFormat{FileKind::kSealedWeights, 1, "sealed weights", ".zksealed", Secrecy::kPublic, kMaxModelBytes,
               "sealed.md"},
    FileFormat{FileKind::kKeyShares, 1, "key shares", ".zkshares", Secrecy::kSecret, 1 << 10, "key_shares.md"},
    FileFormat{FileKind::kPath, 3, "path", ".zkpath", Secrecy::kPublic, kMaxProofBytes, "path.md"},
    FileFormat{FileKind::kBundle, 1, "bundle", ".zkbundle", Secrecy::kPublic, 3 * kMaxProofBytes, "bundle.md"},
    FileFormat{FileKind::kProofPlan, 3, "proof plan", ".zkplan", Secrecy::kSecret, kMaxPlanBytes, "plan.md"},
    FileFormat{FileKind::kProofPart, 3, "proof part", ".zkpart", Secrecy::kPublic, kMaxProofBytes, "part.md"},
    FileFormat{FileKind::kCommitmentSecret, 3, "commitment secret", ".zksecret", Secrecy::kCounted,
               kMaxCommitmentSecretBytes, "secret.md"},
    FileFormat{FileKind::kCommitmentBackup, 2, "commitment backup", ".zkbackup", Secrecy::kSecret,
               kMaxCommitmentSecretBytes, "secret.md"},
    FileFormat{FileKind::kCodeFile, 4, "code file", ".zkcode", Secrecy::kSecret, kMaxCodeFileBytes, "code.md"},
    FileFormat{FileKind::kAuditKey, 2, "audit key", ".zkaudit", Secrecy::kSecret, 1 << 16, "audit_key.md"},
    FileFormat{FileKind::kDataSet, 2, "data set", ".zkset", Secrecy::kPublic, kMaxDataSetBytes, "data_set.md"},
    FileFormat{FileKind::kTensorCommitment, 2, "tensor commitment", ".zktensor", Secrecy::kPublic,
               kMaxTensorCommitmentBytes, "tensor.md"},
    FileFormat{FileKind::kTensorSecret, 2, "tensor secret", ".zktsecret", Secrecy::kCounted, kMaxTensorSecretBytes,
               "tensor.md"},
    FileFormat{FileKind::kCommitmentPayload, 5, "content of a commitment secret", "", Secrecy::kCounted,
               kMaxCommitmentSecretBytes, "secret.md"},
    FileFormat{FileKind::kTensorPayload, 2, "content of a tensor secret", "", Secrecy::kCounted, kMaxTensorSecretBytes,
               "tensor.md"},
};

// The row of `kind`; every kind has one.
constexpr const FileFormat& format_of(FileKind kind) {
  for (const FileFormat& format : kFileFormats) {
    if (format.kind == kind) return format;
  }
  return kFileFormats[kFileFormats.size()];  // no constant expression: a kind without a row does not compile
}

// What a file with this beginning says it is; null: none of ours.
constexpr const FileFormat* find_format(std::span<const std::uint8_t> head) {
  if (head.size() < 4) return nullptr;
  const std::uint32_t magic = static_cast<std::uint32_t>(head[0]) | static_cast<std::uint32_t>(head[1]) << 8 |
                              static_cast<std::uint32_t>(head[2]) << 16 | static_cast<std::uint32_t>(head[3]) << 24;
  for (const FileFormat& format : kFileFormats) {
    if (format.magic() == magic) return &format;
  }
  return nullptr;
}

}  // namespace zkinfer
