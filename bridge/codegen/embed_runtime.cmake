# cmake -DOUT=FILE -DDIRECTORY=DIR -P: writes a C++ file that embeds the files of
# DIR.
file(GLOB files RELATIVE ${DIRECTORY} ${DIRECTORY}/*)
list(SORT files)
set(text "#include \"bridge/codegen/ts_runtime.h\"\n\nnamespace sse_bridge {\n
const std::map<std::string, std::string>& TsRuntime() {
  static const auto* const kFiles = new std::map<std::string, std::string>{\n")
foreach(file ${files})
  file(READ ${DIRECTORY}/${file} content)
  string(APPEND text "      {\"${file}\", R\"RUNTIME(${content})RUNTIME\"},\n")
endforeach()
string(APPEND text "  };
  return *kFiles;
}

}  // namespace sse_bridge\n")
file(WRITE ${OUT} "${text}")
