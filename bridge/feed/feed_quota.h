#ifndef SSE_BRIDGE_BRIDGE_FEED_FEED_QUOTA_H_
#define SSE_BRIDGE_BRIDGE_FEED_FEED_QUOTA_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

// Counts the running feeds that each address has started; each feed is a call
// to a backend. Addresses are keys as returned by LimitKey.
//
// Thread-safe. Charges may outlive it.
class FeedQuota {
 public:
  // A feed counts once per started kRequestBytes of its request (including
  // forwarded metadata).
  static constexpr size_t kRequestBytes = 16 << 10;

  // A feed that has ended counts until its call has finished. Running and ended
  // feeds together may use twice the limit.
  static constexpr size_t kEndedFactor = 2;

 private:
  struct Account {
    size_t running = 0;
    size_t alive = 0;
  };
  struct Book {
    Mutex mu;
    absl::flat_hash_map<std::string, Account> accounts ABSL_GUARDED_BY(mu);
  };

 public:
  // One feed, counted until destroyed. Thread-safe.
  class Charge {
   public:
    ~Charge();
    Charge(const Charge&) = delete;
    Charge& operator=(const Charge&) = delete;

    // The feed has ended; its call may still be running.
    void Ended();

   private:
    friend class FeedQuota;
    Charge(std::shared_ptr<Book> book, absl::string_view address, size_t weight)
        : book_(std::move(book)), address_(address), weight_(weight) {}

    const std::shared_ptr<Book> book_;
    const std::string address_;
    const size_t weight_;
    bool ended_ ABSL_GUARDED_BY(book_->mu) = false;
  };

  // 0 disables the limit.
  explicit FeedQuota(size_t per_address)
      : per_address_(per_address), book_(std::make_shared<Book>()) {}

  // Weight of a feed with a request of this size.
  static size_t WeightOf(size_t request_bytes) {
    return 1 + request_bytes / kRequestBytes;
  }

  // Returns null if the address is at its limit.
  std::shared_ptr<Charge> Take(absl::string_view address, size_t weight);

  // Returns whether `weight` more is currently allowed.
  bool HasCapacity(absl::string_view address, size_t weight) const;

  size_t per_address() const { return per_address_; }

  // Current weight of the address.
  size_t running(absl::string_view address) const;

  // Number of addresses that have feeds.
  size_t addresses() const;

 private:
  bool Fits(const Account& account, size_t weight) const;

  const size_t per_address_;
  const std::shared_ptr<Book> book_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_FEED_FEED_QUOTA_H_
