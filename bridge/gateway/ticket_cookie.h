#ifndef SSE_BRIDGE_BRIDGE_GATEWAY_TICKET_COOKIE_H_
#define SSE_BRIDGE_BRIDGE_GATEWAY_TICKET_COOKIE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/http/http_exchange.h"

namespace sse_bridge {

// The cookie with which a browser reconnects to a stream that it has opened
// with a ticket. Its value is the ticket's binding (TicketBox). Each ticket has
// its own cookie, so that streams opened at the same time do not overwrite each
// other's.

// Maximum number of ticket cookies per path. Beyond it, the oldest are deleted.
inline constexpr size_t kMaxTicketCookies = 16;

// The value of the ticket's cookie in the request, or empty.
std::string TicketCookie(const HttpExchange& exchange,
                         absl::string_view ticket);

// The Set-Cookie values that set the ticket's cookie and delete the oldest
// cookies beyond the limit. The cookie is HttpOnly and limited to the stream's
// path, with the prefix that a proxy reports in X-Forwarded-Prefix. It is
// Secure if the browser uses TLS, to the bridge itself (`tls`) or to a proxy.
// It is sent only for pages of the same site, or, if Secure, of the site that
// opened the stream (Sec-Fetch-Site). It expires with the token.
std::vector<std::string> SetTicketCookie(const HttpExchange& exchange,
                                         absl::string_view ticket,
                                         absl::string_view binding, bool tls,
                                         absl::Time expires, absl::Time now);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GATEWAY_TICKET_COOKIE_H_
