#ifndef SSE_BRIDGE_BRIDGE_OPS_SERVICE_MANAGER_H_
#define SSE_BRIDGE_BRIDGE_OPS_SERVICE_MANAGER_H_

namespace sse_bridge {

// What the bridge tells the service manager that started it (systemd's
// Type=notify, by NOTIFY_SOCKET). Without one, nothing happens.
void NotifyReady();
void NotifyReloading();  // to be followed by NotifyReady
void NotifyStopping();

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_OPS_SERVICE_MANAGER_H_
