#include "backends/notifications/notifications_service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "backends/event_log/keys.h"
#include "backends/event_log/log_tail.h"
#include "backends/stream/status.h"

namespace sse_bridge {
namespace {

using realtime::v1::Notification;
using realtime::v1::NotificationEvent;

std::string Topic(const std::string& user) {
  return LogKey({"notifications", user});
}

// State: the notification while it is unread, and afterwards.
std::string UnreadKey(const std::string& user, const std::string& id) {
  return LogKey({"unread", user, id});
}
std::string ReadKey(const std::string& user, const std::string& id) {
  return LogKey({"read", user, id});
}

}  // namespace

grpc::ServerUnaryReactor* NotificationsService::CreateNotification(
    grpc::CallbackServerContext* context,
    const realtime::v1::CreateNotificationRequest* request,
    Notification* response) {
  if (request->user_id().empty() || request->title().empty()) {
    return FinishNow(context, {grpc::StatusCode::INVALID_ARGUMENT,
                               "user_id and title are needed"});
  }
  response->set_id(RandomId());
  response->set_type(request->type());
  response->set_title(request->title());
  response->set_body(request->body());
  SetNow(response->mutable_created_at());
  const std::string bytes = response->SerializeAsString();
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  log_->Append(Topic(request->user_id()), bytes,
               {{UnreadKey(request->user_id(), response->id()), bytes}}, "",
               [reactor](const absl::Status& status, const std::string&) {
                 reactor->Finish(ToGrpc(status));
               });
  return reactor;
}

grpc::ServerUnaryReactor* NotificationsService::MarkRead(
    grpc::CallbackServerContext* context,
    const realtime::v1::MarkReadRequest* request, Notification* response) {
  if (request->user_id().empty() || request->id().empty()) {
    return FinishNow(context, {grpc::StatusCode::INVALID_ARGUMENT,
                               "user_id and id are needed"});
  }
  const std::string unread_key = UnreadKey(request->user_id(), request->id());
  const std::string read_key = ReadKey(request->user_id(), request->id());
  absl::StatusOr<std::string> bytes = log_->Get(unread_key);
  const bool unread = bytes.ok();
  if (absl::IsNotFound(bytes.status())) bytes = log_->Get(read_key);
  if (absl::IsNotFound(bytes.status())) {
    return FinishNow(context,
                     {grpc::StatusCode::NOT_FOUND,
                      absl::StrCat("no notification ", request->id())});
  }
  if (!bytes.ok()) return FinishNow(context, ToGrpc(bytes.status()));
  response->ParseFromString(*bytes);
  response->set_read(true);
  if (!unread) return FinishNow(context, grpc::Status::OK);
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  log_->Append("", "",
               {{unread_key, "", /*erase=*/true},
                {read_key, response->SerializeAsString()}},
               "", [reactor](const absl::Status& status, const std::string&) {
                 reactor->Finish(ToGrpc(status));
               });
  return reactor;
}

grpc::ServerWriteReactor<NotificationEvent>*
NotificationsService::StreamNotifications(
    grpc::CallbackServerContext*,
    const realtime::v1::StreamNotificationsRequest* request) {
  auto stream = Stream::Create();
  const std::string user = request->user_id();
  if (user.empty()) {
    stream->Finish({grpc::StatusCode::INVALID_ARGUMENT, "user_id is needed"});
    return stream->reactor();
  }
  const std::string topic = Topic(user);
  // On a first visit, what is in the log by now is `unread` (or left out when
  // it was read), and everything after this is `new`: one pass over one log,
  // with no seam for an event to fall into.
  std::string backlog_end;
  if (request->cursor().empty()) {
    absl::StatusOr<std::string> head = log_->Head(topic);
    if (!head.ok()) {
      stream->Finish(ToGrpc(head.status()));
      return stream->reactor();
    }
    backlog_end = *std::move(head);
  } else if (absl::Status known =
                 log_->Read(topic, request->cursor(), 1).status();
             !known.ok()) {
    stream->Finish(ToGrpc(known));
    return stream->reactor();
  }
  stream->Open();
  streams_.Add(stream);

  LogTail::Reader reader;
  std::weak_ptr<Stream> weak = stream;
  reader.ready = [weak] {
    auto stream = weak.lock();
    return stream != nullptr && stream->idle();
  };
  reader.take = [weak, log = log_, user,
                 backlog_end](const LoggedEvent& logged) {
    auto stream = weak.lock();
    if (stream == nullptr) return false;
    NotificationEvent event;
    event.mutable_notification()->ParseFromString(logged.payload);
    const bool backlog =
        !backlog_end.empty() && !CursorBefore(backlog_end, logged.cursor);
    const bool read = absl::IsNotFound(
        log->Get(UnreadKey(user, event.notification().id())).status());
    if (backlog && read) return true;
    event.mutable_notification()->set_read(read);
    event.set_event(backlog ? "unread" : "new");
    event.set_cursor(logged.cursor);
    return stream->Send(std::move(event));
  };
  reader.failed = [weak](const absl::Status& status) {
    if (auto stream = weak.lock()) stream->Finish(ToGrpc(status));
  };
  auto tail = LogTail::Start(log_, topic, request->cursor(), std::move(reader));
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
