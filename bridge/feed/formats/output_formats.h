#ifndef SSE_BRIDGE_BRIDGE_FEED_FORMATS_OUTPUT_FORMATS_H_
#define SSE_BRIDGE_BRIDGE_FEED_FORMATS_OUTPUT_FORMATS_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "bridge/feed/formats/output_format.h"

namespace sse_bridge {

// The formats that a client can request for a stream by content type, in order
// of preference. Excludes formats that the stream determines: raw bodies
// (RawBodyFormat), and SSE of several calls (MultiplexedFormat).
//
// Thread-safe once no more formats are added.
class OutputFormats {
 public:
  using Make = std::unique_ptr<OutputFormat> (*)();

  struct Entry {
    std::string content_type;  // "TYPE/SUBTYPE", without parameters
    OutputFormat::Body body;
    Make make;
  };

  // The bridge's formats. Valid for the lifetime of the program.
  static const OutputFormats& BuiltIn();

  // Adds a format with the lowest preference.
  template <typename Format>
  void Add() {
    entries_.push_back({std::string(Format::kContentType), Format::kBody,
                        []() -> std::unique_ptr<OutputFormat> {
                          return std::make_unique<Format>();
                        }});
  }

  absl::Span<const Entry> entries() const { return entries_; }

  // "a/b, c/d or e/f".
  std::string Names() const;

 private:
  std::vector<Entry> entries_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_FORMATS_OUTPUT_FORMATS_H_
