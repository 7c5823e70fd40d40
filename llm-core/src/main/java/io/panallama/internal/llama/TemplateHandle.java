package io.panallama.internal.llama;

import static java.lang.foreign.ValueLayout.ADDRESS;

import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.error.ChatTemplateException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Owns a compiled chat template and retains its model. Thread-safe: the bridge allows only one call at a time, which a
 * lock ensures.
 */
public final class TemplateHandle implements AutoCloseable {
  private static final String REFUSED = "The conversation can't be rendered: ";
  private static final String BY_TEMPLATE = "the chat template refused the messages: ";

  /** What llama.cpp says in front of a template's own failure if it fails in the making of a parser. */
  private static final String GENERATOR = "Unable to generate parser for this template.";

  private static final String TEMPLATE_FAULT = "\nError: ";

  /**
   * A thread with so much stack runs the interpreter of templates and the parsers of grammars itself; for others the bridge
   * starts a thread at each call. The bridge's {@code k_parser_stack_bytes}, and a megabyte for Java's own frames.
   */
  public static final long STACK_BYTES = 257L << 20;

  private final MemorySegment template;
  private final ReentrantLock lock = new ReentrantLock();
  private final References references;

  private TemplateHandle(Owned owned, MemorySegment template) {
    this.template = template;
    this.references = new References("chat template", owned::close);
  }

  /**
   * Compiles a template.
   *
   * @param source null for the model's own template
   * @throws ChatTemplateException if there is none, it does not parse, or it exceeds its budget
   * @throws IllegalStateException if the model is closed
   */
  public static TemplateHandle create(ModelHandle model, @Nullable String source) {
    return Owned.build(owned -> {
      model.retain();
      owned.onClose(model::release);
      return new TemplateHandle(owned, owned.add(compile(model, source), LlamaCpp::panallama_chat_template_free));
    });
  }

  private static MemorySegment compile(ModelHandle model, @Nullable String source) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ADDRESS);
      ErrorText error = new ErrorText(arena);
      MemorySegment text = source == null ? MemorySegment.NULL : arena.allocateFrom(source, StandardCharsets.UTF_8);
      int status = LlamaCpp.panallama_chat_template_new(model.pointer(), text, out, error.slot());
      NativeInterruption.check(status, error);
      requireMemory(status);
      if (status == LlamaCpp.PANALLAMA_INVALID()) {
        throw ChatTemplateException.unusable(
            "The model can't be used for chat: " + ofSource(error.take(), source), null);
      }
      if (status != LlamaCpp.PANALLAMA_OK()) {
        throw new IllegalStateException("The chat template can't be compiled: " + error.take());
      }
      return out.get(ADDRESS, 0);
    }
  }

  /** The reason with whose template it is, which matters to those who can change it. */
  private static String ofSource(String reason, @Nullable String source) {
    String template = "the chat template";
    String whose = source == null ? "the model file's chat template" : "the given chat template";
    return reason.startsWith(template) ? whose + reason.substring(template.length()) : reason;
  }

  private static void requireMemory(int status) {
    if (status == LlamaCpp.PANALLAMA_NO_MEMORY()) {
      throw MemoryShortage.ofNative("the chat template, whose interpreter has a stack of 256 MiB");
    }
  }

  /**
   * Renders a conversation.
   *
   * @param request the JSON object described in the bridge's header
   * @return the JSON object described there
   * @throws ChatTemplateException if the template rejects the conversation or exceeds its budget
   */
  public String apply(String request) {
    references.retain();
    lock.lock();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment result = arena.allocate(ADDRESS);
      ErrorText error = new ErrorText(arena);
      int status =
          LlamaCpp.panallama_chat_template_apply(
              template, arena.allocateFrom(request, StandardCharsets.UTF_8), result, error.slot());
      NativeInterruption.check(status, error);
      requireMemory(status);
      if (status != LlamaCpp.PANALLAMA_OK()) {
        throw new ChatTemplateException(REFUSED + explained(error.take()), null);
      }
      return ErrorText.takeText(result, "{}");
    } finally {
      lock.unlock();
      references.release();
    }
  }

  /** Why a template has rejected a conversation, without saying that it has. */
  public static String reason(ChatTemplateException refused) {
    String whole = String.valueOf(refused.getMessage());
    String reason = whole.startsWith(REFUSED) ? whole.substring(REFUSED.length()) : whole;
    return reason.startsWith(BY_TEMPLATE) ? reason.substring(BY_TEMPLATE.length()) : reason;
  }

  /** The reason without the words of llama.cpp's JSON library and those of its generator of parsers, which are about their own values. */
  private static String explained(String reason) {
    if (reason.contains("[json.exception.")) {
      return "the chat template takes no message of this form.";
    }
    int generator = reason.indexOf(GENERATOR);
    int fault = reason.lastIndexOf(TEMPLATE_FAULT);
    return generator < 0 || fault < generator
        ? reason
        : reason.substring(0, generator) + reason.substring(fault + TEMPLATE_FAULT.length()).strip();
  }

  @Override
  public void close() {
    references.close();
  }
}
