#ifndef SSE_BRIDGE_BRIDGE_ACCESS_TICKET_BOX_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_TICKET_BOX_H_

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/access/identity.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

// Tickets for clients that cannot send headers (EventSource): a verified
// identity, sealed (AES-256-GCM) into a text for the query of one request. A
// ticket is good once, for a short time, and for no longer than the token that
// it was got with.
//
// The text itself holds the identity, so bridges that share a key take each
// other's tickets. That a ticket was used is known only to the bridge that took
// it.
//
// Thread-safe.
class TicketBox {
 public:
  // A longer ticket would not fit a request line.
  static constexpr size_t kMaxTicketBytes = 6 * 1024;

  // Used tickets that are remembered; beyond it none is taken.
  static constexpr size_t kMaxUsed = 100'000;

  // The shortest secret that a key is made of.
  static constexpr size_t kMinSecretBytes = 32;

  // `secret` may be any text, at least so long; empty: a random key.
  static absl::StatusOr<std::unique_ptr<TicketBox>> Create(
      absl::string_view secret, absl::Duration lifetime);

  TicketBox(const TicketBox&) = delete;
  TicketBox& operator=(const TicketBox&) = delete;

  // A new ticket. InvalidArgument for an identity that is too large for one.
  absl::StatusOr<std::string> Issue(const Identity& identity,
                                    absl::Time now) const;

  // The identity, once. Unauthenticated for all that is no good ticket, without
  // saying why; Unavailable when too many were used.
  absl::StatusOr<Identity> Redeem(absl::string_view ticket, absl::Time now);

  absl::Duration lifetime() const { return lifetime_; }

  // Used tickets that are remembered now.
  size_t used() const;

 private:
  TicketBox(std::string key, absl::Duration lifetime)
      : key_(std::move(key)), lifetime_(lifetime) {}

  const std::string key_;
  const absl::Duration lifetime_;

  mutable Mutex mu_;
  // By their nonce, with the time after which they are worth nothing anyway,
  // in the order of use.
  absl::flat_hash_set<std::string> used_ ABSL_GUARDED_BY(mu_);
  std::deque<std::pair<absl::Time, std::string>> forget_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_TICKET_BOX_H_
