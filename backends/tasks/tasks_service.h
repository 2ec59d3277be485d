#ifndef SSE_BRIDGE_BACKENDS_TASKS_TASKS_SERVICE_H_
#define SSE_BRIDGE_BACKENDS_TASKS_TASKS_SERVICE_H_

#include "backends/event_log/event_log.h"
#include "backends/stream/stream_set.h"
#include "realtime/v1/tasks.grpc.pb.h"

namespace sse_bridge {

// Tasks. Each is a topic of the log, and its newest event is its state. A state
// key records whether it has ended, so that only one of several backends can
// end it.
class TasksService : public realtime::v1::Tasks::CallbackService {
 public:
  // `log` must outlive the service and its calls.
  explicit TasksService(EventLog* log) : log_(log) {}

  grpc::ServerWriteReactor<realtime::v1::ProgressEvent>* StreamProgress(
      grpc::CallbackServerContext* context,
      const realtime::v1::StreamProgressRequest* request) override;
  grpc::ServerUnaryReactor* CreateTask(
      grpc::CallbackServerContext* context,
      const realtime::v1::CreateTaskRequest* request,
      realtime::v1::ProgressUpdate* response) override;
  grpc::ServerUnaryReactor* UpdateTask(
      grpc::CallbackServerContext* context,
      const realtime::v1::UpdateTaskRequest* request,
      realtime::v1::ProgressUpdate* response) override;

  // Ends the open streams.
  void Shutdown() { streams_.Shutdown(); }

 private:
  using Stream = EventStream<realtime::v1::ProgressEvent>;

  EventLog* const log_;  // must outlive this object
  StreamSet<realtime::v1::ProgressEvent> streams_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_TASKS_TASKS_SERVICE_H_
