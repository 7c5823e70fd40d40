package io.panallama.observe;

import java.nio.file.Path;
import java.util.Optional;

/**
 * The llama.cpp libraries that this process uses.
 *
 * @param llamaVersion llama.cpp's version
 * @param platform the platform, such as {@code "linux-x64"}
 * @param backend {@code "cpu"} or {@code "cuda"}
 * @param directory the folder that the libraries were loaded from
 * @param cpuVariant the CPU library that ggml chose for this processor, such as {@code "zen4"}, if there was a choice
 * @param cudaUnavailable why CUDA is not used, if it is not
 */
public record NativeReport(
    String llamaVersion,
    String platform,
    String backend,
    Path directory,
    Optional<String> cpuVariant,
    Optional<String> cudaUnavailable) {}
