// A JSON body into a request with every kind of field. What is accepted goes
// through libprotobuf's JSON and back, and must be the same message.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "bridge/transcode/bad_request.h"
#include "bridge/transcode/json_request.h"
#include "bridge/transcode/scalar_text.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/util/json_util.h"
#include "google/rpc/error_details.pb.h"
#include "tests/unit/transcode/request_test_schema.h"

namespace {

// `told` helps whoever looks at a finding.
void Require(bool holds, absl::string_view told = "") {
  if (holds) return;
  std::fprintf(stderr, "%.*s\n", static_cast<int>(told.size()), told.data());
  std::abort();
}

// A name like "_a", which is "A" in the JSON of a field mask.
bool BeginsWithUnderscore(absl::string_view bytes) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] == '_' && (i == 0 || !absl::ascii_isalnum(bytes[i - 1]))) {
      return true;
    }
  }
  return false;
}

std::string Bytes(const google::protobuf::Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream sink(&bytes);
  google::protobuf::io::CodedOutputStream coded(&sink);
  coded.SetSerializationDeterministic(true);
  Require(message.SerializePartialToCodedStream(&coded));
  coded.Trim();
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sse_bridge;
  const absl::string_view json(reinterpret_cast<const char*>(data), size);
  const auto message = AllTypesSchema().New("test.All");
  const absl::Status status = JsonToMessage(json, message.get());
  if (!status.ok()) {
    Require(status.code() == absl::StatusCode::kInvalidArgument);
    Require(IsValidUtf8(
        absl::string_view(status.message().data(), status.message().size())));
    const auto payload = status.GetPayload(kBadRequestTypeUrl);
    Require(payload.has_value());
    google::rpc::BadRequest details;
    Require(details.ParseFromString(std::string(*payload)));
    return 0;
  }
  const std::string bytes = Bytes(*message);
  // libprotobuf's printer drops extensions within an Any, and the underscore
  // that begins a name in a field mask.
  if (absl::StrContains(bytes, "test2") || BeginsWithUnderscore(bytes)) {
    return 0;
  }
  std::string printed;
  if (!google::protobuf::util::MessageToJsonString(*message, &printed).ok()) {
    return 0;
  }
  const auto again = AllTypesSchema().New("test.All");
  const absl::Status reread = JsonToMessage(printed, again.get());
  if (absl::StrContains(std::string(reread.message()), "nested deeper")) {
    return 0;
  }
  Require(reread.ok(), absl::StrCat(printed, " ", reread.message()));
  Require(Bytes(*again) == bytes,
          absl::StrCat(message->DebugString(), again->DebugString()));
  return 0;
}
