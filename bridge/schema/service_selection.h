#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_SERVICE_SELECTION_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_SERVICE_SELECTION_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace sse_bridge {

// Returns whether a service is one of gRPC itself, such as reflection or
// health, which servers have beside those of their schema.
bool IsOwnOfGrpc(absl::string_view service);

// Which services and methods the operator wants to serve: the settings `serve`
// and `hide`. A pattern is the full name of a service or method, in which `*`
// stands for any characters:
//
//   my.pkg.Service           a service
//   my.pkg.Service.Method    a method; also my.pkg.Service/Method and
//                            /my.pkg.Service/Method, as gRPC tools write it
//   my.pkg.*                 everything in a package and the packages in it
//
// Not thread-safe.
class ServiceSelection {
 public:
  ServiceSelection(const std::vector<std::string>& serve,
                   const std::vector<std::string>& hide);

  // Whether to serve a method. Records which patterns matched.
  bool Serves(absl::string_view service, absl::string_view method);

  // Whether a pattern of `serve` is the full name of the service itself.
  bool Names(absl::string_view service) const;

  // The patterns that matched no method so far, as "serve: PATTERN matches no
  // service or method".
  std::vector<std::string> Unmatched() const;

 private:
  struct Pattern {
    std::string text;  // as written
    std::string name;  // "my.pkg.Service.Method"
    bool matched = false;
  };

  static std::vector<Pattern> Read(const std::vector<std::string>& texts);
  static bool Match(std::vector<Pattern>* patterns, absl::string_view service,
                    absl::string_view method);

  std::vector<Pattern> serve_;
  std::vector<Pattern> hide_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_SERVICE_SELECTION_H_
