package io.panallama.jmh;

import io.panallama.Model;
import io.panallama.chat.ChatMessage;
import io.panallama.request.ChatRequest;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Renders a conversation with the demo model's own Jinja template: JSON in, C++, JSON out. */
@State(Scope.Thread)
public class TemplateBenchmark extends LauncherJvm {
  @Param({"1", "9", "49"})
  public int messages;

  private Model model;
  private ChatRequest request;

  @Setup
  public void load() {
    model = Model.load(Models.file(Models.DEMO));
    ChatMessage[] conversation = new ChatMessage[messages];
    for (int i = 0; i < messages; i++) {
      conversation[i] =
          i % 2 == 0
              ? ChatMessage.user("What is the weather like in city number " + i + "?")
              : ChatMessage.assistant("It rains there on " + i + " days, and on others it does not.");
    }
    request = ChatRequest.of(conversation);
  }

  @TearDown
  public void close() {
    model.close();
  }

  @Benchmark
  public String render() {
    return model.render(request);
  }
}
