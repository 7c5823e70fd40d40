package io.panallama.search.answer;

/**
 * A marker in an answer, such as {@code [1]}, and the source that it names. A marker with several numbers, {@code [1, 3]}, is a
 * citation of each.
 *
 * @param source what it names
 * @param number the source's number, from 1
 * @param start offset of the marker's bracket in the answer, in UTF-16 units, as a {@link String} counts
 * @param end offset behind the closing bracket, in UTF-16 units
 * @param codePoint the same place as {@code start} in code points, as Python and OpenAI's API count: an emoji is one of them, and two
 *     UTF-16 units
 */
public record Citation(Source source, int number, int start, int end, int codePoint) {}
