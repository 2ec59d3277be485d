#ifndef SSE_BRIDGE_BRIDGE_DELIVERY_AUDIENCE_H_
#define SSE_BRIDGE_BRIDGE_DELIVERY_AUDIENCE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace sse_bridge {

// The subjects that may see an event (sse.v1.Stream.only_to and not_to).
// Immutable and thread-safe.
class Audience {
 public:
  // Returns null if everybody may see the event, which is the case if both
  // lists are empty. Empty names are ignored, but a list of only such names is
  // not empty: it names nobody.
  static std::shared_ptr<const Audience> Create(
      std::vector<std::string> only_to, std::vector<std::string> not_to);

  // `subject` is empty for an anonymous client.
  bool Includes(absl::string_view subject) const;

  // Whether the list excludes: everybody but the named users sees the event.
  bool everybody_else() const { return everybody_; }

  // Equal audiences have equal keys.
  std::string Key() const;

 private:
  Audience(bool everybody, std::vector<std::string> only_to,
           std::vector<std::string> not_to);

  const bool everybody_;  // except not_to_
  // Sorted.
  const std::vector<std::string> only_to_;
  const std::vector<std::string> not_to_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_DELIVERY_AUDIENCE_H_
