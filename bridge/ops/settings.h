#ifndef SSE_BRIDGE_BRIDGE_OPS_SETTINGS_H_
#define SSE_BRIDGE_BRIDGE_OPS_SETTINGS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace sse_bridge {

// Everything that the command line sets. Checked: what is here can be used.
struct Settings {
  // Where browsers connect.
  std::string host = "127.0.0.1";
  int port = 8080;
  bool reuse_port = false;
  int workers = 2;

  // Backends: "HOST:PORT" or "package.Service=HOST:PORT".
  std::vector<std::string> upstreams;
  int upstream_channels = 1;
  size_t max_message_bytes = size_t{4} << 20;
  absl::Duration request_timeout = absl::Seconds(30);

  // The schema: files, the backend's reflection, or the built-in set.
  std::vector<std::string> descriptor_sets;
  bool reflect = false;
  bool default_routes = false;

  // Access.
  std::vector<std::string> auth_keys;
  std::string auth_issuer;
  std::string auth_audience;
  std::string auth_cookie;
  absl::Duration auth_leeway = absl::Seconds(5);
  size_t max_streams_per_subject = 10;
  size_t max_streams_per_address = 0;  // 0: no limit of its own
  size_t max_streams = 0;              // 0: what the descriptor limit allows

  // Streams.
  absl::Duration keep_alive = absl::Seconds(15);
  bool keep_alive_overrides = false;  // wins over the schema's
  absl::Duration retry = absl::Seconds(2);
  absl::Duration open_grace = absl::Milliseconds(500);
  absl::Duration linger = absl::Seconds(5);
  size_t replay_events = 1024;
  size_t replay_bytes = size_t{1} << 20;
  absl::Duration replay_age = absl::Minutes(5);
  absl::Duration upstream_give_up = absl::Minutes(5);

  // Delivery.
  int delivery_threads = 0;  // 0: one per core
  size_t queue_bytes = size_t{256} << 10;
  absl::Duration flush_window = absl::ZeroDuration();
  absl::Duration drain_timeout = absl::Seconds(20);

  // Requests.
  size_t max_head_bytes = size_t{16} << 10;
  size_t max_body_bytes = size_t{1} << 20;
  absl::Duration head_timeout = absl::Seconds(10);
  absl::Duration body_timeout = absl::Seconds(30);
  bool pages = true;  // the dashboard, the explorer and /schema.json

  std::string log_level = "info";

  // Of the command `transcode`.
  bool preserve_names = false;
  bool always_print = false;
  bool fast_only = false;
};

// Reads the flags (absl flags; options that can be given more than once are
// joined first). What is left of argv after the flags goes to `positional`.
// Errors name the flag.
absl::StatusOr<Settings> SettingsFromCommandLine(
    int argc, char** argv, std::vector<std::string>* positional);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_OPS_SETTINGS_H_
