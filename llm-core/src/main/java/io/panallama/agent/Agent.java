package io.panallama.agent;

import static io.panallama.error.InvalidRequestException.name;

import io.panallama.Generator;
import io.panallama.error.InvalidRequestException;
import io.panallama.request.ChatRequest;
import io.panallama.request.ResponseFormat;
import java.util.Objects;

/**
 * A model with tools: generates, executes the tool calls that the model requests, and returns their results to it, until it answers or a limit is reached.
 *
 * <p>Immutable and thread-safe. Concurrent runs are allowed and call the same tools concurrently. A run needs no thread of its own: it advances while it is read. Each tool call runs on a virtual thread, without the caller's thread-locals.
 */
public final class Agent {
  private final Generator generator;
  private final ToolBox tools;
  private final AgentConfig config;

  private Agent(Generator generator, ToolBox tools, AgentConfig config) {
    this.generator = Objects.requireNonNull(generator, "generator");
    this.tools = Objects.requireNonNull(tools, "tools");
    this.config = Objects.requireNonNull(config, "config");
  }

  /**
   * An agent with {@link AgentConfig#defaults()}.
   *
   * @param generator an {@link io.panallama.Engine}, which the caller still has to close
   */
  public static Agent of(Generator generator, ToolBox tools) {
    return new Agent(generator, tools, AgentConfig.defaults());
  }

  /** The same agent with other limits. */
  public Agent with(AgentConfig newConfig) {
    return new Agent(generator, tools, newConfig);
  }

  /** {@link #run(ChatRequest)} with one user message. */
  public AgentResult run(String userMessage) {
    return run(ChatRequest.of(userMessage));
  }

  /**
   * Runs to the end.
   *
   * @throws io.panallama.error.GenerationException if a generation failed
   * @throws InvalidRequestException as {@link #start}
   */
  public AgentResult run(ChatRequest request) {
    try (AgentRun run = start(request)) {
      return run.await();
    }
  }

  /**
   * Starts a run with its first generation.
   *
   * @param request the conversation; its options apply to each generation, and its time limit is combined with the run's remaining time. It must have no tools, which are the agent's, and no response format
   * @throws InvalidRequestException if the request has tools or a format, or cannot be executed as it stands
   * @throws io.panallama.error.EngineBusyException if the queue is full; later rounds wait for room instead
   */
  public AgentRun start(ChatRequest request) {
    if (!request.tools().list().isEmpty()) {
      throw new InvalidRequestException(
          "tools.list", name("tools.list") + " are given by the agent; leave them out of the request.");
    }
    if (!(request.options().format() instanceof ResponseFormat.Text)) {
      throw new InvalidRequestException(
          "format", name("format") + " other than text leaves no room for tool calls; leave it out.");
    }
    AgentRun run = new AgentRun(generator, tools, config, request);
    run.startRound();
    return run;
  }
}
