#include "bridge/codegen/ts_client.h"

#include <algorithm>
#include <set>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "bridge/codegen/comments.h"
#include "bridge/codegen/json_form.h"
#include "bridge/codegen/route_form.h"
#include "bridge/codegen/ts_names.h"
#include "bridge/codegen/ts_package.h"
#include "bridge/codegen/ts_runtime.h"
#include "bridge/codegen/ts_types.h"
#include "bridge/schema/raw_bodies.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;

// Default if the schema does not set it; same as the bridge's.
constexpr absl::Duration kDefaultKeepAlive = absl::Seconds(15);

constexpr char kBanner[] = "// Generated; do not edit.\n";

struct Service {
  const pb::ServiceDescriptor* descriptor;
  std::vector<const Method*> methods;
};

std::vector<Service> ServicesOf(const Schema& schema) {
  std::vector<Service> services;
  for (const Method* method : schema.methods()) {
    if (method->routes.empty()) continue;
    const pb::ServiceDescriptor* service = method->descriptor->service();
    const auto had =
        std::find_if(services.begin(), services.end(),
                     [&](const Service& s) { return s.descriptor == service; });
    if (had != services.end()) {
      had->methods.push_back(method);
    } else {
      services.push_back({service, {method}});
    }
  }
  return services;
}

bool IsRaw(const Method& method) {
  return !method.server_streaming && IsRawResponse(*method.routes.front());
}

// ["book", "name"], as JSON names.
std::string FieldPathLiteral(const FieldPath& path, const sse::v1::Json& json) {
  return absl::StrCat(
      "[",
      absl::StrJoin(path, ", ",
                    [&](std::string* out, auto* field) {
                      out->append(JsString(JsonName(field, json)));
                    }),
      "]");
}

// The path's pieces for the runtime's makeRequest: texts and fields.
std::string PathLiteral(const Route& route) {
  std::vector<std::string> parts;
  std::string literal;
  int last_variable = -1;
  for (const PathPiece& piece : PiecesOf(route)) {
    if (piece.variable < 0) {
      // Wildcards that fill no field match any text.
      literal += piece.kind == PathPiece::Kind::kSegment ? "-" : piece.text;
      last_variable = -1;
      continue;
    }
    if (piece.variable == last_variable) continue;
    last_variable = piece.variable;
    if (!literal.empty()) parts.push_back(JsString(literal));
    literal.clear();
    const auto pieces = PiecesOf(route);
    const bool single = std::count_if(pieces.begin(), pieces.end(),
                                      [&](const PathPiece& p) {
                                        return p.variable == piece.variable;
                                      }) == 1 &&
                        piece.kind == PathPiece::Kind::kSegment;
    parts.push_back(absl::StrCat(
        "{ field: ",
        FieldPathLiteral(route.resolved_path_fields[piece.variable],
                         route.method->json),
        single ? "" : ", multi: true", " }"));
  }
  if (!literal.empty()) parts.push_back(JsString(literal));
  return absl::StrCat("[", absl::StrJoin(parts, ", "), "]");
}

// Collects the maps that a query can set, as dotted JSON names.
void AddMaps(const Route& route, const pb::Descriptor* type, FieldPath* path,
             std::set<const pb::Descriptor*>* open,
             std::vector<std::string>* maps) {
  constexpr size_t kMaxMaps = 200;
  // A recursive type has infinitely many fields.
  if (!open->insert(type).second) return;
  for (const pb::FieldDescriptor* field : FieldsOf(type)) {
    if (field->is_extension() || maps->size() >= kMaxMaps) continue;
    path->push_back(field);
    if (*path == route.body_path) {
      // Not part of the query.
    } else if (field->is_map()) {
      maps->push_back(JsString(
          absl::StrJoin(*path, ".", [&](std::string* out, const auto* each) {
            out->append(JsonName(each, route.method->json));
          })));
    } else if (!field->is_repeated() && KindOf(field) == JsonKind::kMessage) {
      AddMaps(route, field->message_type(), path, open, maps);
    }
    path->pop_back();
  }
  open->erase(type);
}

std::string RouteLiteral(const Route& route) {
  const sse::v1::Json& json = route.method->json;
  const std::string body =
      route.body_path.size() > 1    ? FieldPathLiteral(route.body_path, json)
      : route.body_field != nullptr ? JsString(JsonName(route.body_field, json))
                                    : JsString(route.body);
  std::vector<std::string> maps;
  if (route.body != "*") {
    std::set<const pb::Descriptor*> open;
    FieldPath path;
    AddMaps(route, route.method->descriptor->input_type(), &path, &open, &maps);
  }
  return absl::StrCat("{ verb: ", JsString(route.verb),
                      ", path: ", PathLiteral(route), ", body: ", body,
                      IsRawBody(route) ? ", rawBody: true" : "",
                      maps.empty() ? "" : ", maps: [",
                      absl::StrJoin(maps, ", "), maps.empty() ? "" : "]", " }");
}

// The path to the key of each event's data, by which a keyed store keeps them;
// empty if the schema names none or the response leaves it out.
FieldPath SnapshotKeyOf(const Method& method) {
  FieldPath path = method.snapshot_key;
  const auto* body = method.routes.front()->response_body_field;
  if (path.empty() || body == nullptr) return path;
  if (path.front() != body) return {};
  path.erase(path.begin());
  return path;
}

std::string MethodLiteral(const Method& method) {
  std::string out =
      absl::StrCat("  ", JsKey(method.descriptor->name()),
                   ": {\n    name: ", JsString(method.grpc_path.substr(1)),
                   ",\n    routes: [\n");
  for (const Route* route : method.routes) {
    absl::StrAppend(&out, "      ", RouteLiteral(*route), ",\n");
  }
  out += "    ],\n";
  if (method.server_streaming) {
    const std::string bundle = method.in_bundle()
                                   ? method.stream.bundle().event()
                                   : method.descriptor->name();
    absl::StrAppend(&out, "    keepAliveMs: ",
                    absl::ToInt64Milliseconds(
                        method.keep_alive.value_or(kDefaultKeepAlive)),
                    ",\n    bundleEvent: ", JsString(bundle), ",\n");
    if (const FieldPath key = SnapshotKeyOf(method); !key.empty()) {
      absl::StrAppend(
          &out, "    snapshotKey: ", FieldPathLiteral(key, method.json), ",\n");
    }
  }
  if (IsRaw(method)) out += "    raw: true,\n";
  return out + "  },\n";
}

std::string IndexJs(const std::vector<Service>& services,
                    const TsServiceNames& names) {
  std::string out = absl::StrCat(
      kBanner,
      "import { clientOf } from './runtime/index.js';\n"
      "import { callOf, streamOf } from './runtime/methods.js';\n\n"
      "export { BridgeError, Code, EventStream, eventSource, retry } from "
      "'./runtime/index.js';\n");
  for (const Service& service : services) {
    const std::string methods =
        absl::StrCat("of", names.Class(service.descriptor));
    absl::StrAppend(&out, "\nconst ", methods, " = {\n");
    for (const Method* method : service.methods) out += MethodLiteral(*method);
    absl::StrAppend(&out, "};\n\nexport class ",
                    names.Class(service.descriptor),
                    " {\n  constructor(transport) {\n");
    for (const Method* method : service.methods) {
      absl::StrAppend(&out, "    this.", names.Method(method->descriptor),
                      " = ", method->server_streaming ? "streamOf" : "callOf",
                      "(transport, ", methods, "[",
                      JsString(method->descriptor->name()), "]);\n");
    }
    out += "  }\n}\n";
  }
  out += "\nclass Services {\n  constructor(transport) {\n";
  for (const Service& service : services) {
    absl::StrAppend(&out, "    this.", names.Member(service.descriptor),
                    " = new ", names.Class(service.descriptor),
                    "(transport);\n");
  }
  out +=
      "  }\n}\n\n"
      "export const Client = clientOf(Services);\n\n"
      "export function createClient(options) {\n"
      "  return new Client(options);\n"
      "}\n";
  return out;
}

std::string EventNameType(const Method& method) {
  const auto names = EventNames(method);
  if (!names.has_value()) return "string";
  return absl::StrJoin(*names, " | ",
                       [](std::string* out, const std::string& name) {
                         out->append(JsString(name));
                       });
}

std::string AccessText(const Method& method) {
  const auto group = [](const sse::v1::AnyOf& names) {
    return absl::StrCat("`", absl::StrJoin(names.any_of(), "` or `"), "`");
  };
  std::vector<std::string> needs;
  for (const auto& scope : method.access.scopes()) {
    needs.push_back(absl::StrCat("scope ", group(scope)));
  }
  for (const auto& role : method.access.roles()) {
    needs.push_back(absl::StrCat("role ", group(role)));
  }
  if (!needs.empty()) {
    return absl::StrCat("Needs ", absl::StrJoin(needs, ", and "), ".");
  }
  return method.access.authenticated() ? "Needs a token." : "";
}

std::string MethodDoc(const Method& method) {
  std::string doc = method.texts.description;
  if (const std::string access = AccessText(method); !access.empty()) {
    absl::StrAppend(&doc, doc.empty() ? "" : "\n\n", access);
  }
  if (method.server_streaming && IsRawResponse(*method.routes.front())) {
    absl::StrAppend(
        &doc, doc.empty() ? "" : "\n\n",
        "Events with the bytes in base64. To get the raw bytes, use "
        "a link or `fetch`\nwithout `Accept: text/event-stream`.");
  }
  return JsDoc(WithDeprecation(doc, method.descriptor->options().deprecated()),
               "  ");
}

std::string MethodSignature(const Method& method, const TsTypes& types,
                            const TsServiceNames& names) {
  const std::string response =
      IsRaw(method) ? "$rt.Bytes" : types.ResponseType(*method.routes.front());
  return absl::StrCat(
      MethodDoc(method), "  ", JsMember(names.Method(method.descriptor)),
      "(this: void, request", types.IsRequestOptional(method) ? "?: " : ": ",
      types.RequestType(method), ", options?: ",
      method.server_streaming
          ? absl::StrCat("$rt.StreamOptions<", response, ", ",
                         EventNameType(method), ">): $rt.EventStream<",
                         response, ", ", EventNameType(method), ">;\n")
          : absl::StrCat("$rt.CallOptions): $rt.CallPromise<", response,
                         ">;\n"));
}

std::string IndexDts(const std::vector<Service>& services, const TsTypes& types,
                     const TsServiceNames& names) {
  std::string out = absl::StrCat(
      kBanner,
      "import type * as m from './messages.js';\n"
      "import type * as $rt from './runtime/index.js';\n\n"
      "export type * from './messages.js';\n"
      "export { BridgeError, Code, EventStream, eventSource, retry } from "
      "'./runtime/index.js';\n"
      "export type {\n  BridgeEventSource,\n  BridgeRequest,\n  "
      "BridgeResponse,\n"
      "  CallOptions,\n  CallPromise,\n  CallResult,\n  ClientOptions,\n"
      "  ErrorDetails,\n  EventSourceOptions,\n  Interceptor,\n"
      "  ReconnectPolicy,\n  Reset,\n  ResponseMeta,\n  RetryPolicy,\n"
      "  StateReason,\n  StoreOptions,\n  StreamEvent,\n  StreamOptions,\n"
      "  StreamSnapshot,\n  StreamState,\n  StreamStore,\n"
      "} from './runtime/index.js';\n");
  for (const Service& service : services) {
    absl::StrAppend(
        &out, "\n",
        JsDoc(WithDeprecation(CommentOf(service.descriptor),
                              service.descriptor->options().deprecated()),
              ""),
        "export class ", names.Class(service.descriptor), " {\n",
        "  private constructor();\n");
    for (const Method* method : service.methods) {
      absl::StrAppend(&out, "\n", MethodSignature(*method, types, names));
    }
    out += "}\n";
  }
  out += "\nexport interface Services {\n";
  for (const Service& service : services) {
    absl::StrAppend(&out, "  readonly ", names.Member(service.descriptor), ": ",
                    names.Class(service.descriptor), ";\n");
  }
  out +=
      "}\n\n"
      "export interface Client extends Services {}\n"
      "export class Client {\n"
      "  constructor(options?: $rt.ClientOptions);\n\n"
      "  /**\n"
      "   * The same services, with streams that share one connection. It is "
      "not\n"
      "   * opened again when streams come and go.\n"
      "   */\n"
      "  shared(options?: $rt.SharedOptions): Services;\n\n"
      "  /** Closes all streams of the client. */\n"
      "  close(): void;\n"
      "}\n\n"
      "export function createClient(options?: $rt.ClientOptions): Client;\n";
  return out;
}

std::string Readme(const std::vector<Service>& services, const TsTypes& types,
                   const TsServiceNames& names, const std::string& name) {
  std::string out = absl::StrCat(
      "# ", name,
      "\n\nGenerated from protobuf. It needs no other package:\n\n```sh\n"
      "npm install ./path/to/this/folder\n```\n\n```js\nimport { "
      "createClient } from '",
      name,
      "';\n\nconst client = createClient({\n"
      "  baseUrl: 'http://127.0.0.1:8080', // omit in pages served from the "
      "bridge's origin\n"
      "  token: async ({ refresh }) => getToken(refresh), // or a string\n"
      "});\n");
  for (const Service& service : services) {
    for (const Method* method : service.methods) {
      const std::string call =
          absl::StrCat("client.", names.Member(service.descriptor), ".",
                       names.Method(method->descriptor), "(",
                       types.IsRequestOptional(*method) ? "" : "request", ")");
      absl::StrAppend(&out, "\n");
      if (!method->texts.summary.empty()) {
        absl::StrAppend(&out, "// ", method->texts.summary, "\n");
      }
      absl::StrAppend(
          &out,
          method->server_streaming ? "for await (const data of " : "await ",
          call, method->server_streaming ? ") console.log(data);\n" : ";\n");
    }
  }
  return out + "```\n";
}

}  // namespace

std::map<std::string, std::string> MakeTsPackage(
    const Schema& schema, const TsPackageOptions& options) {
  const std::vector<Service> services = ServicesOf(schema);
  const TsServiceNames names(schema);
  const TsTypes types(schema);
  std::map<std::string, std::string> files = {
      {"index.d.ts", IndexDts(services, types, names)},
      {"index.js", IndexJs(services, names)},
      {"messages.d.ts", types.Declarations()},
      {"messages.js", types.Constants()},
  };
  for (const auto& [path, text] : TsRuntime()) {
    files.emplace(absl::StrCat("runtime/", path), text);
  }
  TsPackageOptions named = options;
  if (named.name.empty()) {
    named.name = DefaultTsPackageName(
        services.empty() ? "" : services[0].descriptor->file()->package());
  }
  files.emplace("README.md", Readme(services, types, names, named.name));
  // Lists the others.
  files.emplace("package.json", TsPackageJson(named, files));
  return files;
}

}  // namespace sse_bridge
