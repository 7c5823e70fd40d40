package io.panallama.internal.llama;

import io.panallama.config.EngineConfig;
import io.panallama.config.KvLayout;
import io.panallama.config.ModelConfig;
import io.panallama.observe.Device;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether {@link KvLayout#AUTO} splits the KV cache: attention is faster then, but to keep the promise that one
 * conversation may use the whole context, each slot must have all of its cells.
 */
final class SplitLayout {
  /** A split cache may take this part of the host's available memory: one eighth. */
  private static final int HOST_PART = 8;

  /** And this part of a device's free memory, which is there for models: a half. */
  private static final int DEVICE_PART = 2;

  /** llama.cpp rounds the cells of a slot up to a multiple of this. */
  private static final int CELLS_STEP = 256;

  private SplitLayout() {}

  /**
   * The configuration with a split cache; null if it must be unified.
   *
   * @param resolved with the context of a unified cache
   * @param trained number of tokens that one conversation may use; 0 if the model does not say
   * @param available the host's available bytes
   */
  static EngineDefaults.@Nullable Fitted find(
      ModelHandle model,
      Map<String, String> metadata,
      ModelConfig loaded,
      EngineConfig resolved,
      int trained,
      long available) {
    if (resolved.slots() == 1 || model.hasRecurrentState() || model.slidingWindow() > 0) {
      return null;
    }
    long cells = totalCells(resolved.contextSize(), resolved.slots(), trained);
    if (cells > Integer.MAX_VALUE) {
      return null;
    }
    EngineConfig split = resolved.toBuilder().kvLayout(KvLayout.SPLIT).contextSize((int) cells).build();
    long host = available / HOST_PART;
    long everything = host;
    for (Device device : Natives.devices()) {
      if (device.type() != Device.Type.CPU) {
        everything += device.memoryFree() / DEVICE_PART;
      }
    }
    // The plan takes time for a context that is far too large.
    if (ContextMemory.leastBytes(metadata, split) > everything) {
      return null;
    }
    List<ContextMemory.Need> plan = ContextMemory.plan(model, model.path(), loaded, split);
    for (ContextMemory.Need need : plan) {
      if (need.needed() > (need.isHost() ? host : need.free() / DEVICE_PART)) {
        return null;
      }
    }
    return new EngineDefaults.Fitted(split, plan);
  }

  /**
   * The cells of all slots together if each can hold what one conversation may have in a unified cache. They are as many as the
   * unified cache has at least, even where no conversation may be that long: a requested context is taken as it is.
   */
  static long totalCells(int contextSize, int slots, int trained) {
    int conversation = trained > 0 ? Math.min(contextSize, trained) : contextSize;
    return Math.max(cells(conversation) * slots, equalParts(contextSize, slots));
  }

  /** The cells of all slots together if a context is divided among them. */
  static long equalParts(int contextSize, int slots) {
    return cells((contextSize + slots - 1L) / slots) * slots;
  }

  private static long cells(long tokens) {
    return (tokens + CELLS_STEP - 1) / CELLS_STEP * CELLS_STEP;
  }
}
