#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bridge/http/api.h"
#include "bridge/http/api_request.h"

// `POST /auth/ticket`: {"ticket": "...", "expires_in": SECONDS} for whoever has
// a good token in a header or cookie. The ticket opens one stream, as
// `?ticket=`, in the name of the token's subject.

namespace sse_bridge {

void Api::ServeTicket(std::shared_ptr<Request> request) {
  sse::v1::Access authenticated;
  authenticated.set_authenticated(true);
  // No credential of the query: a ticket must not beget tickets.
  if (!Admit(request, authenticated, QueryCredentials(), &Api::ServeTicket)) {
    return;
  }
  const TicketBox& tickets = *parts_.authenticator->tickets();
  auto ticket = tickets.Issue(*request->identity, absl::Now());
  if (!ticket.ok()) return Refuse(*request, ticket.status());
  request->exchange->Respond(HttpResponse{
      200,
      {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
      absl::StrCat("{\"ticket\":\"", *ticket, "\",\"expires_in\":",
                   absl::ToInt64Seconds(tickets.lifetime()), "}\n")});
}

}  // namespace sse_bridge
