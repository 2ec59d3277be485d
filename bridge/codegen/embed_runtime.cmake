# cmake -DOUT=FILE -DDIRECTORY=DIR -DPARSER=DIR -P: writes a C++ file that embeds
# the files of DIRECTORY and the npm package eventsource-parser.
set(text "#include \"bridge/codegen/ts_runtime.h\"\n\nnamespace sse_bridge {\n
const std::map<std::string, std::string>& TsRuntime() {
  static const auto* const kFiles = new std::map<std::string, std::string>{\n")
function(embed name path)
  file(READ ${path} content)
  # The map of a vendored file is not there.
  string(REGEX REPLACE "//# sourceMappingURL=[^\n]*\n?" "" content "${content}")
  string(APPEND text "      {\"${name}\", R\"RUNTIME(${content})RUNTIME\"},\n")
  set(text "${text}" PARENT_SCOPE)
endfunction()
file(GLOB files RELATIVE ${DIRECTORY} ${DIRECTORY}/*)
list(SORT files)
foreach(file ${files})
  embed(${file} ${DIRECTORY}/${file})
endforeach()
embed(eventsource-parser.js ${PARSER}/dist/index.js)
embed(eventsource-parser.LICENSE.txt ${PARSER}/LICENSE)
string(APPEND text "  };
  return *kFiles;
}

}  // namespace sse_bridge\n")
file(WRITE ${OUT} "${text}")
