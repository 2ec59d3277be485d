#ifndef SSE_BRIDGE_BRIDGE_GZIP_GZIP_MEMBER_H_
#define SSE_BRIDGE_BRIDGE_GZIP_GZIP_MEMBER_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace sse_bridge {

// The parts of a gzip member (RFC 1952) whose deflate blocks (RFC 1951) come
// from several sources. All blocks here begin and end at a byte.
//
// A member is: kGzipHeader, blocks, AppendGzipEnd.

inline constexpr absl::string_view kGzipHeader(
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff", 10);

// Appends the bytes as stored blocks, which do not compress them. They take 5
// bytes more for each 65535, and 5 for an empty block at the end: some decoders
// (Go's) return nothing before that, or before deflate's Z_SYNC_FLUSH, which
// ends in the same way.
void AppendStored(absl::string_view bytes, std::string* out);

// A piece of what a member contains, before compression. Costly to compute but
// cheap to add to a GzipSum.
struct GzipPiece {
  static GzipPiece Of(absl::string_view bytes);
  // The piece that consists of both.
  GzipPiece Then(const GzipPiece& next) const;

  uint32_t crc = 0;
  uint32_t size = 0;
  // What crc32_combine_gen says about the size.
  uint32_t shift = 0x80000000;
};

// What the trailer says about everything in the member so far.
struct GzipSum {
  void Add(absl::string_view bytes);
  void Add(const GzipPiece& piece);

  uint32_t crc = 0;
  uint32_t size = 0;  // modulo 2^32
};

// Appends the last block, which is empty, and the trailer.
void AppendGzipEnd(const GzipSum& sum, std::string* out);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GZIP_GZIP_MEMBER_H_
