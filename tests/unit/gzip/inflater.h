#ifndef SSE_BRIDGE_TESTS_UNIT_GZIP_INFLATER_H_
#define SSE_BRIDGE_TESTS_UNIT_GZIP_INFLATER_H_

#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace sse_bridge {

// Decodes one gzip member as it arrives, like a browser, but strictly: zlib
// also checks the trailer.
class Inflater {
 public:
  Inflater();
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Appends what the bytes decode to. Returns false if they are invalid or
  // follow the member's end.
  bool Add(absl::string_view bytes, std::string* out);
  // The member has ended, with the right trailer.
  bool ended() const { return ended_; }

 private:
  struct Stream;
  const std::unique_ptr<Stream> stream_;
  bool ended_ = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_TESTS_UNIT_GZIP_INFLATER_H_
