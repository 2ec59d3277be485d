#include "bridge/codegen/route_form.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "bridge/base/event_names.h"
#include "bridge/codegen/json_form.h"

namespace sse_bridge {

namespace {

// Characters that a segment may contain unencoded (RFC 3986).
bool IsPlainInPath(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         absl::string_view("-._~!$&'()*+,;=:@").find(c) !=
             absl::string_view::npos;
}

std::string Encode(absl::string_view literal) {
  std::string out;
  for (char c : literal) {
    if (IsPlainInPath(c)) {
      out.push_back(c);
    } else {
      absl::StrAppend(&out, "%",
                      absl::AsciiStrToUpper(absl::StrCat(absl::Hex(
                          static_cast<unsigned char>(c), absl::kZeroPad2))));
    }
  }
  return out;
}

void AddLiteral(std::string text, int variable, std::vector<PathPiece>* out) {
  if (!out->empty() && out->back().kind == PathPiece::Kind::kLiteral &&
      out->back().variable == variable) {
    out->back().text += text;
  } else {
    out->push_back({PathPiece::Kind::kLiteral, std::move(text), variable});
  }
}

}  // namespace

std::vector<PathPiece> PiecesOf(const Route& route) {
  std::vector<PathPiece> pieces;
  // The schema has already parsed it.
  const auto parsed = PathTemplate::Parse(route.path_template);
  if (!parsed.ok()) return pieces;
  for (size_t i = 0; i < parsed->segments().size(); ++i) {
    int variable = -1;
    bool first = true;
    for (size_t v = 0; v < parsed->variables().size(); ++v) {
      const PathTemplate::Variable& each = parsed->variables()[v];
      if (i >= each.begin && i < each.end) {
        variable = static_cast<int>(v);
        first = i == each.begin;
      }
    }
    // The slash before a variable does not belong to it.
    AddLiteral("/", first ? -1 : variable, &pieces);
    const PathTemplate::Segment& segment = parsed->segments()[i];
    switch (segment.kind) {
      case PathTemplate::Kind::kLiteral:
        AddLiteral(Encode(segment.literal), variable, &pieces);
        break;
      case PathTemplate::Kind::kOne:
        pieces.push_back({PathPiece::Kind::kSegment, "", variable});
        break;
      case PathTemplate::Kind::kAny:
        pieces.push_back({PathPiece::Kind::kSegments, "", variable});
        break;
    }
  }
  if (parsed->segments().empty()) AddLiteral("/", -1, &pieces);
  if (!parsed->verb().empty()) {
    AddLiteral(absl::StrCat(":", Encode(parsed->verb())), -1, &pieces);
  }
  return pieces;
}

namespace {

std::optional<std::vector<std::string>> WrittenEventNames(
    const Method& method) {
  if (!method.stream.event().empty()) {
    return std::vector<std::string>{method.stream.event()};
  }
  // Browsers call unnamed events "message".
  if (method.event_from.empty()) return std::vector<std::string>{"message"};
  const google::protobuf::FieldDescriptor* field = method.event_from.back();
  if (field->enum_type() != nullptr) {
    const buf::validate::FieldRules rules = RulesOf(field);
    std::vector<std::string> allowed;
    for (const int number : AllowedEnumNumbers(rules, field->enum_type())) {
      const auto* value = field->enum_type()->FindValueByNumber(number);
      if (value == nullptr) return std::nullopt;
      allowed.push_back(value->name());
    }
    if (!allowed.empty()) return allowed;
    // Unnamed numbers are also possible.
    if (IsOpenEnum(field) && !rules.enum_().defined_only()) return std::nullopt;
    return NamesOf(field->enum_type());
  }
  std::vector<std::string> allowed = AllowedTexts(RulesOf(field));
  // An empty value makes an unnamed event.
  std::erase(allowed, "");
  if (allowed.empty()) return std::nullopt;
  return allowed;
}

}  // namespace

std::optional<std::vector<std::string>> EventNames(const Method& method) {
  auto names = WrittenEventNames(method);
  if (!names.has_value()) return names;
  for (std::string& name : *names) name = EventNameOfData(name);
  return names;
}

}  // namespace sse_bridge
