// A raw query into a request with every kind of field: either it binds, or the
// refusal is a 400 with a BadRequest that can be read.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "absl/strings/string_view.h"
#include "bridge/transcode/bad_request.h"
#include "bridge/transcode/query_params.h"
#include "bridge/transcode/request_binder.h"
#include "bridge/transcode/scalar_text.h"
#include "google/rpc/error_details.pb.h"
#include "tests/unit/transcode/request_test_schema.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void RequireBadRequest(const absl::Status& status) {
  using namespace sse_bridge;
  Require(status.code() == absl::StatusCode::kInvalidArgument);
  Require(IsValidUtf8(
      absl::string_view(status.message().data(), status.message().size())));
  const auto payload = status.GetPayload(kBadRequestTypeUrl);
  Require(payload.has_value());
  google::rpc::BadRequest details;
  Require(details.ParseFromString(std::string(*payload)));
  Require(details.field_violations_size() > 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sse_bridge;
  static const auto* const binder = new RequestBinder(*RequestBinder::Create(
      AllTypesSchema().Type("test.All"), "", {"string_value"},
      {.ignored_query_names = {"access_token"}}));
  const absl::StatusOr<std::vector<QueryParam>> query =
      ParseQuery(absl::string_view(reinterpret_cast<const char*>(data), size));
  if (!query.ok()) {
    RequireBadRequest(query.status());
    return 0;
  }
  Require(query->size() <= kMaxQueryParameters);
  const auto message = AllTypesSchema().New("test.All");
  const std::vector<PathVariable> path = {{"string_value", "x"}};
  const absl::Status status =
      binder->Bind(path, *query, std::nullopt, message.get());
  if (!status.ok()) {
    RequireBadRequest(status);
    return 0;
  }
  Require(*GetFieldAsText(*message, "string_value") == "x");
  const auto again = AllTypesSchema().New("test.All");
  Require(again->ParseFromString(message->SerializeAsString()));
  return 0;
}
