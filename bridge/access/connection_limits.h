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

// How many streams are open at once, or how many calls are under way: per
// subject, per address, in total. With SharedLimits, those per subject are
// counted at all bridges together.
// Thread-safe. Must outlive every Lease.
class ConnectionLimits {
  // The name and how much of it is leased; lives in a map while that is more
  // than nothing.
  using Entry = std::pair<const std::string, int>;

 public:
  // What is counted: decides how a refusal is worded, and its status.
  enum class Kind { kStreams, kCalls };

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

    // Gives the place back. Does nothing the second time.
    void Release();

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
      std::swap(shared_, other->shared_);
    }

    ConnectionLimits* limits_ = nullptr;  // must outlive this
    Entry* subject_ = nullptr;            // null: anonymous
    Entry* address_ = nullptr;
    int streams_ = 0;
    bool shared_ = false;  // counted at the other bridges too
  };

  using Done = absl::AnyInvocable<void(absl::StatusOr<Lease>) &&>;

  // What the counters say now.
  struct Counts {
    int total = 0;
    size_t subjects = 0;
    size_t addresses = 0;
  };

  // `shared` may be null; else it must outlive this.
  explicit ConnectionLimits(Options options, SharedLimits* shared = nullptr,
                            Kind kind = Kind::kStreams)
      : kind_(kind), shared_(shared), options_(options) {}
  ConnectionLimits(const ConnectionLimits&) = delete;
  ConnectionLimits& operator=(const ConnectionLimits&) = delete;

  // Takes one place for `subject` (empty: anonymous, not limited by subject)
  // from `address`, counting at this bridge only. One connection may carry
  // several `streams`: each of them counts for its subject. The message of a
  // refusal names the limit. ResourceExhausted: the subject has all that it may
  // have. Unavailable for streams, ResourceExhausted for calls: the address
  // has, or there are none left; trying again later may help.
  absl::StatusOr<Lease> Acquire(absl::string_view subject,
                                absl::string_view address, int streams = 1);

  // The same at all bridges together. Never waits: `done` is called once, on
  // this thread or soon on another one.
  void AcquireShared(absl::string_view subject, absl::string_view address,
                     int streams, Done done);

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
  static Entry* Take(Entries* entries, absl::string_view name, int count);
  static void Give(Entries* entries, Entry* entry, int count);
  absl::Status SubjectIsFull(int limit, int streams) const;
  void Release(Entry* subject, Entry* address, int streams, bool shared);

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
