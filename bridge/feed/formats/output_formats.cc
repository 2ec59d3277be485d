#include "bridge/feed/formats/output_formats.h"

#include "absl/strings/str_cat.h"
#include "bridge/feed/formats/json_array.h"
#include "bridge/feed/formats/ndjson.h"
#include "bridge/feed/formats/sse.h"

namespace sse_bridge {

const OutputFormats& OutputFormats::BuiltIn() {
  static const auto* const formats = [] {
    auto* const made = new OutputFormats;
    made->Add<SseFormat>();
    made->Add<NdjsonFormat>();
    made->Add<JsonArrayFormat>();
    return made;
  }();
  return *formats;
}

std::string OutputFormats::Names() const {
  std::string names;
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (i > 0) names += i + 1 == entries_.size() ? " or " : ", ";
    names += entries_[i].content_type;
  }
  return names;
}

}  // namespace sse_bridge
