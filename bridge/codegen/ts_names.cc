#include "bridge/codegen/ts_names.h"

#include <set>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "bridge/base/json_quote.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;

// Words that cannot name a type, and the name of the imported runtime types.
bool IsReservedType(const std::string& name) {
  static const auto* const kWords = new std::set<std::string>{
      "any",        "bigint", "boolean",  "break",    "case",      "catch",
      "class",      "const",  "continue", "debugger", "default",   "delete",
      "do",         "else",   "enum",     "export",   "extends",   "false",
      "finally",    "for",    "function", "if",       "import",    "in",
      "instanceof", "never",  "new",      "null",     "number",    "object",
      "return",     "string", "super",    "switch",   "symbol",    "this",
      "throw",      "true",   "try",      "typeof",   "undefined", "unknown",
      "var",        "void",   "while",    "with",     "$rt"};
  return kWords->contains(name);
}

// Members that every client class has, or that have a meaning in JavaScript.
bool IsReservedMember(const std::string& name) {
  return name == "constructor" || name == "shared" || name == "then" ||
         name == "toString" || name == "valueOf" || name == "__proto__";
}

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

std::string MemberName(const std::string& name) {
  std::string member = LowerCamel(name);
  if (IsReservedMember(member)) member += "_";
  return member;
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

void TsTypeNames::AddName(const std::string& package,
                          const std::string& full_name) {
  const auto [it, added] =
      owners_.emplace(ShortName(package, full_name), full_name);
  if (!added && it->second != full_name) it->second.clear();
}

std::string TsTypeNames::NameOf(const std::string& package,
                                const std::string& full_name) const {
  std::string name = ShortName(package, full_name);
  const auto it = owners_.find(name);
  if (it != owners_.end() && it->second.empty()) {
    name = absl::StrCat(PackageWord(package), "_", name);
  }
  return IsReservedType(name) ? name + "_" : name;
}

void TsTypeNames::Add(const pb::Descriptor* type) {
  AddName(type->file()->package(), type->full_name());
}
void TsTypeNames::Add(const pb::EnumDescriptor* type) {
  AddName(type->file()->package(), type->full_name());
}
std::string TsTypeNames::Name(const pb::Descriptor* type) const {
  return NameOf(type->file()->package(), type->full_name());
}
std::string TsTypeNames::Name(const pb::EnumDescriptor* type) const {
  return NameOf(type->file()->package(), type->full_name());
}

TsServiceNames::TsServiceNames(const Schema& schema) {
  std::map<std::string, std::set<const pb::ServiceDescriptor*>> by_short;
  std::map<const pb::ServiceDescriptor*,
           std::vector<const pb::MethodDescriptor*>>
      by_service;
  for (const sse_bridge::Method* method : schema.methods()) {
    if (method->routes.empty()) continue;
    const pb::ServiceDescriptor* service = method->descriptor->service();
    by_short[WithoutService(service->name())].insert(service);
    by_service[service].push_back(method->descriptor);
  }
  for (const auto& [name, services] : by_short) {
    for (const pb::ServiceDescriptor* service : services) {
      services_[service] =
          services.size() == 1
              ? name
              : absl::StrCat(PackageWord(service->file()->package()),
                             service->name());
    }
  }
  for (const auto& [service, methods] : by_service) {
    std::map<std::string, int> count;
    for (const pb::MethodDescriptor* method : methods) {
      ++count[MemberName(WithoutNoun(method->name(), service->name()))];
    }
    for (const pb::MethodDescriptor* method : methods) {
      const std::string brief =
          MemberName(WithoutNoun(method->name(), service->name()));
      // Another method may already have the short name.
      const bool free = count[brief] == 1;
      methods_[method] = free ? brief : MemberName(method->name());
    }
  }
}

std::string TsServiceNames::Member(const pb::ServiceDescriptor* service) const {
  return MemberName(services_.at(service));
}

std::string TsServiceNames::Class(const pb::ServiceDescriptor* service) const {
  return absl::StrCat(UpperFirst(services_.at(service)), "Client");
}

std::string TsServiceNames::Method(const pb::MethodDescriptor* method) const {
  return methods_.at(method);
}

}  // namespace sse_bridge
