#ifndef SSE_BRIDGE_BACKENDS_NOTIFICATIONS_NOTIFICATIONS_SERVICE_H_
#define SSE_BRIDGE_BACKENDS_NOTIFICATIONS_NOTIFICATIONS_SERVICE_H_

#include <memory>
#include <string>

#include "backends/event_log/event_log.h"
#include "backends/stream/stream_set.h"
#include "realtime/v1/notifications.grpc.pb.h"

namespace sse_bridge {

// Durable notifications. A notification is an event of its user's topic, plus a
// piece of state that marks it as unread or read. Both change in one
// transaction.
class NotificationsService
    : public realtime::v1::Notifications::CallbackService {
 public:
  // `log` must outlive the service and its calls.
  explicit NotificationsService(EventLog* log) : log_(log) {}

  grpc::ServerWriteReactor<realtime::v1::NotificationEvent>*
  StreamNotifications(
      grpc::CallbackServerContext* context,
      const realtime::v1::StreamNotificationsRequest* request) override;
  grpc::ServerUnaryReactor* CreateNotification(
      grpc::CallbackServerContext* context,
      const realtime::v1::CreateNotificationRequest* request,
      realtime::v1::Notification* response) override;
  grpc::ServerUnaryReactor* MarkRead(
      grpc::CallbackServerContext* context,
      const realtime::v1::MarkReadRequest* request,
      realtime::v1::Notification* response) override;

  // Ends the open streams.
  void Shutdown() { streams_.Shutdown(); }

 private:
  using Stream = EventStream<realtime::v1::NotificationEvent>;

  EventLog* const log_;  // must outlive this object
  StreamSet<realtime::v1::NotificationEvent> streams_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_NOTIFICATIONS_NOTIFICATIONS_SERVICE_H_
