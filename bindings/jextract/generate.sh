#!/usr/bin/env bash
# Regenerates src/generated/java from the native headers with jextract, or checks that it is up to date.
#
#   generate.sh [--check] [INCLUDE_DIR...]
#
# INCLUDE_DIR: folders with panallama_bridge.h, llama.h and ggml.h. Without any, native/src and the headers that the
# native module unpacked are taken. jextract is found in $JEXTRACT or on the PATH; $CLANG_INCLUDE_DIR is one more include
# folder, for a libclang that does not find its own. The output does not depend on the machine: include/ stands in for
# the C library.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"
output="$here/../src/generated/java"
package=io.panallama.bindings.generated

check=false
if [[ "${1:-}" == --check ]]; then
  check=true
  shift
fi

jextract="${JEXTRACT:-jextract}"
if ! command -v "$jextract" > /dev/null; then
  echo "generate.sh: '$jextract' was not found; install jextract for JDK 25 or name it in JEXTRACT" >&2
  exit 1
fi

includes=("$@")
if [[ ${#includes[@]} -eq 0 ]]; then
  includes=("$root/native/src" "$root/native/target/headers")
  # The headers may lie flat or as in llama.cpp's tree.
  for folder in include ggml/include; do
    if [[ -d "$root/native/target/headers/$folder" ]]; then
      includes+=("$root/native/target/headers/$folder")
    fi
  done
fi
if [[ -n "${CLANG_INCLUDE_DIR:-}" ]]; then
  includes+=("$CLANG_INCLUDE_DIR")
fi
options=(-I "$here/include")
for folder in "${includes[@]}"; do
  options+=(-I "$folder")
done

scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
# Opaque structs have no binding; jextract prints a line about each.
"$jextract" "${options[@]}" --header-class-name LlamaCpp -t "$package" --output "$scratch/java" \
  "@$here/includes.txt" "$here/bindings.h" 2>&1 | { grep -v 'warning: Skipping' || true; } >&2

folder="$scratch/java/${package//.//}"
# jextract defines C_LONG after the platform it runs on, and the class would not initialise on the others. Nothing may
# use it (see include/stdint.h), so it is removed, as is trailing white space.
for file in "$folder"/*.java; do
  sed -e '/ValueLayout\.Of[A-Za-z]* C_LONG = /d' -e '/ValueLayout\.OfDouble C_LONG_DOUBLE = /d' -e 's/[[:space:]]*$//' \
    "$file" > "$scratch/file"
  mv "$scratch/file" "$file"
done
# A handle takes the JVM milliseconds, tens of them for an element of an array. Those that are rarely used are made on their first
# use, and not with the class of their struct or callback.
for file in "$folder"/*.java; do
  sed -E \
    -e 's/^(    private static final) VarHandle ([A-Za-z0-9_]+\$ELEM)_HANDLE = (.*);$/\1 class \2 { static final VarHandle HANDLE = \3; }/' \
    -e 's/([A-Za-z0-9_]+\$ELEM)_HANDLE\./\1.HANDLE./' \
    -e 's/^(    private static final) MethodHandle DOWN\$MH = (.*);$/\1 class DOWN$ { static final MethodHandle HANDLE = \2; }/' \
    -e 's/DOWN\$MH\./DOWN$.HANDLE./' "$file" > "$scratch/file"
  mv "$scratch/file" "$file"
done
if grep -lE 'ELEM_HANDLE|DOWN\$MH' "$folder"/*.java; then
  echo "generate.sh: jextract writes the handles of the files above in another way than this script expects" >&2
  exit 1
fi
# jextract looks functions up among the libraries that the class loader loaded with System.load, which binds a library to
# one class loader. The generated code asks LoadedLibraries instead, which the loader of the bindings fills.
sed -e 's/^\(    static final SymbolLookup SYMBOL_LOOKUP = \)SymbolLookup.loaderLookup()$/\1LoadedLibraries::find;/' \
  -e '/^            .or(Linker.nativeLinker().defaultLookup());$/d' \
  "$folder/LlamaCpp.java" > "$scratch/file"
mv "$scratch/file" "$folder/LlamaCpp.java"
if ! grep -qx '    static final SymbolLookup SYMBOL_LOOKUP = LoadedLibraries::find;' "$folder/LlamaCpp.java" ||
  grep -qE 'loaderLookup|defaultLookup' "$folder/LlamaCpp.java"; then
  echo "generate.sh: jextract writes its symbol lookup in another way than this script expects" >&2
  exit 1
fi
cp "$here/LoadedLibraries.java" "$folder/"

if grep -lE '\bC_LONG(_DOUBLE)?\b' "$folder"/*.java; then
  echo "generate.sh: the files above use a C type whose size depends on the platform" >&2
  exit 1
fi

# The loader's list of functions that the libraries must provide.
grep -oE '^--include-function [A-Za-z0-9_]+' "$here/includes.txt" | cut -d ' ' -f 2 | LC_ALL=C sort > "$scratch/functions.txt"

if [[ "$check" == true ]]; then
  diff -r "$output" "$scratch/java" && diff "$here/../src/main/resources/io/panallama/bindings/functions.txt" "$scratch/functions.txt" || {
    echo "generate.sh: the generated code is not what the headers and includes.txt give; run it without --check" >&2
    exit 1
  }
else
  rm -rf "$output"
  mkdir -p "$output" "$here/../src/main/resources/io/panallama/bindings"
  cp -R "$scratch/java/." "$output/"
  cp "$scratch/functions.txt" "$here/../src/main/resources/io/panallama/bindings/functions.txt"
fi
