/**
 * How a model is loaded and how an engine computes.
 *
 * <pre>{@code
 * EngineConfig config = EngineConfig.builder().slots(16).contextSize(32_768).build();
 * }</pre>
 *
 * <p>{@link io.panallama.config.ModelConfig} holds llama.cpp's model parameters, {@link io.panallama.config.EngineConfig} its context parameters and those of the scheduler. Settings that are not set are chosen for the machine when the model is loaded or the engine starts. All types are immutable and thread-safe.
 */
@NullMarked
package io.panallama.config;

import org.jspecify.annotations.NullMarked;
