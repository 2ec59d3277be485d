#include "backends/tasks/tasks_service.h"

#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "backends/event_log/keys.h"
#include "backends/event_log/log_tail.h"
#include "backends/stream/resume.h"
#include "backends/stream/status.h"

namespace sse_bridge {
namespace {

using realtime::v1::ProgressEvent;
using realtime::v1::ProgressUpdate;

constexpr char kOpen[] = "open";

std::string Topic(const std::string& task) { return LogKey({"task", task}); }

// State value: kOpen, or the status with which the task ended.
std::string StateKey(const std::string& task) {
  return LogKey({"task-state", task});
}
EventLog::Change State(const std::string& task, const std::string& state) {
  return {StateKey(task), state, /*erase=*/false, /*expires=*/true};
}

bool HasEnded(const ProgressUpdate& update) {
  return update.status() == "completed" || update.status() == "failed";
}

bool IsStatus(const std::string& status) {
  return status == "pending" || status == "running" || status == "completed" ||
         status == "failed";
}

ProgressEvent EventOf(const LoggedEvent& logged) {
  ProgressEvent event;
  event.mutable_update()->ParseFromString(logged.payload);
  event.set_cursor(logged.cursor);
  return event;
}

grpc::Status NoTask(const absl::Status& status, const std::string& task) {
  if (!absl::IsNotFound(status)) return ToGrpc(status);
  return {grpc::StatusCode::NOT_FOUND, absl::StrCat("no task ", task)};
}

}  // namespace

grpc::ServerUnaryReactor* TasksService::CreateTask(
    grpc::CallbackServerContext* context,
    const realtime::v1::CreateTaskRequest* request, ProgressUpdate* response) {
  response->set_task_id(request->task_id().empty() ? RandomId()
                                                   : request->task_id());
  response->set_status("pending");
  if (!request->message().empty()) response->set_message(request->message());
  const std::string task = response->task_id();
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  log_->Append(
      Topic(task), response->SerializeAsString(), {State(task, kOpen)},
      {StateKey(task), std::nullopt},
      [reactor, task](const absl::Status& status, const std::string&) {
        reactor->Finish(
            absl::IsAlreadyExists(status)
                ? grpc::Status(grpc::StatusCode::ALREADY_EXISTS,
                               absl::StrCat("task ", task, " already exists"))
                : ToGrpc(status));
      });
  return reactor;
}

grpc::ServerUnaryReactor* TasksService::UpdateTask(
    grpc::CallbackServerContext* context,
    const realtime::v1::UpdateTaskRequest* request, ProgressUpdate* response) {
  const double progress = request->progress();
  if (!IsStatus(request->status()) ||
      !(progress >= 0 && progress <= 1)) {  // also rejects NaN
    return FinishNow(context, {grpc::StatusCode::INVALID_ARGUMENT,
                               "status or progress is out of range"});
  }
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const std::string task = request->task_id();
  response->set_task_id(task);
  response->set_status(request->status());
  response->set_progress(
      request->status() == "completed" ? 1.0 : request->progress());
  if (!request->message().empty()) response->set_message(request->message());
  if (!request->error().empty()) response->set_error(request->error());
  log_->Append(
      Topic(task), response->SerializeAsString(),
      {State(task, HasEnded(*response) ? response->status() : kOpen)},
      {StateKey(task), kOpen},
      [reactor, task](const absl::Status& status, const std::string&) {
        reactor->Finish(
            absl::IsFailedPrecondition(status)
                ? grpc::Status(grpc::StatusCode::FAILED_PRECONDITION,
                               absl::StrCat("task ", task,
                                            " has ended: ", status.message()))
                : NoTask(status, task));
      });
  return reactor;
}

grpc::ServerWriteReactor<ProgressEvent>* TasksService::StreamProgress(
    grpc::CallbackServerContext*,
    const realtime::v1::StreamProgressRequest* request) {
  auto stream = Stream::Create();
  const std::string topic = Topic(request->task_id());
  auto last = log_->Last(topic);
  if (!last.ok()) {
    stream->Finish(NoTask(last.status(), request->task_id()));
    return stream->reactor();
  }
  std::string cursor = request->cursor();
  const bool fresh = cursor.empty();
  if (fresh) {
    cursor = last->cursor;
  } else {
    auto missed = ReadFrom(log_, topic, request->from_oldest(), &cursor);
    if (!missed.ok()) {
      stream->Finish(ReadError(missed.status(), log_, topic));
      return stream->reactor();
    }
    // The task has ended, and the client knows it. Send nothing, not even
    // initial metadata, so that the bridge can answer 204.
    if (missed->empty() && HasEnded(EventOf(*last).update())) {
      stream->Finish(grpc::Status::OK);
      return stream->reactor();
    }
  }
  stream->Open();
  streams_.Add(stream);
  if (fresh) {
    ProgressEvent state = EventOf(*last);
    const bool ended = HasEnded(state.update());
    stream->Send(std::move(state));
    if (ended) stream->Finish(grpc::Status::OK);
  }

  LogTail::Reader reader;
  std::weak_ptr<Stream> weak = stream;
  reader.ready = [weak] {
    auto stream = weak.lock();
    return stream != nullptr && stream->idle();
  };
  reader.take = [weak](const LoggedEvent& logged) {
    auto stream = weak.lock();
    if (stream == nullptr) return false;
    ProgressEvent event = EventOf(logged);
    const bool ended = HasEnded(event.update());
    if (!stream->Send(std::move(event))) return false;
    if (ended) stream->Finish(grpc::Status::OK);
    return !ended;
  };
  reader.failed = [weak, log = log_, topic](const absl::Status& status) {
    if (auto stream = weak.lock()) {
      stream->Finish(ReadError(status, log, topic));
    }
  };
  auto tail = LogTail::Start(log_, topic, cursor, std::move(reader));
  stream->SetCallbacks({[tail] { tail->Continue(); },
                        [this, tail, weak] {
                          tail->Stop();
                          if (auto stream = weak.lock()) {
                            streams_.Remove(stream);
                          }
                        }});
  tail->Continue();
  return stream->reactor();
}

}  // namespace sse_bridge
