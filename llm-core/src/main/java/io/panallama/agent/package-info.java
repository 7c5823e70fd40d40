/**
 * Java methods as tools, and the loop that lets a model call them.
 *
 * <pre>{@code
 * final class Weather {
 *   @ToolMethod("The weather of a city")
 *   String weather(@Description("its name") String city, Optional<@Range(min = 1, max = 7) Integer> days) {
 *     return "Sunny in " + city + " for " + days.orElse(1) + " days";
 *   }
 * }
 *
 * Agent agent = Agent.of(engine, ToolBox.of(new Weather()));
 * System.out.println(agent.run("What is the weather in Paris?").text());
 * }</pre>
 *
 * <p>Parameters and results have the types of {@link io.panallama.typed}: the sampler takes no token that would lead to other arguments. An {@link io.panallama.agent.Agent} generates, executes the calls that the model requests, returns the results, and repeats this within the limits of its {@link io.panallama.agent.AgentConfig}. The model is told when a call fails.
 */
@NullMarked
package io.panallama.agent;

import org.jspecify.annotations.NullMarked;
