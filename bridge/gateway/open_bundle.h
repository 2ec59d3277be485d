#ifndef SSE_BRIDGE_BRIDGE_GATEWAY_OPEN_BUNDLE_H_
#define SSE_BRIDGE_BRIDGE_GATEWAY_OPEN_BUNDLE_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bridge/access/connection_limits.h"
#include "bridge/access/identity.h"
#include "bridge/base/mutex.h"
#include "bridge/delivery/delivery.h"
#include "bridge/feed/formats/multiplexed.h"

namespace sse_bridge {

class OpenBundles;

// A connection of `/events` whose streams can be changed while it is open: by
// requests with the same token, to the bridge that has the connection.
//
// A stream that has ended keeps its name until it is removed.
//
// Thread-safe.
class OpenBundle : public std::enable_shared_from_this<OpenBundle> {
 public:
  // Maximum number of streams, including those that have ended.
  static constexpr size_t kMaxStreams = 32;

  // Maximum number of upstream calls that may be added over the connection's
  // life. The format remembers 16 bytes for each.
  static constexpr int kMaxCalls = 10'000;

  // `parts` are the first streams of the connection, which `owner` opens.
  OpenBundle(const std::optional<Identity>& owner,
             const std::vector<MultiplexedFormat::Part>& parts);
  OpenBundle(const OpenBundle&) = delete;
  OpenBundle& operator=(const OpenBundle&) = delete;

  // For the connection's format.
  const std::shared_ptr<MultiplexedFormat::Changes>& changes() const {
    return changes_;
  }

  // Whether a request of `identity` may change the connection: it needs the
  // same token, so that an added stream ends when its right does.
  bool BelongsTo(const std::optional<Identity>& identity) const;

  // Returns the id under which `registry` finds the connection while it is
  // open. Empty if there are no random bytes. Call once, before Opened.
  std::string Register(const std::shared_ptr<OpenBundles>& registry);

  // `delivery` has opened the connection, which counts by `lease` until it
  // ends. Must outlive it.
  void Opened(Delivery* delivery, ConnectionRef connection,
              ConnectionLimits::Lease lease);

  // The connection has ended.
  void Closed();

  // The names and tags of streams that are being added. If it is destroyed
  // before Add, the names are free again. Used by one thread at a time.
  class Reservation {
   public:
    Reservation(std::shared_ptr<OpenBundle> bundle,
                std::vector<MultiplexedFormat::Part> parts, int tag)
        : bundle_(std::move(bundle)), parts_(std::move(parts)), tag_(tag) {}
    ~Reservation();
    Reservation(const Reservation&) = delete;
    Reservation& operator=(const Reservation&) = delete;

    // The calls of the streams have the tags from this one.
    int tag() const { return tag_; }

    // Adds the streams. Returns the connection, to which their feeds are
    // attached afterwards; it may have ended. Call at most once.
    ConnectionRef Add(ConnectionLimits::Lease lease);

   private:
    std::shared_ptr<OpenBundle> bundle_;  // null once added
    std::vector<MultiplexedFormat::Part> parts_;
    const int tag_;
  };

  // Returns kAborted if the connection cannot take these streams, and
  // kInvalidArgument if a name is in use.
  absl::StatusOr<std::unique_ptr<Reservation>> Reserve(
      std::vector<MultiplexedFormat::Part> parts);

  // Removes a stream, if there is one of this name. No effect while it is being
  // added.
  void Remove(const std::string& name);

 private:
  struct Stream {
    int tag = 0;         // the first of its calls; its memberships' group
    bool added = false;  // otherwise the name is only reserved
  };

  // Of a Reservation.
  void Unreserve(const std::vector<MultiplexedFormat::Part>& parts);
  ConnectionRef AddReserved(std::vector<MultiplexedFormat::Part> parts, int tag,
                            ConnectionLimits::Lease lease);

  const std::string owner_;
  const std::shared_ptr<MultiplexedFormat::Changes> changes_;

  Mutex mu_;
  Delivery* delivery_ ABSL_GUARDED_BY(mu_) = nullptr;  // null until Opened
  ConnectionRef connection_ ABSL_GUARDED_BY(mu_);      // null until Opened
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
  ConnectionLimits::Lease lease_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<std::string, Stream> streams_ ABSL_GUARDED_BY(mu_);
  int next_tag_ ABSL_GUARDED_BY(mu_) = 0;
  std::weak_ptr<OpenBundles> registry_ ABSL_GUARDED_BY(mu_);
  std::string id_ ABSL_GUARDED_BY(mu_);
};

// The open connections that can be changed, by id. Thread-safe.
class OpenBundles {
 public:
  void Add(const std::string& id, std::weak_ptr<OpenBundle> bundle);
  std::shared_ptr<OpenBundle> Find(absl::string_view id) const;
  void Remove(const std::string& id);
  size_t size() const;

 private:
  mutable Mutex mu_;
  absl::flat_hash_map<std::string, std::weak_ptr<OpenBundle>> bundles_
      ABSL_GUARDED_BY(mu_);
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GATEWAY_OPEN_BUNDLE_H_
