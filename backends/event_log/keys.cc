#include "backends/event_log/keys.h"

#include <unistd.h>

#include <cstdlib>

#include "absl/strings/escaping.h"

namespace sse_bridge {

std::string LogKey(std::initializer_list<absl::string_view> parts) {
  std::string key;
  bool first = true;
  for (absl::string_view part : parts) {
    if (!first) key.push_back('/');
    first = false;
    for (char c : part) {
      if (c == '/') {
        key.append("%2F");
      } else if (c == '%') {
        key.append("%25");
      } else {
        key.push_back(c);
      }
    }
  }
  return key;
}

std::string RandomId() {
  char bits[16];
  // Fails only on kernels without getrandom(2).
  if (getentropy(bits, sizeof(bits)) != 0) std::abort();
  return absl::BytesToHexString(absl::string_view(bits, sizeof(bits)));
}

}  // namespace sse_bridge
