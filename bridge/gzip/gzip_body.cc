#include "bridge/gzip/gzip_body.h"

#include <zlib.h>

#include <cstddef>
#include <limits>

namespace sse_bridge {
namespace {

constexpr int kGzip = 16;  // added to the window's bits

}  // namespace

std::string GzipBody(absl::string_view body) {
  std::string out;
  if (body.size() > std::numeric_limits<uInt>::max()) return out;
  z_stream z = {};
  if (::deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + kGzip,
                     MAX_MEM_LEVEL - 1, Z_DEFAULT_STRATEGY) != Z_OK) {
    return out;
  }
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  z.avail_in = static_cast<uInt>(body.size());
  // If it does not fit into this, it does not become smaller.
  out.resize(body.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  const bool fits = ::deflate(&z, Z_FINISH) == Z_STREAM_END;
  out.resize(fits ? out.size() - z.avail_out : size_t{0});
  ::deflateEnd(&z);
  return out;
}

}  // namespace sse_bridge
