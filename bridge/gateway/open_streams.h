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

// The open streams of known users, so that those whose access is taken back can
// be ended. Streams of anonymous users are not here.
//
// Thread-safe.
class OpenStreams {
 public:
  // Both must outlive this.
  OpenStreams(const DenyList* denied, Delivery* delivery);
  OpenStreams(const OpenStreams&) = delete;
  OpenStreams& operator=(const OpenStreams&) = delete;

  // A number for what is about to be opened, given to Opened and Closed, which
  // may come in either order. `tells_why`: the stream's form can say why
  // it ends.
  uint64_t Reserve(std::string subject, std::string token_id, bool tells_why);

  // The stream of that number is this connection. Ends it if its user was
  // denied meanwhile.
  void Opened(uint64_t number, ConnectionRef connection);
  void Closed(uint64_t number);

  // The deny list has changed: ends the streams of those who are on it.
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
