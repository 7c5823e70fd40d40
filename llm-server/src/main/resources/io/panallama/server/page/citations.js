/**
 * What an answer from documents cites: markers such as [2] or [1, 3] in its text, and the file that each number stands for. Pure.
 *
 * A source is { number, fileId, name }; the number is missing where the server cited a file without a marker.
 */

const MARKER = /\[ *\d{1,4} *(?:[,;] *\d{1,4} *)*\]/;

/**
 * The sources and those that `annotations` of the API add to them, in the order of their numbers. The offsets in annotations are
 * code points of `text`, or of what follows `begin` in it.
 */
export function addSources(sources, annotations, text, begin = 0) {
  const all = [...sources];
  for (const [index, cited] of byIndex(annotations ?? [])) {
    const numbers = numbersAt(text.slice(begin), index, cited.length) ?? numbersAt(text, index, cited.length) ?? [];
    cited.forEach(({ file_id: fileId, filename }, i) => {
      const number = numbers[i];
      const known = all.some((other) => other.number === number && (number !== undefined || other.fileId === fileId));
      if (!known) {
        all.push({ ...(number !== undefined && { number }), fileId, name: String(filename ?? fileId) });
      }
    });
  }
  return all.sort((a, b) => (a.number ?? Number.MAX_VALUE) - (b.number ?? Number.MAX_VALUE));
}

/** The citations of files by their offsets: a marker with several numbers has one for each of them. */
function byIndex(annotations) {
  const groups = new Map();
  for (const { type, file_citation: cited } of annotations) {
    if (type === "file_citation" && typeof cited?.file_id === "string") {
      groups.set(cited.index, [...(groups.get(cited.index) ?? []), cited]);
    }
  }
  return groups;
}

/**
 * The `count` numbers of the marker at a code point that are cited; null if there is no such marker. The model may have written
 * others, which no source has: those are the largest, or 0.
 */
function numbersAt(text, codePoint, count) {
  const offset = [...text].slice(0, codePoint).join("").length;
  const marker = new RegExp(MARKER, "y");
  marker.lastIndex = offset;
  const numbers = numbersOf(marker.exec(text)?.[0] ?? "").filter((number) => number > 0);
  if (numbers.length < count) {
    return null;
  }
  const least = numbers.toSorted((a, b) => a - b).slice(0, count);
  return numbers.filter((number) => least.includes(number)).slice(0, count);
}

function numbersOf(marker) {
  return (marker.match(/\d+/g) ?? []).map(Number);
}

/** Splits a text at the numbers of these sources in its markers: strings, and { source, text } for each number. */
export function splitMarkers(text, sources) {
  const parts = [];
  let end = 0;
  const add = (from, to) => {
    const number = Number(text.slice(from, to).replace(/\D/g, ""));
    const source = sources.find((other) => other.number === number);
    if (source) {
      parts.push(text.slice(end, from), { source, text: text.slice(from, to) });
      end = to;
    }
  };
  for (const { 0: marker, index } of text.matchAll(new RegExp(MARKER, "g"))) {
    if (numbersOf(marker).length === 1) {
      add(index, index + marker.length);
    } else {
      for (const { 0: digits, index: at } of marker.matchAll(/\d+/g)) {
        add(index + at, index + at + digits.length);
      }
    }
  }
  parts.push(text.slice(end));
  return parts.filter((part) => part !== "");
}

/** The sources with the numbers of each file together: [{ numbers, fileId, name }]. */
export function byFile(sources) {
  const files = new Map();
  for (const { number, fileId, name } of sources) {
    const file = files.get(fileId) ?? { numbers: [], fileId, name };
    files.set(fileId, file);
    if (number !== undefined) {
      file.numbers.push(number);
    }
  }
  return [...files.values()];
}
