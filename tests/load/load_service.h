#ifndef SSE_BRIDGE_TESTS_LOAD_LOAD_SERVICE_H_
#define SSE_BRIDGE_TESTS_LOAD_LOAD_SERVICE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "backends/stream/event_stream.h"
#include "bridge/base/mutex.h"
#include "load.grpc.pb.h"
#include "tests/load/pacer.h"

namespace sse_bridge::testing {

// load.v1.Load: see the .proto. Thread-safe.
class LoadService : public load::v1::Load::CallbackService {
 public:
  // Held: no ticks and quotes before Begin.
  explicit LoadService(bool held) : pacer_(held) {}
  void Begin() { pacer_.Begin(); }

  using Context = grpc::CallbackServerContext;
  template <typename Message>
  using Writer = grpc::ServerWriteReactor<Message>*;

  Writer<load::v1::Tick> Ticks(Context*,
                               const load::v1::TicksRequest*) override;
  Writer<load::v1::Tick> OwnTicks(Context*,
                                  const load::v1::TicksRequest*) override;
  Writer<load::v1::ChatEvent> Chat(Context*,
                                   const load::v1::ChatRequest*) override;
  grpc::ServerUnaryReactor* Enter(Context*, const load::v1::EnterRequest*,
                                  load::v1::EnterReply*) override;
  grpc::ServerUnaryReactor* Leave(Context*, const load::v1::LeaveRequest*,
                                  load::v1::LeaveReply*) override;
  Writer<load::v1::Quote> Quotes(Context*,
                                 const load::v1::QuotesRequest*) override;
  Writer<load::v1::Item> Disconnect(
      Context*, const load::v1::ItemsRequest* request) override {
    return Follow(request->topic());
  }
  Writer<load::v1::Item> DropOldest(
      Context*, const load::v1::ItemsRequest* request) override {
    return Follow(request->topic());
  }
  Writer<load::v1::Item> Conflate(
      Context*, const load::v1::ItemsRequest* request) override {
    return Follow(request->topic());
  }
  Writer<load::v1::Item> Last(Context*,
                              const load::v1::ItemsRequest* request) override {
    return Follow(request->topic());
  }
  Writer<load::v1::Item> LastPerKey(
      Context*, const load::v1::ItemsRequest* request) override {
    return Follow(request->topic());
  }
  Writer<load::v1::Item> Kept(Context*,
                              const load::v1::ItemsRequest* request) override {
    return Follow(request->topic());
  }
  Writer<load::v1::Item> Flood(Context*,
                               const load::v1::FloodRequest*) override;
  grpc::ServerUnaryReactor* Publish(Context*, const load::v1::PublishRequest*,
                                    load::v1::PublishReply*) override;
  grpc::ServerUnaryReactor* Counts(Context*, const load::v1::CountsRequest*,
                                   load::v1::CountsReply*) override;

 private:
  struct Topic {
    std::set<std::shared_ptr<EventStream<load::v1::Item>>> followers;
    uint32_t last = 0;  // the n of the newest item
    load::v1::CountsReply counts;
  };

  Writer<load::v1::Item> Follow(const std::string& topic);
  void Began(const std::string& topic);
  void Ended(const std::string& topic);

  Mutex mu_;
  absl::flat_hash_map<std::string, Topic> topics_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_set<std::string> sessions_ ABSL_GUARDED_BY(mu_);
  std::atomic<uint32_t> chat_{0};  // the n of the newest event of Chat
  Pacer pacer_;                    // last: its thread uses the rest
};

}  // namespace sse_bridge::testing

#endif  // SSE_BRIDGE_TESTS_LOAD_LOAD_SERVICE_H_
