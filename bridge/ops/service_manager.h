#ifndef SSE_BRIDGE_BRIDGE_OPS_SERVICE_MANAGER_H_
#define SSE_BRIDGE_BRIDGE_OPS_SERVICE_MANAGER_H_

namespace sse_bridge {

// Notifications to the service manager (systemd's Type=notify, NOTIFY_SOCKET).
// They do nothing without a service manager.
void NotifyReady();
void NotifyReloading();  // must be followed by NotifyReady
void NotifyStopping();

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_OPS_SERVICE_MANAGER_H_
