#include "bridge/schema/schema_loader.h"

#include <algorithm>
#include <optional>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "bridge/schema/access_options.h"
#include "bridge/schema/admission_checks.h"
#include "bridge/schema/foreign_rules.h"
#include "bridge/schema/method_texts.h"
#include "bridge/schema/option_checks.h"
#include "bridge/schema/validator_compiler.h"
#include "google/api/annotations.pb.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;

// Further errors of a strict load are only counted.
constexpr size_t kMaxStrictErrors = 1000;

}  // namespace

SchemaLoader::SchemaLoader(const LoadOptions& options)
    : options_(options),
      services_(options.services.begin(), options.services.end()),
      selection_(options.serve, options.hide),
      config_writer_(options.service_configs),
      router_(options.path),
      clashes_(options.path, &router_, &schema_->routes_),
      lost_options_(&config_writer_),
      foreign_rules_([](const pb::Descriptor* message) {
        return HasForeignRules(message, nullptr);
      }),
      validation_rules_(HasValidationRules) {}

absl::StatusOr<std::shared_ptr<const Schema>> SchemaLoader::Load(
    std::vector<SchemaSource> sources) {
  absl::StatusOr<MergedSources> merged = MergeSources(sources, &config_writer_);
  if (!merged.ok()) return merged.status();
  // Not needed any more, and perhaps large.
  for (SchemaSource& source : sources) std::string().swap(source.bytes);
  if (absl::Status fits = config_writer_.Finish(); !fits.ok()) return fits;
  for (const auto& config : options_.service_configs) {
    for (const std::string& warning : config->warnings()) LeaveOut(warning);
  }
  for (const SchemaSource& source : sources) {
    for (const std::string& warning : source.warnings) {
      LeaveOut(absl::StrCat(source.name, ": ", warning));
    }
  }
  for (const std::string& warning : merged->warnings) Warn(warning);
  for (const SkippedFile& skipped : merged->skipped) {
    AddSkipped(skipped, sources);
  }
  for (const MergedPool& pool : merged->pools) {
    for (const pb::FileDescriptor* file : pool.files) {
      for (int i = 0; i < file->service_count(); ++i) {
        AddAdmissionMethods(file->service(i), &admission_methods_);
      }
    }
  }
  for (MergedPool& pool : merged->pools) {
    schema_->pools_.push_back(std::move(pool.pool));
    for (size_t i = 0; i < pool.files.size(); ++i) {
      AddFile(pool.files[i], pool.sources[i], sources);
    }
  }
  SchemaErrors unknown;
  for (const std::string& name : services_) {
    unknown.Add(sources.front().name, name, "there is no such service");
  }
  if (!unknown.empty()) return unknown.ToStatus();
  for (std::string& pattern : selection_.Unmatched()) {
    LeaveOut(std::move(pattern));
  }
  if (options_.strict) {
    if (absl::Status status = StrictErrors(); !status.ok()) return status;
  }
  // Added last, because served methods take precedence on equal routes. Of two
  // unserved methods with the same route either will do.
  for (auto& [index, parsed] : unserved_routes_) {
    (void)router_.Add(parsed.route.verb, std::move(parsed.path_template),
                      UnservedNumber(index));
  }
  schema_->router_ = std::move(router_).Build();
  for (const Method& method : schema_->methods_) {
    schema_->method_list_.push_back(&method);
    schema_->methods_by_name_.emplace(method.descriptor->full_name(), &method);
    if (method.in_bundle()) schema_->bundle_.push_back(&method);
  }
  for (const Route& route : schema_->routes_) {
    schema_->route_list_.push_back(&route);
    schema_->verbs_.insert(route.verb);
  }
  return schema_;
}

void SchemaLoader::LeaveOut(std::string message) {
  left_out_.push_back(message);
  schema_->warnings_.push_back(std::move(message));
}

absl::Status SchemaLoader::StrictErrors() const {
  std::vector<std::string> lines;
  absl::flat_hash_set<std::string> seen;
  size_t more = 0;
  const auto add = [&](const std::string& line) {
    if (!seen.insert(line).second) return;
    if (lines.size() < kMaxStrictErrors) {
      lines.push_back(line);
    } else {
      ++more;
    }
  };
  for (const std::string& line : left_out_) add(line);
  for (const UnservedMethod& method : schema_->unserved_) {
    for (const std::string& line : method.errors) add(line);
  }
  if (lines.empty()) return absl::OkStatus();
  if (more > 0) lines.push_back(absl::StrCat("(", more, " more)"));
  return absl::InvalidArgumentError(absl::StrJoin(lines, "\n"));
}

void SchemaLoader::AddSkipped(const SkippedFile& skipped,
                              const std::vector<SchemaSource>& sources) {
  LeaveOut(skipped.why);
  for (const auto& [service, method] : skipped.methods) {
    const std::string name = absl::StrCat(service, ".", method);
    const bool wanted = std::any_of(
        skipped.sources.begin(), skipped.sources.end(),
        [&sources, &service = service](int index) {
          return sources[static_cast<size_t>(index)].Serves(service);
        });
    if (!wanted || !selection_.Serves(service, name)) continue;
    schema_->unserved_.push_back({name,
                                  skipped.why.substr(0, skipped.why.find(' ')),
                                  absl::UnimplementedError(absl::StrCat(
                                      name, " is not served: ", skipped.why)),
                                  {skipped.why}});
  }
}

void SchemaLoader::AddFile(const pb::FileDescriptor* file,
                           const std::vector<int>& indices,
                           const std::vector<SchemaSource>& sources) {
  bool served = false;
  reflected_ = std::all_of(indices.begin(), indices.end(), [&](int index) {
    return sources[static_cast<size_t>(index)].lenient;
  });
  for (int i = 0; i < file->service_count(); ++i) {
    const pb::ServiceDescriptor* service = file->service(i);
    const bool wanted =
        std::any_of(indices.begin(), indices.end(), [&](int index) {
          return sources[static_cast<size_t>(index)].Serves(
              service->full_name());
        });
    if (!wanted) continue;
    const auto [other, is_new] =
        served_services_.emplace(service->full_name(), service);
    if (!is_new) {
      Warn(service->full_name(), " is served as defined in the first source (",
           other->second->file()->name(),
           "); a different definition is ignored");
      continue;
    }
    const bool named = services_.erase(service->full_name()) > 0;
    if (!named && !options_.services.empty()) continue;
    AddService(service, named || selection_.Names(service->full_name()));
    served = true;
  }
  if (!served) return;
  for (const std::string& import : lost_options_.UnusedImports(file)) {
    Warn(file->name(), " imports \"", import,
         "\" but does not use it: were options lost, or is the import not "
         "needed?");
  }
}

void SchemaLoader::AddService(const pb::ServiceDescriptor* service,
                              bool named) {
  SchemaErrors errors;
  CheckServiceOptions(service, &errors);
  if (service->method_count() == 0) {
    for (std::string& line : errors.Lines()) LeaveOut(std::move(line));
  }
  const bool default_routes =
      options_.default_routes &&
      (named || (!IsOwnOfGrpc(service->full_name()) &&
                 service->full_name() != "sse.v1.Multiplexer"));
  for (int i = 0; i < service->method_count(); ++i) {
    const pb::MethodDescriptor* method = service->method(i);
    if (!selection_.Serves(service->full_name(), method->full_name())) continue;
    if (method->client_streaming()) {
      AddClientStreaming(method, default_routes);
    } else {
      AddMethod(
          method,
          default_routes && !admission_methods_.contains(method->full_name()),
          errors);
    }
  }
}

void SchemaLoader::AddClientStreaming(const pb::MethodDescriptor* descriptor,
                                      bool default_routes) {
  // Browsers cannot stream to a server in a way that every proxy supports.
  constexpr absl::string_view kReason =
      "the bridge does not serve client-streaming methods";
  const bool has_rule = descriptor->options().HasExtension(google::api::http);
  SchemaErrors errors;
  for (const auto& [present, number, option] :
       {std::tuple(has_rule, google::api::http.number(), "google.api.http"),
        std::tuple(descriptor->options().HasExtension(sse::v1::stream),
                   sse::v1::stream.number(), "sse.v1.stream")}) {
    if (!present) continue;
    errors.Add(Where(descriptor->file(), PathOfOption(descriptor, number)),
               descriptor->full_name(), absl::StrCat(option, ": ", kReason));
  }
  if (errors.empty() && !default_routes) return;
  Method method;
  method.descriptor = descriptor;
  SchemaErrors ignored;
  std::vector<ParsedRoute> routes =
      RoutesOf(&method,
               has_rule ? descriptor->options().GetExtension(google::api::http)
                        : DefaultRule(descriptor),
               &ignored);
  const std::string reason =
      errors.empty()
          ? absl::StrCat(Where(descriptor->file(), PathOf(descriptor)), ": ",
                         descriptor->full_name(), ": ", kReason)
          : absl::StrJoin(errors.Lines(), "; ");
  Refuse(descriptor,
         absl::UnimplementedError(
             absl::StrCat(descriptor->full_name(), " is not served: ", reason)),
         errors.Lines(), std::move(routes));
}

void SchemaLoader::AddMethod(const pb::MethodDescriptor* descriptor,
                             bool default_routes,
                             const SchemaErrors& service_errors) {
  Method& method = schema_->methods_.emplace_back();
  method.descriptor = descriptor;
  method.grpc_path = absl::StrCat("/", descriptor->service()->full_name(), "/",
                                  descriptor->name());
  method.server_streaming = descriptor->server_streaming();
  method.texts = TextsOf(descriptor);
  const bool has_rule = descriptor->options().HasExtension(google::api::http);
  const bool routed = has_rule || default_routes;
  const bool exposed =
      routed ||
      descriptor->options().GetExtension(sse::v1::stream).has_bundle();

  SchemaErrors own;
  ReadOptions(&method, exposed, &own);
  std::vector<ParsedRoute> routes;
  if (routed) {
    const google::api::HttpRule rule =
        has_rule ? descriptor->options().GetExtension(google::api::http)
                 : DefaultRule(descriptor);
    routes = RoutesOf(&method, rule, &own);
  }
  std::vector<std::string> errors = service_errors.Lines();
  if (const std::string lost =
          lost_options_.WhyNotServed(descriptor, reflected_);
      !lost.empty()) {
    errors = {lost};
  } else if (errors.empty()) {
    if (exposed) ReadRules(&method, &own);
    // Only for a method that could be served otherwise: its names must not be
    // reserved for nothing.
    if (own.empty()) clashes_.Check(method, routes, &own);
    errors = own.Lines();
  }
  if (!errors.empty()) {
    absl::Status why = absl::UnimplementedError(
        absl::StrCat(descriptor->full_name(),
                     " is not served: ", absl::StrJoin(errors, "; ")));
    Refuse(descriptor, std::move(why), std::move(errors), std::move(routes));
    schema_->methods_.pop_back();
    return;
  }
  if (exposed && !NamesAnybody(method.access)) {
    if (options_.default_access == DefaultAccess::kAuthenticated) {
      method.access.set_authenticated(true);
    } else if (options_.default_access == DefaultAccess::kDenied) {
      Refuse(descriptor,
             absl::PermissionDeniedError(absl::StrCat(
                 "nobody may call ", descriptor->full_name(),
                 ": it has no sse.v1.access, and default_access is denied")),
             {}, std::move(routes));
      schema_->methods_.pop_back();
      return;
    }
  }
  clashes_.Add(method);
  for (ParsedRoute& parsed : routes) {
    parsed.route.is_default = !has_rule;
    (void)router_.Add(parsed.route.verb, std::move(parsed.path_template),
                      static_cast<int>(schema_->routes_.size()));
    schema_->routes_.push_back(std::move(parsed.route));
    method.routes.push_back(&schema_->routes_.back());
  }
}

void SchemaLoader::ReadRules(Method* method, SchemaErrors* errors) {
  const pb::Descriptor* request = method->descriptor->input_type();
  if (foreign_rules_.Contains(request)) {
    RequestTypes::ForEach(request, [&](const pb::Descriptor* message) {
      HasForeignRules(message, errors);
    });
  }
  if (!validation_rules_.Contains(request)) return;
  // Each method has its own compiler, because a compiler reports the errors of
  // a type only once.
  method->validator = ValidatorCompiler().Compile(request, errors);
}

void SchemaLoader::Refuse(const pb::MethodDescriptor* descriptor,
                          absl::Status why, std::vector<std::string> errors,
                          std::vector<ParsedRoute> routes) {
  Warn(why.message());
  const int index = static_cast<int>(schema_->unserved_.size());
  schema_->unserved_.push_back({descriptor->full_name(),
                                Where(descriptor->file(), PathOf(descriptor)),
                                std::move(why), std::move(errors)});
  for (ParsedRoute& parsed : routes) {
    if (unserved_routes_.size() == RouteClashes::kMaxRoutes) return;
    unserved_routes_.emplace_back(index, std::move(parsed));
  }
}

}  // namespace sse_bridge
