#include "bridge/codegen/document_writer.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace sse_bridge {

namespace {

using Json = DocumentWriter::Json;

class JsonWriter : public DocumentWriter {
 public:
  explicit JsonWriter(bool compact) : compact_(compact) { out_.push_back('{'); }

  void Add(const std::string& name, const Json& value) override {
    StartMember(name);
    if (compact_) {
      out_.append(Dump(value, -1));
      return;
    }
    const std::string text = Dump(value, 2);
    size_t at = 0;
    for (size_t end = text.find('\n'); end != std::string::npos;
         end = text.find('\n', at)) {
      out_.append(text, at, end + 1 - at);
      Indent();
      at = end + 1;
    }
    out_.append(text, at);
  }

  void Begin(const std::string& name) override {
    StartMember(name);
    out_.push_back('{');
    has_members_.push_back(false);
  }

  void End() override {
    const bool has_members = has_members_.back();
    has_members_.pop_back();
    if (has_members) BreakLine();
    out_.push_back('}');
  }

  std::string Finish() override {
    End();
    out_.push_back('\n');
    // Unused capacity would count as memory of the connection that sends it.
    out_.shrink_to_fit();
    return std::move(out_);
  }

 private:
  static std::string Dump(const Json& value, int indent) {
    return value.dump(indent, ' ', false, Json::error_handler_t::replace);
  }

  void Indent() { out_.append(2 * has_members_.size(), ' '); }

  void BreakLine() {
    if (compact_) return;
    out_.push_back('\n');
    Indent();
  }

  void StartMember(const std::string& name) {
    if (has_members_.back()) out_.push_back(',');
    has_members_.back() = true;
    BreakLine();
    absl::StrAppend(&out_, Dump(name, -1), compact_ ? ":" : ": ");
  }

  const bool compact_;
  std::string out_;
  std::vector<bool> has_members_ = {false};  // of the objects that are open
};

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

class YamlWriter : public DocumentWriter {
 public:
  YamlWriter() {
    out_.SetIndent(2);
    out_.SetMapFormat(YAML::Block);
    out_ << YAML::BeginMap;
  }

  void Add(const std::string& name, const Json& value) override {
    StartPending();
    Key(name);
    Emit(value);
  }

  // Delayed, because the emitter must know first that an object is empty.
  void Begin(const std::string& name) override {
    StartPending();
    has_pending_ = true;
    pending_ = name;
  }

  void End() override {
    if (std::exchange(has_pending_, false)) {
      Key(pending_);
      Emit(Json::object());
    } else {
      out_ << YAML::EndMap;
    }
  }

  std::string Finish() override {
    out_ << YAML::EndMap;
    return absl::StrCat(absl::string_view(out_.c_str(), out_.size()), "\n");
  }

 private:
  void StartPending() {
    if (!std::exchange(has_pending_, false)) return;
    Key(pending_);
    out_ << YAML::BeginMap;
  }

  void Key(const std::string& name) {
    out_ << YAML::Key;
    Emit(name);
    out_ << YAML::Value;
  }

  void Emit(const std::string& text) {
    if (FitsInBlock(text)) {
      out_ << YAML::Literal << text;
    } else if (LooksLikeText(text)) {
      out_ << text;
    } else {
      out_ << YAML::DoubleQuoted << text;
    }
  }

  void Emit(const Json& json) {
    switch (json.type()) {
      case Json::value_t::object:
        if (json.empty()) out_ << YAML::Flow;
        out_ << YAML::BeginMap;
        for (const auto& [key, value] : json.items()) {
          Key(key);
          Emit(value);
        }
        out_ << YAML::EndMap;
        return;
      case Json::value_t::array:
        // Write short lists of words, such as `required`, on one line.
        if (std::all_of(json.begin(), json.end(),
                        [](const auto& item) { return item.is_primitive(); })) {
          out_ << YAML::Flow;
        }
        out_ << YAML::BeginSeq;
        for (const auto& item : json) Emit(item);
        out_ << YAML::EndSeq;
        return;
      case Json::value_t::string:
        Emit(json.get_ref<const std::string&>());
        return;
      case Json::value_t::null:
        out_ << YAML::Null;
        return;
      default:
        // Numbers and booleans have the same form in JSON.
        out_ << json.dump();
        return;
    }
  }

  YAML::Emitter out_;
  // An object without members so far.
  bool has_pending_ = false;
  std::string pending_;
};

}  // namespace

std::unique_ptr<DocumentWriter> NewJsonWriter(bool compact) {
  return std::make_unique<JsonWriter>(compact);
}

std::unique_ptr<DocumentWriter> NewYamlWriter() {
  return std::make_unique<YamlWriter>();
}

}  // namespace sse_bridge
