#include "bridge/transcode/http_body.h"

#include "bridge/transcode/wire_reader.h"

namespace sse_bridge {

bool ReadHttpBody(absl::string_view wire, HttpBodyView* body) {
  constexpr uint32_t kContentType = 1 << 3 | wire::kLength;
  constexpr uint32_t kData = 2 << 3 | wire::kLength;
  *body = HttpBodyView();
  const char* in = wire.data();
  const char* const end = in + wire.size();
  while (in != end) {
    uint32_t tag;
    in = wire::ReadTag(in, end, &tag);
    if (in == nullptr) return false;
    if (tag == kContentType) {
      in = wire::ReadBytes(in, end, &body->content_type);
    } else if (tag == kData) {
      in = wire::ReadBytes(in, end, &body->data);
    } else {
      in = wire::Skip(in, end, tag);
    }
    if (in == nullptr) return false;
  }
  return true;
}

}  // namespace sse_bridge
