#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "bridge/feed/formats/raw_body.h"
#include "bridge/gateway/api.h"
#include "bridge/gateway/api_request.h"
#include "bridge/gateway/trace_context.h"
#include "bridge/http/http_error.h"
#include "bridge/transcode/http_body.h"

namespace sse_bridge {
namespace {

constexpr size_t kMaxUncountedBytes = size_t{32} << 10;

// Types that are worth compressing.
bool IsText(absl::string_view content_type) {
  const std::string type = absl::AsciiStrToLower(absl::StripAsciiWhitespace(
      content_type.substr(0, content_type.find(';'))));
  return absl::StartsWith(type, "text/") || absl::EndsWith(type, "json") ||
         absl::EndsWith(type, "xml") || absl::EndsWith(type, "yaml") ||
         absl::EndsWith(type, "javascript");
}

HttpResponse RawResponse(const std::string& bytes) {
  HttpBodyView body;
  if (!ReadHttpBody(bytes, &body)) {
    return ErrorResponse(500, "INTERNAL",
                         "the backend's HttpBody is malformed");
  }
  HttpResponse response{200,
                        {{"Content-Type", SafeContentType(body.content_type)},
                         {"Cache-Control", "no-store"}},
                        std::string(body.data)};
  response.compressible = IsText(body.content_type);
  for (auto& header : RawBodyHeaders()) {
    response.headers.push_back(std::move(header));
  }
  return response;
}

HttpResponse UnaryResponse(const ServedRoute& route, const ServedSchema& served,
                           const absl::Status& status,
                           const std::string& bytes) {
  if (!status.ok()) return ErrorResponse(status, served.DetailsJson(status));
  if (route.raw_response) return RawResponse(bytes);
  HttpResponse response{
      200,
      {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
      ""};
  const absl::string_view wire[] = {bytes};
  const absl::Status encoded = route.encoder->EncodeBody(wire, &response.body);
  if (!encoded.ok()) {
    return ErrorResponse(
        500, "INTERNAL",
        absl::StrCat("the backend's message cannot be shown as JSON: ",
                     encoded.message()));
  }
  response.body += '\n';
  response.compressible = true;
  return response;
}

}  // namespace

void Api::ServeUnary(std::shared_ptr<Request> request) {
  const Method& method = request->route->method();
  Upstream* upstream = parts_.upstreams->Find(method.grpc_path);
  if (upstream == nullptr) {
    return Refuse(*request,
                  absl::UnavailableError(absl::StrCat(
                      "no backend is configured for ", method.grpc_path)));
  }
  const auto asked = AskedTimeout(*request->exchange);
  if (!asked.ok()) return Refuse(*request, asked.status());
  absl::StatusOr<Metadata> forwarded = ForwardedOf(*request);
  if (!forwarded.ok()) return Refuse(*request, forwarded.status());
  CallOptions call_options;
  call_options.metadata = IdentityMetadata(request->identity);
  call_options.metadata.insert(call_options.metadata.end(), forwarded->begin(),
                               forwarded->end());
  call_options.metadata.emplace_back(kTraceparentMetadata,
                                     request->traceparent);
  call_options.deadline = parts_.delivery->WallTime() +
                          std::min(options_.request_timeout,
                                   asked->value_or(options_.request_timeout));
  // Filled before the call ends, and read afterwards.
  auto exposed = std::make_shared<Metadata>();
  if (parts_.exposed != nullptr) {
    call_options.wanted_metadata = parts_.exposed->filter(/*shared=*/false);
    call_options.on_metadata = [exposed](Metadata metadata) {
      exposed->insert(exposed->end(), metadata.begin(), metadata.end());
    };
  }
  std::string bytes;
  request->message->SerializePartialToString(&bytes);
  request->message.reset();
  // A small message is not counted: it is no larger than the request, which is.
  if (bytes.size() > kMaxUncountedBytes) request->exchange->Hold(bytes.size());

  std::shared_ptr<UnaryCall> started = upstream->StartUnary(
      method.grpc_path, std::move(bytes), std::move(call_options),
      [request, exposed, compress = options_.compress && method.compressible()](
          absl::Status status, std::string response) {
        // A client may call again as soon as it has the response.
        request->lease.Release();
        HttpResponse answer =
            UnaryResponse(*request->route, *request->served, status, response);
        answer.compressible = answer.compressible && compress;
        AddExposed(*exposed, *request->exchange, &answer);
        request->exchange->Respond(std::move(answer));
      });
  // Cancels the call if the browser disconnects. The callback also keeps the
  // call's handle alive until the exchange is answered.
  request->exchange->OnAbort([started] { started->Cancel(); });
}

}  // namespace sse_bridge
