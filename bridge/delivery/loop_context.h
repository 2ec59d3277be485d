#ifndef SSE_BRIDGE_BRIDGE_DELIVERY_LOOP_CONTEXT_H_
#define SSE_BRIDGE_BRIDGE_DELIVERY_LOOP_CONTEXT_H_

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "bridge/delivery/connection.h"
#include "bridge/delivery/delivery.h"
#include "bridge/delivery/frame.h"
#include "bridge/delivery/gzip_run.h"
#include "bridge/delivery/gzip_stream.h"
#include "bridge/delivery/loop_counters.h"
#include "bridge/delivery/send_queue.h"
#include "bridge/delivery/topic.h"
#include "bridge/net/clock.h"
#include "bridge/net/timer_wheel.h"

namespace sse_bridge {

class Loop;
class LoopConnection;

// What the connections and the topics of one loop share. Used on the loop's
// thread only, except that any thread may read `counters`.
struct LoopContext {
  LoopContext(Loop* loop, int index, const Delivery::Options& options);
  LoopContext(const LoopContext&) = delete;
  LoopContext& operator=(const LoopContext&) = delete;

  // Returns a random number between the two.
  double Random(double from, double to);

  // Tell the observers of topics what `sent` and `asks` contain, and clear
  // them.
  void ReportSent();
  void ReportAsks();

  // Never change.
  Loop* const loop;  // owns this
  const int index;
  const Delivery::Options options;
  Clock* const clock;
  const FramePtr ping;
  const FramePtr last_chunk;

  int64_t now;  // read once per round
  LoopCounters counters;
  TimerWheel wheel;
  SendEntryPool pool;
  std::minstd_rand random;
  FramePtr drain_frame;  // the last frame of drained connections; may be null

  // Work for later in the round. A connection is in each list at most once.
  std::vector<LoopConnection*> unflushed;
  std::vector<LoopConnection*> slow;
  std::vector<LoopConnection*> dead;
  std::vector<std::shared_ptr<Topic>> sent;  // have bytes to report
  // Connections that want the next part of a topic's initial frames.
  std::vector<std::pair<std::shared_ptr<Topic>, ConnectionRef>> asks;

  // Frames whose bytes multiplexed streams have accepted and not yet written.
  std::vector<FramePtr> pinned;

  // Scratch memory, empty between uses.
  std::vector<SendEntry> taken;
  std::string run_bytes;
  GzipRun gzip_run;
  StoredFrames stored;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_DELIVERY_LOOP_CONTEXT_H_
