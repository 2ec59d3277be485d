#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_OPTIONS_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_OPTIONS_H_

namespace sse_bridge {

// How messages look in JSON, where the ProtoJSON mapping leaves a choice.
struct JsonOptions {
  // `created_at` instead of `createdAt`.
  bool preserve_proto_field_names = false;

  // Prints fields that cannot tell "absent" from "default" (proto3 scalars
  // without `optional`, repeated fields, maps) also when they are default.
  // Fields with presence are printed only when they are set.
  bool always_print_fields_with_no_presence = false;

  // Numbers instead of the names of enum values.
  bool always_print_enums_as_ints = false;

  // An Any of a type that the pool does not know becomes {"@type": its URL}
  // instead of an error. For error details, which must not hide an error, and
  // whose bytes nobody has meant to show.
  bool unresolved_any_by_url = false;

  // Shows what ProtoJSON has no form for but a reader can still use, instead of
  // failing: an Any whose message cannot be shown, most often because the pool
  // does not know its type, becomes {"@type": URL, "value": BYTES IN BASE64},
  // and bytes of a string that are not UTF-8 become U+FFFD.
  bool lenient = false;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_JSON_OPTIONS_H_
