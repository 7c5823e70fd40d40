/**
 * Search over your own documents: collections of documents on disk, found by meaning (vectors), by words (BM25), or by both.
 *
 * <pre>{@code
 * try (Embedder embedder = Embedder.load(EmbeddingModels.minilm());
 *     DocumentStore store = DocumentStore.open(Path.of("search"))) {
 *   DocumentCollection docs = store.openOrCreate("docs", CollectionEmbedder.of("minilm", embedder));
 *   docs.upsert(Document.of("llamas", "A llama weighs 130 to 200 kg. It can carry a third of that."));
 *   for (Passage passage : docs.search(SearchRequest.of("How heavy is a llama?"))) {
 *     IO.println(passage.score() + " " + passage.document() + ": " + passage.text());
 *   }
 * }
 * }</pre>
 *
 * <p>{@link io.panallama.search.DocumentStore} is a folder of collections, {@link io.panallama.search.DocumentCollection} is where
 * documents are stored and searched, {@link io.panallama.search.DocumentReader} makes documents of files, and {@link
 * io.panallama.search.FolderIndex} keeps a collection equal to a folder of files. {@link io.panallama.search.Retriever} is a search
 * with fixed settings. What fails throws {@link io.panallama.search.error.SearchException}.
 */
@NullMarked
package io.panallama.search;

import org.jspecify.annotations.NullMarked;
