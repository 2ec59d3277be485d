#ifndef SSE_BRIDGE_BRIDGE_ACCESS_TICKET_BOX_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_TICKET_BOX_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/container/node_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/access/identity.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

// Issues tickets for clients that cannot send headers (EventSource). A ticket
// is a verified identity, encrypted (AES-256-GCM), for the query of one
// request. It can be used once, for a short time, and not beyond the expiry of
// the token it was issued for.
//
// EventSource reconnects with the same URL. So the first user of a ticket may
// receive its binding: a MAC of the ticket and of the path it was used for,
// which is in no URL. With the binding, the ticket remains valid for that path
// until the token expires; without it, a used ticket is worthless.
//
// The ticket contains the identity, and the binding is computed, so bridges
// with the same key accept each other's tickets and bindings. Only the bridges
// that accepted a ticket know that it was used.
//
// Thread-safe.
class TicketBox {
 public:
  // A longer ticket would not fit into a request line.
  static constexpr size_t kMaxTicketBytes = 6 * 1024;

  // Maximum number of valid tickets, and of used tickets remembered. Beyond it,
  // no more are issued or accepted. About 60 bytes each.
  static constexpr size_t kMaxLive = 300'000;
  static constexpr size_t kMaxUsed = 300'000;

  // Minimum size of the secret from which the key is derived.
  static constexpr size_t kMinSecretBytes = 32;

  struct Options {
    absl::Duration lifetime = absl::Seconds(30);

    // Maximum number per subject of unexpired tickets issued here, and of
    // unexpired tickets used here. 0 disables the limit.
    int max_per_subject = 100;
  };

  // `secret` may be any text of at least kMinSecretBytes. If empty, a random
  // key is used.
  static absl::StatusOr<std::unique_ptr<TicketBox>> Create(
      absl::string_view secret, Options options);

  TicketBox(const TicketBox&) = delete;
  TicketBox& operator=(const TicketBox&) = delete;

  // Issues a ticket. Returns kInvalidArgument if the identity is too large,
  // kResourceExhausted if its subject is at its limit, and kUnavailable if
  // there are too many tickets in total; the last two set `retry_after`.
  absl::StatusOr<std::string> Issue(const Identity& identity, absl::Time now,
                                    absl::Duration* retry_after);

  // Returns the ticket's identity, once. Returns kUnauthenticated for any
  // invalid ticket, without a reason; kResourceExhausted if its subject has
  // used too many tickets; kUnavailable if too many were used in total.
  absl::StatusOr<Identity> Redeem(absl::string_view ticket, absl::Time now);

  // Returns the binding, which lets the first user of a ticket return to the
  // same path. Printable, without blanks.
  std::string Binding(absl::string_view ticket, absl::string_view path) const;

  // Returns the ticket's identity if the binding matches; works repeatedly
  // until the token expires. Otherwise returns kUnauthenticated.
  absl::StatusOr<Identity> RedeemAgain(absl::string_view ticket,
                                       absl::string_view path,
                                       absl::string_view binding,
                                       absl::Time now);

  absl::Duration lifetime() const { return options_.lifetime; }

  // Number of used tickets remembered, and of subjects with tickets.
  size_t used() const;
  size_t subjects() const;

 private:
  // Random, different for each ticket.
  using Nonce = std::array<char, 12>;

  // Number of tickets of a subject.
  struct Account {
    int live = 0;
    int used = 0;
  };
  // Node-based because expiry entries point to accounts.
  using Accounts = absl::node_hash_map<std::string, Account>;
  struct Counted {
    int64_t end_ns;  // since the epoch
    Nonce nonce;
    Accounts::pointer account;
  };
  struct Opened {
    Nonce nonce;
    absl::Time end;  // of the ticket; the identity has the token's
    Identity identity;
  };

  TicketBox(std::string key, std::string binding_key, Options options)
      : key_(std::move(key)),
        binding_key_(std::move(binding_key)),
        options_(options) {}

  std::optional<Opened> Open(absl::string_view ticket) const;
  void ForgetEnded(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void ForgetAccount(Accounts::pointer account)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool IsFull(int count) const {
    return options_.max_per_subject > 0 && count >= options_.max_per_subject;
  }
  void NoteUsed(const Opened& ticket, Accounts::pointer account)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const std::string key_;
  const std::string binding_key_;
  const Options options_;

  mutable Mutex mu_;
  Accounts accounts_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_set<Nonce> used_ ABSL_GUARDED_BY(mu_);
  // Entries to forget once they have expired, in order of issue and of use.
  std::deque<Counted> forget_live_ ABSL_GUARDED_BY(mu_);
  std::deque<Counted> forget_used_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_TICKET_BOX_H_
