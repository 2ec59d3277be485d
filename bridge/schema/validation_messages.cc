// Rules of lists, maps and well-known messages.

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "absl/container/inlined_vector.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/schema/validation_range.h"
#include "bridge/schema/validation_rules.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;
namespace bv = ::buf::validate;
using Texts = std::vector<std::string>;

template <typename Repeated>
Texts TextsOf(const Repeated& texts) {
  return Texts(texts.begin(), texts.end());
}

std::string SameText(const std::string& text) { return text; }

// google.protobuf.Duration, or a Timestamp since 1970.
template <typename Time>
absl::Duration TimeOf(const Time& time) {
  return absl::Seconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

absl::Duration TimeOf(const Subject& subject) {
  const pb::Message& message = *subject.message;
  const pb::Reflection* reflection = message.GetReflection();
  const pb::Descriptor* type = message.GetDescriptor();
  return absl::Seconds(
             reflection->GetInt64(message, type->FindFieldByNumber(1))) +
         absl::Nanoseconds(
             reflection->GetInt32(message, type->FindFieldByNumber(2)));
}

// Seconds as a decimal, such as "0.001s".
std::string DurationText(absl::Duration duration) {
  const bool negative = duration < absl::ZeroDuration();
  if (negative) duration = -duration;
  std::string nanos = absl::StrCat(
      1000000000 + absl::ToInt64Nanoseconds(duration % absl::Seconds(1)));
  nanos.erase(nanos.find_last_not_of('0') + 1);
  return absl::StrCat(negative ? "-" : "", absl::ToInt64Seconds(duration),
                      nanos.size() > 1 ? "." : "",
                      nanos.size() > 1 ? nanos.substr(1) : "", "s");
}

std::string TimestampText(absl::Duration since1970) {
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:%E*SZ",
                          absl::UnixEpoch() + since1970, absl::UTCTimeZone());
}

template <typename R, typename Text>
void AddTimes(RuleAdder& add, const R& rules, Text text) {
  if (rules.has_const_()) {
    const absl::Duration x = TimeOf(rules.const_());
    add.Add("const", "const", absl::StrCat("must equal ", text(x)),
            [x](const Subject& s, Report&) { return TimeOf(s) == x; });
  }
  const Range<absl::Duration> range(
      rules, [](const auto& bound) { return TimeOf(bound); });
  if (!range.empty()) {
    add.Add(range.Field(), range.Id(), range.Message(text),
            [range](const Subject& s, Report&) {
              return range.Contains(TimeOf(s));
            });
  }
}

// The texts of a repeated field of the message.
template <typename Accepts>
bool AllPaths(const Subject& subject, Accepts accepts) {
  const pb::Message& mask = *subject.message;
  const pb::FieldDescriptor* paths = mask.GetDescriptor()->FindFieldByNumber(1);
  std::string scratch;
  for (int i = 0; i < mask.GetReflection()->FieldSize(mask, paths); ++i) {
    if (!accepts(i, mask.GetReflection()->GetRepeatedStringReference(
                        mask, paths, i, &scratch))) {
      return false;
    }
  }
  return true;
}

// Whether `path` is one of the list, or below one.
bool Covers(const Texts& list, absl::string_view path) {
  return std::any_of(list.begin(), list.end(), [&](const std::string& each) {
    return absl::StartsWith(path, each) &&
           (path.size() == each.size() || path[each.size()] == '.');
  });
}

absl::string_view TypeUrlOf(const Subject& subject, std::string* scratch) {
  const pb::Message& any = *subject.message;
  return any.GetReflection()->GetStringReference(
      any, any.GetDescriptor()->FindFieldByNumber(1), scratch);
}

uint64_t SizeOf(const Subject& subject) {
  return subject.parent->GetReflection()->FieldSize(*subject.parent,
                                                    subject.field);
}

// Values that are equal have the same key. NaN has none.
struct ItemKey {
  absl::string_view text;
  int64_t i = 0;
  uint64_t u = 0;
  double d = 0;

  bool operator==(const ItemKey&) const = default;
  auto Tie() const { return std::tie(text, i, u, d); }
  bool operator<(const ItemKey& other) const { return Tie() < other.Tie(); }
};

// Lists of up to 128 items need no allocation.
bool ItemsAreUnique(const Subject& subject) {
  const int size = static_cast<int>(SizeOf(subject));
  absl::InlinedVector<ItemKey, 128> keys;
  std::string scratch;
  for (int i = 0; i < size; ++i) {
    const ScalarValue value =
        ReadScalar(*subject.parent, subject.field, i, &scratch);
    if (value.d != value.d) continue;
    keys.push_back({value.s, value.b ? 1 : value.i, value.u, value.d});
  }
  std::sort(keys.begin(), keys.end());
  return std::adjacent_find(keys.begin(), keys.end()) == keys.end();
}

}  // namespace

void AddDurationRules(const bv::DurationRules& rules, absl::string_view path,
                      Rules* out) {
  RuleAdder add("duration", absl::StrCat(path, "duration"), out);
  AddTimes(add, rules, DurationText);
  const auto list = [](const auto& times) {
    std::vector<absl::Duration> durations;
    for (const auto& time : times) durations.push_back(TimeOf(time));
    return durations;
  };
  if (!rules.in().empty()) {
    const auto in = list(rules.in());
    add.Add("in", "in",
            absl::StrCat("must be in list ", ListText(in, DurationText)),
            [in](const Subject& s, Report&) {
              return std::find(in.begin(), in.end(), TimeOf(s)) != in.end();
            });
  }
  if (!rules.not_in().empty()) {
    const auto in = list(rules.not_in());
    add.Add("not_in", "not_in",
            absl::StrCat("must not be in list ", ListText(in, DurationText)),
            [in](const Subject& s, Report&) {
              return std::find(in.begin(), in.end(), TimeOf(s)) == in.end();
            });
  }
}

void AddTimestampRules(const bv::TimestampRules& rules, absl::string_view path,
                       Rules* out) {
  RuleAdder add("timestamp", absl::StrCat(path, "timestamp"), out);
  AddTimes(add, rules, TimestampText);
  const auto now = [](Report& report) {
    return report.now() - absl::UnixEpoch();
  };
  if (rules.lt_now()) {
    add.Add("lt_now", "lt_now", "must be less than now",
            [now](const Subject& s, Report& report) {
              return TimeOf(s) <= now(report);
            });
  }
  if (rules.gt_now()) {
    add.Add("gt_now", "gt_now", "must be greater than now",
            [now](const Subject& s, Report& report) {
              return TimeOf(s) >= now(report);
            });
  }
  if (rules.has_within()) {
    const absl::Duration within = TimeOf(rules.within());
    add.Add("within", "within",
            absl::StrCat("must be within ", DurationText(within), " of now"),
            [now, within](const Subject& s, Report& report) {
              const absl::Duration time = TimeOf(s);
              return time >= now(report) - within &&
                     time <= now(report) + within;
            });
  }
}

void AddFieldMaskRules(const bv::FieldMaskRules& rules, absl::string_view path,
                       Rules* out) {
  RuleAdder add("field_mask", absl::StrCat(path, "field_mask"), out);
  if (rules.has_const_()) {
    const Texts wanted = TextsOf(rules.const_().paths());
    add.Add("const", "const",
            absl::StrCat("must equal paths ", ListText(wanted, SameText)),
            [wanted](const Subject& s, Report&) {
              size_t count = 0;
              const bool same = AllPaths(s, [&](size_t i, const auto& path) {
                ++count;
                return i < wanted.size() && wanted[i] == path;
              });
              return same && count == wanted.size();
            });
  }
  if (!rules.in().empty()) {
    const Texts in = TextsOf(rules.in());
    add.Add("in", "in",
            absl::StrCat("must only contain paths in ", ListText(in, SameText)),
            [in](const Subject& s, Report&) {
              return AllPaths(s, [&](int, const std::string& path) {
                return Covers(in, path);
              });
            });
  }
  if (!rules.not_in().empty()) {
    const Texts in = TextsOf(rules.not_in());
    add.Add(
        "not_in", "not_in",
        absl::StrCat("must not contain any paths in ", ListText(in, SameText)),
        [in](const Subject& s, Report&) {
          return AllPaths(s, [&](int, const std::string& path) {
            return !Covers(in, path);
          });
        });
  }
}

void AddAnyRules(const bv::AnyRules& rules, absl::string_view path,
                 Rules* out) {
  RuleAdder add("any", absl::StrCat(path, "any"), out);
  using Set = absl::flat_hash_set<std::string>;
  if (!rules.in().empty()) {
    add.Add("in", "in", "type URL must be in the allow list",
            [in = Set(rules.in().begin(), rules.in().end())](const Subject& s,
                                                             Report&) {
              std::string scratch;
              return in.contains(TypeUrlOf(s, &scratch));
            });
  }
  if (!rules.not_in().empty()) {
    add.Add("not_in", "not_in", "type URL must not be in the block list",
            [in = Set(rules.not_in().begin(), rules.not_in().end())](
                const Subject& s, Report&) {
              std::string scratch;
              return !in.contains(TypeUrlOf(s, &scratch));
            });
  }
}

void AddListRules(const bv::RepeatedRules& rules, Rules* out) {
  RuleAdder add("repeated", "repeated", out);
  if (rules.has_min_items()) {
    add.Add(
        "min_items", "min_items",
        absl::StrCat("must contain at least ", rules.min_items(), " item(s)"),
        [n = rules.min_items()](const Subject& s, Report&) {
          return SizeOf(s) >= n;
        });
  }
  if (rules.has_max_items()) {
    add.Add("max_items", "max_items",
            absl::StrCat("must contain no more than ", rules.max_items(),
                         " item(s)"),
            [n = rules.max_items()](const Subject& s, Report&) {
              return SizeOf(s) <= n;
            });
  }
  if (rules.unique()) {
    add.Add("unique", "unique", "repeated value must contain unique items",
            [](const Subject& s, Report&) { return ItemsAreUnique(s); });
  }
}

void AddMapRules(const bv::MapRules& rules, Rules* out) {
  RuleAdder add("map", "map", out);
  if (rules.has_min_pairs()) {
    add.Add(
        "min_pairs", "min_pairs",
        absl::StrCat("map must be at least ", rules.min_pairs(), " entries"),
        [n = rules.min_pairs()](const Subject& s, Report&) {
          return SizeOf(s) >= n;
        });
  }
  if (rules.has_max_pairs()) {
    add.Add("max_pairs", "max_pairs",
            absl::StrCat("map must be at most ", rules.max_pairs(), " entries"),
            [n = rules.max_pairs()](const Subject& s, Report&) {
              return SizeOf(s) <= n;
            });
  }
}

}  // namespace sse_bridge
