#include "bridge/codegen/ts_names.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "bridge/base/json_quote.h"
#include "bridge/codegen/ts_reserved.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;

bool IsIdentifier(absl::string_view name) {
  if (name.empty() || absl::ascii_isdigit(static_cast<unsigned char>(name[0])))
    return false;
  for (unsigned char c : name) {
    if (!absl::ascii_isalnum(c) && c != '_' && c != '$') return false;
  }
  return true;
}

std::string UpperFirst(std::string name) {
  if (!name.empty()) {
    name[0] = absl::ascii_toupper(static_cast<unsigned char>(name[0]));
  }
  return name;
}

// "acme.observatory.v2" -> "AcmeObservatoryV2"
std::string PackageWord(const std::string& package) {
  std::string word;
  for (absl::string_view part :
       absl::StrSplit(package, absl::ByAnyChar("._"))) {
    word += UpperFirst(std::string(part));
  }
  return word;
}

std::string ShortName(const std::string& package, const std::string& full) {
  const size_t prefix = package.empty() ? 0 : package.size() + 1;
  return absl::StrReplaceAll(full.substr(prefix), {{".", "_"}});
}

// "Orders" -> "Order", "Entries" -> "Entry"
std::string Singular(const std::string& name) {
  if (absl::EndsWith(name, "ies")) {
    return absl::StrCat(name.substr(0, name.size() - 3), "y");
  }
  return absl::EndsWith(name, "s") ? name.substr(0, name.size() - 1) : name;
}

std::string WithoutService(const std::string& service) {
  const absl::string_view kSuffix = "Service";
  return absl::EndsWith(service, kSuffix) && service.size() > kSuffix.size()
             ? service.substr(0, service.size() - kSuffix.size())
             : service;
}

// "StreamOrders" of Orders -> "Stream"
std::string WithoutNoun(const std::string& method, const std::string& service) {
  const std::string noun = WithoutService(service);
  for (const std::string& ending : {noun, Singular(noun)}) {
    if (absl::EndsWith(method, ending) && method.size() > ending.size()) {
      return method.substr(0, method.size() - ending.size());
    }
  }
  return method;
}

// `name` with an underscore if it is reserved.
std::string Unreserved(std::string name, bool reserved) {
  if (reserved) name += "_";
  return name;
}

std::string MethodMember(const std::string& name) {
  std::string member = LowerCamel(name);
  const bool reserved = IsReservedMember(member);
  return Unreserved(std::move(member), reserved);
}

std::string ServiceMember(const std::string& name) {
  std::string member = LowerCamel(name);
  const bool reserved = IsReservedService(member);
  return Unreserved(std::move(member), reserved);
}

}  // namespace

std::string LowerCamel(absl::string_view name) {
  std::string out(name);
  // In a run of capitals, the last one begins the next word.
  for (size_t i = 0; i < out.size(); ++i) {
    const auto c = static_cast<unsigned char>(out[i]);
    if (!absl::ascii_isupper(c)) break;
    if (i > 0 && i + 1 < out.size() &&
        absl::ascii_islower(static_cast<unsigned char>(out[i + 1]))) {
      break;
    }
    out[i] = absl::ascii_tolower(c);
  }
  return out;
}

std::string JsString(absl::string_view text) { return JsonQuote(text); }

std::string JsMember(absl::string_view name) {
  return IsIdentifier(name) ? std::string(name) : JsString(name);
}

std::string JsKey(absl::string_view name) {
  // Otherwise it would set the prototype.
  return name == "__proto__" ? "[\"__proto__\"]" : JsMember(name);
}

std::string JsDoc(absl::string_view text, absl::string_view indent) {
  if (text.empty()) return "";
  const std::string safe = absl::StrReplaceAll(text, {{"*/", "*\\/"}});
  if (safe.find('\n') == std::string::npos) {
    return absl::StrCat(indent, "/** ", safe, " */\n");
  }
  std::string out = absl::StrCat(indent, "/**\n");
  for (absl::string_view line : absl::StrSplit(safe, '\n')) {
    absl::StrAppend(&out, indent, line.empty() ? " *" : " * ", line, "\n");
  }
  absl::StrAppend(&out, indent, " */\n");
  return out;
}

std::string UniqueNames::Claim(const std::string& wanted) {
  std::string free = wanted;
  for (int n = 2; !taken_.insert(free).second; ++n) {
    free = absl::StrCat(wanted, "_", n);
  }
  return free;
}

TsTypeNames::TsTypeNames(const Shapes& shapes,
                         const std::set<std::string>& taken)
    : unique_(taken) {
  for (const Shape& shape : shapes.all()) {
    Count(shape.type->file()->package(), shape.type->full_name());
  }
  for (const pb::EnumDescriptor* each : shapes.enums()) {
    Count(each->file()->package(), each->full_name());
  }
  std::set<const pb::Descriptor*> printed;
  for (const Shape& shape : shapes.all()) {
    if (!shape.input) printed.insert(shape.type);
    if (messages_.contains(shape.type)) continue;
    messages_.emplace(shape.type, Claim(shape.type->file()->package(),
                                        shape.type->full_name()));
  }
  for (const pb::EnumDescriptor* each : shapes.enums()) {
    enums_.emplace(each, Claim(each->file()->package(), each->full_name()));
  }
  // After the types themselves, which keep their own names.
  for (const pb::EnumDescriptor* each : shapes.enums()) {
    numbers_.emplace(each, unique_.Claim(enums_.at(each) + "Number"));
  }
  std::set<const pb::Descriptor*> named;
  for (const Shape& shape : shapes.all()) {
    const std::string& name = messages_.at(shape.type);
    if (shape.input && printed.contains(shape.type)) {
      shapes_.emplace(shape, unique_.Claim(name + "Input"));
    } else if (named.insert(shape.type).second) {
      shapes_.emplace(shape, name);
    } else {
      shapes_.emplace(shape, unique_.Claim(name));
    }
  }
}

void TsTypeNames::Count(const std::string& package,
                        const std::string& full_name) {
  const auto [it, added] =
      owners_.emplace(ShortName(package, full_name), full_name);
  if (!added && it->second != full_name) it->second.clear();
}

std::string TsTypeNames::Claim(const std::string& package,
                               const std::string& full_name) {
  std::string name = ShortName(package, full_name);
  if (owners_.at(name).empty()) {
    name = absl::StrCat(PackageWord(package), "_", name);
  }
  const bool reserved = IsReservedTopLevel(name);
  return unique_.Claim(Unreserved(std::move(name), reserved));
}

TsServiceNames::TsServiceNames(const Schema& schema) {
  std::vector<const pb::ServiceDescriptor*> services;
  std::map<std::string, int> owners;
  std::map<const pb::ServiceDescriptor*,
           std::vector<const pb::MethodDescriptor*>>
      methods;
  for (const sse_bridge::Method* method : schema.methods()) {
    if (method->routes.empty()) continue;
    const pb::ServiceDescriptor* service = method->descriptor->service();
    if (methods[service].empty()) {
      services.push_back(service);
      ++owners[WithoutService(service->name())];
    }
    methods[service].push_back(method->descriptor);
  }
  // The names of packages, services and methods may differ only in what the
  // conventions of JavaScript change.
  UniqueNames members, classes;
  for (const pb::ServiceDescriptor* service : services) {
    std::string name = WithoutService(service->name());
    if (owners[name] > 1) {
      name = PackageWord(service->file()->package()) + service->name();
    }
    services_[service] = {
        .member = members.Claim(ServiceMember(name)),
        .class_name = classes.Claim(UpperFirst(name) + "Client")};
    NameMethods(methods[service]);
  }
}

void TsServiceNames::NameMethods(
    const std::vector<const pb::MethodDescriptor*>& methods) {
  const auto brief = [](const pb::MethodDescriptor* method) {
    return MethodMember(WithoutNoun(method->name(), method->service()->name()));
  };
  std::map<std::string, int> count;
  for (const pb::MethodDescriptor* method : methods) ++count[brief(method)];
  UniqueNames unique;
  for (const pb::MethodDescriptor* method : methods) {
    // Another method may already have the short name.
    methods_[method] =
        unique.Claim(count[brief(method)] == 1 ? brief(method)
                                               : MethodMember(method->name()));
  }
}

}  // namespace sse_bridge
