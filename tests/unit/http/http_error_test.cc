#include "bridge/http/http_error.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/cord.h"
#include "bridge/upstream/call.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace sse_bridge {
namespace {

std::map<std::string, std::string> Headers(const HttpResponse& response) {
  return {response.headers.begin(), response.headers.end()};
}

nlohmann::json Body(const HttpResponse& response) {
  return nlohmann::json::parse(response.body, nullptr, false);
}

TEST(HttpErrorTest, CodesMapAsInTheCanonicalTable) {
  const struct {
    absl::StatusCode code;
    int status;
    const char* name;
  } cases[] = {
      {absl::StatusCode::kOk, 200, "OK"},
      {absl::StatusCode::kCancelled, 499, "CANCELLED"},
      {absl::StatusCode::kUnknown, 500, "UNKNOWN"},
      {absl::StatusCode::kInvalidArgument, 400, "INVALID_ARGUMENT"},
      {absl::StatusCode::kDeadlineExceeded, 504, "DEADLINE_EXCEEDED"},
      {absl::StatusCode::kNotFound, 404, "NOT_FOUND"},
      {absl::StatusCode::kAlreadyExists, 409, "ALREADY_EXISTS"},
      {absl::StatusCode::kPermissionDenied, 403, "PERMISSION_DENIED"},
      {absl::StatusCode::kUnauthenticated, 401, "UNAUTHENTICATED"},
      {absl::StatusCode::kResourceExhausted, 429, "RESOURCE_EXHAUSTED"},
      {absl::StatusCode::kFailedPrecondition, 400, "FAILED_PRECONDITION"},
      {absl::StatusCode::kAborted, 409, "ABORTED"},
      {absl::StatusCode::kOutOfRange, 400, "OUT_OF_RANGE"},
      {absl::StatusCode::kUnimplemented, 501, "UNIMPLEMENTED"},
      {absl::StatusCode::kInternal, 500, "INTERNAL"},
      {absl::StatusCode::kUnavailable, 503, "UNAVAILABLE"},
      {absl::StatusCode::kDataLoss, 500, "DATA_LOSS"},
  };
  for (const auto& each : cases) {
    EXPECT_EQ(HttpStatusFromCode(each.code), each.status) << each.name;
    EXPECT_EQ(CodeName(each.code), each.name);
  }
}

TEST(HttpErrorTest, BodyHasTheCommonErrorFormat) {
  const HttpResponse response = ErrorResponse(absl::PermissionDeniedError("no"),
                                              R"([{"@type":"t","a":1}])");
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(Headers(response)["Content-Type"], "application/json");
  EXPECT_EQ(Body(response), nlohmann::json::parse(R"({"error": {
      "code": 403, "status": "PERMISSION_DENIED", "message": "no",
      "details": [{"@type": "t", "a": 1}]}})"));
}

TEST(HttpErrorTest, AnyMessageBytesYieldValidJson) {
  const HttpResponse response =
      ErrorResponse(413, "INVALID_ARGUMENT", "\"\\\n\xff\xc3<");
  const nlohmann::json body = Body(response);
  ASSERT_FALSE(body.is_discarded());
  EXPECT_EQ(body["error"]["code"], 413);
  EXPECT_EQ(body["error"]["details"], nlohmann::json::array());
}

TEST(HttpErrorTest, ErrorsTellClientsWhatToDo) {
  EXPECT_EQ(
      Headers(ErrorResponse(401, "UNAUTHENTICATED", ""))["WWW-Authenticate"],
      "Bearer realm=\"sse-bridge\"");
  for (int status : {429, 503}) {
    EXPECT_EQ(Headers(ErrorResponse(status, "X", "")).count("Retry-After"), 1u);
  }
  EXPECT_EQ(Headers(ErrorResponse(404, "X", "")).count("Retry-After"), 0u);
}

TEST(HttpErrorTest, RetryAfterFollowsRetryInfo) {
  google::rpc::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(7);
  info.mutable_retry_delay()->set_nanos(1);
  google::rpc::Status details;
  details.add_details()->PackFrom(info);
  absl::Status status = absl::AbortedError("");
  status.SetPayload(kStatusDetailsUrl,
                    absl::Cord(absl::string_view(details.SerializeAsString())));
  EXPECT_EQ(Headers(ErrorResponse(status, ""))["Retry-After"], "8");
  absl::Status own = absl::UnavailableError("");
  own.SetPayload("type.googleapis.com/google.rpc.RetryInfo",
                 absl::Cord(absl::string_view(info.SerializeAsString())));
  const HttpResponse response = ErrorResponse(own, "");
  EXPECT_EQ(Headers(response)["Retry-After"], "8");
  EXPECT_EQ(std::count_if(
                response.headers.begin(), response.headers.end(),
                [](const auto& each) { return each.first == "Retry-After"; }),
            1);
}

}  // namespace
}  // namespace sse_bridge
