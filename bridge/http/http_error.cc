#include "bridge/http/http_error.h"

#include "absl/strings/str_cat.h"
#include "bridge/base/json_quote.h"
#include "bridge/base/retry_info.h"

namespace sse_bridge {
namespace {

// The default Retry-After of 429 and 503.
constexpr char kRetryAfterSeconds[] = "2";

// Rounds up to whole seconds.
void SetRetryAfter(absl::Duration wait, HttpResponse* response) {
  std::erase_if(response->headers, [](const auto& header) {
    return header.first == "Retry-After";
  });
  response->headers.emplace_back(
      "Retry-After",
      absl::StrCat(absl::ToInt64Seconds(absl::Ceil(wait, absl::Seconds(1)))));
}

}  // namespace

int HttpStatusFromCode(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return 200;
    case absl::StatusCode::kCancelled:
      return 499;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
      return 400;
    case absl::StatusCode::kDeadlineExceeded:
      return 504;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kAborted:
      return 409;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kUnauthenticated:
      return 401;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    case absl::StatusCode::kUnimplemented:
      return 501;
    case absl::StatusCode::kUnavailable:
      return 503;
    default:
      return 500;
  }
}

absl::string_view CodeName(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return "OK";
    case absl::StatusCode::kCancelled:
      return "CANCELLED";
    case absl::StatusCode::kInvalidArgument:
      return "INVALID_ARGUMENT";
    case absl::StatusCode::kDeadlineExceeded:
      return "DEADLINE_EXCEEDED";
    case absl::StatusCode::kNotFound:
      return "NOT_FOUND";
    case absl::StatusCode::kAlreadyExists:
      return "ALREADY_EXISTS";
    case absl::StatusCode::kPermissionDenied:
      return "PERMISSION_DENIED";
    case absl::StatusCode::kResourceExhausted:
      return "RESOURCE_EXHAUSTED";
    case absl::StatusCode::kFailedPrecondition:
      return "FAILED_PRECONDITION";
    case absl::StatusCode::kAborted:
      return "ABORTED";
    case absl::StatusCode::kOutOfRange:
      return "OUT_OF_RANGE";
    case absl::StatusCode::kUnimplemented:
      return "UNIMPLEMENTED";
    case absl::StatusCode::kInternal:
      return "INTERNAL";
    case absl::StatusCode::kUnavailable:
      return "UNAVAILABLE";
    case absl::StatusCode::kDataLoss:
      return "DATA_LOSS";
    case absl::StatusCode::kUnauthenticated:
      return "UNAUTHENTICATED";
    default:
      return "UNKNOWN";
  }
}

HttpResponse ErrorResponse(int http_status, absl::string_view status_name,
                           absl::string_view message,
                           absl::string_view details_json) {
  HttpResponse response;
  response.status = http_status;
  response.headers = {{"Content-Type", "application/json"},
                      {"Cache-Control", "no-store"}};
  if (http_status == 401) {
    response.headers.emplace_back("WWW-Authenticate",
                                  "Bearer realm=\"sse-bridge\"");
  }
  if (http_status == 429 || http_status == 503) {
    response.headers.emplace_back("Retry-After", kRetryAfterSeconds);
  }
  response.body = absl::StrCat(
      "{\"error\":{\"code\":", http_status,
      ",\"status\":", JsonQuote(status_name),
      ",\"message\":", JsonQuote(message),
      ",\"details\":", details_json.empty() ? "[]" : details_json, "}}\n");
  return response;
}

HttpResponse ErrorResponse(const absl::Status& status,
                           absl::string_view details_json) {
  HttpResponse response =
      ErrorResponse(HttpStatusFromCode(status.code()), CodeName(status.code()),
                    status.message(), details_json);
  if (const auto delay = RetryDelayOf(status); delay.has_value()) {
    SetRetryAfter(*delay, &response);
  }
  return response;
}

HttpResponse TooManyConnections(absl::Duration wait) {
  return TooManyRequests("too many connections from this address; retry later",
                         wait);
}

HttpResponse TooManyRequests(absl::string_view message, absl::Duration wait) {
  HttpResponse response = ErrorResponse(429, "RESOURCE_EXHAUSTED", message);
  SetRetryAfter(wait, &response);
  return response;
}

}  // namespace sse_bridge
