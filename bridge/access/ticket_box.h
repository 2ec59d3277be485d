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

// Tickets for clients that cannot send headers (EventSource): a verified
// identity, sealed (AES-256-GCM) into a text for the query of one request. A
// ticket is good once, for a short time, and for no longer than the token that
// it was got with.
//
// EventSource reconnects with the address that it has. So whoever uses a ticket
// first may be told its binding: a MAC of the ticket and of the path that it
// was used for, which is in no address. With it the ticket is good again, there
// and until the token ends; without it a used ticket is worth nothing.
//
// The text itself holds the identity, and a binding is computed, so bridges
// that share a key take each other's tickets and bindings. That a ticket was
// used is known only to the bridges that took it.
//
// Thread-safe.
class TicketBox {
 public:
  // A longer ticket would not fit a request line.
  static constexpr size_t kMaxTicketBytes = 6 * 1024;

  // Tickets that are live, and used ones that are remembered; beyond it no more
  // are issued, or none is taken. About 60 bytes each.
  static constexpr size_t kMaxLive = 300'000;
  static constexpr size_t kMaxUsed = 300'000;

  // The shortest secret that a key is made of.
  static constexpr size_t kMinSecretBytes = 32;

  struct Options {
    absl::Duration lifetime = absl::Seconds(30);

    // Of one subject: tickets issued here that have not ended, and those used
    // here that have not. 0: no limit.
    int max_per_subject = 100;
  };

  // `secret` may be any text, at least so long; empty: a random key.
  static absl::StatusOr<std::unique_ptr<TicketBox>> Create(
      absl::string_view secret, Options options);

  TicketBox(const TicketBox&) = delete;
  TicketBox& operator=(const TicketBox&) = delete;

  // A new ticket. InvalidArgument for an identity that is too large for one.
  // ResourceExhausted when its subject has all that it may have, Unavailable
  // when there are too many in all; then `retry_after` is set.
  absl::StatusOr<std::string> Issue(const Identity& identity, absl::Time now,
                                    absl::Duration* retry_after);

  // The identity, once. Unauthenticated for all that is no good ticket, without
  // saying why; ResourceExhausted when its subject has used too many,
  // Unavailable when too many were used by all.
  absl::StatusOr<Identity> Redeem(absl::string_view ticket, absl::Time now);

  // What the first to use a ticket of this box is told, for coming back to the
  // same path. Printable, without blanks.
  std::string Binding(absl::string_view ticket, absl::string_view path) const;

  // The identity of a ticket, as often as the binding is shown, until the token
  // ends. Else Unauthenticated.
  absl::StatusOr<Identity> RedeemAgain(absl::string_view ticket,
                                       absl::string_view path,
                                       absl::string_view binding,
                                       absl::Time now);

  absl::Duration lifetime() const { return options_.lifetime; }

  // Used tickets that are remembered now, and subjects that have any tickets.
  size_t used() const;
  size_t subjects() const;

 private:
  // Random, and different for each ticket.
  using Nonce = std::array<char, 12>;

  // How many tickets a subject has.
  struct Account {
    int live = 0;
    int used = 0;
  };
  // Node-based: what is to be forgotten points to its account.
  using Accounts = absl::node_hash_map<std::string, Account>;
  struct Counted {
    int64_t end_ns;  // since the epoch
    Nonce nonce;
    Accounts::pointer account;
  };
  struct Opened {
    Nonce nonce;
    absl::Time end;  // the ticket's; the identity has the token's
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
  // Until they are worth nothing anyway, in the order of issue and of use.
  std::deque<Counted> forget_live_ ABSL_GUARDED_BY(mu_);
  std::deque<Counted> forget_used_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_TICKET_BOX_H_
