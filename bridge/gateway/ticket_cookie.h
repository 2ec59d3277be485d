#ifndef SSE_BRIDGE_BRIDGE_GATEWAY_TICKET_COOKIE_H_
#define SSE_BRIDGE_BRIDGE_GATEWAY_TICKET_COOKIE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/http/http_exchange.h"

namespace sse_bridge {

// The cookie with which a browser comes back to a stream that it has opened by
// a ticket: its value is the ticket's binding (TicketBox). Each ticket has one
// of its own, so that streams that are opened at the same time do not take each
// other's.

// Cookies of one address that a browser keeps; beyond it the oldest goes.
inline constexpr size_t kMaxTicketCookies = 16;

// The value that the request has for the ticket, or empty.
std::string TicketCookie(const HttpExchange& exchange,
                         absl::string_view ticket);

// The values of Set-Cookie that give it to the browser: HttpOnly; for the
// stream's path, behind what a proxy names in X-Forwarded-Prefix; Secure where
// the browser came by TLS (`tls`: to the bridge itself); for pages of the same
// site only, or of another one (Sec-Fetch-Site) where that is Secure. It ends
// with the token. Others that are too many are taken back.
std::vector<std::string> SetTicketCookie(const HttpExchange& exchange,
                                         absl::string_view ticket,
                                         absl::string_view binding, bool tls,
                                         absl::Time expires, absl::Time now);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GATEWAY_TICKET_COOKIE_H_
