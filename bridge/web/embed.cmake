# cmake -DFILES=PATH=FILE;... -DTABLE=OUT.cc -DBYTES=OUT.S -P embed.cmake
# Writes an assembler file with the files' bytes and a C++ file with their table.

set(types_html "text/html; charset=utf-8")
set(types_css "text/css; charset=utf-8")
set(types_js "text/javascript; charset=utf-8")
set(types_svg "image/svg+xml")
set(types_txt "text/plain; charset=utf-8")

set(bytes ".section .rodata\n")
set(declarations "")
set(rows "")
set(number 0)
foreach(entry ${FILES})
  string(REGEX MATCH "^([^=]*)=(.*)$" _ "${entry}")
  set(path "${CMAKE_MATCH_1}")
  set(file "${CMAKE_MATCH_2}")
  string(REGEX MATCH "[^.]*$" extension "${file}")
  if(file MATCHES "/LICENSE$")
    set(extension txt)
  endif()
  if(NOT DEFINED types_${extension})
    message(FATAL_ERROR "${file}: no content type for .${extension}")
  endif()
  file(SHA256 "${file}" hash)
  string(SUBSTRING ${hash} 0 32 hash)
  set(name sse_bridge_web_${number})
  # The hash makes this file change whenever a page does.
  string(APPEND bytes "# ${hash}\n.global ${name}\n.global ${name}_end\n"
    "${name}:\n.incbin \"${file}\"\n${name}_end:\n")
  string(APPEND declarations
    "extern \"C\" const char ${name}[];\nextern \"C\" const char ${name}_end[];\n")
  string(APPEND rows "    {\"${path}\", \"${types_${extension}}\",\n"
    "     \"\\\"${hash}\\\"\",\n"
    "     {${name}, static_cast<size_t>(${name}_end - ${name})}},\n")
  math(EXPR number "${number} + 1")
endforeach()
string(APPEND bytes ".section .note.GNU-stack,\"\",@progbits\n")

file(WRITE "${BYTES}" "${bytes}")
file(WRITE "${TABLE}" "// Made by embed.cmake.
#include \"bridge/web/web_files.h\"

${declarations}
namespace sse_bridge {

absl::Span<const WebFile> WebFiles() {
  static const WebFile files[] = {
${rows}  };
  return files;
}

}  // namespace sse_bridge
")
