#ifndef SSE_BRIDGE_BRIDGE_ACCESS_CONNECTION_LIMITS_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_CONNECTION_LIMITS_H_

#include <cstddef>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/node_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bridge/access/shared_limits.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

// How many connections are open at once: per subject, per address, in total.
// With SharedLimits, those per subject are counted at all bridges together.
// Thread-safe. Must outlive every Lease.
class ConnectionLimits {
  // The name and how many leases it has; lives in a map while there is one.
  using Entry = std::pair<const std::string, int>;

 public:
  // 0: no limit.
  struct Options {
    int per_subject = 10;
    int per_address = 0;
    int total = 0;
  };

  // One connection, counted until this is released or destroyed, on whatever
  // thread.
  class Lease {
   public:
    Lease() = default;
    ~Lease() { Release(); }
    Lease(Lease&& other) noexcept
        : limits_(std::exchange(other.limits_, nullptr)),
          subject_(std::exchange(other.subject_, nullptr)),
          address_(std::exchange(other.address_, nullptr)) {}
    Lease& operator=(Lease&& other) noexcept {
      if (this != &other) {
        Release();
        limits_ = std::exchange(other.limits_, nullptr);
        subject_ = std::exchange(other.subject_, nullptr);
        address_ = std::exchange(other.address_, nullptr);
      }
      return *this;
    }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    // Gives the place back. Does nothing the second time.
    void Release();

    bool held() const { return limits_ != nullptr; }

   private:
    friend class ConnectionLimits;
    Lease(ConnectionLimits* limits, Entry* subject, Entry* address)
        : limits_(limits), subject_(subject), address_(address) {}

    ConnectionLimits* limits_ = nullptr;  // must outlive this
    Entry* subject_ = nullptr;            // null: anonymous
    Entry* address_ = nullptr;
  };

  // What the counters say now.
  struct Counts {
    int total = 0;
    size_t subjects = 0;
    size_t addresses = 0;
  };

  // `shared` may be null; else it must outlive this.
  explicit ConnectionLimits(Options options, SharedLimits* shared = nullptr)
      : shared_(shared), options_(options) {}
  ConnectionLimits(const ConnectionLimits&) = delete;
  ConnectionLimits& operator=(const ConnectionLimits&) = delete;

  // Takes one place for `subject` (empty: anonymous, not limited by subject)
  // from `address`. ResourceExhausted: the subject has all of its places, here
  // or at all bridges together.
  // Unavailable: the address has, or there are none left; trying again later
  // may help.
  absl::StatusOr<Lease> Acquire(absl::string_view subject,
                                absl::string_view address);

  // Applies to what is acquired from now on; nothing is taken back.
  void SetOptions(Options options);
  Options options() const;

  Counts counts() const;
  int subject_count(absl::string_view subject) const;
  int address_count(absl::string_view address) const;

 private:
  // Node-based: leases point to entries.
  using Entries = absl::node_hash_map<std::string, int>;

  static int CountOf(const Entries& entries, absl::string_view name);
  static Entry* Take(Entries* entries, absl::string_view name);
  static void Give(Entries* entries, Entry* entry);
  void Release(Entry* subject, Entry* address);
  absl::StatusOr<Lease> AcquireHere(absl::string_view subject,
                                    absl::string_view address);
  void ReleaseHere(Entry* subject, Entry* address);

  SharedLimits* const shared_;  // may be null; must outlive this
  mutable Mutex mu_;
  Options options_ ABSL_GUARDED_BY(mu_);
  Entries subjects_ ABSL_GUARDED_BY(mu_);
  Entries addresses_ ABSL_GUARDED_BY(mu_);
  int total_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_CONNECTION_LIMITS_H_
