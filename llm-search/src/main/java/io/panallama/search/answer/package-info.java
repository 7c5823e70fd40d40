/**
 * Answers that rest on passages and say on which: passages are chosen, numbered and put before the question, and the markers of the
 * answer, such as {@code [1]}, become citations.
 *
 * <pre>{@code
 * List<Source> found = retriever.retrieve(question).stream().map(Source::of).toList();
 * Sources sources = Sources.within(1_000, engine::countTokens, found);
 * String answer = engine.ask(sources.before(question));
 * for (Citation citation : sources.citations(answer)) {
 *   IO.println(citation.start() + ": " + citation.source().label());
 * }
 * }</pre>
 *
 * <p>{@link io.panallama.search.answer.Sources} does all of it, and {@link io.panallama.search.answer.CitationReader} finds the
 * markers of an answer while it is generated. It works with any model and chat template, since the passages are part of the user's
 * message.
 */
@NullMarked
package io.panallama.search.answer;

import org.jspecify.annotations.NullMarked;
