#include "bridge/transcode/transcode_tool.h"

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "bridge/transcode/json_encoder.h"
#include "bridge/transcode/sse_format.h"

namespace sse_bridge {
namespace {

absl::StatusOr<std::string> Transcode(
    const google::protobuf::DescriptorPool& pool, const JsonEncoder& encoder,
    bool fast_only, absl::string_view line) {
  const size_t space = line.find(' ');
  const std::string name(line.data(), std::min(space, line.size()));
  const absl::string_view base64 =
      space == absl::string_view::npos
          ? absl::string_view()
          : absl::StripAsciiWhitespace(line.substr(space));
  const auto* const descriptor = pool.FindMessageTypeByName(name);
  if (descriptor == nullptr) {
    return absl::NotFoundError(absl::StrCat("no such type: ", name));
  }
  std::string wire;
  if (!absl::Base64Unescape(base64, &wire)) {
    return absl::InvalidArgumentError("not base64");
  }
  const MessageTable* const type = encoder.TableFor(descriptor);
  std::string json;
  const absl::Status status = fast_only ? encoder.EncodeFast(type, wire, &json)
                                        : encoder.Encode(type, wire, &json);
  if (!status.ok()) return status;
  return json;
}

}  // namespace

int RunTranscodeTool(const google::protobuf::DescriptorPool* pool,
                     JsonOptions options, bool fast_only, std::istream& in,
                     std::ostream& out) {
  const std::unique_ptr<JsonEncoder> encoder =
      JsonEncoder::Create(pool, options);
  std::string line;
  while (std::getline(in, line)) {
    const absl::StatusOr<std::string> json =
        Transcode(*pool, *encoder, fast_only, absl::StripAsciiWhitespace(line));
    std::string answer = json.ok()
                             ? absl::StrCat("OK ", *json)
                             : absl::StrCat("ERR ", json.status().message());
    RemoveLineEnds(0, &answer);
    out << answer << '\n' << std::flush;
    if (!out) return 1;
  }
  return 0;
}

}  // namespace sse_bridge
