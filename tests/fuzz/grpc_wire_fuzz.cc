// What a backend may put into an answer of HTTP/2: DATA, which is split into
// messages, and header fields. The first byte says how the input is cut into
// pieces.
//
// Messages are the same however DATA is split, and no larger than the limit. A
// code other than a backend's is never OK.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "bridge/upstream/direct/grpc_wire.h"

namespace {

using sse_bridge::GrpcAnswer;
using sse_bridge::GrpcMessageReader;

constexpr size_t kMaxMessage = 200;
constexpr size_t kMaxMetadata = 4096;

void Require(bool holds) {
  if (!holds) std::abort();
}

struct Found {
  std::vector<std::string> messages;
  bool refused = false;
  bool at_boundary = true;
};

Found Split(absl::string_view input, size_t piece) {
  GrpcMessageReader reader(kMaxMessage);
  Found found;
  while (!input.empty() && !found.refused) {
    absl::string_view data = input.substr(0, piece);
    input.remove_prefix(data.size());
    while (!data.empty() && !found.refused) {
      absl::string_view message;
      switch (reader.Next(&data, &message)) {
        case GrpcMessageReader::State::kPartial:
          Require(data.empty());
          break;
        case GrpcMessageReader::State::kMessage:
          Require(message.size() <= kMaxMessage);
          found.messages.emplace_back(message);
          break;
        case GrpcMessageReader::State::kRefused:
          Require(!reader.refusal().ok());
          found.refused = true;
          break;
      }
    }
  }
  found.at_boundary = reader.at_boundary();
  return found;
}

void Fields(absl::string_view input) {
  const sse_bridge::MetadataFilter all = [](absl::string_view) { return true; };
  GrpcAnswer answer(kMaxMetadata, &all);
  bool has_status = false;
  for (const absl::string_view block : absl::StrSplit(input, '\0')) {
    answer.BeginBlock();
    for (const absl::string_view line : absl::StrSplit(block, '\n')) {
      const std::pair<absl::string_view, absl::string_view> field =
          absl::StrSplit(line, absl::MaxSplits('=', 1));
      if (!answer.Add(field.first, field.second)) break;
      has_status = has_status || field.first == "grpc-status";
    }
    size_t bytes = 0;
    for (const auto& [name, value] : answer.TakeMetadata()) {
      bytes += name.size() + value.size();
    }
    Require(bytes <= sse_bridge::kMaxToldMetadataBytes);
  }
  const sse_bridge::CallEnd end = answer.End();
  Require(end.code >= 0);
  Require(end.from_peer ? has_status : end.code != 0);
  Require(sse_bridge::StatusOfEnd(end).ok() == (end.code == 0));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const absl::string_view input(reinterpret_cast<const char*>(data) + 1,
                                size - 1);
  const Found whole = Split(input, input.size());
  const Found pieces = Split(input, size_t{1} + data[0] % 16);
  Require(whole.messages == pieces.messages);
  Require(whole.refused == pieces.refused);
  Require(whole.refused || whole.at_boundary == pieces.at_boundary);
  Fields(input);
  return 0;
}
