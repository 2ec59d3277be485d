#include "tests/unit/gzip/inflater.h"

#include <zlib.h>

namespace sse_bridge {

struct Inflater::Stream {
  z_stream z = {};
};

Inflater::Inflater() : stream_(std::make_unique<Stream>()) {
  ::inflateInit2(&stream_->z, 16 + MAX_WBITS);
}

Inflater::~Inflater() { ::inflateEnd(&stream_->z); }

bool Inflater::Add(absl::string_view bytes, std::string* out) {
  z_stream& z = stream_->z;
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  z.avail_in = static_cast<uInt>(bytes.size());
  char buffer[4096];
  for (;;) {
    if (ended_) return z.avail_in == 0;
    z.next_out = reinterpret_cast<Bytef*>(buffer);
    z.avail_out = sizeof(buffer);
    const int result = ::inflate(&z, Z_SYNC_FLUSH);
    out->append(buffer, sizeof(buffer) - z.avail_out);
    if (result == Z_STREAM_END) {
      ended_ = true;
      continue;
    }
    // Z_BUF_ERROR: nothing was left to do.
    if (result == Z_BUF_ERROR) return true;
    if (result != Z_OK) return false;
    if (z.avail_in == 0 && z.avail_out > 0) return true;
  }
}

}  // namespace sse_bridge
