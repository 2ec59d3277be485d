#include "bridge/ops/settings.h"

#include <limits>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/flags/usage_config.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

ABSL_FLAG(std::string, listen, "127.0.0.1:8080",
          "HOST:PORT that browsers connect to; port 0 picks a free one");
ABSL_FLAG(bool, reuse_port, false,
          "let several bridges listen on one port (SO_REUSEPORT)");
ABSL_FLAG(int32_t, workers, 2, "threads that parse and route requests (1-64)");
ABSL_FLAG(std::string, upstream, "",
          "backend HOST:PORT, or package.Service=HOST:PORT; repeatable");
ABSL_FLAG(int32_t, upstream_channels, 1,
          "HTTP/2 connections per backend (1-64)");
ABSL_FLAG(int64_t, max_message, 4 << 20,
          "largest message accepted from a backend, in bytes");
ABSL_FLAG(absl::Duration, request_timeout, absl::Seconds(30),
          "deadline of unary calls without a Grpc-Timeout header");
ABSL_FLAG(
    std::string, descriptor_set, "",
    "FileDescriptorSet with the schema to serve; repeatable. Default: the "
    "built-in services");
ABSL_FLAG(bool, reflect, false,
          "take the schema from the backend's gRPC reflection");
ABSL_FLAG(bool, default_routes, false,
          "serve methods without google.api.http at /package.Service/Method; "
          "always on with --reflect");
ABSL_FLAG(std::string, auth_key, "",
          "file with what verifies tokens: PEM public key, JWK, JWKS, or an "
          "HMAC secret; repeatable. Without one, protected routes answer 401");
ABSL_FLAG(std::string, auth_issuer, "", "required `iss` of tokens");
ABSL_FLAG(std::string, auth_audience, "", "required `aud` of tokens");
ABSL_FLAG(std::string, auth_cookie, "",
          "name of a cookie that may carry the token");
ABSL_FLAG(absl::Duration, auth_leeway, absl::Seconds(5),
          "clock difference that tokens are allowed (0-5m)");
ABSL_FLAG(int64_t, max_streams_per_subject, 10,
          "open streams of one user; 429 beyond it (0: no limit)");
ABSL_FLAG(int64_t, max_streams_per_address, 0,
          "open streams of one address; 503 beyond it (0: no limit)");
ABSL_FLAG(int64_t, max_streams, 0,
          "open streams in all; 503 beyond it (0: what the descriptor limit "
          "allows)");
ABSL_FLAG(absl::Duration, keep_alive, absl::ZeroDuration(),
          "time of silence after which a stream gets a `ping` comment, "
          "whatever the schema says (0: the schema's, or 15s)");
ABSL_FLAG(absl::Duration, retry, absl::Seconds(2),
          "browsers' reconnect delay where the schema gives none");
ABSL_FLAG(absl::Duration, open_grace, absl::Milliseconds(500),
          "how long a stream's status line waits for a silent backend (0-30s)");
ABSL_FLAG(absl::Duration, linger, absl::Seconds(5),
          "how long a shared upstream call outlives its last browser");
ABSL_FLAG(int64_t, replay_events, 1024,
          "events kept per shared feed for browsers that come back");
ABSL_FLAG(int64_t, replay_bytes, 1 << 20, "the same bound in bytes");
ABSL_FLAG(absl::Duration, replay_age, absl::Minutes(5), "the same in time");
ABSL_FLAG(absl::Duration, upstream_give_up, absl::Minutes(5),
          "how long a lost backend is tried before its streams end");
ABSL_FLAG(int32_t, delivery_threads, 0,
          "threads that write to browsers (0: one per core)");
ABSL_FLAG(int64_t, queue_bytes, 256 << 10,
          "bytes that may wait for one slow browser");
ABSL_FLAG(absl::Duration, flush_window, absl::ZeroDuration(),
          "collect events for so long before writing (0-1s)");
ABSL_FLAG(absl::Duration, drain_timeout, absl::Seconds(20),
          "after SIGTERM, streams end spread over this time");
ABSL_FLAG(int64_t, max_head, 16 << 10, "largest request head in bytes");
ABSL_FLAG(int64_t, max_body, 1 << 20, "largest request body in bytes");
ABSL_FLAG(absl::Duration, head_timeout, absl::Seconds(10),
          "time in which a request's head must arrive");
ABSL_FLAG(absl::Duration, body_timeout, absl::Seconds(30),
          "time in which a request's body must arrive");
ABSL_FLAG(bool, pages, true,
          "serve the dashboard at /, the stream explorer at /explorer and "
          "/schema.json; --no-pages serves the schema's routes alone");
ABSL_FLAG(std::string, log_level, "info",
          "trace, debug, info, warning, error or off");
ABSL_FLAG(bool, preserve_names, false,
          "transcode: proto field names instead of JSON names");
ABSL_FLAG(bool, always_print, false,
          "transcode: print fields without presence also when they are empty");
ABSL_FLAG(bool, fast_only, false,
          "transcode: answer ERR where the slower way would be needed");

namespace sse_bridge {
namespace {

// Flags that may be given more than once. absl keeps the last value only, so
// the values are joined by a character that none of them can hold.
constexpr absl::string_view kRepeatable[] = {"upstream", "descriptor_set",
                                             "auth_key"};
constexpr char kJoin = '\n';

// "--descriptor-set" is "--descriptor_set", and "--no-pages" is "--nopages".
std::string WithUnderscores(absl::string_view arg) {
  std::string text(arg);
  for (size_t i = 2; i < text.size() && text[i] != '='; ++i) {
    if (text[i] == '-') text[i] = '_';
  }
  if (text.rfind("--no_", 0) == 0) text.erase(4, 1);
  return text;
}

std::vector<std::string> JoinRepeated(int argc, char** argv) {
  std::vector<std::string> args, joined(std::size(kRepeatable));
  std::vector<bool> seen(std::size(kRepeatable), false);
  bool flags_ended = false;
  for (int i = 0; i < argc; ++i) {
    absl::string_view raw = argv[i];
    if (raw == "--") flags_ended = true;
    if (i == 0 || flags_ended || raw.substr(0, 2) != "--") {
      args.emplace_back(raw);
      continue;
    }
    const std::string arg = WithUnderscores(raw);
    bool taken = false;
    for (size_t k = 0; k < std::size(kRepeatable) && !taken; ++k) {
      const std::string name = absl::StrCat("--", kRepeatable[k]);
      std::string value;
      if (arg == name && i + 1 < argc) {
        value = argv[++i];
      } else if (arg.rfind(name + "=", 0) == 0) {
        value = arg.substr(name.size() + 1);
      } else {
        continue;
      }
      if (seen[k]) joined[k].push_back(kJoin);
      joined[k] += value;
      seen[k] = true;
      taken = true;
    }
    if (!taken) args.push_back(arg);
  }
  for (size_t k = 0; k < std::size(kRepeatable); ++k) {
    if (seen[k]) {
      args.insert(args.begin() + 1,
                  absl::StrCat("--", kRepeatable[k], "=", joined[k]));
    }
  }
  return args;
}

std::vector<std::string> SplitRepeated(const std::string& text) {
  if (text.empty()) return {};
  return absl::StrSplit(text, kJoin);
}

absl::Status Bad(absl::string_view flag, absl::string_view reason) {
  return absl::InvalidArgumentError(absl::StrCat("--", flag, ": ", reason));
}

template <typename T>
absl::Status InRange(absl::string_view flag, T value, T least, T most) {
  if (value >= least && value <= most) return absl::OkStatus();
  return Bad(flag, absl::StrCat("must be from ", least, " to ", most));
}

absl::Status InRange(absl::string_view flag, absl::Duration value,
                     absl::Duration least, absl::Duration most) {
  if (value >= least && value <= most) return absl::OkStatus();
  return Bad(flag, absl::StrCat("must be from ", absl::FormatDuration(least),
                                " to ", absl::FormatDuration(most)));
}

absl::Status ParseListen(const std::string& text, Settings* settings) {
  const size_t colon = text.rfind(':');
  int port = 0;
  if (colon == std::string::npos || colon == 0 ||
      !absl::SimpleAtoi(text.substr(colon + 1), &port) || port < 0 ||
      port > 65535) {
    return Bad("listen", absl::StrCat("'", text, "' is not HOST:PORT"));
  }
  settings->host = text.substr(0, colon);
  if (settings->host.size() > 2 && settings->host.front() == '[' &&
      settings->host.back() == ']') {
    settings->host = settings->host.substr(1, settings->host.size() - 2);
  }
  settings->port = port;
  return absl::OkStatus();
}

absl::Status Check(const Settings& s) {
  constexpr size_t kMany = size_t{1} << 40;
  const absl::Duration day = absl::Hours(24);
  for (const absl::Status& status : {
           InRange("workers", s.workers, 1, 64),
           InRange("upstream-channels", s.upstream_channels, 1, 64),
           InRange<size_t>("max-message", s.max_message_bytes, 1, 1 << 30),
           InRange("request-timeout", s.request_timeout, absl::Milliseconds(1),
                   day),
           InRange("auth-leeway", s.auth_leeway, absl::ZeroDuration(),
                   absl::Minutes(5)),
           InRange<size_t>("max-streams-per-subject", s.max_streams_per_subject,
                           0, kMany),
           InRange<size_t>("max-streams-per-address", s.max_streams_per_address,
                           0, kMany),
           InRange<size_t>("max-streams", s.max_streams, 0, kMany),
           InRange("keep-alive", s.keep_alive, absl::Milliseconds(100), day),
           InRange("retry", s.retry, absl::ZeroDuration(), day),
           InRange("open-grace", s.open_grace, absl::ZeroDuration(),
                   absl::Seconds(30)),
           InRange("linger", s.linger, absl::ZeroDuration(), day),
           InRange<size_t>("replay-events", s.replay_events, 0, 1 << 24),
           InRange<size_t>("replay-bytes", s.replay_bytes, 0, kMany),
           InRange("replay-age", s.replay_age, absl::ZeroDuration(), day * 365),
           InRange("upstream-give-up", s.upstream_give_up, absl::ZeroDuration(),
                   day * 365),
           InRange("delivery-threads", s.delivery_threads, 0, 256),
           InRange<size_t>("queue-bytes", s.queue_bytes, 1024, 1 << 30),
           InRange("flush-window", s.flush_window, absl::ZeroDuration(),
                   absl::Seconds(1)),
           InRange("drain-timeout", s.drain_timeout, absl::ZeroDuration(), day),
           InRange<size_t>("max-head", s.max_head_bytes, 1024, 1 << 20),
           InRange<size_t>("max-body", s.max_body_bytes, 0, 1 << 30),
           InRange("head-timeout", s.head_timeout, absl::Milliseconds(10), day),
           InRange("body-timeout", s.body_timeout, absl::Milliseconds(10), day),
       }) {
    if (!status.ok()) return status;
  }
  for (absl::string_view level :
       {"trace", "debug", "info", "warning", "error", "off"}) {
    if (s.log_level == level) return absl::OkStatus();
  }
  return Bad("log-level", absl::StrCat("unknown level '", s.log_level, "'"));
}

// Negative numbers become ones that no range allows.
size_t Size(int64_t value) {
  return value < 0 ? std::numeric_limits<size_t>::max()
                   : static_cast<size_t>(value);
}

}  // namespace

absl::StatusOr<Settings> SettingsFromCommandLine(
    int argc, char** argv, std::vector<std::string>* positional) {
  absl::SetProgramUsageMessage(
      "bridges gRPC server streams to Server-Sent Events.\n\n"
      "  sse-bridge --upstream HOST:PORT [--descriptor-set FILE | --reflect]\n"
      "  sse-bridge transcode --descriptor-set FILE\n\n"
      "--helpfull lists every option.");
  absl::FlagsUsageConfig usage;
  usage.contains_help_flags = [](absl::string_view file) {
    return absl::StrContains(file, "bridge/ops/settings");
  };
  usage.contains_helpshort_flags = usage.contains_help_flags;
  usage.version_string = [] { return "sse-bridge 0.1.0\n"; };
  absl::SetFlagsUsageConfig(usage);

  const std::vector<std::string> args = JoinRepeated(argc, argv);
  std::vector<char*> pointers;
  for (const std::string& arg : args) {
    pointers.push_back(const_cast<char*>(arg.c_str()));
  }
  const std::vector<char*> rest = absl::ParseCommandLine(
      static_cast<int>(pointers.size()), pointers.data());
  positional->assign(rest.begin() + 1, rest.end());

  Settings s;
  if (auto status = ParseListen(absl::GetFlag(FLAGS_listen), &s);
      !status.ok()) {
    return status;
  }
  s.reuse_port = absl::GetFlag(FLAGS_reuse_port);
  s.workers = absl::GetFlag(FLAGS_workers);
  s.upstreams = SplitRepeated(absl::GetFlag(FLAGS_upstream));
  s.upstream_channels = absl::GetFlag(FLAGS_upstream_channels);
  s.max_message_bytes = Size(absl::GetFlag(FLAGS_max_message));
  s.request_timeout = absl::GetFlag(FLAGS_request_timeout);
  s.descriptor_sets = SplitRepeated(absl::GetFlag(FLAGS_descriptor_set));
  s.reflect = absl::GetFlag(FLAGS_reflect);
  s.default_routes = absl::GetFlag(FLAGS_default_routes) || s.reflect;
  s.auth_keys = SplitRepeated(absl::GetFlag(FLAGS_auth_key));
  s.auth_issuer = absl::GetFlag(FLAGS_auth_issuer);
  s.auth_audience = absl::GetFlag(FLAGS_auth_audience);
  s.auth_cookie = absl::GetFlag(FLAGS_auth_cookie);
  s.auth_leeway = absl::GetFlag(FLAGS_auth_leeway);
  s.max_streams_per_subject =
      Size(absl::GetFlag(FLAGS_max_streams_per_subject));
  s.max_streams_per_address =
      Size(absl::GetFlag(FLAGS_max_streams_per_address));
  s.max_streams = Size(absl::GetFlag(FLAGS_max_streams));
  if (const absl::Duration given = absl::GetFlag(FLAGS_keep_alive);
      given != absl::ZeroDuration()) {
    s.keep_alive = given;
    s.keep_alive_overrides = true;
  }
  s.retry = absl::GetFlag(FLAGS_retry);
  s.open_grace = absl::GetFlag(FLAGS_open_grace);
  s.linger = absl::GetFlag(FLAGS_linger);
  s.replay_events = Size(absl::GetFlag(FLAGS_replay_events));
  s.replay_bytes = Size(absl::GetFlag(FLAGS_replay_bytes));
  s.replay_age = absl::GetFlag(FLAGS_replay_age);
  s.upstream_give_up = absl::GetFlag(FLAGS_upstream_give_up);
  s.delivery_threads = absl::GetFlag(FLAGS_delivery_threads);
  s.queue_bytes = Size(absl::GetFlag(FLAGS_queue_bytes));
  s.flush_window = absl::GetFlag(FLAGS_flush_window);
  s.drain_timeout = absl::GetFlag(FLAGS_drain_timeout);
  s.max_head_bytes = Size(absl::GetFlag(FLAGS_max_head));
  s.max_body_bytes = Size(absl::GetFlag(FLAGS_max_body));
  s.head_timeout = absl::GetFlag(FLAGS_head_timeout);
  s.body_timeout = absl::GetFlag(FLAGS_body_timeout);
  s.pages = absl::GetFlag(FLAGS_pages);
  s.log_level = absl::GetFlag(FLAGS_log_level);
  s.preserve_names = absl::GetFlag(FLAGS_preserve_names);
  s.always_print = absl::GetFlag(FLAGS_always_print);
  s.fast_only = absl::GetFlag(FLAGS_fast_only);
  if (absl::Status status = Check(s); !status.ok()) return status;
  return s;
}

}  // namespace sse_bridge
