#ifndef SSE_BRIDGE_BRIDGE_ACCESS_CONNECTION_LIMITS_H_
#define SSE_BRIDGE_BRIDGE_ACCESS_CONNECTION_LIMITS_H_

#include <cstddef>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/node_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bridge/access/shared_limits.h"
#include "bridge/base/mutex.h"

namespace sse_bridge {

// Limits the number of open streams or of calls in progress: per subject, per
// address and in total. With SharedLimits, the counts per subject span all
// bridges. Thread-safe. Must outlive every Lease.
class ConnectionLimits {
  // A name and its number of leases; erased from the map at zero.
  using Entry = std::pair<const std::string, int>;

 public:
  // What is counted. Determines the wording and status of a rejection.
  enum class Kind { kStreams, kCalls };

  // 0 disables a limit.
  struct Options {
    int per_subject = 10;
    int per_address = 0;
    int total = 0;
  };

  // One connection, counted until it is released or destroyed. May be released
  // on any thread.
  class Lease {
   public:
    Lease() = default;
    ~Lease() { Release(); }
    Lease(Lease&& other) noexcept { Swap(&other); }
    Lease& operator=(Lease&& other) noexcept {
      if (this != &other) {
        Release();
        Swap(&other);
      }
      return *this;
    }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    // Releases the lease. Has no effect the second time.
    void Release();

    // The connection now carries `streams` fewer, at most what it carries.
    void ReleaseStreams(int streams);

    // The connection now also carries the streams of `other`, a lease of the
    // same limits and subject, which no longer counts as a connection.
    void Absorb(Lease other);

    bool held() const { return limits_ != nullptr; }

   private:
    friend class ConnectionLimits;
    Lease(ConnectionLimits* limits, Entry* subject, Entry* address, int streams)
        : limits_(limits),
          subject_(subject),
          address_(address),
          streams_(streams) {}
    void Swap(Lease* other) {
      std::swap(limits_, other->limits_);
      std::swap(subject_, other->subject_);
      std::swap(address_, other->address_);
      std::swap(streams_, other->streams_);
      std::swap(shared_streams_, other->shared_streams_);
    }

    ConnectionLimits* limits_ = nullptr;  // must outlive this
    Entry* subject_ = nullptr;            // null: anonymous
    Entry* address_ = nullptr;
    int streams_ = 0;
    int shared_streams_ = 0;  // of them, also counted at the other bridges
  };

  using Done = absl::AnyInvocable<void(absl::StatusOr<Lease>) &&>;

  // Current values.
  struct Counts {
    int total = 0;
    size_t subjects = 0;
    size_t addresses = 0;
  };

  // `shared` may be null; otherwise it must outlive this object.
  explicit ConnectionLimits(Options options, SharedLimits* shared = nullptr,
                            Kind kind = Kind::kStreams)
      : kind_(kind), shared_(shared), options_(options) {}
  ConnectionLimits(const ConnectionLimits&) = delete;
  ConnectionLimits& operator=(const ConnectionLimits&) = delete;

  // Acquires a lease for `subject` (empty: anonymous, no limit per subject) and
  // `address`, counting at this bridge only. One connection may carry several
  // `streams`, each of which counts for its subject. A rejection's message
  // names the limit. Returns kResourceExhausted if the subject is at its limit.
  // If the address or the total is at its limit, returns kUnavailable for
  // streams and kResourceExhausted for calls; a retry may succeed.
  absl::StatusOr<Lease> Acquire(absl::string_view subject,
                                absl::string_view address, int streams = 1);

  // Like Acquire, but counts at all bridges. Never blocks: calls `done` once,
  // on this thread or soon on another.
  void AcquireShared(absl::string_view subject, absl::string_view address,
                     int streams, Done done);

  // Applies to future leases; existing ones are kept.
  void SetOptions(Options options);
  Options options() const;

  Counts counts() const;
  int subject_count(absl::string_view subject) const;
  int address_count(absl::string_view address) const;

 private:
  // Node-based because leases point to entries.
  using Entries = absl::node_hash_map<std::string, int>;

  static int CountOf(const Entries& entries, absl::string_view name);
  static Entry* Take(Entries* entries, absl::string_view name, int count);
  static void Give(Entries* entries, Entry* entry, int count);
  absl::Status SubjectIsFull(int limit, int streams) const;
  void Release(Entry* subject, Entry* address, int streams, int shared);
  void ReleaseStreams(Entry* subject, int streams, int shared);

  const Kind kind_;
  SharedLimits* const shared_;  // may be null; must outlive this
  mutable Mutex mu_;
  Options options_ ABSL_GUARDED_BY(mu_);
  Entries subjects_ ABSL_GUARDED_BY(mu_);
  Entries addresses_ ABSL_GUARDED_BY(mu_);
  int total_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_ACCESS_CONNECTION_LIMITS_H_
