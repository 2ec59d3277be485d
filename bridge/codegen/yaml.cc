#include "bridge/codegen/yaml.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"

namespace sse_bridge {

namespace {

// Returns whether a YAML 1.1 or 1.2 parser may read the text as another type
// than a string.
bool MeansSomethingElse(const std::string& text) {
  static const auto* const kWords = new std::set<std::string>{
      "true", "false", "null", "yes", "no", "on", "off", "y", "n"};
  return kWords->contains(absl::AsciiStrToLower(text));
}

// The emitter quotes invalid plain scalars, but does not know that numbers and
// words such as `true` must be quoted to stay strings.
bool LooksLikeText(const std::string& text) {
  if (text.empty() || text.find('\n') != std::string::npos ||
      MeansSomethingElse(text)) {
    return false;
  }
  const auto first = static_cast<unsigned char>(text.front());
  return absl::ascii_isalpha(first) || first == '/' || first == '_';
}

// A literal block preserves its text only if that ends with exactly one newline
// and does not begin with a space.
bool FitsInBlock(const std::string& text) {
  return text.size() > 1 && text.find('\n') != text.size() - 1 &&
         text.back() == '\n' && text[text.size() - 2] != '\n' &&
         text.front() != ' ' && text.front() != '\n' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return c == '\n' || static_cast<unsigned char>(c) >= 0x20;
         });
}

void Emit(const std::string& text, YAML::Emitter* out) {
  if (FitsInBlock(text)) {
    *out << YAML::Literal << text;
  } else if (LooksLikeText(text)) {
    *out << text;
  } else {
    *out << YAML::DoubleQuoted << text;
  }
}

void Emit(const nlohmann::ordered_json& json, YAML::Emitter* out) {
  using Type = nlohmann::ordered_json::value_t;
  switch (json.type()) {
    case Type::object:
      if (json.empty()) *out << YAML::Flow;
      *out << YAML::BeginMap;
      for (const auto& [key, value] : json.items()) {
        *out << YAML::Key;
        Emit(key, out);
        *out << YAML::Value;
        Emit(value, out);
      }
      *out << YAML::EndMap;
      return;
    case Type::array:
      // Write short lists of words, such as `required`, on one line.
      if (std::all_of(json.begin(), json.end(),
                      [](const auto& item) { return item.is_primitive(); })) {
        *out << YAML::Flow;
      }
      *out << YAML::BeginSeq;
      for (const auto& item : json) Emit(item, out);
      *out << YAML::EndSeq;
      return;
    case Type::string:
      return Emit(json.get_ref<const std::string&>(), out);
    case Type::null:
      *out << YAML::Null;
      return;
    default:
      // Numbers and booleans have the same form in JSON.
      *out << json.dump();
      return;
  }
}

}  // namespace

std::string ToYaml(const nlohmann::ordered_json& json) {
  YAML::Emitter out;
  out.SetIndent(2);
  out.SetMapFormat(YAML::Block);
  Emit(json, &out);
  return std::string(out.c_str(), out.size()) + "\n";
}

}  // namespace sse_bridge
