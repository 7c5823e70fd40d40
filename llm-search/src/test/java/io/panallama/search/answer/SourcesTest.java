package io.panallama.search.answer;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.chat.ChatMessage;
import io.panallama.search.FolderIndex;
import io.panallama.search.query.Passage;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SourcesTest {
  private static final int PLENTY = 10_000;

  private static Source source(String name, String text) {
    return new Source("id-" + name, name, List.of(), 0, 0, text);
  }

  private static Sources of(Source... sources) {
    return Sources.within(PLENTY, String::length, List.of(sources));
  }

  private static Sources three() {
    return of(source("a", "A."), source("b", "B."), source("c", "C."));
  }

  @Test
  void passagesAreNumberedBeforeTheQuestion() {
    Source guide = new Source("file-1", "guide.pdf", List.of("Setup", "Network"), 3, 3, "\nPlug it in.\n");

    String prompt = of(guide, source("notes.txt", "It hums.")).before("Does it hum?");

    assertThat(prompt)
        .startsWith("Answer the question")
        .contains("in square brackets, such as [1]")
        .endsWith(
            "\n\n"
                + "[1] guide.pdf, Setup > Network, page 3:\n"
                + "Plug it in.\n\n"
                + "[2] notes.txt:\n"
                + "It hums.\n\n"
                + "Question: Does it hum?");
  }

  @Test
  void aPassageThatSpansPagesNamesThem() {
    assertThat(new Source("file-1", "guide.pdf", List.of(), 3, 4, "Plug it in.").label())
        .isEqualTo("guide.pdf, pages 3-4");
  }

  @Test
  void theLastMessageOfTheUserGetsThem() {
    Sources sources = of(source("a", "A."));
    List<ChatMessage> messages =
        List.of(
            ChatMessage.system("Be kind."),
            ChatMessage.user("one"),
            ChatMessage.assistant("1"),
            ChatMessage.user("two"),
            ChatMessage.assistant("It is"));

    List<ChatMessage> changed = sources.addTo(messages);

    assertThat(changed.get(3)).isEqualTo(ChatMessage.user(sources.before("two")));
    List<ChatMessage> others = new ArrayList<>(changed);
    others.set(3, messages.get(3));
    assertThat(others).isEqualTo(messages);
    assertThat(sources.addTo(List.of(ChatMessage.system("x")))).containsExactly(ChatMessage.system("x"));
  }

  @Test
  void withoutSourcesEverythingStaysAsItIs() {
    List<ChatMessage> messages = List.of(ChatMessage.user("one"));

    assertThat(Sources.NONE.addTo(messages)).isEqualTo(messages);
    assertThat(Sources.NONE.before("one")).isEqualTo("one");
    assertThat(Sources.NONE.citations("[1]")).isEmpty();
    assertThat(Sources.within(PLENTY, String::length, List.of())).isSameAs(Sources.NONE);
    assertThat(Sources.within(0, String::length, List.of(source("a", "A.")))).isSameAs(Sources.NONE);
    assertThat(Sources.within(20, String::length, List.of(source("a", "A.")))).isSameAs(Sources.NONE);
  }

  @Test
  void theBudgetIsKept() {
    List<Source> found =
        List.of(source("a", "x".repeat(300)), source("b", "y".repeat(900)), source("c", "z".repeat(100)));
    int all = of(found.toArray(Source[]::new)).before("").length();
    for (int tokens = 0; tokens < all + 50; tokens++) {
      Sources sources = Sources.within(tokens, String::length, found);
      if (!sources.isEmpty()) {
        assertThat(sources.before("").length()).isLessThanOrEqualTo(tokens);
      }
    }
    // The long one is left out, and the short one behind it is number 2.
    int withoutTheLong = of(found.get(0), found.get(2)).before("").length() + 20;
    assertThat(Sources.within(withoutTheLong, String::length, found).list())
        .containsExactly(found.get(0), found.get(2));
    assertThat(Sources.within(all + 20, String::length, found).list()).isEqualTo(found);
  }

  @ParameterizedTest
  @CsvSource({
    "4096, 96, 2147483647, 2976", // a quarter is for the answer
    "4096, 96, 0, 2976",
    "4096, 96, 100, 3900",
    "4096, 96, 3000, 2976",
    "4096, 4000, 10, 86",
    "4096, 4090, 10, 0",
    "4096, 9000, 10, 0",
  })
  void roomIsLeftForTheAnswer(int context, int prompt, int limit, int room) {
    assertThat(Sources.room(context, prompt, limit)).isEqualTo(room);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "It hums [1].| 1@8-11",
        "Both [1][3], and again [2]| 1@5-8 3@8-11 2@23-26",
        "All [1, 2;3] of them| 1@4-12 2@4-12 3@4-12",
        "Spaces [ 2 ] and [2 ,1]| 2@7-12 2@17-23 1@17-23",
        "Some exist [1, 7]| 1@11-17",
        "An open bracket [[2]] and [x [3]| 2@17-20 3@29-32",
        "None [4] [0] [] [,] [1,] [1 2] [x1] [1x] [-1] [00001] 1] [1|''",
        "No marker at all|''",
      })
  void markersAreCitations(String answer, String expected) {
    String found = String.join(" ", three().citations(answer).stream().map(SourcesTest::shown).toList());

    assertThat(found).isEqualTo(expected.strip());
  }

  private static String shown(Citation citation) {
    return citation.number() + "@" + citation.start() + "-" + citation.end();
  }

  @Test
  void offsetsAreGivenInUtf16AndInCodePoints() {
    String answer = "🦙🦙 hums [2], é̂ 日本 🎉[3]";
    Sources sources = three();

    List<Citation> citations = sources.citations(answer);

    assertThat(citations).extracting(Citation::source).containsExactly(sources.list().get(1), sources.list().get(2));
    for (Citation citation : citations) {
      assertThat(answer.substring(citation.start(), citation.end())).isEqualTo("[" + citation.number() + "]");
      assertThat(citation.codePoint()).isEqualTo(answer.codePointCount(0, citation.start()));
    }
    assertThat(citations.getFirst().codePoint()).isEqualTo(8);
    assertThat(citations.getFirst().start()).isEqualTo(10);
  }

  /** Even within a surrogate pair, though no generation divides there. */
  @Test
  void markersAreFoundWhereverTheTextIsDivided() {
    String answer = "🦙 [1] [2, 3]🦙[4][3] [1";
    Sources sources = three();
    List<Citation> expected = sources.citations(answer);
    assertThat(expected).hasSize(4);

    for (int first = 0; first <= answer.length(); first++) {
      for (int second = first; second <= answer.length(); second++) {
        CitationReader reader = sources.reader();
        List<Citation> found = new ArrayList<>(reader.next(answer.substring(0, first)));
        found.addAll(reader.next(answer.substring(first, second)));
        found.addAll(reader.next(answer.substring(second)));
        assertThat(found).as("%d, %d", first, second).isEqualTo(expected);
      }
    }
    CitationReader reader = sources.reader();
    assertThat(reader.next("x [")).isEmpty();
    assertThat(reader.next("1")).isEmpty();
    assertThat(reader.next("]")).extracting(Citation::start).containsExactly(2);
  }

  @Test
  void aPassageIsASourceUnderTheNameThatPeopleKnow() {
    Passage passage =
        new Passage(
            "/home/ada/notes/a.md",
            0,
            "",
            List.of("One\nTwo"),
            0,
            0,
            "text",
            0,
            4,
            Map.of(FolderIndex.PATH, "sub/a.md"),
            0.5,
            Passage.Ranks.NONE);

    assertThat(Source.of(passage).label()).isEqualTo("sub/a.md, One Two");
    assertThat(Source.of(passage).id()).isEqualTo("/home/ada/notes/a.md");
    assertThat(Source.of(of(passage, "Title")).name()).isEqualTo("Title");
    assertThat(Source.of(of(passage, " ")).name()).isEqualTo("/home/ada/notes/a.md");
  }

  private static Passage of(Passage passage, String title) {
    return new Passage(passage.document(), 0, title, List.of(), 0, 0, "text", 0, 4, Map.of(), 0.5, Passage.Ranks.NONE);
  }
}
