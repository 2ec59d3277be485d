// Texts that claim to be tickets. As they are, none is one; and whatever
// identity is sealed comes back as it was: once, and again with the binding
// that the first use was given, for the same path only.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "bridge/access/ticket_box.h"

namespace {

using sse_bridge::Identity;
using sse_bridge::TicketBox;

void Require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const auto box = *TicketBox::Create("", TicketBox::Options());
  const absl::Time now = absl::FromUnixSeconds(1700000000);
  Require(box->Redeem(text, now).status().code() ==
          absl::StatusCode::kUnauthenticated);

  // Lines: subject, token id, scopes, roles.
  const std::vector<std::string> lines =
      absl::StrSplit(text, absl::MaxSplits('\n', 3));
  Identity identity;
  identity.subject = lines[0];
  if (lines.size() > 1) identity.token_id = lines[1];
  if (lines.size() > 2) identity.scopes = absl::StrSplit(lines[2], ' ');
  if (lines.size() > 3) identity.roles = absl::StrSplit(lines[3], ' ');
  identity.expires = now + absl::Minutes(1);
  absl::Duration retry_after;
  const auto ticket = box->Issue(identity, now, &retry_after);
  if (!ticket.ok()) return 0;
  Require(ticket->size() <= TicketBox::kMaxTicketBytes);
  const auto back = box->Redeem(*ticket, now);
  Require(back.ok() && back->subject == identity.subject &&
          back->token_id == identity.token_id &&
          back->scopes == identity.scopes && back->roles == identity.roles &&
          back->expires == identity.expires);
  Require(!box->Redeem(*ticket, now).ok());
  const std::string binding = box->Binding(*ticket, "/a");
  Require(box->RedeemAgain(*ticket, "/a", binding, now).ok());
  Require(!box->RedeemAgain(*ticket, "/b", binding, now).ok());
  Require(!box->RedeemAgain(*ticket, "/a", text, now).ok());
  std::string changed = *ticket;
  changed[size % changed.size()] ^= 1;
  Require(!box->Redeem(changed, now).ok());
  return 0;
}
