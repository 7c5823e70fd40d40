package io.panallama.server.dialect.fields;

import io.panallama.chat.ChatMessage;
import io.panallama.chat.Role;
import io.panallama.request.ChatRequest;
import io.panallama.search.answer.Source;
import io.panallama.search.answer.Sources;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.documents.FoundPassage;
import io.panallama.server.documents.PassageSearch;
import io.panallama.server.registry.Lease;
import java.util.List;
import java.util.Optional;

/**
 * The search in files of one request: it is made with the user's last message before the model begins, and the passages go into the
 * prompt. It remembers what was found for the answer. For the thread of the request, which is a virtual one: neither the engine's
 * thread nor a carrier waits for the search.
 */
public final class FileSearch {
  /** The most characters of a question; of a longer one the end is searched for. */
  private static final int MOST_CHARACTERS = 4_000;

  /** The most characters of an unknown id that a message repeats. */
  private static final int LONGEST_ID = 64;

  private final Optional<FileSearchTool> tool;
  private Found found = Found.NOTHING;

  /** The search of a request that has this tool, or none. */
  public FileSearch(Optional<FileSearchTool> tool) {
    this.tool = tool;
  }

  /**
   * What was found.
   *
   * @param queries what was searched for; none if the user has said nothing
   * @param results the passages, best first
   * @param sources those of them that the prompt has
   */
  public record Found(List<String> queries, List<FoundPassage> results, Sources sources) {
    private static final Found NOTHING = new Found(List.of(), List.of(), Sources.NONE);

    /** Copies the lists. */
    public Found {
      queries = List.copyOf(queries);
      results = List.copyOf(results);
    }
  }

  /** Whether the request asks for a search. */
  public boolean isWanted() {
    return tool.isPresent();
  }

  /** What the last search found; nothing before. */
  public Found found() {
    return found;
  }

  /**
   * The request with passages for its last question, as many as the context has room for beside the conversation and an answer.
   *
   * @return the same request if no search is wanted, or nothing was found
   * @throws ApiException 501 if the server has no vector stores, 404 if one of them is unknown
   * @throws io.panallama.error.InvalidRequestException if the core refuses the request
   */
  public ChatRequest ground(ChatRequest request, Lease lease) {
    if (tool.isEmpty()) {
      return request;
    }
    FileSearchTool wanted = tool.get();
    PassageSearch search = lease.passages().orElseThrow(TextOnly::files);
    requireStores(wanted, search);
    lease.admit(request);
    String query = query(request.messages());
    if (query.isEmpty()) {
      found = Found.NOTHING;
      return request;
    }
    List<FoundPassage> results =
        search.search(wanted.stores(), query, wanted.limit(), wanted.filter(), wanted.scoreThreshold());
    Sources sources = results.isEmpty() ? Sources.NONE : sources(results, request, lease);
    found = new Found(List.of(query), results, sources);
    return sources.isEmpty() ? request : request.toBuilder().messages(sources.addTo(request.messages())).build();
  }

  private static void requireStores(FileSearchTool wanted, PassageSearch search) {
    for (int i = 0; i < wanted.stores().size(); i++) {
      String id = wanted.stores().get(i);
      if (!search.hasStore(id)) {
        throw ApiException.invalid(
            404,
            wanted.path() + "[" + i + "]",
            "not_found",
            "No such Vector store: " + (id.length() > LONGEST_ID ? JsonFields.shorten(id) : id));
      }
    }
  }

  private static Sources sources(List<FoundPassage> results, ChatRequest request, Lease lease) {
    int prompt = lease.generator().countTokens(request);
    int room = Sources.room(lease.model().contextSize(), prompt, request.options().maxTokens());
    List<Source> all =
        results.stream()
            .map(one ->
                new Source(one.fileId(), one.filename(), one.headings(), one.firstPage(), one.lastPage(), one.text()))
            .toList();
    return Sources.within(room, lease.generator()::countTokens, all);
  }

  private static String query(List<ChatMessage> messages) {
    String text =
        messages.reversed().stream()
            .filter(message -> message.role() == Role.USER)
            .map(message -> message.content().strip())
            .findFirst()
            .orElse("");
    if (text.length() <= MOST_CHARACTERS) {
      return text;
    }
    int from = text.length() - MOST_CHARACTERS;
    return text.substring(Character.isLowSurrogate(text.charAt(from)) ? from + 1 : from).strip();
  }
}
