#ifndef SSE_BRIDGE_BRIDGE_GATEWAY_OPEN_STREAMS_H_
#define SSE_BRIDGE_BRIDGE_GATEWAY_OPEN_STREAMS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "bridge/access/deny_list.h"
#include "bridge/base/mutex.h"
#include "bridge/delivery/delivery.h"

namespace sse_bridge {

// The open streams of authenticated users, which are ended when access is
// revoked. Does not contain the streams of anonymous users.
//
// Thread-safe.
class OpenStreams {
 public:
  // Both must outlive this object.
  OpenStreams(const DenyList* denied, Delivery* delivery);
  OpenStreams(const OpenStreams&) = delete;
  OpenStreams& operator=(const OpenStreams&) = delete;

  // Returns a number for a stream that is about to be opened, for Opened and
  // Closed. Those may be called in either order. `tells_why` means that the
  // stream's format can carry the reason of its end.
  uint64_t Reserve(std::string subject, std::string token_id, bool tells_why);

  // Sets the connection of a stream. Ends it if its user has been denied in the
  // meantime.
  void Opened(uint64_t number, ConnectionRef connection);
  void Closed(uint64_t number);

  // Ends the streams of denied users. Called when the deny list has changed.
  void EndDenied();

  size_t size() const;

 private:
  struct Stream {
    std::string subject;
    std::string token_id;
    bool tells_why = true;
    ConnectionRef connection;
  };

  void End(const Stream& stream);

  const DenyList* const denied_;
  Delivery* const delivery_;
  const FramePtr final_event_;

  mutable Mutex mu_;
  uint64_t next_ ABSL_GUARDED_BY(mu_) = 1;
  absl::flat_hash_map<uint64_t, Stream> streams_ ABSL_GUARDED_BY(mu_);
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_GATEWAY_OPEN_STREAMS_H_
