#include "bridge/ops/service_manager.h"

#include <systemd/sd-daemon.h>

namespace sse_bridge {

void NotifyReady() { sd_notify(0, "READY=1"); }
void NotifyReloading() { sd_notify(0, "RELOADING=1"); }
void NotifyStopping() { sd_notify(0, "STOPPING=1"); }

}  // namespace sse_bridge
