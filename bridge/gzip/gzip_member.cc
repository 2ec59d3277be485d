#include "bridge/gzip/gzip_member.h"

#include <zlib.h>

#include <algorithm>

namespace sse_bridge {
namespace {

constexpr size_t kMaxStored = 65535;

void AppendLittleEndian(uint32_t value, int bytes, std::string* out) {
  for (int i = 0; i < bytes; ++i) {
    out->push_back(static_cast<char>(value >> (8 * i)));
  }
}

void AppendStoredHead(bool last, size_t size, std::string* out) {
  out->push_back(last ? 1 : 0);
  const auto length = static_cast<uint32_t>(size);
  AppendLittleEndian(length, 2, out);
  AppendLittleEndian(~length, 2, out);
}

uint32_t Crc(uint32_t crc, absl::string_view bytes) {
  return static_cast<uint32_t>(::crc32_z(
      crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace

void AppendStored(absl::string_view bytes, std::string* out) {
  if (bytes.empty()) return;
  out->reserve(out->size() + bytes.size() +
               5 * (bytes.size() / kMaxStored + 2));
  while (!bytes.empty()) {
    const absl::string_view block = bytes.substr(0, kMaxStored);
    AppendStoredHead(/*last=*/false, block.size(), out);
    out->append(block.data(), block.size());
    bytes.remove_prefix(block.size());
  }
  AppendStoredHead(/*last=*/false, 0, out);
}

GzipPiece GzipPiece::Of(absl::string_view bytes) {
  GzipPiece piece;
  piece.crc = Crc(0, bytes);
  piece.size = static_cast<uint32_t>(bytes.size());
  piece.shift = static_cast<uint32_t>(
      ::crc32_combine_gen(static_cast<z_off_t>(bytes.size())));
  return piece;
}

GzipPiece GzipPiece::Then(const GzipPiece& next) const {
  GzipPiece both;
  both.crc =
      static_cast<uint32_t>(::crc32_combine_op(crc, next.crc, next.shift));
  both.size = size + next.size;
  both.shift = static_cast<uint32_t>(
      ::crc32_combine_gen(static_cast<z_off_t>(both.size)));
  return both;
}

void GzipSum::Add(absl::string_view bytes) {
  crc = Crc(crc, bytes);
  size += static_cast<uint32_t>(bytes.size());
}

void GzipSum::Add(const GzipPiece& piece) {
  crc = static_cast<uint32_t>(::crc32_combine_op(crc, piece.crc, piece.shift));
  size += piece.size;
}

void AppendGzipEnd(const GzipSum& sum, std::string* out) {
  AppendStoredHead(/*last=*/true, 0, out);
  AppendLittleEndian(sum.crc, 4, out);
  AppendLittleEndian(sum.size, 4, out);
}

}  // namespace sse_bridge
