// SPDX-License-Identifier: Apache-2.0
#include "package/package.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"

namespace zkinfer::package {

namespace {

constexpr std::array<std::uint8_t, 4> kMagic = {'Z', 'K', 'I', 'M'};
constexpr std::uint32_t kVersion = 1;
constexpr std::uint32_t kStructure = 1;
constexpr std::uint32_t kParams = 2;
constexpr std::uint32_t kReport = 3;

// Bytes per element of a parameter: 1..4, two's complement.
std::size_t element_bytes(const qir::Value& value) {
  std::size_t num_bytes = 1;
  while (num_bytes < 4) {
    const std::int64_t bound = std::int64_t{1} << (8 * num_bytes - 1);
    if (value.lo >= -bound && value.hi < bound) break;
    ++num_bytes;
  }
  return num_bytes;
}

std::int32_t sign_extended(const std::uint8_t* bytes, std::size_t num_bytes) {
  std::uint32_t x = 0;
  for (std::size_t i = 0; i < num_bytes; ++i) x |= std::uint32_t{bytes[i]} << (8 * i);
  const int unused = static_cast<int>(32 - 8 * num_bytes);
  return static_cast<std::int32_t>(x << unused) >> unused;
}

void write_section(ByteWriter& out, std::uint32_t id, ByteView bytes) {
  out.u32(id);
  out.u64(bytes.size());
  out.raw(bytes);
}

ByteView as_bytes(const std::string& text) { return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}; }

Status corrupt_model(const std::string& what) { return corrupt("model file: " + what); }

}  // namespace

const Section* Package::find(std::uint32_t id) const {
  const auto it =
      std::find_if(sections.begin(), sections.end(), [&](const Section& section) { return section.id == id; });
  return it == sections.end() ? nullptr : &*it;
}

void Package::set_section(std::uint32_t id, Bytes bytes) {
  ZKI_CHECK(id >= kFirstFreeSection, "section ids below kFirstFreeSection are taken");
  const auto it = std::lower_bound(sections.begin(), sections.end(), id,
                                   [](const Section& section, std::uint32_t x) { return section.id < x; });
  if (it != sections.end() && it->id == id)
    it->bytes = std::move(bytes);
  else
    sections.insert(it, {id, std::move(bytes)});
}

Bytes param_bytes(const qir::QGraph& graph, const qir::Weights& params) {
  ZKI_CHECK_EQ(params.size(), graph.values.size(), "one parameter list per value");
  std::size_t total = 0;
  for (std::size_t id = 0; id < params.size(); ++id) total += params[id].size() * element_bytes(graph.values[id]);
  Bytes out;
  out.reserve(total);
  for (std::size_t id = 0; id < params.size(); ++id) {
    const std::size_t num_bytes = element_bytes(graph.values[id]);
    for (const std::int32_t x : params[id]) {
      for (std::size_t i = 0; i < num_bytes; ++i)
        out.push_back(static_cast<std::uint8_t>(static_cast<std::uint32_t>(x) >> (8 * i)));
    }
  }
  return out;
}

Result<qir::Weights> parse_params(const qir::QGraph& graph, ByteView bytes) {
  qir::Weights params(graph.values.size());
  ByteReader in(bytes);
  for (std::size_t id = 0; id < params.size(); ++id) {
    const qir::Value& value = graph.values[id];
    if (value.kind != qir::ValueKind::kParam) continue;
    const std::size_t num_bytes = element_bytes(value);
    const std::size_t num_elements = static_cast<std::size_t>(value.shape.num_elements());
    const ByteView raw = in.raw(num_elements * num_bytes);
    if (!in.ok()) return corrupt_model("parameter '" + value.name + "' is cut off");
    params[id].resize(num_elements);
    for (std::size_t i = 0; i < num_elements; ++i) {
      const std::int32_t x = sign_extended(raw.data() + i * num_bytes, num_bytes);
      if (x < value.lo || x > value.hi) {
        return corrupt_model("parameter '" + value.name + "' element " + std::to_string(i) + " is " +
                             std::to_string(x) + ", outside [" + std::to_string(value.lo) + ", " +
                             std::to_string(value.hi) + "]");
      }
      params[id][i] = x;
    }
  }
  if (!in.finished()) return corrupt_model(std::to_string(in.remaining()) + " bytes after the last parameter");
  return params;
}

Bytes to_bytes(const Package& package) {
  ByteWriter out;
  out.raw(kMagic);
  out.u32(kVersion);
  out.u32(static_cast<std::uint32_t>(3 + package.sections.size()));
  write_section(out, kStructure, qir::structure_bytes(package.graph));
  write_section(out, kParams, param_bytes(package.graph, package.params));
  write_section(out, kReport, as_bytes(package.report));
  for (const Section& section : package.sections) write_section(out, section.id, section.bytes);
  return std::move(out).take();
}

Result<Package> from_bytes(ByteView bytes) {
  ByteReader in(bytes);
  const ByteView magic = in.raw(kMagic.size());
  if (!in.ok() || !std::equal(magic.begin(), magic.end(), kMagic.begin())) {
    return corrupt_model("does not start with 'ZKIM'; give a model compiled by zkinfer, not an ONNX file");
  }
  if (const std::uint32_t version = in.u32(); !in.ok() || version != kVersion) {
    return corrupt_model("version " + std::to_string(version) +
                         ", this program reads version 1; compile the model again");
  }
  const std::uint32_t num_sections = in.u32();
  if (!in.ok() || num_sections < 3 || num_sections > kMaxSections)
    return corrupt_model("has an impossible number of sections");
  Package package;
  std::uint32_t last_id = 0;
  for (std::uint32_t i = 0; i < num_sections; ++i) {
    const std::uint32_t id = in.u32();
    const std::uint64_t size = in.u64();
    if (!in.ok() || size > in.remaining()) return corrupt_model("section " + std::to_string(i + 1) + " is cut off");
    const ByteView body = in.raw(static_cast<std::size_t>(size));
    // The first three ids are fixed, so that a reader finds structure, parameters and report where it expects them.
    if (i < 3 ? id != i + 1 : (id < kFirstFreeSection || id <= last_id)) {
      return corrupt_model("section id " + std::to_string(id) + " is out of order");
    }
    last_id = id;
    if (id == kStructure) {
      ZKI_ASSIGN_OR_RETURN(package.graph, qir::parse_structure(body));
    } else if (id == kParams) {
      ZKI_ASSIGN_OR_RETURN(package.params, parse_params(package.graph, body));
    } else if (id == kReport) {
      if (body.size() > kMaxReportBytes) return corrupt_model("the report is longer than 2^24 bytes");
      package.report.assign(body.begin(), body.end());
    } else {
      package.sections.push_back({id, Bytes(body.begin(), body.end())});
    }
  }
  if (!in.finished()) return corrupt_model(std::to_string(in.remaining()) + " bytes after the last section");
  return package;
}

}  // namespace zkinfer::package
