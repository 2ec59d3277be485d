#include "bridge/schema/descriptor_walk.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace sse_bridge {

std::string WhereInProto(const google::protobuf::FileDescriptorProto& file,
                         SourcePath path) {
  for (; !path.empty(); path.pop_back()) {
    for (const auto& location : file.source_code_info().location()) {
      if (location.span_size() >= 3 &&
          std::equal(location.path().begin(), location.path().end(),
                     path.begin(), path.end())) {
        return absl::StrCat(file.name(), ":", location.span(0) + 1);
      }
    }
  }
  return file.name();
}

}  // namespace sse_bridge
