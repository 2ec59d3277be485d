#include "backends/notifications/notifications_service.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "backends/event_log/keys.h"
#include "backends/event_log/log_tail.h"
#include "backends/stream/resume.h"
#include "backends/stream/status.h"

namespace sse_bridge {
namespace {

using realtime::v1::Notification;
using realtime::v1::NotificationEvent;

std::string Topic(const std::string& user) {
  return LogKey({"notifications", user});
}

// Keys of a notification's state: while it is unread, and afterwards.
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
               {{UnreadKey(request->user_id(), response->id()), bytes,
                 /*erase=*/false, /*expires=*/true}},
               {}, [reactor](const absl::Status& status, const std::string&) {
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
  auto values = log_->GetAll({unread_key, read_key});
  if (!values.ok()) return FinishNow(context, ToGrpc(values.status()));
  const std::optional<std::string>& unread = (*values)[0];
  const std::optional<std::string>& read = (*values)[1];
  if (!unread.has_value() && !read.has_value()) {
    return FinishNow(context,
                     {grpc::StatusCode::NOT_FOUND,
                      absl::StrCat("no notification ", request->id())});
  }
  response->ParseFromString(unread.has_value() ? *unread : *read);
  response->set_read(true);
  if (!unread.has_value()) return FinishNow(context, grpc::Status::OK);
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  log_->Append("", "",
               {{unread_key, "", /*erase=*/true},
                {read_key, response->SerializeAsString(), /*erase=*/false,
                 /*expires=*/true}},
               {}, [reactor](const absl::Status& status, const std::string&) {
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
  // On a first visit, events that are already in the log are sent as `unread`
  // (or omitted if they were read), and later ones as `new`. Both are read in
  // one pass over the log, so no event can be missed in between.
  std::string cursor = request->cursor();
  if (!cursor.empty()) {
    auto missed = ReadFrom(log_, topic, request->from_oldest(), &cursor);
    if (!missed.ok()) {
      stream->Finish(ReadError(missed.status(), log_, topic));
      return stream->reactor();
    }
  }
  std::string backlog_end;
  if (cursor.empty()) {
    absl::StatusOr<std::string> head = log_->Head(topic);
    if (!head.ok()) {
      stream->Finish(ToGrpc(head.status()));
      return stream->reactor();
    }
    backlog_end = *std::move(head);
  }
  stream->Open();
  streams_.Add(stream);

  LogTail::Reader reader;
  std::weak_ptr<Stream> weak = stream;
  reader.ready = [weak] {
    auto stream = weak.lock();
    return stream != nullptr && stream->idle();
  };
  // For the next events to be handed out, by id.
  auto unread = std::make_shared<absl::flat_hash_set<std::string>>();
  reader.prepare = [log = log_, user,
                    unread](const std::vector<LoggedEvent>& events) {
    std::vector<std::string> ids, keys;
    for (const LoggedEvent& logged : events) {
      Notification notification;
      notification.ParseFromString(logged.payload);
      ids.push_back(notification.id());
      keys.push_back(UnreadKey(user, notification.id()));
    }
    auto values = log->GetAll(keys);
    if (!values.ok()) return values.status();
    unread->clear();
    for (size_t i = 0; i < ids.size(); ++i) {
      if ((*values)[i].has_value()) unread->insert(ids[i]);
    }
    return absl::OkStatus();
  };
  reader.take = [weak, unread, backlog_end](const LoggedEvent& logged) {
    auto stream = weak.lock();
    if (stream == nullptr) return false;
    NotificationEvent event;
    event.mutable_notification()->ParseFromString(logged.payload);
    const bool backlog =
        !backlog_end.empty() && !CursorBefore(backlog_end, logged.cursor);
    const bool read = !unread->contains(event.notification().id());
    if (backlog && read) return true;
    event.mutable_notification()->set_read(read);
    event.set_event(backlog ? "unread" : "new");
    event.set_cursor(logged.cursor);
    return stream->Send(std::move(event));
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
