// A JSON body into a request with every kind of field. What is accepted goes
// through libprotobuf's JSON and back, and must be the same message.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/match.h"
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

void Require(bool holds) {
  if (!holds) std::abort();
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
  // libprotobuf's printer drops extensions within an Any.
  if (absl::StrContains(bytes, "test2")) return 0;
  std::string printed;
  if (!google::protobuf::util::MessageToJsonString(*message, &printed).ok()) {
    return 0;
  }
  const auto again = AllTypesSchema().New("test.All");
  const absl::Status reread = JsonToMessage(printed, again.get());
  if (absl::StrContains(std::string(reread.message()), "nested deeper")) {
    return 0;
  }
  Require(reread.ok());
  Require(Bytes(*again) == bytes);
  return 0;
}
