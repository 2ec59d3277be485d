#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/gateway/api.h"
#include "bridge/gateway/api_request.h"
#include "bridge/http/http_error.h"

// `POST /auth/ticket` answers {"ticket": "...", "expires_in": SECONDS} to a
// client with a valid token in a header or cookie. The ticket, as `?ticket=`,
// opens one stream in the name of the token's subject. The browser that has
// opened the stream may reconnect to it.

namespace sse_bridge {

void Api::ServeTicket(std::shared_ptr<Request> request) {
  sse::v1::Access authenticated;
  authenticated.set_authenticated(true);
  // No query credentials: a ticket must not be usable to get more tickets.
  if (!Admit(request, authenticated, QueryCredentials(), &Api::ServeTicket)) {
    return;
  }
  if (const absl::Duration wait =
          parts_.authenticator->TicketWait(request->identity->subject);
      wait > absl::ZeroDuration()) {
    return request->exchange->Respond(
        TooManyRequests("the user's ticket rate exceeds the limit "
                        "(tickets_per_second); retry later",
                        wait));
  }
  TicketBox& tickets = *parts_.authenticator->tickets();
  absl::Duration retry_after;
  auto ticket = tickets.Issue(*request->identity,
                              parts_.authenticator->WallTime(), &retry_after);
  if (absl::IsResourceExhausted(ticket.status())) {
    return request->exchange->Respond(
        TooManyRequests(ticket.status().message(), retry_after));
  }
  if (!ticket.ok()) return Refuse(*request, ticket.status());
  request->exchange->Respond(HttpResponse{
      200,
      {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
      absl::StrCat("{\"ticket\":\"", *ticket, "\",\"expires_in\":",
                   absl::ToInt64Seconds(tickets.lifetime()), "}\n")});
}

}  // namespace sse_bridge
