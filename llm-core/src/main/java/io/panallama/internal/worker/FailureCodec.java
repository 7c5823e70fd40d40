package io.panallama.internal.worker;

import io.panallama.error.ChatTemplateException;
import io.panallama.error.EmbeddingException;
import io.panallama.error.EngineBusyException;
import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineFailedException;
import io.panallama.error.EngineStartException;
import io.panallama.error.GenerationException;
import io.panallama.error.InfillNotSupportedException;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.ModelLoadException;
import io.panallama.error.NativeLibraryException;
import io.panallama.error.PromptTooLongException;
import io.panallama.error.TextTooLongException;
import io.panallama.internal.llama.MemoryShortage;
import java.nio.file.Path;

/**
 * Exceptions as bytes, so that callers get the same types as from an engine in their own process. The stack trace of the
 * worker is kept in the cause, a {@link RemoteException}.
 */
public final class FailureCodec {
  private static final int INVALID = 0;
  private static final int TEMPLATE = 1;
  private static final int TOO_LONG = 2;
  private static final int INFILL = 3;
  private static final int BUSY = 4;
  private static final int CLOSED = 5;
  private static final int ENGINE_FAILED = 6;
  private static final int GENERATION = 7;
  private static final int START = 8;
  private static final int LOAD = 9;
  private static final int NATIVES = 10;
  private static final int ARGUMENT = 11;
  private static final int STATE = 12;
  private static final int INDEX = 13;
  private static final int OTHER = 14;
  private static final int TEXT_TOO_LONG = 15;
  private static final int EMBEDDING = 16;

  private FailureCodec() {}

  public static void write(Output out, Throwable failure) {
    RemoteException.write(out, failure);
    Throwable typed = failure instanceof OutOfMemoryError none ? MemoryShortage.of(none) : failure;
    String message = String.valueOf(typed.getMessage());
    switch (typed) {
      case PromptTooLongException e ->
          out.put(TOO_LONG).put(e.promptTokens()).put(e.contextSize()).put(e.isExact()).put(e.limit());
      case TextTooLongException e ->
          out.put(TEXT_TOO_LONG).put(e.parameter()).put(e.index()).put(e.tokens()).put(e.maxTokens());
      case InfillNotSupportedException e -> out.put(INFILL).put(e.missing(), Output::put);
      case ChatTemplateException e -> out.put(TEMPLATE).put(e.isUnusable()).put(marked(e));
      case InvalidRequestException e -> out.put(INVALID).put(e.parameter()).put(marked(e));
      case EngineBusyException e -> out.put(BUSY).put(message).put(e.queueLimit()).put(e.retryAfter());
      case EngineClosedException _ -> out.put(CLOSED);
      case EngineFailedException _ -> out.put(ENGINE_FAILED);
      case GenerationException e -> out.put(GENERATION).put(e.reason()).put(message);
      case EmbeddingException e -> out.put(EMBEDDING).put(e.reason()).put(message);
      case EngineStartException e -> out.put(START).put(e.reason()).put(message);
      case ModelLoadException e -> out.put(LOAD).put(e.reason()).put(e.path().toString()).put(message);
      case NativeLibraryException e -> out.put(NATIVES).put(e.reason()).put(message);
      case IllegalArgumentException _ -> out.put(ARGUMENT).put(message);
      case IllegalStateException _ -> out.put(STATE).put(message);
      case IndexOutOfBoundsException _ -> out.put(INDEX).put(message);
      default -> out.put(OTHER);
    }
  }

  /** The message with its parameter names still marked, so that a front end can render it with its own. */
  private static String marked(InvalidRequestException e) {
    return e.message(InvalidRequestException::name);
  }

  private static PromptTooLongException tooLong(Input in) {
    int promptTokens = in.integer();
    int contextSize = in.integer();
    boolean exact = in.flag();
    PromptTooLongException.Limit limit = in.constant(PromptTooLongException.Limit.class);
    return exact
        ? new PromptTooLongException(promptTokens, contextSize, limit)
        : PromptTooLongException.atLeast(promptTokens, contextSize, limit);
  }

  private static TextTooLongException textTooLong(Input in) {
    String parameter = in.text();
    int index = in.integer();
    int tokens = in.integer();
    int maxTokens = in.integer();
    if (index == TextTooLongException.NO_INDEX) {
      return TextTooLongException.ofQuery(tokens, maxTokens);
    }
    return parameter.startsWith("documents")
        ? TextTooLongException.ofDocument(index, tokens, maxTokens)
        : new TextTooLongException(index, tokens, maxTokens);
  }

  public static RuntimeException read(Input in) {
    RemoteException cause = RemoteException.read(in);
    int kind = in.integer();
    return switch (kind) {
      case INVALID -> {
        String parameter = in.text();
        String message = in.text();
        yield new InvalidRequestException(parameter, message, cause);
      }
      case TEMPLATE -> {
        boolean unusable = in.flag();
        String message = in.text();
        yield unusable ? ChatTemplateException.unusable(message, cause) : new ChatTemplateException(message, cause);
      }
      case TOO_LONG -> tooLong(in);
      case TEXT_TOO_LONG -> textTooLong(in);
      case EMBEDDING -> {
        EmbeddingException.Reason reason = in.constant(EmbeddingException.Reason.class);
        String message = in.text();
        yield new EmbeddingException(reason, message, cause);
      }
      case INFILL -> new InfillNotSupportedException(in.list(Input::text));
      case BUSY -> EngineBusyException.told(in.text(), in.integer(), in.duration());
      case CLOSED -> new EngineClosedException();
      case ENGINE_FAILED -> new EngineFailedException(cause);
      case GENERATION -> {
        GenerationException.Reason reason = in.constant(GenerationException.Reason.class);
        String message = in.text();
        yield new GenerationException(reason, message, cause);
      }
      case START -> {
        EngineStartException.Reason reason = in.constant(EngineStartException.Reason.class);
        String message = in.text();
        yield new EngineStartException(reason, message, cause);
      }
      case LOAD -> {
        ModelLoadException.Reason reason = in.constant(ModelLoadException.Reason.class);
        Path path = Path.of(in.text());
        String message = in.text();
        yield new ModelLoadException(reason, path, message, cause);
      }
      case NATIVES -> {
        NativeLibraryException.Reason reason = in.constant(NativeLibraryException.Reason.class);
        String message = in.text();
        yield new NativeLibraryException(reason, message, cause);
      }
      case ARGUMENT -> {
        String message = in.text();
        yield new IllegalArgumentException(message, cause);
      }
      case STATE -> {
        String message = in.text();
        yield new IllegalStateException(message, cause);
      }
      case INDEX -> new IndexOutOfBoundsException(in.text());
      case OTHER -> cause;
      default -> throw new WireException("an unknown failure");
    };
  }
}
