#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "bridge/access/access_rule.h"
#include "bridge/base/event_names.h"
#include "bridge/feed/bundle_cursor.h"
#include "bridge/feed/formats/multiplexed.h"
#include "bridge/gateway/api.h"
#include "bridge/gateway/api_request.h"
#include "bridge/gateway/own_params.h"
#include "bridge/http/http_error.h"
#include "bridge/transcode/bad_request.h"
#include "bridge/transcode/query_params.h"

// `/events`: one connection that carries many streams.
//
//   /events                                    the schema's default streams
//   /events?stream=/orders/stream?region=A     these, percent-encoded, each
//   /events?stream=mine:/channels/x/stream     under its method's bundle name
//                                              or one that the client chooses
//   /events?stream=mine*:/channels/x/stream    under "mine*" and each event's
//                                              own name
//   /events?connection=new&...                 and lets the client change them
//                                              (api_bundle_change.cc)

namespace sse_bridge {
namespace {

constexpr size_t kMaxBundleStreams = OpenBundle::kMaxStreams;
constexpr size_t kMaxNameBytes = 64;

// Names become `event:` lines and parts of ids. Reserved names are not allowed.
bool IsName(absl::string_view name) {
  absl::ConsumeSuffix(&name, "*");
  if (name.empty() || name.size() > kMaxNameBytes) return false;
  if (IsReservedEventName(name)) return false;
  for (unsigned char c : name) {
    if (!absl::ascii_isalnum(c) && c != '_' && c != '-' && c != '.') {
      return false;
    }
  }
  return true;
}

}  // namespace

absl::StatusOr<Api::BundlePart> Api::BundlePartFor(
    const Request& request, std::string name, absl::string_view target) const {
  const size_t mark = target.find('?');
  const absl::string_view path = target.substr(0, mark);
  const absl::string_view query =
      mark == absl::string_view::npos ? "" : target.substr(mark + 1);
  if (absl::Status escapes = CheckPathEscapes(path); !escapes.ok()) {
    return BadRequestError(kStreamParam, escapes.message());
  }
  RouteMatch match = request.served->schema().Match("GET", path);
  if (match.kind != RouteMatch::Kind::kFound ||
      !match.route->method->server_streaming) {
    return BadRequestError(
        kStreamParam,
        absl::StrCat("no stream with a GET route at ", QuoteForMessage(path)));
  }
  BundlePart part;
  part.route = &request.served->Find(match.route);
  const Method& method = part.route->method();
  if (name.empty()) {
    name = method.in_bundle() ? method.stream.bundle().event()
                              : EventNameOfData(method.descriptor->name());
  }
  part.name = std::move(name);
  absl::Status access =
      CheckAccess(method.access,
                  request.identity.has_value() ? &*request.identity : nullptr);
  if (!access.ok()) {
    return request.bad_credentials.ok() ? access : request.bad_credentials;
  }
  const std::string no_body;
  auto message = BindMessage(*part.route, match.variables, query, std::nullopt,
                             request.identity);
  if (!message.ok()) return message.status();
  part.message = *std::move(message);
  SeparateSubject(&part);
  part.own_id = LastEventIdParam(query, part.route->resume_params);
  return part;
}

absl::StatusOr<Api::BundlePart> Api::NamedPart(const Request& request,
                                               absl::string_view value) const {
  const size_t slash = value.find('/');
  if (slash == 0 || slash == absl::string_view::npos) {
    return BundlePartFor(request, "", value);
  }
  if (value[slash - 1] != ':' || !IsName(value.substr(0, slash - 1))) {
    return BadRequestError(kStreamParam,
                           absl::StrCat("expected PATH or NAME:PATH, not ",
                                        QuoteForMessage(value)));
  }
  return BundlePartFor(request, std::string(value.substr(0, slash - 1)),
                       value.substr(slash));
}

absl::StatusOr<std::vector<Api::BundlePart>> Api::BundleParts(
    const Request& request, std::string* left_out, bool* changeable) const {
  std::vector<BundlePart> parts;
  auto query = ParseQuery(request.exchange->raw_query());
  if (!query.ok()) return query.status();
  bool asked = false;
  for (const QueryParam& param : *query) {
    if (IsOwnParam(param.name)) continue;
    if (param.name == kConnectionParam) {
      if (param.value != kNewConnection) {
        return BadRequestError(
            kConnectionParam,
            absl::StrCat("must be \"", kNewConnection, "\" here"));
      }
      *changeable = true;
      continue;
    }
    if (param.name != kStreamParam) {
      if (request.served->ignored_params().Match(param.name)) continue;
      return BadRequestError(param.name, "unknown parameter");
    }
    asked = true;
    if (parts.size() == kMaxBundleStreams) {
      return BadRequestError(
          kStreamParam,
          absl::StrCat("at most ", kMaxBundleStreams, " streams are allowed"));
    }
    auto part = NamedPart(request, param.value);
    if (!part.ok()) return part.status();
    parts.push_back(*std::move(part));
  }
  if (asked) return parts;

  std::vector<std::string> refused;
  absl::Status first_refusal;
  for (const Method* method : request.served->schema().bundle()) {
    if (!method->stream.bundle().by_default()) continue;
    const Route* get = nullptr;
    for (const Route* route : method->routes) {
      if (get == nullptr && route->verb == "GET") get = route;
    }
    if (get == nullptr) continue;
    auto part = BundlePartFor(
        request, "",
        absl::StrCat(get->path_template, "?", method->stream.bundle().query()));
    if (part.ok()) {
      parts.push_back(*std::move(part));
      continue;
    }
    // An expired token is an error. The client must not silently become
    // anonymous.
    if (!request.bad_credentials.ok()) return part.status();
    refused.push_back(absl::StrCat(method->stream.bundle().event(), ": ",
                                   part.status().message()));
    if (first_refusal.ok()) first_refusal = part.status();
  }
  if (parts.empty() && !first_refusal.ok()) return first_refusal;
  *left_out = absl::StrJoin(refused, "; ");
  return parts;
}

absl::Status Api::CheckNames(const std::vector<BundlePart>& parts) {
  absl::flat_hash_set<std::string> names;
  for (const BundlePart& part : parts) {
    if (!names.insert(part.name).second) {
      return BadRequestError(
          kStreamParam,
          absl::StrCat("two streams have the name ", QuoteForMessage(part.name),
                       "; use NAME:PATH"));
    }
  }
  return absl::OkStatus();
}

std::vector<MultiplexedFormat::Part> Api::ResumeBundle(
    const std::optional<std::string>& last_event_id,
    const std::optional<Identity>& identity, std::vector<BundlePart>* parts) {
  const auto ids = last_event_id.has_value()
                       ? BundleCursor::Parse(*last_event_id)
                       : std::nullopt;
  // An id that names none of these streams is from another bundle.
  const bool known =
      ids.has_value() &&
      std::any_of(parts->begin(), parts->end(), [&ids](const BundlePart& part) {
        return ids->contains(part.name);
      });
  std::vector<MultiplexedFormat::Part> streams;
  for (BundlePart& part : *parts) {
    const Method& method = part.route->method();
    std::optional<std::string> id = part.own_id;
    if (last_event_id.has_value()) {
      if (!known) {
        id = last_event_id;
      } else if (const auto named = ids->find(part.name); named != ids->end()) {
        id = named->second;
      }
    }
    part.resume = FindResumePoints(method, *part.message, identity, id,
                                   last_event_id.has_value() || id.has_value());
    if (last_event_id.has_value() && !known) {
      // It only looks like an id of this stream.
      part.resume =
          FindResumePoints(method, *part.message, identity, std::nullopt,
                           /*returning=*/true);
      part.resume.points[0].unknown = *last_event_id;
    }
    streams.push_back({part.name,
                       HasCompositeIds(method)
                           ? CursorKeys(method, *part.message)
                           : std::vector<std::string>(),
                       part.resume.ids});
  }
  return streams;
}

void Api::ServeBundle(std::shared_ptr<Request> request) {
  // The bundle itself needs no identity. Each stream is authorized separately.
  if (!Identify(request,
                {.ticket = true, .access_token = true, .comes_back = true},
                &Api::ServeBundle)) {
    return;
  }

  std::string left_out;
  bool changeable = false;
  auto parts = BundleParts(*request, &left_out, &changeable);
  if (!parts.ok()) return Refuse(*request, parts.status());
  if (parts->empty()) {
    return Refuse(*request,
                  absl::NotFoundError("this schema has no default streams; "
                                      "select streams with ?stream=PATH"));
  }

  if (absl::Status names = CheckNames(*parts); !names.ok()) {
    return Refuse(*request, names);
  }

  StreamTraits traits;
  traits.keep_alive = options_.keep_alive;
  traits.retry = options_.retry;
  if (!left_out.empty()) {
    traits.opening_comment = absl::StrCat("left out: ", left_out);
  }
  auto streams =
      ResumeBundle(LastEventId(*request->exchange,
                               {.last_event_id = true, .of_polyfills = true}),
                   request->identity, &*parts);
  std::shared_ptr<MultiplexedFormat::Changes> changes;
  if (changeable) {
    traits.bundle = std::make_shared<OpenBundle>(request->identity, streams);
    traits.bundle_id = traits.bundle->Register(bundles_);
    if (traits.bundle_id.empty()) {
      return Refuse(*request, absl::InternalError("no random bytes"));
    }
    changes = traits.bundle->changes();
    // A stream whose events are for some subjects may be added.
    traits.has_audiences = true;
  }
  traits.format = std::make_unique<MultiplexedFormat>(std::move(streams),
                                                      std::move(changes));
  OpenConnection(std::move(request), std::move(traits), *std::move(parts),
                 /*bundle=*/true);
}

}  // namespace sse_bridge
